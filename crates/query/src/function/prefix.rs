//! IPPREFIX: an address in 16 bytes and how many of its bits count (of 32 for IPv4) in the 17th, so
//! that order and equality are Trino's.

use std::net::{IpAddr, Ipv6Addr};

use datafusion::arrow::array::{
    ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, FixedSizeBinaryBuilder, ListBuilder, StringViewArray,
};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;

use super::address::{Prefix, bytes};
use super::{Entry, Overload, Param, done, refuse};
use crate::error::{Code, Error};

/// The type; no other column has it.
pub(crate) const PREFIX: DataType = DataType::FixedSizeBinary(17);

/// What `CAST(x AS IPPREFIX)` becomes.
pub(crate) const TO_PREFIX: &str = "$cast_ipprefix";
/// Turns a prefix into text.
pub(crate) const PREFIX_TEXT: &str = "$ipprefix_text";

const fn new(parameters: &'static [Param], result: Param, body: super::Body) -> Overload {
    Overload { parameters, variadic: false, result, body }
}

const TEXT: Param = Param::Text;
const ADDRESS: Param = Param::Address;
const PREFIXES: &[Param] = &[Param::Prefix];

pub(super) const FUNCTIONS: &[Entry] = &[
    (
        TO_PREFIX,
        &[
            new(&[TEXT], Param::Prefix, from_text),
            new(&[ADDRESS], Param::Prefix, from_address),
            new(PREFIXES, Param::Prefix, |args, _| Ok(std::sync::Arc::clone(&args[0]))),
        ],
    ),
    (PREFIX_TEXT, &[new(PREFIXES, TEXT, |args, _| done(texts(args[0].as_fixed_size_binary())))]),
    (
        "ip_prefix",
        &[
            new(&[ADDRESS, Param::Bigint], Param::Prefix, of_length),
            new(&[TEXT, Param::Bigint], Param::Prefix, |args, now| {
                of_length(&[super::address::strict(&args[0])?, std::sync::Arc::clone(&args[1])], now)
            }),
        ],
    ),
    ("ip_subnet_min", &[new(PREFIXES, ADDRESS, |args, _| ends(args, Prefix::first))]),
    ("ip_subnet_max", &[new(PREFIXES, ADDRESS, |args, _| ends(args, Prefix::last))]),
    ("ip_subnet_range", &[new(PREFIXES, Param::Addresses, both_ends)]),
    (
        "is_subnet_of",
        &[
            new(&[Param::Prefix, ADDRESS], Param::Boolean, holds),
            new(&[Param::Prefix, Param::Prefix], Param::Boolean, holds),
        ],
    ),
];

/// A prefix as its 17 bytes; the address is the first one of it.
fn encoded(prefix: Prefix) -> [u8; 17] {
    let mut encoded = [0; 17];
    encoded[..16].copy_from_slice(&prefix.first().to_be_bytes());
    encoded[16] = prefix.length();
    encoded
}

fn decoded(bytes: &[u8]) -> Option<Prefix> {
    let (address, length) = bytes.split_at_checked(16)?;
    Prefix::new(u128::from_be_bytes(address.try_into().ok()?), u32::from(*length.first()?))
}

fn decode(array: &ArrayRef) -> impl Iterator<Item = Option<Prefix>> {
    array.as_fixed_size_binary().iter().map(|bytes| bytes.and_then(decoded))
}

fn column(rows: impl Iterator<Item = Result<Option<Prefix>>>) -> Result<ArrayRef> {
    let mut result = FixedSizeBinaryBuilder::new(17);
    for row in rows {
        match row? {
            Some(prefix) => result.append_value(encoded(prefix))?,
            None => result.append_null(),
        }
    }
    done(result.finish())
}

/// `10.1.2.3/8` is 10.0.0.0/8; an address alone is all its bits.
fn from_text(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let whole = |text: &str| {
        let address: IpAddr = text.parse().ok()?;
        Prefix::new(u128::from_be_bytes(bytes(address)), if address.is_ipv4() { 32 } else { 128 })
    };
    column(args[0].as_string_view().iter().map(|text| match text.map(|text| (text, Prefix::parse(text))) {
        None => Ok(None),
        Some((_, Some(prefix))) => Ok(Some(prefix)),
        Some((text, None)) => match whole(text) {
            Some(prefix) => Ok(Some(prefix)),
            None => {
                let message = format!("Cannot cast value to IPPREFIX: {text}");
                Err(Error::new(Code::InvalidCastArgument, message).into_datafusion())
            }
        },
    }))
}

fn number(address: &[u8]) -> u128 {
    address.try_into().map_or(0, u128::from_be_bytes)
}

fn is_v4(address: u128) -> bool {
    Ipv6Addr::from(address).to_ipv4_mapped().is_some()
}

fn from_address(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    column(args[0].as_fixed_size_binary().iter().map(|address| {
        let address = address.map(number);
        Ok(address.and_then(|address| Prefix::new(address, if is_v4(address) { 32 } else { 128 })))
    }))
}

fn of_length(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let lengths = args[1].as_primitive::<Int64Type>();
    let row = |(address, length): (Option<&[u8]>, Option<i64>)| {
        let (Some(address), Some(length)) = (address.map(number), length) else { return Ok(None) };
        match u32::try_from(length).ok().and_then(|length| Prefix::new(address, length)) {
            Some(prefix) => Ok(Some(prefix)),
            None => {
                let (kind, longest) = if is_v4(address) { ("IPv4", 32) } else { ("IPv6", 128) };
                refuse(format!("{kind} subnet size must be in range [0, {longest}]"))
            }
        }
    };
    column(args[0].as_fixed_size_binary().iter().zip(lengths).map(row))
}

fn ends(args: &[ArrayRef], of: fn(Prefix) -> u128) -> Result<ArrayRef> {
    let mut result = FixedSizeBinaryBuilder::new(16);
    for prefix in decode(&args[0]) {
        match prefix {
            Some(prefix) => result.append_value(of(prefix).to_be_bytes())?,
            None => result.append_null(),
        }
    }
    done(result.finish())
}

fn both_ends(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let mut result = ListBuilder::new(FixedSizeBinaryBuilder::new(16));
    for prefix in decode(&args[0]) {
        if let Some(prefix) = prefix {
            result.values().append_value(prefix.first().to_be_bytes())?;
            result.values().append_value(prefix.last().to_be_bytes())?;
        }
        result.append(prefix.is_some());
    }
    done(result.finish())
}

/// Whether the first holds the second: an address, or a prefix as a whole.
fn holds(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let inner = args[1].as_fixed_size_binary();
    let row = |(outer, inner): (Option<Prefix>, Option<&[u8]>)| {
        let (outer, inner) = (outer?, inner?);
        match decoded(inner) {
            Some(inner) => Some(outer.contains(inner.first()) && outer.contains(inner.last())),
            None => Some(outer.contains(number(inner))),
        }
    };
    done(decode(&args[0]).zip(inner.iter()).map(row).collect::<BooleanArray>())
}

/// `contains(network, address)` of a network that is IPPREFIX.
pub(super) fn contains(args: &[ArrayRef], now: i64) -> Result<ArrayRef> {
    holds(args, now)
}

/// Prefixes as people write them.
pub(crate) fn texts(prefixes: &FixedSizeBinaryArray) -> StringViewArray {
    let text = |bytes: Option<&[u8]>| {
        let prefix = decoded(bytes?)?;
        Some(format!("{}/{}", Ipv6Addr::from(prefix.first()).to_canonical(), prefix.length()))
    };
    prefixes.iter().map(text).collect()
}
