//! A finished window: the flows of one period, and the records that they make.
//!
//! A record's addresses follow the flow log rules: the far side is what the packet says, the own side is the
//! interface's own address ([`Interface::own_side`]), and `pkt-srcaddr` and `pkt-dstaddr` are always the packet's.
//! `rule` is what the caller says ([`RuleNames`]). Fields that no packet tells (countries) or only AWS can know (`traffic-path`,
//! the AWS services, next hops, ECS) are absent.
//!
//! **Order.** OK records come by the time of their first packet, then by addresses, ports and interface; then, in the
//! order of interface ids, one SKIPDATA record for each interface that lost packets and one NODATA record for each
//! that had no traffic at all. Neither depends on the traffic type that a flow log asks for: NODATA says that there
//! was no traffic, not that none of it was wanted.

mod merge;
mod skipdata;

use std::{fmt::Write, net::IpAddr, sync::Arc};

use arrow::record_batch::RecordBatch;
use weir_network::{Action, Direction, Interface, Rule, TrafficType};
use weir_record::{BatchBuilder, Field, Format, Value};

pub use self::{merge::Merger, skipdata::skipdata};
use crate::tracker::{FlowKey, FlowState, SECOND_NS, VerdictSource};

/// What became of the packets of one interface in one window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets that reached the tracker: those recorded, skipped and excluded.
    pub seen: u64,
    /// Packets that are in a record.
    pub recorded: u64,
    /// Packets in no record because the tracker held all the flows that it may.
    pub skipped: u64,
    /// Packets in no record because flow logs leave such traffic out.
    pub excluded: u64,
    /// Packets that never reached the tracker.
    pub lost: u64,
}

impl Counters {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Counters) -> Counters {
        Counters {
            seen: self.seen + other.seen,
            recorded: self.recorded + other.recorded,
            skipped: self.skipped + other.skipped,
            excluded: self.excluded + other.excluded,
            lost: self.lost + other.lost,
        }
    }

    /// There was traffic that no record shows: SKIPDATA.
    pub fn is_incomplete(&self) -> bool {
        self.skipped > 0 || self.lost > 0
    }

    /// There was nothing to record: NODATA.
    pub fn is_quiet(&self) -> bool {
        self.recorded == 0 && !self.is_incomplete()
    }
}

/// An interface in a window.
#[derive(Debug, Clone)]
pub struct WindowInterface {
    /// What it is.
    pub interface: Arc<Interface>,
    /// Since when it was watched in this window: nanoseconds since 1970.
    pub from_ns: i64,
    /// Until when, the last instant included.
    pub to_ns: i64,
    /// What became of its packets.
    pub counters: Counters,
}

/// One flow of a window: what one OK record says.
#[derive(Debug, Clone, Copy)]
pub struct Flow<'a> {
    /// The interface it was seen on.
    pub interface: &'a Interface,
    /// Which way it passed.
    pub direction: Direction,
    /// What became of it.
    pub action: Action,
    /// Source address in the packets.
    pub source: IpAddr,
    /// Destination address in the packets.
    pub destination: IpAddr,
    /// Source port; 0 where there is none.
    pub source_port: u16,
    /// Destination port; 0 where there is none.
    pub destination_port: u16,
    /// IANA protocol number.
    pub protocol: u8,
    /// Packets.
    pub packets: u64,
    /// Bytes, IP headers included.
    pub bytes: u64,
    /// Time of the first packet: nanoseconds since 1970.
    pub first_ns: i64,
    /// Time of the last packet.
    pub last_ns: i64,
    /// The value of `tcp-flags`; `None` when a packet had an illegal combination.
    pub tcp_flags: Option<u8>,
    /// The mark of the rule that decided; 0 when none is known.
    pub rule: u32,
    /// How it is known what became of its packets.
    pub verdict_source: VerdictSource,
}

/// What a mark stands for: the text of the field `rule`. Marks that it does not know are written as `-`.
pub type RuleNames<'a> = dyn Fn(u32) -> Option<String> + 'a;

/// For flows without marks.
pub const NO_RULES: &RuleNames<'static> = &|_| None;

/// The flows of one period, and the interfaces that were watched.
#[derive(Debug, Clone)]
pub struct Window {
    start_ns: i64,
    end_ns: i64,
    /// By interface index.
    interfaces: Vec<Option<WindowInterface>>,
    flows: Vec<(FlowKey, FlowState)>,
}

impl Window {
    pub(crate) fn new(
        start_ns: i64,
        end_ns: i64,
        interfaces: Vec<Option<WindowInterface>>,
        flows: Vec<(FlowKey, FlowState)>,
    ) -> Self {
        Window { start_ns, end_ns, interfaces, flows }
    }

    /// First instant of the window: nanoseconds since 1970.
    pub fn start_ns(&self) -> i64 {
        self.start_ns
    }

    /// First instant after the window: nanoseconds since 1970.
    pub fn end_ns(&self) -> i64 {
        self.end_ns
    }

    /// How many flows it has.
    pub fn flow_count(&self) -> usize {
        self.flows.len()
    }

    /// The interfaces that were watched, by id.
    pub fn interfaces(&self) -> Vec<&WindowInterface> {
        let mut interfaces: Vec<_> = self.interfaces.iter().flatten().collect();
        interfaces.sort_by(|a, b| a.interface.id.cmp(&b.interface.id));
        interfaces
    }

    /// What became of the packets of all interfaces.
    pub fn counters(&self) -> Counters {
        self.interfaces.iter().flatten().fold(Counters::default(), |sum, watched| sum.plus(watched.counters))
    }

    /// Its flows in the order of records.
    pub fn flows(&self) -> impl Iterator<Item = Flow<'_>> {
        self.ordered(TrafficType::All).into_iter().filter_map(|flow| self.flow(flow))
    }

    /// Its flows as they come, for sums.
    pub fn flows_unordered(&self) -> impl Iterator<Item = Flow<'_>> {
        self.flows.iter().filter_map(|flow| self.flow(flow))
    }

    /// Its records as one batch. For windows of very many flows see [`batches`](Self::batches).
    pub fn to_batch(&self, format: &Format, traffic: TrafficType, rules: &RuleNames<'_>) -> RecordBatch {
        let mut builder = BatchBuilder::new(format.clone());
        for row in self.rows(traffic) {
            push(&mut builder, format, row, rules);
        }
        builder.finish()
    }

    /// Its records as batches of at most `rows` records; none is empty.
    pub fn batches<'a>(
        &'a self,
        format: &Format,
        traffic: TrafficType,
        rules: &'a RuleNames<'_>,
        rows: usize,
    ) -> impl Iterator<Item = RecordBatch> + use<'a> {
        let format = format.clone();
        let mut left = self.rows(traffic).peekable();
        let mut builder = BatchBuilder::new(format.clone());
        std::iter::from_fn(move || {
            left.peek()?;
            for row in left.by_ref().take(rows.max(1)) {
                push(&mut builder, &format, row, rules);
            }
            Some(builder.finish())
        })
    }

    fn rows(&self, traffic: TrafficType) -> impl Iterator<Item = Row<'_>> {
        let flows = self.ordered(traffic).into_iter().filter_map(|flow| self.flow(flow)).map(Row::Flow);
        let incomplete = self.interfaces().into_iter().filter(|watched| watched.counters.is_incomplete());
        let quiet = self.interfaces().into_iter().filter(|watched| watched.counters.is_quiet());
        let status = |status| move |watched| Row::Status(watched, status);
        flows.chain(incomplete.map(status("SKIPDATA"))).chain(quiet.map(status("NODATA")))
    }

    fn ordered(&self, traffic: TrafficType) -> Vec<&(FlowKey, FlowState)> {
        let wanted = |(key, _): &&(FlowKey, FlowState)| match traffic {
            TrafficType::All => true,
            TrafficType::Accept => key.action() == Action::Accept,
            TrafficType::Reject => key.action() == Action::Reject,
        };
        let mut flows: Vec<_> = self.flows.iter().filter(wanted).collect();
        flows.sort_unstable_by(|(a_key, a), (b_key, b)| a.first_ns.cmp(&b.first_ns).then_with(|| a_key.cmp(b_key)));
        flows
    }

    fn flow(&self, (key, state): &(FlowKey, FlowState)) -> Option<Flow<'_>> {
        let watched = self.interfaces.get(key.interface())?.as_ref()?;
        Some(Flow {
            interface: &watched.interface,
            direction: key.direction(),
            action: key.action(),
            source: key.source(),
            destination: key.destination(),
            source_port: key.source_port(),
            destination_port: key.destination_port(),
            protocol: key.protocol(),
            packets: state.packets,
            bytes: state.bytes,
            first_ns: state.first_ns,
            last_ns: state.last_ns,
            tcp_flags: state.flags.value(),
            rule: key.rule(),
            verdict_source: key.verdict_source(),
        })
    }
}

fn push(builder: &mut BatchBuilder, format: &Format, row: Row<'_>, rules: &RuleNames<'_>) {
    match row {
        Row::Flow(flow) => {
            let texts = Texts::of(&flow, rules);
            builder.push(|field| flow_value(field, format, &flow, &texts));
        }
        Row::Status(watched, status) => builder.push(|field| status_value(field, format, watched, status)),
    }
}

#[derive(Clone, Copy)]
enum Row<'a> {
    Flow(Flow<'a>),
    Status(&'a WindowInterface, &'static str),
}

/// What a record says in words of its own.
struct Texts {
    source: String,
    destination: String,
    packet_source: String,
    packet_destination: String,
    rule: Option<String>,
}

impl Texts {
    fn of(flow: &Flow<'_>, rules: &RuleNames<'_>) -> Self {
        let (source, destination) = match flow.direction {
            Direction::Ingress => (flow.source, flow.interface.own_side(flow.destination)),
            Direction::Egress => (flow.interface.own_side(flow.source), flow.destination),
        };
        Texts {
            source: text(source),
            destination: text(destination),
            packet_source: text(flow.source),
            packet_destination: text(flow.destination),
            rule: rule(flow, rules),
        }
    }
}

/// What refused without a mark of ours is a rule of the host's own.
fn rule(flow: &Flow<'_>, rules: &RuleNames<'_>) -> Option<String> {
    let is_strangers = flow.rule == 0 && flow.action == Action::Reject;
    match flow.verdict_source {
        VerdictSource::Observed if is_strangers => Some(Rule::HostFirewall.token()),
        _ => (flow.rule != 0).then(|| rules(flow.rule)).flatten(),
    }
}

fn text(address: IpAddr) -> String {
    let mut text = String::with_capacity(39);
    // Writing to a String cannot fail.
    let _ = write!(text, "{address}");
    text
}

fn flow_value<'a>(field: Field, format: &Format, flow: &Flow<'a>, texts: &'a Texts) -> Value<'a> {
    let optional = |text: Option<&'a str>| text.map_or(Value::Absent, Value::Text);
    match field {
        Field::SrcAddr => Value::Text(&texts.source),
        Field::DstAddr => Value::Text(&texts.destination),
        Field::PktSrcAddr => Value::Text(&texts.packet_source),
        Field::PktDstAddr => Value::Text(&texts.packet_destination),
        Field::SrcPort => Value::Number(flow.source_port.into()),
        Field::DstPort => Value::Number(flow.destination_port.into()),
        Field::Protocol => Value::Number(flow.protocol.into()),
        Field::Packets => count(flow.packets),
        Field::Bytes => count(flow.bytes),
        Field::Start => Value::Number(flow.first_ns / SECOND_NS),
        Field::End => Value::Number(flow.last_ns / SECOND_NS),
        Field::Action => Value::Text(flow.action.as_str()),
        Field::LogStatus => Value::Text("OK"),
        Field::TcpFlags => flow.tcp_flags.map_or(Value::Absent, |flags| Value::Number(flags.into())),
        Field::Type => Value::Text(if flow.source.is_ipv6() { "IPv6" } else { "IPv4" }),
        Field::FlowDirection => Value::Text(flow.direction.as_str()),
        Field::Rule => optional(texts.rule.as_deref()),
        Field::VerdictSource => optional(flow.verdict_source.as_str()),
        _ => interface_value(field, format, flow.interface),
    }
}

fn status_value<'a>(field: Field, format: &Format, watched: &'a WindowInterface, status: &'a str) -> Value<'a> {
    match field {
        Field::Start => Value::Number(watched.from_ns / SECOND_NS),
        Field::End => Value::Number(watched.to_ns / SECOND_NS),
        Field::LogStatus => Value::Text(status),
        _ => interface_value(field, format, &watched.interface),
    }
}

/// Fields that say which interface it was: the same in every record of it.
fn interface_value<'a>(field: Field, format: &Format, interface: &'a Interface) -> Value<'a> {
    let optional = |text: &'a Option<String>| text.as_deref().map_or(Value::Absent, Value::Text);
    match field {
        Field::Version => Value::Number(format.version().into()),
        Field::AccountId => Value::Text(&interface.account_id),
        Field::InterfaceId => Value::Text(&interface.id),
        Field::VpcId => optional(&interface.vpc_id),
        Field::SubnetId => optional(&interface.subnet_id),
        Field::InstanceId => optional(&interface.instance_id),
        Field::Region => Value::Text(&interface.region),
        Field::AzId => optional(&interface.az_id),
        _ => Value::Absent,
    }
}

fn count(count: u64) -> Value<'static> {
    i64::try_from(count).map_or(Value::Absent, Value::Number)
}

#[cfg(test)]
pub(crate) mod tests;
