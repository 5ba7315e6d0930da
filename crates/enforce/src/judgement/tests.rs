use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

/// What the tables say about a packet.
fn judged<V: Clone + Ord>(judgement: &Judgement<V>, far: IpAddr, class: Class, number: u128) -> Option<V> {
    let (table, far) = match far {
        IpAddr::V4(far) => (&judgement.v4, u32::from(far).into()),
        IpAddr::V6(far) => (&judgement.v6, u128::from(far)),
    };
    let profile = find(table, far)?;
    find(judgement.profiles[profile].segments(class), number)
}

fn find<V: Clone>(segments: &[Segment<V>], number: u128) -> Option<V> {
    let mut held = segments.iter().filter(|segment| segment.first <= number && number <= segment.last);
    let found = held.next().map(|segment| segment.value.clone());
    assert!(held.next().is_none(), "{number} is in two ranges");
    found
}

/// What the first rule that matches says.
fn looked_through(rules: &[Ranked<u8>], far: IpAddr, class: Class, number: u128) -> Option<u8> {
    rules.iter().filter(|rule| rule.far.iter().any(|net| net.contains(&far))).find_map(|rule| {
        let holds = |it: &&Match<u8>| it.class == class && it.range.first <= number && number <= it.range.last;
        rule.matches.iter().find(holds).map(|it| it.range.value)
    })
}

fn rule(service: Service, far: &[&str], value: u8) -> Ranked<u8> {
    let matches = Class::of(service)
        .into_iter()
        .map(|(class, first, last)| Match { class, range: Segment::new(first, last, value) })
        .collect();
    Ranked { matches, far: far.iter().map(|net| net.parse().unwrap()).collect() }
}

fn services() -> impl Strategy<Value = Service> {
    let ports = (0_u16..6, 0_u16..4).prop_map(|(first, more)| PortRange::new(first, first + more).unwrap());
    prop_oneof![
        Just(Service::All),
        ports.clone().prop_map(Service::Tcp),
        ports.prop_map(Service::Udp),
        Just(Service::Icmp(IcmpMatch::Any)),
        (0_u8..3).prop_map(|kind| Service::Icmp(IcmpMatch::Type(kind))),
        (0_u8..3, 0_u8..2).prop_map(|(kind, code)| Service::Icmpv6(IcmpMatch::Code(kind, code))),
        (0_u8..4).prop_map(Service::Protocol),
    ]
}

fn nets() -> impl Strategy<Value = IpNet> {
    let v4 =
        (0_u32..16, 28_u8..=32).prop_map(|(low, length)| (IpAddr::from((0x0a00_0000 + low).to_be_bytes()), length));
    let v6 = (0_u8..16, 124_u8..=128).prop_map(|(low, length)| {
        let mut octets = [0; 16];
        octets[15] = low;
        (IpAddr::from(octets), length)
    });
    let every = prop_oneof![Just("0.0.0.0/0"), Just("::/0")].prop_map(|net| net.parse().unwrap());
    prop_oneof![
        1 => every,
        6 => prop_oneof![v4, v6].prop_map(|(address, length)| IpNet::new(address, length).unwrap().trunc()),
    ]
}

proptest! {
    /// Against looking at the rules one by one.
    #[test]
    fn the_tables_say_what_the_rules_say(
        rules in prop::collection::vec((services(), prop::collection::vec(nets(), 1..3), 0_u8..3), 0..9),
    ) {
        let rules: Vec<_> = rules
            .into_iter()
            .map(|(service, far, value)| Ranked { far, ..rule(service, &[], value) })
            .collect();
        let judgement = Judgement::new(&rules);
        let addresses = (0..18_u8).flat_map(|low| {
            [IpAddr::from([10, 0, 0, low]), format!("::{low:x}").parse().unwrap()]
        });
        for far in addresses {
            for class in Class::ALL {
                for number in [0, 1, 2, 3, 4, 5, 6, 8, 9, 0x100, 0x101, 0x1ff, 0x200].into_iter().filter(|it| *it <= class.last()) {
                    prop_assert_eq!(
                        judged(&judgement, far, class, number),
                        looked_through(&rules, far, class, number),
                        "{} {:?} {}", far, class, number
                    );
                }
            }
        }
    }
}

#[test]
fn addresses_and_ports_add_up_and_do_not_multiply() {
    let offices: Vec<String> = (0..1000_u32).map(|n| format!("10.{}.{}.0/24", n / 250, n % 250)).collect();
    let offices: Vec<&str> = offices.iter().map(String::as_str).collect();
    let mut rules = vec![rule(Service::All, &["192.0.2.0/24"], 0)];
    for port in 0..50 {
        rules.push(rule(Service::Tcp(PortRange::new(port * 100, port * 100 + 50).unwrap()), &offices, 1));
    }
    rules.push(rule(Service::Tcp(PortRange::new(443, 443).unwrap()), &["0.0.0.0/0"], 1));
    let judgement = Judgement::new(&rules);
    assert!(judgement.v4.len() <= 2003 && judgement.v6.is_empty(), "{}", judgement.v4.len());
    assert_eq!(judgement.profiles.len(), 3);
}

#[test]
fn what_is_the_same_for_every_packet_is_known() {
    let judgement = Judgement::new(&[rule(Service::All, &["10.0.0.0/8"], 7)]);
    assert_eq!(judgement.profiles[0].uniform(), Some(&7));
    let tcp = Judgement::new(&[rule(Service::Tcp(PortRange::ALL), &["10.0.0.0/8"], 7)]);
    assert_eq!(tcp.profiles[0].uniform(), None);
}
