//! Flow log records as flows, for commands that reason about them.

use std::net::IpAddr;

use anyhow::{Result, bail};
use arrow::{
    array::{Array, ArrayRef, AsArray},
    compute::cast,
    datatypes::{DataType, Int64Type},
    record_batch::RecordBatch,
};
use weir_network::{Action, Direction, Packet};

/// One record, as far as rules are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// `interface-id`.
    pub interface_id: Option<String>,
    /// Addresses (`pkt-srcaddr` and `pkt-dstaddr` before `srcaddr` and `dstaddr`), ports and protocol.
    pub packet: Packet,
    /// `flow-direction`.
    pub direction: Option<Direction>,
    /// `tcp-flags`.
    pub tcp_flags: Option<u8>,
    /// `action`.
    pub action: Option<Action>,
    /// `rule`.
    pub rule: Option<String>,
}

/// The flows of records. Records without addresses (NODATA, SKIPDATA) are passed over.
///
/// # Errors
/// When the records have no addresses, ports or protocol at all.
pub fn flows(batches: &[RecordBatch]) -> Result<Vec<Flow>> {
    let mut flows = Vec::new();
    for batch in batches {
        flows.extend(flows_by_row(batch)?.into_iter().flatten());
    }
    Ok(flows)
}

/// The flow of each row; `None` for records without addresses.
///
/// # Errors
/// As [`flows`].
pub fn flows_by_row(batch: &RecordBatch) -> Result<Vec<Option<Flow>>> {
    let columns = Columns::of(batch)?;
    Ok((0..batch.num_rows()).map(|row| columns.flow(row)).collect())
}

/// The columns of a batch that make a flow.
struct Columns {
    interface_id: Option<ArrayRef>,
    source: [Option<ArrayRef>; 2],
    destination: [Option<ArrayRef>; 2],
    source_port: Option<ArrayRef>,
    destination_port: Option<ArrayRef>,
    protocol: Option<ArrayRef>,
    direction: Option<ArrayRef>,
    tcp_flags: Option<ArrayRef>,
    action: Option<ArrayRef>,
    rule: Option<ArrayRef>,
}

impl Columns {
    fn of(batch: &RecordBatch) -> Result<Self> {
        let text = |name: &str| column(batch, name, &DataType::Utf8View);
        let number = |name: &str| column(batch, name, &DataType::Int64);
        let columns = Self {
            interface_id: text("interface_id")?,
            source: [text("pkt_srcaddr")?, text("srcaddr")?],
            destination: [text("pkt_dstaddr")?, text("dstaddr")?],
            source_port: number("srcport")?,
            destination_port: number("dstport")?,
            protocol: number("protocol")?,
            direction: text("flow_direction")?,
            tcp_flags: number("tcp_flags")?,
            action: text("action")?,
            rule: text("rule")?,
        };
        for (name, there) in [
            ("srcaddr", columns.source.iter().any(Option::is_some)),
            ("dstaddr", columns.destination.iter().any(Option::is_some)),
            ("dstport", columns.destination_port.is_some()),
            ("protocol", columns.protocol.is_some()),
        ] {
            if !there {
                bail!("the records have no field {name}: give records with addresses, ports and protocol");
            }
        }
        Ok(columns)
    }

    fn flow(&self, row: usize) -> Option<Flow> {
        let address = |columns: &[Option<ArrayRef>; 2]| -> Option<IpAddr> {
            columns.iter().find_map(|column| text(column.as_ref(), row)?.parse().ok())
        };
        let packet = Packet {
            source: address(&self.source)?,
            destination: address(&self.destination)?,
            protocol: number(self.protocol.as_ref(), row)?.try_into().ok()?,
            source_port: number(self.source_port.as_ref(), row).unwrap_or(0).try_into().ok()?,
            destination_port: number(self.destination_port.as_ref(), row)?.try_into().ok()?,
            icmp: None,
        };
        Some(Flow {
            interface_id: text(self.interface_id.as_ref(), row).map(str::to_owned),
            packet,
            direction: match text(self.direction.as_ref(), row) {
                Some("ingress") => Some(Direction::Ingress),
                Some("egress") => Some(Direction::Egress),
                _ => None,
            },
            tcp_flags: number(self.tcp_flags.as_ref(), row).and_then(|flags| flags.try_into().ok()),
            action: match text(self.action.as_ref(), row) {
                Some("ACCEPT") => Some(Action::Accept),
                Some("REJECT") => Some(Action::Reject),
                _ => None,
            },
            rule: text(self.rule.as_ref(), row).map(str::to_owned),
        })
    }
}

/// A column by its name, as this type. Values that do not fit it are missing.
fn column(batch: &RecordBatch, name: &str, data_type: &DataType) -> Result<Option<ArrayRef>> {
    batch.column_by_name(name).map(|column| Ok(cast(column, data_type)?)).transpose()
}

/// A text that is not missing.
fn text(column: Option<&ArrayRef>, row: usize) -> Option<&str> {
    let texts = column?.as_string_view_opt()?;
    texts.is_valid(row).then(|| texts.value(row)).filter(|text| !matches!(*text, "" | "-"))
}

fn number(column: Option<&ArrayRef>, row: usize) -> Option<i64> {
    let numbers = column?.as_primitive_opt::<Int64Type>()?;
    numbers.is_valid(row).then(|| numbers.value(row))
}
