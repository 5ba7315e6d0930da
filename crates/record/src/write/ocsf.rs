//! OCSF Network Activity (class 4001): a JSON object a record.
//!
//! Follows the mapping of VPC flow logs that the OCSF project publishes for schema version 1.1.0, the
//! first with `action_id`, and the one that AWS Security Lake writes. Fields without a place there go
//! to `unmapped` under their column's name; absent fields are left out.

use arrow::datatypes::Schema;

use super::{Encode, json::Object, protocol, push_number};
use crate::{Field, Value, columns::Columns};

const SCHEMA_VERSION: &str = "1.1.0";
const CATEGORY: i64 = 4;
const CLASS: i64 = 4001;

pub(super) struct Ocsf {
    cloud_provider: String,
    /// Name of each column, and its field where it is one of the table.
    columns: Vec<(String, Option<Field>)>,
    /// Column of each field, by its place in the table.
    places: Vec<Option<usize>>,
}

impl Ocsf {
    pub(super) fn new(shape: &Schema, cloud_provider: String) -> Self {
        let position = |field: &Field| shape.fields().iter().position(|column| column.name() == field.column());
        Self {
            cloud_provider,
            columns: shape.fields().iter().map(|f| (f.name().clone(), Field::from_name(f.name()))).collect(),
            places: Field::ALL.iter().map(position).collect(),
        }
    }
}

impl Encode for Ocsf {
    fn row(&mut self, columns: &Columns<'_>, row: usize, out: &mut Vec<u8>) {
        let mut record = Record { columns, places: &self.places, row, used: 0 };
        out.push(b'{');
        let mut object = Object { out };
        classification(&mut object, &mut record);
        times(&mut object, &mut record);
        metadata(&mut object, &mut record);
        cloud(&mut object, &mut record, &self.cloud_provider);
        endpoints(&mut object, &mut record);
        connection(&mut object, &mut record);

        let mark = object.open("traffic");
        object.number("packets", record.number(Field::Packets));
        object.number("bytes", record.number(Field::Bytes));
        object.close(mark);

        object.text("status_code", record.text(Field::LogStatus));
        unmapped(&mut object, &record, &self.columns);
        out.extend_from_slice(b"}\n");
    }
}

/// One row, which remembers which fields have been given a place.
struct Record<'a> {
    columns: &'a Columns<'a>,
    places: &'a [Option<usize>],
    row: usize,
    /// A bit a field of the table.
    used: u128,
}

const _: () = assert!(Field::ALL.len() <= 128);

impl<'a> Record<'a> {
    fn peek(&self, field: Field) -> Value<'a> {
        let place = self.places.get(field as usize).copied().flatten();
        place.map_or(Value::Absent, |column| self.columns.value(column, self.row))
    }

    fn text(&mut self, field: Field) -> Option<&'a str> {
        let Value::Text(text) = self.peek(field) else { return None };
        self.mark(field);
        Some(text)
    }

    fn number(&mut self, field: Field) -> Option<i64> {
        let Value::Number(number) = self.peek(field) else { return None };
        self.mark(field);
        Some(number)
    }

    fn mark(&mut self, field: Field) {
        self.used |= 1 << field as u32;
    }
}

fn classification(object: &mut Object<'_>, record: &mut Record<'_>) {
    let (activity, activity_name) = match (record.peek(Field::LogStatus), record.peek(Field::Action)) {
        // no activity of the class: the name is then that of the source
        (Value::Text(status @ ("NODATA" | "SKIPDATA")), _) => (99, status),
        (_, Value::Text("REJECT")) => (5, "Refuse"),
        _ => (6, "Traffic"),
    };
    object.number("category_uid", Some(CATEGORY));
    object.text("category_name", Some("Network Activity"));
    object.number("class_uid", Some(CLASS));
    object.text("class_name", Some("Network Activity"));
    object.number("activity_id", Some(activity));
    object.text("activity_name", Some(activity_name));
    object.number("type_uid", Some(CLASS * 100 + activity));
    object.number("severity_id", Some(1));
    object.text("severity", Some("Informational"));
    let outcome = match record.peek(Field::Action) {
        Value::Text("ACCEPT") => (1, "Allowed", 1, "Allowed"),
        Value::Text("REJECT") => (2, "Denied", 2, "Blocked"),
        _ => return,
    };
    record.mark(Field::Action);
    let (action_id, action, disposition_id, disposition) = outcome;
    object.number("action_id", Some(action_id));
    object.text("action", Some(action));
    object.number("disposition_id", Some(disposition_id));
    object.text("disposition", Some(disposition));
}

/// Milliseconds. `time` is required: it is the start, or the end, or 0 in a record that has neither.
fn times(object: &mut Object<'_>, record: &mut Record<'_>) {
    let mut milliseconds = |field| record.number(field).map(|seconds| seconds.saturating_mul(1000));
    let (start, end) = (milliseconds(Field::Start), milliseconds(Field::End));
    object.number("time", start.or(end).or(Some(0)));
    object.number("start_time", start);
    object.number("end_time", end);
}

fn metadata(object: &mut Object<'_>, record: &mut Record<'_>) {
    let mark = object.open("metadata");
    object.text("version", Some(SCHEMA_VERSION));
    let product = object.open("product");
    object.text("name", Some("Weir"));
    object.text("vendor_name", Some("Weir"));
    object.text("version", Some(env!("CARGO_PKG_VERSION")));
    object.close(product);
    object.key("profiles");
    object.out.extend_from_slice(br#"["cloud","security_control"]"#);
    if let Some(version) = record.number(Field::Version) {
        object.key("log_version");
        object.out.push(b'"');
        push_number(object.out, version);
        object.out.push(b'"');
    }
    object.close(mark);
}

fn cloud(object: &mut Object<'_>, record: &mut Record<'_>, provider: &str) {
    let mark = object.open("cloud");
    object.text("provider", Some(provider));
    let account = object.open("account");
    object.text("uid", record.text(Field::AccountId));
    object.close(account);
    object.text("region", record.text(Field::Region));
    object.text("zone", record.text(Field::AzId));
    object.close(mark);
}

/// The fields of one end of a flow.
struct End {
    key: &'static str,
    address: Field,
    packet_address: Field,
    port: Field,
    service: Field,
}

const SOURCE: End = End {
    key: "src_endpoint",
    address: Field::SrcAddr,
    packet_address: Field::PktSrcAddr,
    port: Field::SrcPort,
    service: Field::PktSrcAwsService,
};

const DESTINATION: End = End {
    key: "dst_endpoint",
    address: Field::DstAddr,
    packet_address: Field::PktDstAddr,
    port: Field::DstPort,
    service: Field::PktDstAwsService,
};

/// Both ends. The interface belongs to the destination of ingress and to the source of egress; in a
/// record without addresses (NODATA, SKIPDATA) it is the only endpoint, and stands as destination.
fn endpoints(object: &mut Object<'_>, record: &mut Record<'_>) {
    let direction = record.peek(Field::FlowDirection);
    let addresses = [Field::SrcAddr, Field::DstAddr, Field::PktSrcAddr, Field::PktDstAddr];
    let bare = addresses.into_iter().all(|field| record.peek(field) == Value::Absent);
    endpoint(object, record, &SOURCE, direction == Value::Text("egress"));
    endpoint(object, record, &DESTINATION, direction == Value::Text("ingress") || (bare && direction == Value::Absent));
}

fn endpoint(object: &mut Object<'_>, record: &mut Record<'_>, end: &End, has_interface: bool) {
    let mark = object.open(end.key);
    let (address, packet_address) = (record.text(end.address), record.text(end.packet_address));
    object.text("ip", packet_address.or(address));
    if let (Some(address), Some(_)) = (address, packet_address.filter(|packet| Some(*packet) != address)) {
        object.key("intermediate_ips");
        object.out.push(b'[');
        super::json::push_string(object.out, address);
        object.out.push(b']');
    }
    object.number("port", record.number(end.port));
    object.text("svc_name", record.text(end.service));
    if has_interface {
        object.text("interface_uid", record.text(Field::InterfaceId));
        object.text("instance_uid", record.text(Field::InstanceId));
        object.text("subnet_uid", record.text(Field::SubnetId));
        object.text("vpc_uid", record.text(Field::VpcId));
    }
    object.close(mark);
}

fn connection(object: &mut Object<'_>, record: &mut Record<'_>) {
    let mark = object.open("connection_info");
    let (direction_id, direction) = match record.peek(Field::FlowDirection) {
        Value::Text("ingress") => (1, "Inbound"),
        Value::Text("egress") => (2, "Outbound"),
        _ => (0, "Unknown"),
    };
    if direction_id != 0 {
        record.mark(Field::FlowDirection);
    }
    object.number("direction_id", Some(direction_id));
    object.text("direction", Some(direction));
    let protocol = record.number(Field::Protocol);
    object.number("protocol_num", protocol);
    if let Some(name) = protocol.and_then(protocol::name) {
        object.text("protocol_name", Some(&name.to_ascii_lowercase()));
    }
    let version = match record.peek(Field::Type) {
        Value::Text("IPv4") => Some(4),
        Value::Text("IPv6") => Some(6),
        _ => None,
    };
    if version.is_some() {
        record.mark(Field::Type);
        object.number("protocol_ver_id", version);
    }
    object.number("tcp_flags", record.number(Field::TcpFlags));
    if let Value::Number(path @ 1..=8) = record.peek(Field::TrafficPath) {
        record.mark(Field::TrafficPath);
        // the schema lists the paths of AWS in the order of AWS, from 4 (same VPC) on
        object.number("boundary_id", Some(path + 3));
    }
    object.close(mark);
}

fn unmapped(object: &mut Object<'_>, record: &Record<'_>, columns: &[(String, Option<Field>)]) {
    let mark = object.open("unmapped");
    for (column, (name, field)) in columns.iter().enumerate() {
        let value = record.columns.value(column, record.row);
        let used = field.is_some_and(|field| record.used & (1 << field as u32) != 0);
        if !used && value != Value::Absent {
            object.value(name, value);
        }
    }
    object.close(mark);
}
