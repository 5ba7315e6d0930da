//! IPADDRESS: 16 bytes, IPv4 as `::ffff:a.b.c.d`, so that order and equality are Trino's.

use std::net::{IpAddr, Ipv6Addr};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, FixedSizeBinaryBuilder, StringViewArray,
};
use datafusion::common::Result;

use super::{Entry, Overload, Param, done, refuse};
use crate::error::{Code, Error};

pub(super) const FUNCTIONS: &[Entry] = &[
    (TO_ADDRESS, &[to_address(|args, _| parse(args, false)), same()]),
    (TRY_TO_ADDRESS, &[to_address(|args, _| parse(args, true)), same()]),
    (
        "contains",
        &[
            Overload {
                parameters: &[Param::Text, Param::Address],
                variadic: false,
                result: Param::Boolean,
                body: contains,
            },
            Overload {
                parameters: &[Param::Prefix, Param::Address],
                variadic: false,
                result: Param::Boolean,
                body: super::prefix::contains,
            },
        ],
    ),
    (TO_TEXT, &[Overload { parameters: &[Param::Address], variadic: false, result: Param::Text, body: to_text }]),
];

/// What `CAST(x AS IPADDRESS)` becomes.
pub(crate) const TO_ADDRESS: &str = "$cast_ipaddress";
/// What `TRY_CAST(x AS IPADDRESS)` becomes.
pub(crate) const TRY_TO_ADDRESS: &str = "$try_cast_ipaddress";
/// Turns an address into text.
pub(crate) const TO_TEXT: &str = "$ipaddress_text";

const fn to_address(body: super::Body) -> Overload {
    Overload { parameters: &[Param::Text], variadic: false, result: Param::Address, body }
}

const fn same() -> Overload {
    let body: super::Body = |args, _| Ok(std::sync::Arc::clone(&args[0]));
    Overload { parameters: &[Param::Address], variadic: false, result: Param::Address, body }
}

fn parse(args: &[ArrayRef], lenient: bool) -> Result<ArrayRef> {
    let texts = args[0].as_string_view();
    let mut result = FixedSizeBinaryBuilder::with_capacity(texts.len(), 16);
    for text in texts {
        match text.map(|text| (text, text.parse::<IpAddr>())) {
            Some((_, Ok(address))) => result.append_value(bytes(address))?,
            None => result.append_null(),
            Some((_, Err(_))) if lenient => result.append_null(),
            Some((text, Err(_))) => {
                let message = format!("Cannot cast value to IPADDRESS: {text}");
                return Err(Error::new(Code::InvalidCastArgument, message).into_datafusion());
            }
        }
    }
    done(result.finish())
}

/// Addresses of texts that are all some.
pub(super) fn strict(texts: &ArrayRef) -> Result<ArrayRef> {
    parse(std::slice::from_ref(texts), false)
}

pub(super) fn bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn to_text(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    done(texts(args[0].as_fixed_size_binary()))
}

/// Addresses as people write them.
pub(crate) fn texts(addresses: &FixedSizeBinaryArray) -> StringViewArray {
    let text = |bytes: Option<&[u8]>| {
        let octets: [u8; 16] = bytes?.try_into().ok()?;
        Some(Ipv6Addr::from(octets).to_canonical().to_string())
    };
    StringViewArray::from_iter(addresses.iter().map(text))
}

fn contains(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let (prefixes, addresses) = (args[0].as_string_view(), args[1].as_fixed_size_binary());
    let mut last: Option<(&str, Prefix)> = None;
    let mut result = Vec::with_capacity(prefixes.len());
    for (prefix, address) in prefixes.iter().zip(addresses.iter()) {
        let (Some(text), Some(address)) = (prefix, address) else {
            result.push(None);
            continue;
        };
        let prefix = match last {
            Some((known, prefix)) if known == text => prefix,
            _ => match Prefix::parse(text) {
                Some(prefix) => prefix,
                None => return refuse(format!("Invalid CIDR: {text}")),
            },
        };
        last = Some((text, prefix));
        let number = address.try_into().map_or(0, u128::from_be_bytes);
        result.push(Some(prefix.contains(number)));
    }
    done(BooleanArray::from(result))
}

/// The first bits of an address.
#[derive(Clone, Copy)]
pub(super) struct Prefix {
    address: u128,
    mask: u128,
}

/// How many bits stand before an IPv4 address.
const BEFORE_V4: u32 = 96;

impl Prefix {
    /// The first so many bits of the address; none when it has not so many.
    pub(super) fn new(address: u128, length: u32) -> Option<Self> {
        let v4 = Ipv6Addr::from(address).to_ipv4_mapped().is_some();
        let (longest, before) = if v4 { (32, BEFORE_V4) } else { (128, 0) };
        let mask = match before + length {
            _ if length > longest => return None,
            0 => 0,
            bits => u128::MAX << (128 - bits),
        };
        Some(Prefix { address: address & mask, mask })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        Prefix::new(u128::from_be_bytes(bytes(address)), length.parse().ok()?)
    }

    pub(super) fn contains(self, address: u128) -> bool {
        address & self.mask == self.address
    }

    pub(super) fn first(self) -> u128 {
        self.address
    }

    pub(super) fn last(self) -> u128 {
        self.address | !self.mask
    }

    /// How many bits count, of 32 for IPv4.
    pub(super) fn length(self) -> u8 {
        let v4 = Ipv6Addr::from(self.address).to_ipv4_mapped().is_some();
        let bits = self.mask.count_ones() - if v4 { BEFORE_V4 } else { 0 };
        u8::try_from(bits).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_hold_what_they_should() {
        for (prefix, address, expected) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::a00:1", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "1.2.3.4", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("192.0.2.7/32", "192.0.2.7", true),
        ] {
            let address = bytes(address.parse().unwrap());
            assert_eq!(Prefix::parse(prefix).unwrap().contains(u128::from_be_bytes(address)), expected, "{prefix}");
        }
        assert!(Prefix::parse("10.0.0.0").is_none());
        assert!(Prefix::parse("10.0.0.0/33").is_none());
    }
}
