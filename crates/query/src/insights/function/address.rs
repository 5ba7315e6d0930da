//! Functions of IP addresses. What is no address is none of them.

use std::net::{IpAddr, Ipv4Addr};

use super::{Spec, booleans, numbers, spec};
use crate::insights::value::Kind::{self, Bool, Number, Text};

const ONE: &[Kind] = &[Text];
const TWO: &[Kind] = &[Text, Text];

pub(super) const FUNCTIONS: &[Spec] = &[
    spec("isValidIp", ONE, Bool, |args| booleans(args, |row| Some(address(row.text(0)?).is_some()))),
    spec("isValidIpV4", ONE, Bool, |args| booleans(args, |row| is(row.text(0)?, |address| address.is_ipv4()))),
    spec("isValidIpV6", ONE, Bool, |args| booleans(args, |row| is(row.text(0)?, |address| address.is_ipv6()))),
    spec("isIpInSubnet", TWO, Bool, |args| {
        booleans(args, |row| Block::parse(row.text(1)?).map(|block| within(row.text(0), block, |_| true)))
    }),
    spec("isIpv4InSubnet", TWO, Bool, |args| {
        booleans(args, |row| Block::parse(row.text(1)?).map(|block| within(row.text(0), block, IpAddr::is_ipv4)))
    }),
    spec("isIpv6InSubnet", TWO, Bool, |args| {
        booleans(args, |row| Block::parse(row.text(1)?).map(|block| within(row.text(0), block, IpAddr::is_ipv6)))
    }),
    spec("isPrivateIP", ONE, Bool, |args| booleans(args, |row| is(row.text(0)?, is_private))),
    spec("isPublicIP", ONE, Bool, |args| {
        booleans(args, |row| is(row.text(0)?, |address| !is_private(address) && !is_reserved(address)))
    }),
    spec("isReservedIP", ONE, Bool, |args| booleans(args, |row| is(row.text(0)?, is_reserved))),
    spec("ipv4ToNumber", ONE, Number, |args| {
        numbers(args, |row| Some(f64::from(u32::from(row.text(0)?.parse::<Ipv4Addr>().ok()?))))
    }),
];

fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

fn is(text: &str, holds: impl Fn(&IpAddr) -> bool) -> Option<bool> {
    Some(address(text).is_some_and(|address| holds(&address)))
}

fn within(text: Option<&str>, block: Block, family: fn(&IpAddr) -> bool) -> bool {
    text.and_then(address).is_some_and(|address| family(&address) && block.contains(address))
}

/// RFC 1918 and RFC 4193.
fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.octets()[0] & 0xfe == 0xfc,
    }
}

/// Blocks that are neither private nor used on the internet (RFC 6890).
const RESERVED: [&str; 15] = [
    "0.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/127",
    "100::/64",
    "2001:db8::/32",
    "fe80::/10",
    "ff00::/8",
];

fn is_reserved(address: &IpAddr) -> bool {
    RESERVED.iter().filter_map(|block| Block::parse(block)).any(|block| block.contains(*address))
}

/// Whether a text is a block such as `10.0.0.0/8`.
pub(in crate::insights) fn is_block(text: &str) -> bool {
    Block::parse(text).is_some()
}

/// The block that a text is.
pub(in crate::insights) fn block_of(text: &str) -> Option<Block> {
    Block::parse(text)
}

/// A block of addresses of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::insights) struct Block {
    address: IpAddr,
    length: u32,
}

impl Block {
    /// Reads `192.0.2.0/24`.
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let (address, length): (IpAddr, u32) = (address.parse().ok()?, length.parse().ok()?);
        let longest = if address.is_ipv4() { 32 } else { 128 };
        (length <= longest).then_some(Self { address, length })
    }

    /// How many of the first bits count.
    pub(in crate::insights) const fn length(self) -> u32 {
        self.length
    }

    pub(in crate::insights) fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                (u32::from(block) ^ u32::from(address)).checked_shr(32 - self.length).unwrap_or(0) == 0
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                (u128::from(block) ^ u128::from(address)).checked_shr(128 - self.length).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}
