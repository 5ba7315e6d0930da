use super::{super::abi::EGRESS, *};

mod property;

const END_NS: u64 = 1_000;
const ETH: u32 = 2;
const BRIDGE: u32 = 10;

/// A UDP flow on an interface, told from others by its source port.
fn key(ifindex: u32, port: u8, bits: u8) -> Key {
    let mut key =
        Key { ifindex, bits, protocol: 17, source_port: [0, port], destination_port: [0, 9], ..Key::default() };
    key.source[..4].copy_from_slice(&[10, 0, 0, 1]);
    key.destination[..4].copy_from_slice(&[10, 0, 0, 2]);
    key
}

fn rule(key: Key, rule: u32) -> Key {
    Key { rule, ..key }
}

fn refused_key(ifindex: u32, port: u8) -> Key {
    key(ifindex, port, COUNTED | REJECT)
}

fn rejected(key: Key) -> Key {
    Key { bits: (key.bits & !COUNTED) | REJECT, ..key }
}

fn counts(packets: u64, bytes: u64) -> Counts {
    Counts { packets, bytes, first_ns: 10, last_ns: 20, ..Counts::default() }
}

fn reassembled(packets: u64, bytes: u64) -> Counts {
    let mut counts = counts(packets, bytes);
    counts.flags[REASSEMBLED] = 1;
    counts
}

fn flows<const N: usize>(flows: [(Key, Counts); N]) -> Flows {
    flows.into_iter().collect()
}

fn topology() -> Topology {
    Topology { recorded: [ETH, 3, 4].into(), ports: [(BRIDGE, vec![3, 4])].into() }
}

fn close(seen: Flows, refused: Flows) -> Flows {
    Reconciler::default().close(seen, refused, &[], &topology(), END_NS)
}

/// Packets and bytes of a flow.
fn sum(flows: &Flows, key: Key) -> Option<(u64, u64)> {
    flows.get(&key).map(|counts| (counts.packets, counts.bytes))
}

#[test]
fn what_came_in_and_was_refused_was_not_accepted() {
    let refused = refused_key(ETH, 1);
    let result = close(flows([(key(ETH, 1, 0), counts(10, 1000))]), flows([(refused, counts(3, 300))]));
    assert_eq!(result.len(), 2);
    assert_eq!(sum(&result, key(ETH, 1, 0)), Some((7, 700)));
    assert_eq!(sum(&result, rejected(refused)), Some((3, 300)));
}

#[test]
fn a_flow_that_was_refused_whole_vanishes() {
    let refused = refused_key(ETH, 1);
    let result = close(flows([(key(ETH, 1, 0), counts(3, 300))]), flows([(refused, counts(3, 300))]));
    assert_eq!(result.into_keys().collect::<Vec<_>>(), [rejected(refused)]);
}

#[test]
fn what_the_firewall_refuses_on_the_way_out_was_not_seen() {
    let out = key(ETH, 1, EGRESS);
    let refused = Key { bits: out.bits | REJECT, ..out };
    let result = close(flows([(out, counts(10, 1000))]), flows([(refused, counts(3, 300))]));
    assert_eq!(sum(&result, out), Some((10, 1000)));
    assert_eq!(sum(&result, refused), Some((3, 300)));
}

#[test]
fn what_tc_refuses_on_the_way_out_was_seen() {
    let out = key(ETH, 1, EGRESS);
    let refused = Key { bits: out.bits | REJECT | COUNTED, ..out };
    let result = close(flows([(out, counts(10, 1000))]), flows([(refused, counts(3, 300))]));
    assert_eq!(sum(&result, out), Some((7, 700)));
    assert_eq!(sum(&result, rejected(refused)), Some((3, 300)));
}

#[test]
fn two_rules_make_two_flows_and_share_what_was_seen() {
    let (first, second) = (rule(refused_key(ETH, 1), 7), rule(refused_key(ETH, 1), 8));
    let refused = flows([(first, counts(3, 300)), (second, counts(5, 500))]);
    let result = close(flows([(key(ETH, 1, 0), counts(10, 1000))]), refused);
    assert_eq!(sum(&result, key(ETH, 1, 0)), Some((2, 200)));
    assert_eq!(sum(&result, rejected(first)), Some((3, 300)));
    assert_eq!(sum(&result, rejected(second)), Some((5, 500)));
}

#[test]
fn what_was_not_seen_is_counted_and_stays_rejected() {
    let mut reconciler = Reconciler::default();
    let refused = refused_key(ETH, 1);
    let seen = flows([(key(ETH, 1, 0), counts(1, 100))]);
    let result = reconciler.close(seen, flows([(refused, counts(3, 300))]), &[], &topology(), END_NS);
    assert_eq!(result.into_iter().collect::<Vec<_>>(), [(rejected(refused), counts(3, 300))]);
    assert_eq!(reconciler.unmatched(), 2);
}

#[test]
fn interfaces_that_are_not_recorded_are_left_out() {
    assert!(close(Flows::default(), flows([(refused_key(99, 1), counts(3, 300))])).is_empty());
}

/// Seen in the last instant of a window, refused in the first of the next.
#[test]
fn a_refusal_belongs_to_the_window_that_saw_the_packet() {
    let mut reconciler = Reconciler::default();
    let (seen, refused) = (key(ETH, 1, 0), refused_key(ETH, 1));
    let look = Look { refused: flows([(refused, counts(2, 200))]), seen: flows([(seen, counts(1, 100))]) };
    let looks = [Look::default(), look];
    let first = reconciler.close(
        flows([(seen, counts(5, 500))]),
        flows([(refused, counts(4, 400))]),
        &looks,
        &topology(),
        END_NS,
    );
    assert_eq!(sum(&first, seen), None);
    assert_eq!(sum(&first, rejected(refused)), Some((5, 500)));
    assert_eq!(first[&rejected(refused)].last_ns, END_NS - 1);
    let second = reconciler.close(
        flows([(seen, counts(9, 900))]),
        flows([(refused, counts(10, 1000))]),
        &[],
        &topology(),
        2 * END_NS,
    );
    assert_eq!(sum(&second, seen), None);
    assert_eq!(sum(&second, rejected(refused)), Some((9, 900)));
    assert_eq!(reconciler.unmatched(), 0);
}

#[test]
fn what_this_window_has_not_seen_is_not_moved_to_it() {
    let mut reconciler = Reconciler::default();
    let refused = refused_key(ETH, 1);
    let look = Look { refused: flows([(refused, counts(2, 200))]), seen: Flows::default() };
    let first = reconciler.close(Flows::default(), Flows::default(), &[look], &topology(), END_NS);
    assert!(first.is_empty());
    let second = reconciler.close(Flows::default(), flows([(refused, counts(2, 200))]), &[], &topology(), 2 * END_NS);
    assert_eq!(sum(&second, rejected(refused)), Some((2, 200)));
}

#[test]
fn refused_on_a_bridge_is_refused_on_the_port_that_saw_it() {
    let port = key(4, 1, 0);
    let refused = refused_key(BRIDGE, 1);
    let result = close(flows([(port, counts(5, 500))]), flows([(refused, counts(3, 300))]));
    assert_eq!(result.len(), 2, "the bridge itself is not recorded");
    assert_eq!(sum(&result, port), Some((2, 200)));
    assert_eq!(sum(&result, rejected(refused_key(4, 1))), Some((3, 300)));
}

#[test]
fn a_recorded_bridge_has_its_own_record() {
    let topology = Topology { recorded: [3, 4, BRIDGE].into(), ..topology() };
    let seen = flows([(key(4, 1, 0), counts(3, 300)), (key(BRIDGE, 1, 0), counts(3, 300))]);
    let refused = flows([(refused_key(BRIDGE, 1), counts(3, 300))]);
    let result = Reconciler::default().close(seen, refused, &[], &topology, END_NS);
    assert_eq!(result.len(), 2);
    assert_eq!(sum(&result, rejected(refused_key(4, 1))), Some((3, 300)));
    assert_eq!(sum(&result, rejected(refused_key(BRIDGE, 1))), Some((3, 300)));
}

/// 4,000 bytes over UDP were 1500 + 1500 + 1068 bytes on the wire; the first flow was cut as usual, the second into
/// 1500 + 1396 + 124 + 1068, of which the kernel knows only the largest.
#[test]
fn reassembled_packets_leave_nothing_accepted() {
    let seen = flows([(key(ETH, 1, 0), counts(3, 4068)), (key(ETH, 2, 0), counts(4, 4088))]);
    let refused = flows([(refused_key(ETH, 1), reassembled(3, 4068)), (refused_key(ETH, 2), reassembled(3, 4068))]);
    let result = close(seen, refused);
    assert_eq!(result.len(), 2);
    assert_eq!(sum(&result, rejected(refused_key(ETH, 1))), Some((3, 4068)));
    assert_eq!(sum(&result, rejected(refused_key(ETH, 2))), Some((4, 4088)));
    assert!(result.values().all(|counts| counts.flags[REASSEMBLED] == 0));
}

#[test]
fn fragments_that_came_before_their_first_are_refused_too() {
    let portless = Key { source_port: [0; 2], destination_port: [0; 2], ..key(ETH, 1, 0) };
    let seen = flows([(key(ETH, 1, 0), counts(1, 1500)), (portless, counts(2, 2568))]);
    let mut reconciler = Reconciler::default();
    let refused = flows([(refused_key(ETH, 1), reassembled(3, 4068))]);
    let result = reconciler.close(seen, refused, &[], &topology(), END_NS);
    assert_eq!(result.len(), 1);
    assert_eq!(sum(&result, rejected(refused_key(ETH, 1))), Some((3, 4068)));
    assert_eq!(reconciler.unmatched(), 0);
}

#[test]
fn later_fragments_refused_alone_find_the_flow_they_are_of() {
    let portless = Key { source_port: [0; 2], destination_port: [0; 2], ..refused_key(ETH, 1) };
    let result = close(flows([(key(ETH, 1, 0), counts(3, 4068))]), flows([(portless, counts(2, 2568))]));
    assert_eq!(sum(&result, key(ETH, 1, 0)), Some((1, 1500)));
    assert_eq!(sum(&result, rejected(refused_key(ETH, 1))), Some((2, 2568)));
    let ambiguous = flows([(key(ETH, 1, 0), counts(3, 4068)), (key(ETH, 2, 0), counts(3, 4068))]);
    let result = close(ambiguous, flows([(portless, counts(2, 2568))]));
    assert_eq!(sum(&result, rejected(portless)), Some((2, 2568)));
}

#[test]
fn only_flows_that_refusals_touch_wait() {
    let portless = without_ports(refused_key(ETH, 1));
    let refused = flows([(refused_key(ETH, 2), counts(1, 100)), (refused_key(BRIDGE, 3), reassembled(3, 4068))]);
    let interest = Interest::of(&refused, &[], &topology());
    assert!(interest.covers(&key(ETH, 2, 0)) && interest.covers(&key(4, 3, 0)));
    assert!(interest.covers(&without_ports(key(4, 3, 0))), "fragments that came first");
    assert!(!interest.covers(&key(ETH, 1, 0)) && !interest.covers(&without_ports(key(ETH, 2, 0))));
    let interest = Interest::of(&flows([(portless, counts(1, 100))]), &[], &topology());
    assert!(interest.covers(&key(ETH, 1, 0)) && interest.covers(&key(ETH, 2, 0)));
    assert!(!interest.covers(&key(4, 1, 0)));
    let look = Look { refused: flows([(refused_key(ETH, 1), counts(1, 100))]), seen: Flows::default() };
    assert!(Interest::of(&Flows::default(), &[look], &topology()).covers(&key(ETH, 1, 0)));
}

#[test]
fn a_look_needs_the_flows_of_the_interface_and_its_ports() {
    let refused = flows([(rule(refused_key(BRIDGE, 1), 7), counts(1, 100)), (key(ETH, 1, REJECT), counts(1, 100))]);
    let mut keys: Vec<_> = seen_keys(&refused, &topology()).map(|key| (key.ifindex, key.bits, key.rule)).collect();
    keys.sort_unstable();
    assert_eq!(keys, [(3, 0, 0), (4, 0, 0), (BRIDGE, 0, 0)]);
}
