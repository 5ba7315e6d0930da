//! Any bytes as a frame of any link type: what is found holds together, and a cut changes nothing without saying so.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_capture::{
    fragment::Fragments,
    packet::{LinkType, Parsed, Skip, parse, parse_cut},
};

fuzz_target!(|input: &[u8]| {
    let [first, second, frame @ ..] = input else { return };
    let link = LinkType::from_pcap(u16::from_be_bytes([*first, *second]));
    let whole = parse(link, frame);
    if let Ok(parsed) = &whole {
        check(parsed);
    }
    for cut in 0..frame.len().min(128) {
        let parsed = parse_cut(link, &frame[..cut], frame.len());
        assert!(parsed == whole || matches!(parsed, Err(Skip::Truncated(_))), "cut at {cut}: {parsed:?}, not {whole:?}");
    }
});

fn check(parsed: &Parsed) {
    assert!(parsed.bytes >= 20 && u32::from(parsed.header_bytes) <= parsed.bytes);
    assert_eq!(parsed.packet.source.is_ipv6(), parsed.packet.destination.is_ipv6());
    let has_ports = parsed.packet.source_port != 0 || parsed.packet.destination_port != 0;
    assert!(!has_ports || matches!(parsed.packet.protocol, 6 | 17 | 132));
    assert!(parsed.tcp_flags == 0 || parsed.packet.protocol == 6);
    for segment_payload in [0, 1, 1448, u16::MAX] {
        let (packets, bytes) = parsed.on_the_wire(segment_payload);
        assert!(packets >= 1 && bytes >= u64::from(parsed.bytes) - u64::from(parsed.header_bytes));
    }
    let mut filed = *parsed;
    let mut fragments = Fragments::default();
    fragments.file(&mut filed, 0);
    assert_eq!(filed, *parsed, "an empty table changes nothing");
    assert_eq!(fragments.unmatched(), u64::from(parsed.fragment.is_some_and(|fragment| !fragment.first)));
}
