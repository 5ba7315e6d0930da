//! Held against a reference that follows each packet: which window saw it, and what became of it.

use proptest::prelude::*;

use super::*;

const WINDOW_NS: u64 = 100;
const WINDOWS: u64 = 4;
/// When the tables of the window that began are looked at, after its start. No refusal takes longer than this.
const GRACE_NS: u64 = 20;

#[derive(Debug, Clone, Copy)]
struct Sent {
    at_ns: u64,
    port: u8,
    bytes: u64,
    /// After how long, and by which rule.
    refused: Option<(u64, u32)>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let refused = proptest::option::of((1..=GRACE_NS, 0..3u32));
    (0..WINDOWS * WINDOW_NS - GRACE_NS, 1..4u8, 40..1500u64, refused).prop_map(|(at_ns, port, bytes, refused)| Sent {
        at_ns,
        port,
        bytes,
        refused,
    })
}

/// All packets of a flow fare alike, by one rule: the usual firewall.
fn alike(sent: Sent) -> Sent {
    let after_ns = sent.refused.map_or(5, |(after_ns, _)| after_ns);
    Sent { bytes: 100, refused: (sent.port != 1).then_some((after_ns, 0)), ..sent }
}

fn add(flows: &mut Flows, key: Key, bytes: u64) {
    flows.entry(key).and_modify(|known| known.add(&counts(1, bytes))).or_insert(counts(1, bytes));
}

/// What the two programs have in the tables of a window at a time.
fn tables(packets: &[Sent], window: u64, until_ns: u64) -> (Flows, Flows) {
    let (mut seen, mut refused) = (Flows::default(), Flows::default());
    let counts_here = |time_ns: u64| time_ns / WINDOW_NS == window && time_ns < until_ns;
    for sent in packets {
        if counts_here(sent.at_ns) {
            add(&mut seen, key(ETH, sent.port, 0), sent.bytes);
        }
        if let Some((after_ns, by)) = sent.refused
            && counts_here(sent.at_ns + after_ns)
        {
            add(&mut refused, rule(refused_key(ETH, sent.port), by), sent.bytes);
        }
    }
    (seen, refused)
}

fn windows(packets: &[Sent]) -> (Vec<Flows>, u64) {
    let mut reconciler = Reconciler::default();
    let closed = (0..WINDOWS).map(|window| {
        let end_ns = (window + 1) * WINDOW_NS;
        let (seen, refused) = tables(packets, window, u64::MAX);
        let (seen_next, refused_next) = tables(packets, window + 1, end_ns + GRACE_NS);
        let looks = [Look { refused: refused_next, seen: seen_next }];
        let interest = Interest::of(&refused, &looks, &topology());
        let (waiting, mut accepted): (Flows, Flows) = seen.into_iter().partition(|(key, _)| interest.covers(key));
        accepted.extend(reconciler.close(waiting, refused, &looks, &topology(), end_ns));
        accepted
    });
    let closed = closed.collect();
    (closed, reconciler.unmatched())
}

/// The reference.
fn followed(packets: &[Sent], window: u64) -> Flows {
    let mut flows = Flows::default();
    for sent in packets.iter().filter(|sent| sent.at_ns / WINDOW_NS == window) {
        match sent.refused {
            None => add(&mut flows, key(ETH, sent.port, 0), sent.bytes),
            Some((_, by)) => add(&mut flows, rejected(rule(refused_key(ETH, sent.port), by)), sent.bytes),
        }
    }
    flows
}

/// Packets by flow and rule, over several windows.
fn packets_of<'a>(windows: impl IntoIterator<Item = &'a Flows>) -> BTreeMap<Key, u64> {
    let mut packets = BTreeMap::new();
    for (key, counts) in windows.into_iter().flatten() {
        *packets.entry(*key).or_default() += counts.packets;
    }
    packets
}

fn rejected_only(mut packets: BTreeMap<Key, u64>) -> BTreeMap<Key, u64> {
    packets.retain(|key, _| key.bits & REJECT != 0);
    packets
}

fn accepted(packets: &BTreeMap<Key, u64>) -> u64 {
    packets.iter().filter(|(key, _)| key.bits & REJECT == 0).map(|(_, packets)| packets).sum()
}

fn crossing(packets: &[Sent]) -> u64 {
    let crosses = |sent: &&Sent| {
        sent.refused.is_some_and(|(after_ns, _)| sent.at_ns / WINDOW_NS != (sent.at_ns + after_ns) / WINDOW_NS)
    };
    packets.iter().filter(crosses).count() as u64
}

proptest! {
    /// Packets that do not cross the end of a window: every window is exact, bytes included.
    #[test]
    fn exact_within_windows(packets in proptest::collection::vec(sent(), 0..60)) {
        let inside = |sent: &Sent| sent.at_ns % WINDOW_NS < WINDOW_NS - GRACE_NS;
        let packets: Vec<_> = packets.into_iter().filter(inside).collect();
        let (closed, unmatched) = windows(&packets);
        for (window, flows) in closed.iter().enumerate() {
            let expected = followed(&packets, window as u64);
            prop_assert_eq!(packets_of([flows]), packets_of([&expected]));
            for (key, counts) in flows {
                prop_assert_eq!(counts.bytes, expected[key].bytes);
            }
        }
        prop_assert_eq!(unmatched, 0);
    }

    /// Flows that are refused as a whole, as a firewall does: exact window by window, also across their ends, as long
    /// as no packet is between the two programs while the tables are looked at.
    #[test]
    fn exact_across_windows(packets in proptest::collection::vec(sent(), 0..60)) {
        let quiet = |sent: &Sent| sent.at_ns % WINDOW_NS >= GRACE_NS;
        let packets: Vec<_> = packets.into_iter().filter(quiet).map(alike).collect();
        let (closed, unmatched) = windows(&packets);
        for (window, flows) in closed.iter().enumerate() {
            prop_assert_eq!(packets_of([flows]), packets_of([&followed(&packets, window as u64)]));
        }
        prop_assert_eq!(unmatched, 0);
    }

    /// Whatever crosses: refusals are exact in sum, by flow and rule; no packet is accepted as well, unless it is
    /// counted as unmatched; and no window is wrong by more than the packets that crossed an end.
    #[test]
    fn never_twice(packets in proptest::collection::vec(sent(), 0..80)) {
        let (closed, unmatched) = windows(&packets);
        let reference: Vec<_> = (0..WINDOWS).map(|window| followed(&packets, window)).collect();
        let (result, expected) = (packets_of(&closed), packets_of(&reference));
        prop_assert_eq!(accepted(&result), accepted(&expected) + unmatched);
        prop_assert_eq!(rejected_only(result), rejected_only(expected));
        prop_assert!(unmatched <= crossing(&packets));
        for (flows, expected) in closed.iter().zip(&reference) {
            let total = |flows: &Flows| flows.values().map(|counts| counts.packets).sum::<u64>();
            prop_assert!(total(flows).abs_diff(total(expected)) <= 2 * crossing(&packets));
        }
    }
}
