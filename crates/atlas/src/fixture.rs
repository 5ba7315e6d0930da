//! Writes small databases. Source of the layout: the MaxMind DB File Format Specification, version 2.0.

use std::net::IpAddr;

use serde_json::Value;

/// Of nodes and of what they lead to: 24 bits, as files of this size have it.
const RECORD: usize = 3;
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// Zeros between the tree and the data.
const BETWEEN: usize = 16;

#[derive(Clone, Copy)]
enum Leads {
    Nowhere,
    Node(usize),
    Data(usize),
}

/// A database of IPv6, with IPv4 below `::/96`: networks, each with its entry in JSON.
pub(crate) fn database(name: &str, networks: &[(&str, &str)]) -> Vec<u8> {
    let mut nodes = vec![[Leads::Nowhere; 2]];
    let mut data = Vec::new();
    for (network, entry) in networks {
        let offset = data.len();
        write(&mut data, &serde_json::from_str(entry).expect("JSON"));
        let (bits, length) = bits(network);
        let mut at = 0;
        for depth in 0..length {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                nodes[at][side] = Leads::Data(offset);
            } else if let Leads::Node(next) = nodes[at][side] {
                at = next;
            } else {
                nodes.push([Leads::Nowhere; 2]);
                nodes[at][side] = Leads::Node(nodes.len() - 1);
                at = nodes.len() - 1;
            }
        }
    }
    let mut bytes = Vec::new();
    for leads in nodes.iter().flatten() {
        let value = match *leads {
            Leads::Nowhere => nodes.len(),
            Leads::Node(node) => node,
            Leads::Data(offset) => nodes.len() + BETWEEN + offset,
        };
        bytes.extend(&value.to_be_bytes()[8 - RECORD..]);
    }
    bytes.extend([0; BETWEEN]);
    bytes.extend(data);
    bytes.extend(MARKER);
    let about = serde_json::json!({
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_700_000_000, "database_type": name,
        "description": { "en": "test" }, "ip_version": 6, "languages": ["en"], "node_count": nodes.len(), "record_size": RECORD * 8,
    });
    write(&mut bytes, &about);
    bytes
}

/// The bits of a network in the tree, and how many of them count.
fn bits(network: &str) -> (u128, usize) {
    let (address, length) = network.split_once('/').expect("a prefix");
    let length: usize = length.parse().expect("a number");
    match address.parse().expect("an address") {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 96 + length),
        IpAddr::V6(address) => (u128::from(address), length),
    }
}

/// Text, and maps of it and of numbers.
fn write(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(text) => {
            control(bytes, 2, text.len());
            bytes.extend(text.as_bytes());
        }
        Value::Array(items) => {
            control(bytes, 11, items.len());
            items.iter().for_each(|item| write(bytes, item));
        }
        Value::Object(members) => {
            control(bytes, 7, members.len());
            for (name, value) in members {
                write(bytes, &Value::String(name.clone()));
                match value.as_u64() {
                    Some(number) => write_number(bytes, name, number),
                    None => write(bytes, value),
                }
            }
        }
        _ => panic!("no entry has {value}"),
    }
}

/// The specification says which number is how long.
fn write_number(bytes: &mut Vec<u8>, name: &str, number: u64) {
    let (kind, size) = match name {
        "build_epoch" => (9, 8),
        "node_count" | "autonomous_system_number" => (6, 4),
        _ => (5, 2),
    };
    control(bytes, kind, size);
    bytes.extend(&number.to_be_bytes()[8 - size..]);
}

/// The byte before a value: its kind and its size. Kinds from 8 on have a byte more.
fn control(bytes: &mut Vec<u8>, kind: u8, size: usize) {
    let (size, rest) = if size < 29 { (size as u8, None) } else { (29, Some(size as u8 - 29)) };
    if kind < 8 {
        bytes.push(kind << 5 | size);
    } else {
        bytes.extend([size, kind - 7]);
    }
    bytes.extend(rest);
}
