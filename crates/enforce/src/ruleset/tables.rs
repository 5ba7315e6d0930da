//! Judgements as maps of address ranges, ports, messages and protocols.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};
use weir_network::{Direction, ICMP, ICMPV6, TCP, UDP};

use super::{Builder, short};
use crate::{
    always::far,
    json::{concat, goto, meta, payload, range, vmap, when},
    judgement::{Class, Judgement, Profile},
    segments::Segment,
};

/// More profiles than this do not get a chain each: chains cost the kernel more than elements.
const MAX_PROFILES: usize = 64;

/// What the far address adds to the keys of a map, when it is part of them.
struct Far {
    key: Value,
    key_type: &'static str,
}

/// A profile, and the far addresses that it is for when they are part of the keys.
type Row<'a, V> = (Option<Value>, &'a Profile<V>);

impl Builder<'_> {
    /// The chain that judges by far address and profile; what is in no table goes to `otherwise`.
    pub(super) fn judgement<V: Clone + Ord>(
        &mut self,
        direction: Direction,
        thing: &str,
        judgement: &Judgement<V>,
        verdict: impl Fn(&V) -> Value,
        otherwise: &str,
    ) -> String {
        let thing = format!("{}-{thing}", short(direction));
        let chain = self.chain(&thing);
        if judgement.profiles.len() > MAX_PROFILES {
            self.in_one_step(&chain, &thing, direction, judgement, &verdict);
        } else {
            self.in_two_steps(&chain, &thing, direction, judgement, &verdict, otherwise);
        }
        self.rule(&chain, vec![goto(otherwise)]);
        chain
    }

    /// A map of addresses leads to a chain for each profile.
    fn in_two_steps<V: Clone + Ord>(
        &mut self,
        chain: &str,
        thing: &str,
        direction: Direction,
        judgement: &Judgement<V>,
        verdict: impl Fn(&V) -> Value,
        otherwise: &str,
    ) {
        let mut profiles = Vec::new();
        for (number, profile) in judgement.profiles.iter().enumerate() {
            profiles.push(match profile.uniform() {
                Some(value) => verdict(value),
                None => {
                    let thing = format!("{thing}-{number}");
                    let chain = self.chain(&thing);
                    self.profiles(&chain, &thing, None, &[(None, profile)], &verdict);
                    self.rule(&chain, vec![goto(otherwise)]);
                    goto(&chain)
                }
            });
        }
        for (ipv6, table) in [(false, &judgement.v4), (true, &judgement.v6)] {
            self.addresses(chain, thing, direction, ipv6, table, &profiles);
        }
    }

    /// The far address is part of every key: more elements, but no chain for each profile.
    fn in_one_step<V: Clone + Ord>(
        &mut self,
        chain: &str,
        thing: &str,
        direction: Direction,
        judgement: &Judgement<V>,
        verdict: impl Fn(&V) -> Value,
    ) {
        for (ipv6, table) in [(false, &judgement.v4), (true, &judgement.v6)] {
            let row = |segment: &Segment<usize>| (Some(addresses(segment, ipv6)), &judgement.profiles[segment.value]);
            let rows: Vec<Row<'_, V>> = table.iter().map(row).collect();
            let (version, _, key_type) = family(ipv6);
            let far = Far { key: far(direction, ipv6), key_type };
            self.profiles(chain, &format!("{thing}-{version}"), Some(&far), &rows, &verdict);
        }
    }

    fn addresses(
        &mut self,
        chain: &str,
        thing: &str,
        direction: Direction,
        ipv6: bool,
        table: &[Segment<usize>],
        profiles: &[Value],
    ) {
        let last = if ipv6 { u128::MAX } else { u32::MAX.into() };
        let (version, family, key_type) = family(ipv6);
        match table {
            [] => {}
            [every] if every.first == 0 && every.last == last => {
                self.rule(chain, vec![when(meta("nfproto"), "==", family), profiles[every.value].clone()]);
            }
            _ => {
                let element = |it: &Segment<usize>| json!([addresses(it, ipv6), profiles[it.value]]);
                let map = self.map(&format!("{thing}-{version}"), key_type.into(), table.iter().map(element).collect());
                self.rule(chain, vec![vmap(far(direction, ipv6), &map)]);
            }
        }
    }

    /// The rules that judge by protocol and port.
    fn profiles<V: Clone + Ord>(
        &mut self,
        chain: &str,
        thing: &str,
        far: Option<&Far>,
        rows: &[Row<'_, V>],
        verdict: impl Fn(&V) -> Value,
    ) {
        let mut ports = Vec::new();
        for (addresses, profile) in rows {
            for (class, protocol) in [(Class::Tcp, TCP), (Class::Udp, UDP)] {
                ports.extend(
                    profile
                        .segments(class)
                        .iter()
                        .map(|it| json!([key(addresses.clone(), [json!(protocol), numbers(it)]), verdict(&it.value)])),
                );
            }
        }
        let parts = [(meta("l4proto"), "inet_proto"), (payload("th", "dport"), "inet_service")];
        self.lookup(chain, &format!("{thing}-ports"), far, parts, ports);
        self.messages(chain, thing, (Class::Icmp, ICMP, ["icmp_type", "icmp_code"]), far, rows, &verdict);
        self.messages(chain, thing, (Class::Icmpv6, ICMPV6, ["icmpv6_type", "icmpv6_code"]), far, rows, &verdict);
        self.protocols(chain, thing, far, rows, &verdict);
    }

    fn messages<V: Clone + Ord>(
        &mut self,
        chain: &str,
        thing: &str,
        (class, protocol, types): (Class, u8, [&'static str; 2]),
        far: Option<&Far>,
        rows: &[Row<'_, V>],
        verdict: impl Fn(&V) -> Value,
    ) {
        if let [(None, profile)] = rows
            && let Some(value) = profile.uniform_in(class)
        {
            return self.rule(chain, vec![when(meta("l4proto"), "==", protocol), verdict(value)]);
        }
        let mut elements = Vec::new();
        for (addresses, profile) in rows {
            for it in profile.segments(class) {
                let parts = types_and_codes(it.first, it.last);
                elements.extend(parts.map(|parts| json!([key(addresses.clone(), parts), verdict(&it.value)])));
            }
        }
        let name = if class == Class::Icmp { "icmp" } else { "icmpv6" };
        let parts = [(payload(name, "type"), types[0]), (payload(name, "code"), types[1])];
        self.lookup(chain, &format!("{thing}-{name}"), far, parts, elements);
    }

    fn protocols<V: Clone + Ord>(
        &mut self,
        chain: &str,
        thing: &str,
        far: Option<&Far>,
        rows: &[Row<'_, V>],
        verdict: impl Fn(&V) -> Value,
    ) {
        if let [(None, profile)] = rows
            && let Some(value) = profile.uniform_in(Class::Other)
        {
            return self.rule(chain, vec![verdict(value)]);
        }
        let mut elements = Vec::new();
        for (addresses, profile) in rows {
            let segments = profile.segments(Class::Other).iter();
            elements.extend(segments.map(|it| json!([key(addresses.clone(), [numbers(it)]), verdict(&it.value)])));
        }
        self.lookup(chain, &format!("{thing}-protocols"), far, [(meta("l4proto"), "inet_proto")], elements);
    }

    /// A map with these elements and the rule that looks into it, unless there is nothing to find.
    fn lookup<const N: usize>(
        &mut self,
        chain: &str,
        map: &str,
        far: Option<&Far>,
        parts: [(Value, &'static str); N],
        elements: Vec<Value>,
    ) {
        if elements.is_empty() {
            return;
        }
        let (keys, types): (Vec<Value>, Vec<&str>) = parts.into_iter().unzip();
        let types: Vec<&str> = far.map(|far| far.key_type).into_iter().chain(types).collect();
        let key_type = if let [only] = types[..] { json!(only) } else { json!(types) };
        let map = self.map(map, key_type, elements);
        self.rule(chain, vec![vmap(key(far.map(|far| far.key.clone()), keys), &map)]);
    }
}

/// Parts of a key as one, the far address first when it is one of them.
fn key(far: Option<Value>, parts: impl IntoIterator<Item = Value>) -> Value {
    let mut parts: Vec<Value> = far.into_iter().chain(parts).collect();
    if parts.len() == 1 { parts.remove(0) } else { concat(parts) }
}

fn numbers<V>(segment: &Segment<V>) -> Value {
    range(number(segment.first), number(segment.last))
}

fn addresses(segment: &Segment<usize>, ipv6: bool) -> Value {
    range(address(segment.first, ipv6), address(segment.last, ipv6))
}

/// What names, packets and maps call it.
const fn family(ipv6: bool) -> (&'static str, &'static str, &'static str) {
    if ipv6 { ("v6", "ipv6", "ipv6_addr") } else { ("v4", "ipv4", "ipv4_addr") }
}

/// A range of types and codes as at most three rectangles.
fn types_and_codes(first: u128, last: u128) -> impl Iterator<Item = [Value; 2]> {
    let ((first_type, first_code), (last_type, last_code)) = ((first >> 8, first & 0xff), (last >> 8, last & 0xff));
    let mut parts = Vec::new();
    let mut part = |types: (u128, u128), codes: (u128, u128)| {
        parts.push([types, codes].map(|(first, last)| range(number(first), number(last))));
    };
    if first_type == last_type {
        part((first_type, first_type), (first_code, last_code));
    } else {
        let whole_from = first_type + u128::from(first_code > 0);
        let whole_to = if last_code == 0xff { last_type } else { last_type - 1 };
        if first_code > 0 {
            part((first_type, first_type), (first_code, 0xff));
        }
        if whole_from <= whole_to {
            part((whole_from, whole_to), (0, 0xff));
        }
        if last_code < 0xff {
            part((last_type, last_type), (0, last_code));
        }
    }
    parts.into_iter()
}

fn number(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

fn address(value: u128, ipv6: bool) -> String {
    match u32::try_from(value) {
        Ok(value) if !ipv6 => Ipv4Addr::from(value).to_string(),
        _ => Ipv6Addr::from(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// All types and codes of rectangles.
    fn spread(parts: impl Iterator<Item = [Value; 2]>) -> Vec<u64> {
        let bounds = |value: &Value| match value.get("range") {
            Some(range) => (range[0].as_u64().unwrap(), range[1].as_u64().unwrap()),
            None => (value.as_u64().unwrap(), value.as_u64().unwrap()),
        };
        let mut all = Vec::new();
        for [types, codes] in parts {
            let (types, codes) = (bounds(&types), bounds(&codes));
            for kind in types.0..=types.1 {
                all.extend((codes.0..=codes.1).map(|code| kind << 8 | code));
            }
        }
        all
    }

    #[test]
    fn ranges_of_messages_become_few_rectangles() {
        for (first, last) in [
            (0, 0xffff),
            (0x0800, 0x08ff),
            (0x0803, 0x0803),
            (0x0803, 0x0902),
            (0x0803, 0x0aff),
            (0x0800, 0x0a02),
            (0x0001, 0xfffe),
            (0x08ff, 0x0900),
            (0, 0xff00),
        ] {
            let parts: Vec<_> = types_and_codes(first, last).collect();
            assert!(parts.len() <= 3);
            let all = spread(parts.into_iter());
            let expected: BTreeSet<u64> = (number(first)..=number(last)).collect();
            assert_eq!(all.len(), expected.len(), "{first:x}-{last:x}: a message is in two");
            assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), expected, "{first:x}-{last:x}");
        }
    }
}
