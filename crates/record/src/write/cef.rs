//! Common Event Format: a line a record.
//!
//! `CEF:0|Weir|Weir|<version>|<class>|<name>|<severity>|<extension>`. Predefined keys of the ArcSight
//! extension dictionary are used where their meaning fits, then the labelled custom strings and
//! numbers, always the same field in the same one; what is left goes under keys of our own, so that
//! nothing is lost. IPv6 addresses go to `c6a2` and `c6a3`, since `src` and `dst` of CEF 0 are IPv4.
//! Source: ArcSight CEF implementation standard, document version 27.

use arrow::datatypes::Schema;

use super::{Encode, protocol, push_number};
use crate::{Field, Value, columns::Columns};

pub(super) struct Cef {
    columns: Vec<Key>,
    action: Option<usize>,
    log_status: Option<usize>,
}

/// How a column is written.
enum Key {
    /// A predefined key.
    Plain(&'static str),
    /// A custom key with its label, the field's name.
    Labelled(&'static str, &'static str),
    /// The predefined key for IPv4, the labelled key for IPv6.
    Address { v4: &'static str, v6: &'static str, label: &'static str },
    /// Seconds, written as milliseconds.
    Time(&'static str),
    /// A protocol, written by name.
    Protocol,
    /// 0 for ingress, 1 for egress.
    Direction,
    /// A key of our own.
    Own(String),
}

impl Cef {
    pub(super) fn new(shape: &Schema) -> Self {
        let position = |field: Field| shape.fields().iter().position(|column| column.name() == field.column());
        let key = |name: &String| Field::from_name(name).map_or_else(|| Key::Own(own_key(name)), key);
        Self {
            columns: shape.fields().iter().map(|column| key(column.name())).collect(),
            action: position(Field::Action),
            log_status: position(Field::LogStatus),
        }
    }

    /// Class, name and severity (0 to 10) of a record.
    fn kind(&self, columns: &Columns<'_>, row: usize) -> (&'static str, &'static str, u8) {
        let text = |column: Option<usize>| column.map(|column| columns.value(column, row));
        match (text(self.action), text(self.log_status)) {
            (_, Some(Value::Text("SKIPDATA"))) => ("flow:skipdata", "Flow records lost", 5),
            (_, Some(Value::Text("NODATA"))) => ("flow:nodata", "No traffic", 0),
            (Some(Value::Text("ACCEPT")), _) => ("flow:accept", "Flow accepted", 1),
            (Some(Value::Text("REJECT")), _) => ("flow:reject", "Flow rejected", 3),
            _ => ("flow", "Flow", 1),
        }
    }
}

impl Encode for Cef {
    fn row(&mut self, columns: &Columns<'_>, row: usize, out: &mut Vec<u8>) {
        let (class, name, severity) = self.kind(columns, row);
        out.extend_from_slice(concat!("CEF:0|Weir|Weir|", env!("CARGO_PKG_VERSION"), "|").as_bytes());
        out.extend_from_slice(class.as_bytes());
        out.push(b'|');
        out.extend_from_slice(name.as_bytes());
        out.push(b'|');
        push_number(out, severity.into());
        out.push(b'|');
        let start = out.len();
        for (column, key) in self.columns.iter().enumerate() {
            let value = columns.value(column, row);
            if value != Value::Absent {
                key.push(out, value, out.len() == start);
            }
        }
        out.push(b'\n');
    }
}

impl Key {
    fn push(&self, out: &mut Vec<u8>, value: Value<'_>, first: bool) {
        let mut pair = |key: &str, value: Value<'_>, first: bool| {
            if !first {
                out.push(b' ');
            }
            out.extend_from_slice(key.as_bytes());
            out.push(b'=');
            match value {
                Value::Absent => {}
                Value::Number(number) => push_number(out, number),
                Value::Text(text) => push_escaped(out, text),
            }
        };
        match (self, value) {
            (Key::Labelled(key, label), value) => {
                pair(key, value, first);
                pair(&format!("{key}Label"), Value::Text(label), false);
            }
            (Key::Address { v6, label, .. }, Value::Text(address)) if address.contains(':') => {
                pair(v6, value, first);
                pair(&format!("{v6}Label"), Value::Text(label), false);
            }
            (Key::Address { v4, .. }, value) => pair(v4, value, first),
            (Key::Time(key), Value::Number(seconds)) => {
                pair(key, Value::Number(seconds.saturating_mul(1000)), first);
            }
            (Key::Protocol, Value::Number(number)) => {
                pair("proto", protocol::name(number).map_or(value, Value::Text), first);
            }
            (Key::Direction, Value::Text("ingress")) => pair("deviceDirection", Value::Number(0), first),
            (Key::Direction, Value::Text("egress")) => pair("deviceDirection", Value::Number(1), first),
            (Key::Direction, value) => pair(&own_key(Field::FlowDirection.name()), value, first),
            (Key::Plain(key) | Key::Time(key), value) => pair(key, value, first),
            (Key::Protocol, value) => pair("proto", value, first),
            (Key::Own(key), value) => pair(key, value, first),
        }
    }
}

/// The key of a field of the table.
fn key(field: Field) -> Key {
    match field {
        Field::SrcAddr => Key::Address { v4: "src", v6: "c6a2", label: "Source IPv6 Address" },
        Field::DstAddr => Key::Address { v4: "dst", v6: "c6a3", label: "Destination IPv6 Address" },
        Field::SrcPort => Key::Plain("spt"),
        Field::DstPort => Key::Plain("dpt"),
        Field::Protocol => Key::Protocol,
        // how often the event was seen: a record stands for this many packets
        Field::Packets => Key::Plain("cnt"),
        // "in" runs from source to destination, as every record does
        Field::Bytes => Key::Plain("in"),
        Field::Start => Key::Time("start"),
        Field::End => Key::Time("end"),
        Field::Action => Key::Plain("act"),
        Field::InterfaceId => Key::Plain("deviceExternalId"),
        Field::FlowDirection => Key::Direction,
        Field::RejectReason => Key::Plain("reason"),
        Field::PktSrcAwsService => Key::Plain("sourceServiceName"),
        Field::PktDstAwsService => Key::Plain("destinationServiceName"),
        Field::AccountId => Key::Labelled("cs1", "account-id"),
        Field::VpcId => Key::Labelled("cs2", "vpc-id"),
        Field::SubnetId => Key::Labelled("cs3", "subnet-id"),
        Field::InstanceId => Key::Labelled("cs4", "instance-id"),
        Field::Region => Key::Labelled("cs5", "region"),
        Field::LogStatus => Key::Labelled("cs6", "log-status"),
        Field::Version => Key::Labelled("cn1", "version"),
        Field::TcpFlags => Key::Labelled("cn2", "tcp-flags"),
        Field::TrafficPath => Key::Labelled("cn3", "traffic-path"),
        _ => Key::Own(own_key(field.name())),
    }
}

/// `WeirFlowPktSrcaddr` of `pkt-srcaddr`: vendor, product and name in one alphanumeric word.
fn own_key(name: &str) -> String {
    let mut key = String::from("WeirFlow");
    let mut upper = true;
    for character in name.chars() {
        if !character.is_ascii_alphanumeric() {
            upper = true;
        } else if upper {
            key.push(character.to_ascii_uppercase());
            upper = false;
        } else {
            key.push(character);
        }
    }
    key
}

fn push_escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'=' => out.extend_from_slice(b"\\="),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => out.push(byte),
        }
    }
}
