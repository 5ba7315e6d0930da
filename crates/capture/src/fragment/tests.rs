use proptest::prelude::*;

use super::*;
use crate::packet::Fragment;

const SECOND: u64 = 1_000_000_000;

/// A piece of the packet `id` from `source`; a first one has ports made of `id` and `port`.
fn piece(source: &str, protocol: u8, id: u32, first: bool, port: u16) -> Parsed {
    let packet = Packet {
        source: source.parse().unwrap(),
        destination: source.parse().unwrap(),
        protocol,
        source_port: if first { port } else { 0 },
        destination_port: if first { 53 } else { 0 },
        icmp: None,
    };
    Parsed { fragment: Some(Fragment { id, first }), ..Parsed::whole(packet, 0, 100) }
}

fn filed(fragments: &mut Fragments, mut parsed: Parsed, now_ns: u64) -> (u8, u16) {
    fragments.file(&mut parsed, now_ns);
    (parsed.packet.protocol, parsed.packet.source_port)
}

#[test]
fn later_fragments_take_the_ports_of_the_first() {
    let mut fragments = Fragments::default();
    assert_eq!(filed(&mut fragments, piece("10.0.0.1", 17, 7, true, 9), 0), (17, 9));
    assert_eq!(filed(&mut fragments, piece("10.0.0.1", 17, 7, false, 0), 1), (17, 9));
    assert_eq!(filed(&mut fragments, piece("10.0.0.1", 17, 7, false, 0), 2), (17, 9));
    assert_eq!(fragments.unmatched(), 0);
    for other in
        [piece("10.0.0.1", 17, 8, false, 0), piece("10.0.0.2", 17, 7, false, 0), piece("10.0.0.1", 6, 7, false, 0)]
    {
        assert_eq!(filed(&mut fragments, other, 3).1, 0);
    }
    assert_eq!(fragments.unmatched(), 3);
}

#[test]
fn an_ipv6_fragment_need_not_name_the_protocol() {
    let mut fragments = Fragments::default();
    filed(&mut fragments, piece("2001:db8::1", 17, 7, true, 9), 0);
    assert_eq!(filed(&mut fragments, piece("2001:db8::1", 60, 7, false, 0), 1), (17, 9));
}

#[test]
fn a_fragment_before_its_first_is_counted_without_ports() {
    let mut fragments = Fragments::default();
    assert_eq!(filed(&mut fragments, piece("10.0.0.1", 17, 7, false, 0), 0), (17, 0));
    filed(&mut fragments, piece("10.0.0.1", 17, 7, true, 9), 1);
    assert_eq!(filed(&mut fragments, piece("10.0.0.1", 17, 7, false, 0), 2), (17, 9));
    assert_eq!(fragments.unmatched(), 1);
}

#[test]
fn icmp_type_and_code_are_remembered() {
    let mut fragments = Fragments::default();
    let mut first = piece("10.0.0.1", 1, 7, true, 0);
    first.packet.icmp = Some((8, 0));
    fragments.file(&mut first, 0);
    let mut later = piece("10.0.0.1", 1, 7, false, 0);
    fragments.file(&mut later, 0);
    assert_eq!(later.packet, first.packet);
}

#[test]
fn whole_packets_are_left_alone() {
    let mut fragments = Fragments::default();
    let mut whole = Parsed { fragment: None, ..piece("10.0.0.1", 17, 7, true, 9) };
    fragments.file(&mut whole, 0);
    assert_eq!(filed(&mut fragments, piece("10.0.0.1", 17, 7, false, 0), 0).1, 0);
}

#[test]
fn entries_expire_and_the_oldest_make_room() {
    let mut fragments = Fragments::new(2, 30 * SECOND);
    filed(&mut fragments, piece("10.0.0.1", 17, 1, true, 1), 0);
    assert_eq!(filed(&mut fragments, piece("10.0.0.1", 17, 1, false, 0), 30 * SECOND - 1).1, 1);
    assert_eq!(filed(&mut fragments, piece("10.0.0.1", 17, 1, false, 0), 30 * SECOND).1, 0);
    for id in 2..=4 {
        filed(&mut fragments, piece("10.0.0.1", 17, id, true, id as u16), 31 * SECOND);
    }
    assert_eq!(fragments.evicted(), 1, "the first had expired, the second made room");
    let found = [2, 3, 4].map(|id| filed(&mut fragments, piece("10.0.0.1", 17, id, false, 0), 31 * SECOND).1);
    assert_eq!(found, [0, 3, 4]);
}

#[test]
fn an_identification_used_again_belongs_to_the_newer_packet() {
    let mut fragments = Fragments::new(3, 30 * SECOND);
    filed(&mut fragments, piece("10.0.0.1", 17, 1, true, 1), 0);
    filed(&mut fragments, piece("10.0.0.1", 17, 1, true, 2), 20 * SECOND);
    filed(&mut fragments, piece("10.0.0.1", 17, 9, true, 9), 35 * SECOND);
    assert_eq!(filed(&mut fragments, piece("10.0.0.1", 17, 1, false, 0), 36 * SECOND).1, 2);
}

proptest! {
    /// Beside a table without bounds that compares every entry; the capacity is out of reach here.
    #[test]
    fn agrees_with_a_plain_list(pieces in proptest::collection::vec((0_u8..3, 0_u32..4, any::<bool>(), any::<u16>(), 0_u64..10), 0..200)) {
        let mut fragments = Fragments::new(1000, 20);
        let mut list: Vec<(IpAddr, u32, u64, u16)> = Vec::new();
        let mut now = 0;
        for (source, id, first, port, step) in pieces {
            now += step;
            let mut parsed = piece(&format!("10.0.0.{source}"), 17, id, first, port);
            let source = parsed.packet.source;
            fragments.file(&mut parsed, now);
            if first {
                list.push((source, id, now, port));
                prop_assert_eq!(parsed.packet.source_port, port);
            } else {
                let newest = list.iter().rfind(|known| (known.0, known.1) == (source, id));
                let expected = newest.filter(|known| now - known.2 < 20).map_or(0, |known| known.3);
                prop_assert_eq!(parsed.packet.source_port, expected);
            }
        }
    }

    #[test]
    fn memory_is_bounded(pieces in proptest::collection::vec((any::<u32>(), any::<u64>()), 0..500)) {
        let mut fragments = Fragments::new(16, 1000);
        for (id, now_ns) in pieces {
            fragments.file(&mut piece("10.0.0.1", 17, id % 64, true, 1), now_ns);
            prop_assert!(fragments.known.len() <= 16 && fragments.order.len() <= 16);
        }
    }
}
