//! Why the programs did not count a packet: the list of `enum skip` in `bpf/packet.h`.

use crate::packet::{Fault, Layer, Skip};

/// What a number of the map `skips` says: the reason in its upper half, an EtherType in its lower. `None` for reasons
/// that the map had no room for.
pub(super) fn skip(number: u32) -> Option<Skip> {
    let [reason, low, high] = [number >> 16, number & 0xff, (number >> 8) & 0xff];
    let ether_type = u16::from_be_bytes([u8::try_from(high).unwrap_or(0), u8::try_from(low).unwrap_or(0)]);
    Some(match reason {
        1 => Skip::NotIp(ether_type),
        2 => Skip::NoEtherType,
        3 => Skip::Truncated(Layer::Link),
        4 => Skip::Truncated(Layer::Ipv4),
        5 => Skip::Truncated(Layer::Ipv6),
        6 => Skip::Truncated(Layer::Ipv6Extension),
        7 => Skip::Truncated(Layer::Transport),
        8 => Skip::Malformed(Fault::VlanTags),
        9 => Skip::Malformed(Fault::IpVersion),
        10 => Skip::Malformed(Fault::Ipv4HeaderLength),
        11 => Skip::Malformed(Fault::Ipv4TotalLength),
        12 => Skip::Malformed(Fault::Ipv6ExtensionLength),
        13 => Skip::Malformed(Fault::Ipv6ExtensionCount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_those_of_the_program() {
        let source = include_str!("../../bpf/packet.h");
        let list = source.split("enum skip {").nth(1).and_then(|rest| rest.split('}').next()).expect("the list");
        let names: Vec<_> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        assert_eq!(names[1], "SKIP_NOT_IP");
        assert_eq!(names[13], "SKIP_EXTENSION_COUNT");
        assert_eq!(names.len(), 14);
        assert_eq!(skip(1 << 16 | 0x0806), Some(Skip::NotIp(0x0806)));
        assert_eq!(skip(13 << 16), Some(Skip::Malformed(Fault::Ipv6ExtensionCount)));
        assert_eq!((skip(0), skip(14 << 16)), (None, None));
    }
}
