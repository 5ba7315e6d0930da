use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use arrow::{
    array::Array,
    util::display::{ArrayFormatter, FormatOptions},
};
use weir_network::{AggregationInterval, Packet, Side};

use super::*;
use crate::{
    packet::Parsed,
    tracker::{Judgement, Observation, Options, Tracker, VerdictSource},
};

/// 2026-01-01 00:00:00 UTC.
const START_S: i64 = 1_767_225_600;
const START: i64 = START_S * SECOND_NS;
const REFUSED: Judgement = Judgement { action: Action::Reject, rule: 0, source: VerdictSource::None };

#[test]
fn records_name_the_rule_and_how_the_action_is_known() {
    let (mut tracker, eth) = tracker(interface("eni-1"));
    let packet = tcp("203.0.113.5", "10.0.0.1", 2);
    let seen = Observation::single(START, eth, Direction::Ingress, &packet);
    tracker.observe(&seen);
    let judged = [(1, 7, VerdictSource::Observed), (2, 8, VerdictSource::Predicted), (3, 0, VerdictSource::Observed)];
    for (second, rule, source) in judged {
        let judgement = Judgement { action: Action::Reject, rule, source };
        tracker.observe(&Observation { time_ns: START + second * SECOND_NS, judgement, ..seen });
    }
    let windows = tracker.finish(START + 4 * SECOND_NS);
    let names = |mark| (mark == 7).then(|| "acl-1/100".to_owned());
    let format = "${action} ${rule} ${verdict-source} ${log-status}";
    assert_eq!(
        lines_with(&windows, format, TrafficType::All, &names),
        ["ACCEPT - - OK", "REJECT acl-1/100 observed OK", "REJECT - predicted OK", "REJECT host-firewall observed OK"]
    );
}

/// The four rows of the guide's zonal NAT gateway: `srcaddr dstaddr pkt-srcaddr pkt-dstaddr` on its interface.
#[test]
fn nat_gateway_shows_its_own_address_and_the_packets() {
    let nat = Interface { instance_id: None, ipv4: vec![[10, 0, 0, 220].into()], ..interface("eni-nat") };
    let (mut tracker, nat) = tracker(nat);
    let packets = [
        ("10.0.1.5", "203.0.113.5", Direction::Ingress),
        ("10.0.0.220", "203.0.113.5", Direction::Egress),
        ("203.0.113.5", "10.0.0.220", Direction::Ingress),
        ("203.0.113.5", "10.0.1.5", Direction::Egress),
    ];
    for (second, (source, destination, direction)) in (0..).zip(packets) {
        let packet = tcp(source, destination, 2);
        tracker.observe(&Observation::single(START + second * SECOND_NS, nat, direction, &packet));
    }
    let format = "${instance-id} ${interface-id} ${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr}";
    assert_eq!(
        lines(&tracker.finish(START + 9 * SECOND_NS), format, TrafficType::All),
        [
            "- eni-nat 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5",
            "- eni-nat 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5",
            "- eni-nat 203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220",
            "- eni-nat 10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5",
        ]
    );
}

#[test]
fn secondary_addresses_give_way_to_the_primary_only_for_ipv4() {
    let (mut tracker, eth) = tracker(interface("eni-1"));
    let to_second = tcp("203.0.113.5", "10.0.0.11", 2);
    let from_second = tcp("10.0.0.11", "203.0.113.5", 2);
    let to_second_v6 = tcp("2001:db8::5", "2001:db8:1::11", 2);
    tracker.observe(&Observation::single(START, eth, Direction::Ingress, &to_second));
    tracker.observe(&Observation::single(START + SECOND_NS, eth, Direction::Egress, &from_second));
    tracker.observe(&Observation::single(START + 2 * SECOND_NS, eth, Direction::Ingress, &to_second_v6));
    let format = "${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr} ${type} ${flow-direction} ${traffic-path}";
    assert_eq!(
        lines(&tracker.finish(START + 9 * SECOND_NS), format, TrafficType::All),
        [
            "203.0.113.5 10.0.0.10 203.0.113.5 10.0.0.11 IPv4 ingress NULL",
            "10.0.0.10 203.0.113.5 10.0.0.11 203.0.113.5 IPv4 egress NULL",
            "2001:db8::5 2001:db8:1::11 2001:db8::5 2001:db8:1::11 IPv6 ingress NULL",
        ]
    );
}

#[test]
fn default_format_with_nodata_and_skipdata() {
    let (mut tracker, eth) = tracker(interface("eni-1"));
    let quiet = tracker.add_interface(Arc::new(interface("eni-0quiet")), START + 5 * SECOND_NS).expect("an index");
    let lossy = tracker.add_interface(Arc::new(interface("eni-2")), i64::MIN).expect("an index");
    let packet = tcp("203.0.113.5", "10.0.0.10", 2);
    let seen = Observation::single(START + 10 * SECOND_NS, eth, Direction::Ingress, &packet);
    tracker.observe(&seen);
    tracker.observe(&Observation { time_ns: START + 20 * SECOND_NS, ..seen });
    tracker.lost(lossy, START, 3);
    let window = tracker.poll(START + 60 * SECOND_NS).expect("a window");
    assert_eq!(
        lines(&[window], &Format::default().to_string(), TrafficType::All),
        [
            "2 123456789012 eni-1 203.0.113.5 10.0.0.10 40000 22 6 2 120 1767225610 1767225620 ACCEPT OK",
            "2 123456789012 eni-2 - - NULL NULL NULL NULL NULL 1767225600 1767225659 - SKIPDATA",
            "2 123456789012 eni-0quiet - - NULL NULL NULL NULL NULL 1767225605 1767225659 - NODATA",
        ]
    );
    tracker.remove_interface(quiet, START + 61 * SECOND_NS);
    let rest = tracker.finish(START + 70 * SECOND_NS);
    assert_eq!(
        lines(&rest, "${interface-id} ${vpc-id} ${region} ${type} ${start} ${end} ${log-status}", TrafficType::Reject),
        [
            "eni-0quiet vpc-1 eu-west-1 - 1767225660 1767225661 NODATA",
            "eni-1 vpc-1 eu-west-1 - 1767225660 1767225670 NODATA",
            "eni-2 vpc-1 eu-west-1 - 1767225660 1767225670 NODATA",
        ]
    );
}

#[test]
fn traffic_type_chooses_records_and_keeps_the_status_ones() {
    let (mut tracker, eth) = tracker(interface("eni-1"));
    let packet = tcp("203.0.113.5", "10.0.0.10", 2);
    let seen = Observation::single(START, eth, Direction::Ingress, &packet);
    tracker.observe(&seen);
    tracker.observe(&Observation { judgement: REFUSED, ..seen });
    tracker.lost(eth, START, 1);
    let windows = tracker.finish(START);
    let actions = |traffic| lines(&windows, "${action} ${log-status}", traffic);
    assert_eq!(actions(TrafficType::All), ["ACCEPT OK", "REJECT OK", "- SKIPDATA"]);
    assert_eq!(actions(TrafficType::Accept), ["ACCEPT OK", "- SKIPDATA"]);
    assert_eq!(actions(TrafficType::Reject), ["REJECT OK", "- SKIPDATA"]);
}

#[test]
fn tcp_flags_are_absent_after_an_illegal_combination() {
    let (mut tracker, eth) = tracker(interface("eni-1"));
    for (second, flags) in [(0, 2), (1, 3)] {
        let packet = tcp("203.0.113.5", "10.0.0.10", flags);
        tracker.observe(&Observation::single(START + second * SECOND_NS, eth, Direction::Ingress, &packet));
        let packet = tcp("203.0.113.6", "10.0.0.10", 2);
        tracker.observe(&Observation::single(START + second * SECOND_NS, eth, Direction::Ingress, &packet));
    }
    let windows = tracker.finish(START + 2 * SECOND_NS);
    assert_eq!(
        lines(&windows, "${version} ${srcaddr} ${tcp-flags}", TrafficType::All),
        ["3 203.0.113.5 NULL", "3 203.0.113.6 2"]
    );
}

#[test]
fn batches_are_the_same_records_in_pieces() {
    let (mut tracker, eth) = tracker(interface("eni-1"));
    for last in 0..10 {
        let packet = tcp(&format!("203.0.113.{last}"), "10.0.0.10", 2);
        tracker.observe(&Observation::single(START, eth, Direction::Ingress, &packet));
    }
    let window = tracker.poll(START + 60 * SECOND_NS).expect("a window");
    let format: Format = "${srcaddr}".parse().expect("a format");
    let pieces: Vec<_> = window.batches(&format, TrafficType::All, NO_RULES, 4).collect();
    assert_eq!(pieces.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [4, 4, 2]);
    let joined = arrow::compute::concat_batches(&format.schema(), &pieces).expect("one schema");
    assert_eq!(joined, window.to_batch(&format, TrafficType::All, NO_RULES));
    assert_eq!(window.batches(&format, TrafficType::Reject, NO_RULES, 4).count(), 0);
}

pub(crate) fn interface(id: &str) -> Interface {
    Interface {
        id: id.into(),
        account_id: "123456789012".into(),
        region: "eu-west-1".into(),
        az_id: Some("euw1-az1".into()),
        vpc_id: Some("vpc-1".into()),
        subnet_id: Some("subnet-1".into()),
        instance_id: Some("i-1".into()),
        ipv4: vec![[10, 0, 0, 10].into(), [10, 0, 0, 11].into()],
        ipv6: vec!["2001:db8:1::10".parse().expect("an address"), "2001:db8:1::11".parse().expect("an address")],
        security_group_ids: Vec::new(),
        tags: BTreeMap::new(),
        side: Side::Host,
    }
}

fn tracker(interface: Interface) -> (Tracker, crate::tracker::InterfaceIndex) {
    let options = Options { interval: AggregationInterval::Minute, ..Options::default() };
    let mut tracker = Tracker::new(options);
    let index = tracker.add_interface(Arc::new(interface), i64::MIN).expect("an index");
    (tracker, index)
}

pub(crate) fn tcp(source: &str, destination: &str, flags: u8) -> Parsed {
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let packet = Packet {
        source: address(source),
        destination: address(destination),
        protocol: 6,
        source_port: 40_000,
        destination_port: 22,
        icmp: None,
    };
    Parsed::whole(packet, flags, 60)
}

/// Rows as lines; a missing number shows as NULL, so that it can be told from a missing text.
pub(crate) fn lines(windows: &[Window], format: &str, traffic: TrafficType) -> Vec<String> {
    lines_with(windows, format, traffic, NO_RULES)
}

fn lines_with(windows: &[Window], format: &str, traffic: TrafficType, rules: &RuleNames<'_>) -> Vec<String> {
    let format: Format = format.parse().expect("a format");
    let options = FormatOptions::default().with_null("NULL");
    let mut lines = Vec::new();
    for window in windows {
        let batch = window.to_batch(&format, traffic, rules);
        let cells: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref() as &dyn Array, &options).expect("a type with a text"))
            .collect();
        for row in 0..batch.num_rows() {
            lines.push(cells.iter().map(|cell| cell.value(row).to_string()).collect::<Vec<_>>().join(" "));
        }
    }
    lines
}
