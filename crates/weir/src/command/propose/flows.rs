//! Records into flows, added up by SQL.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use arrow::{
    array::{Array, ArrayRef, AsArray},
    compute::cast,
    datatypes::{DataType, Int64Type},
    record_batch::RecordBatch,
};
use clap::ArgMatches;
use weir_network::{Direction, Packet, SeenFlow, Tally};

use crate::{Outcome, clock, command::query, local_nets::LocalNets, records, settings::Settings};

const DAY: u64 = 86_400;

/// The flows of the records that are meant.
pub(super) fn read(matches: &ArgMatches, settings: &Settings) -> Result<(Vec<SeenFlow>, Outcome)> {
    let from: Vec<&str> = matches.get_many::<String>("from").into_iter().flatten().map(String::as_str).collect();
    let mut flows = Vec::new();
    let (batches, outcome) = query::batches_of(&from, settings, |columns| statement(columns, matches))?;
    let mut waiting = Vec::new();
    for batch in &batches {
        collect(batch, &mut flows, &mut waiting)?;
    }
    flows.extend(directed(waiting));
    Ok((flows, outcome))
}

/// The statement that adds records up, for a table with these columns.
fn statement(columns: &[String], matches: &ArgMatches) -> Result<String> {
    let has = |name: &str| columns.iter().any(|column| column == name);
    for needed in ["srcport", "dstport", "protocol", "action", "packets", "bytes"] {
        if !has(needed) {
            bail!(
                "the records have no field {needed}: addresses, ports, protocol, action, packets and bytes are needed"
            );
        }
    }
    let address = |packet: &str, record: &str| match (has(packet), has(record)) {
        (true, true) => {
            Ok(format!("CASE WHEN {packet} IS NULL OR {packet} = '-' THEN {record} ELSE {packet} END AS {record}"))
        }
        (true, false) => Ok(format!("{packet} AS {record}")),
        (false, true) => Ok(record.to_owned()),
        (false, false) => bail!("the records have no field {record}"),
    };
    let mut keys = vec![address("pkt_srcaddr", "srcaddr")?, address("pkt_dstaddr", "dstaddr")?];
    let optional = ["interface_id", "flow_direction", "tcp_flags"].into_iter().filter(|name| has(name));
    keys.extend(["srcport", "dstport", "protocol", "action"].into_iter().chain(optional).map(str::to_owned));
    let groups = (1..=keys.len()).map(|place| place.to_string()).collect::<Vec<_>>().join(", ");
    let start = if has("start") { "min(\"start\")" } else { "0" };
    let mut sql = format!(
        "SELECT {}, {start} AS first_start, count(*) AS records, sum(packets) AS packets, sum(bytes) AS bytes \
         FROM vpc_flow_logs WHERE dstport IS NOT NULL",
        keys.join(", ")
    );
    if let Some(days) = matches.get_one::<u32>("days") {
        if !has("end") {
            bail!("--days needs the field end in the records");
        }
        let since = clock::now().as_secs().saturating_sub(u64::from(*days) * DAY);
        sql.push_str(&format!(" AND \"end\" >= {since}"));
    }
    if let Some(condition) = matches.get_one::<String>("where") {
        sql.push_str(&format!(" AND ({condition})"));
    }
    let interfaces: Vec<String> = matches
        .get_many::<String>("interface-id")
        .into_iter()
        .flatten()
        .map(|id| format!("'{}'", id.replace('\'', "''")))
        .collect();
    if !interfaces.is_empty() {
        if !has("interface_id") {
            bail!("--interface-id needs the field interface-id in the records");
        }
        sql.push_str(&format!(" AND interface_id IN ({})", interfaces.join(", ")));
    }
    Ok(format!("{sql} GROUP BY {groups}"))
}

/// A flow whose direction the record does not say.
struct Undirected {
    interface_id: String,
    flow: SeenFlow,
}

fn collect(batch: &RecordBatch, flows: &mut Vec<SeenFlow>, waiting: &mut Vec<Undirected>) -> Result<()> {
    let numbers = |name: &str| -> Result<Option<ArrayRef>> {
        batch.column_by_name(name).map(|column| Ok(cast(column, &DataType::Int64)?)).transpose()
    };
    let [start, count, packets, bytes] =
        [numbers("first_start")?, numbers("records")?, numbers("packets")?, numbers("bytes")?];
    let number = |column: &Option<ArrayRef>, row: usize| -> i64 {
        let numbers = column.as_ref().and_then(|column| column.as_primitive_opt::<Int64Type>());
        numbers.filter(|numbers| numbers.is_valid(row)).map_or(0, |numbers| numbers.value(row))
    };
    let unsigned = |column: &Option<ArrayRef>, row| u64::try_from(number(column, row)).unwrap_or(0);
    for (row, flow) in records::flows_by_row(batch)?.into_iter().enumerate() {
        let Some(flow) = flow else { continue };
        let Some(action) = flow.action else { continue };
        let tally =
            Tally { records: unsigned(&count, row), packets: unsigned(&packets, row), bytes: unsigned(&bytes, row) };
        let direction = flow.direction.unwrap_or(Direction::Ingress);
        let seen = SeenFlow {
            packet: flow.packet,
            direction,
            tcp_flags: flow.tcp_flags,
            action,
            start: number(&start, row),
            tally,
        };
        match flow.direction {
            Some(_) => flows.push(seen),
            None => waiting.push(Undirected { interface_id: flow.interface_id.unwrap_or_default(), flow: seen }),
        }
    }
    Ok(())
}

/// Gives flows their direction: the address that is in every record of an interface is its own. Where there is none,
/// private addresses are.
fn directed(waiting: Vec<Undirected>) -> impl Iterator<Item = SeenFlow> {
    let mut seen: BTreeMap<String, (u64, BTreeMap<std::net::IpAddr, u64>)> = BTreeMap::new();
    for Undirected { interface_id, flow } in &waiting {
        let (flows, addresses) = seen.entry(interface_id.clone()).or_default();
        *flows += 1;
        for address in [flow.packet.source, flow.packet.destination] {
            *addresses.entry(address).or_default() += 1;
        }
    }
    let own: BTreeMap<String, Vec<std::net::IpAddr>> = seen
        .into_iter()
        .map(|(id, (flows, addresses))| {
            let in_every =
                addresses.into_iter().filter(|(_, count)| *count == flows).map(|(address, _)| address).collect();
            (id, in_every)
        })
        .collect();
    let local = LocalNets::new(Vec::new());
    waiting.into_iter().map(move |Undirected { interface_id, flow }| {
        let Packet { source, destination, .. } = flow.packet;
        let owns = |address| own.get(&interface_id).is_some_and(|own| own.contains(&address));
        let direction = match (owns(source), owns(destination)) {
            (true, false) => Direction::Egress,
            (false, true) => Direction::Ingress,
            _ => local.direction(&flow.packet),
        };
        SeenFlow { direction, ..flow }
    })
}
