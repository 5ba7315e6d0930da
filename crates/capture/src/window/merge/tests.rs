use std::sync::Arc;

use proptest::prelude::*;
use weir_network::{Direction, TrafficType};

use super::*;
use crate::{
    tracker::{Observation, Options, Tracker},
    window::tests::{interface, lines, tcp},
};

/// A multiple of every interval.
const START: i64 = 1_767_225_600 * SECOND_NS;

fn tracker(interval: AggregationInterval) -> Tracker {
    Tracker::new(Options { interval, ..Options::default() })
}

/// The records of the windows as text, in an order of their own.
fn records(windows: &[Window]) -> Vec<String> {
    let format = "${interface-id} ${srcaddr} ${srcport} ${packets} ${bytes} ${start} ${end} ${tcp-flags} ${action} ${log-status}";
    let mut lines = lines(windows, format, TrafficType::All);
    lines.sort();
    lines
}

/// Second, source port, flags and interface of a packet.
fn packets() -> impl Strategy<Value = Vec<(i64, u16, u8, bool)>> {
    let packet = (0..179_i64, 1..4_u16, prop::sample::select(vec![2, 16, 18, 1, 17]), any::<bool>());
    prop::collection::vec(packet, 0..60)
}

fn seen_by(interval: AggregationInterval, packets: &[(i64, u16, u8, bool)]) -> Vec<Window> {
    let mut tracker = tracker(interval);
    let ids = ["eni-1", "eni-2"];
    let [one, two] = ids.map(|id| tracker.add_interface(Arc::new(interface(id)), i64::MIN).expect("an index"));
    let mut windows: Vec<Window> = Vec::new();
    for now in 0..=180 {
        let now_ns = START + now * SECOND_NS;
        windows.extend(std::iter::from_fn(|| tracker.poll(now_ns)));
        for (_, port, flags, is_second) in packets.iter().filter(|(second, ..)| *second == now) {
            let mut packet = tcp("203.0.113.5", "10.0.0.10", *flags);
            packet.packet.source_port = *port;
            let index = if *is_second { two } else { one };
            tracker.observe(&Observation::single(now_ns, index, Direction::Ingress, &packet));
        }
    }
    windows
}

fn merged(windows: &[Window], wanted: impl Fn(&Interface) -> bool) -> Vec<Window> {
    let mut merger = Merger::new(AggregationInterval::Minute, 1000);
    windows.iter().flat_map(|window| merger.take(window, &wanted)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What short windows add up to is what one long window counts.
    #[test]
    fn merged_windows_are_long_windows(packets in packets()) {
        let short = seen_by(AggregationInterval::TenSeconds, &packets);
        let long = seen_by(AggregationInterval::Minute, &packets);
        prop_assert_eq!(records(&merged(&short, |_| true)), records(&long));
    }
}

#[test]
fn only_wanted_interfaces_are_in_it() {
    let packets = [(1, 1, 2, false), (2, 2, 2, true), (70, 3, 2, false)];
    let windows = seen_by(AggregationInterval::TenSeconds, &packets);
    let only = records(&merged(&windows, |interface| interface.id == "eni-2"));
    assert_eq!(only.len(), 3, "{only:?}");
    assert!(only.iter().all(|line| line.starts_with("eni-2 ")), "{only:?}");
    assert_eq!(only.iter().filter(|line| line.ends_with("NODATA")).count(), 2, "{only:?}");
    assert!(merged(&windows, |_| false).is_empty());
}

#[test]
fn flows_without_room_are_said_to_be_skipped() {
    let packets = [(1, 1, 2, false), (11, 2, 2, false), (21, 1, 2, false), (179, 1, 2, false)];
    let windows = seen_by(AggregationInterval::TenSeconds, &packets);
    let mut merger = Merger::new(AggregationInterval::Minute, 1);
    let long: Vec<Window> = windows.iter().flat_map(|window| merger.take(window, |_| true)).collect();
    let first = long.first().expect("a window");
    let counters = first.counters();
    assert_eq!((counters.recorded, counters.skipped), (2, 1));
    assert!(records(&long).iter().any(|line| line.ends_with("SKIPDATA")));
}

#[test]
fn a_clock_that_was_set_back_loses_nothing() {
    let windows = seen_by(AggregationInterval::TenSeconds, &[(5, 1, 2, false), (65, 1, 2, false)]);
    let mut merger = Merger::new(AggregationInterval::Minute, 1000);
    let (first, second) = (&windows[0], &windows[6]);
    assert!(merger.take(second, |_| true).is_empty());
    let before = merger.take(first, |_| true);
    assert_eq!(before.len(), 1);
    assert_eq!(before[0].counters().recorded + merger.finish().expect("what is left").counters().recorded, 2);
}
