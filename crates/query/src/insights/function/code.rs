//! Encodings and digests.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use regex::Regex;
use sha2::{Digest as _, Sha256};

use super::{Spec, numbers, spec, texts};
use crate::insights::value::Kind::{self, Number, Text};

const ONE: &[Kind] = &[Text];

pub(super) const FUNCTIONS: &[Spec] = &[
    spec("urlencode", ONE, Text, |args| texts(args, |row| Some(url_encode(row.text(0)?)))),
    spec("urldecode", ONE, Text, |args| texts(args, |row| url_decode(row.text(0)?))),
    spec("base64encode", ONE, Text, |args| texts(args, |row| Some(STANDARD.encode(row.text(0)?)))),
    spec("base64decode", ONE, Text, |args| {
        texts(args, |row| String::from_utf8(STANDARD.decode(row.text(0)?).ok()?).ok())
    }),
    spec("hexToAscii", ONE, Text, |args| texts(args, |row| String::from_utf8(bytes_of(row.text(0)?)?).ok())),
    spec("hexToDec", ONE, Number, |args| {
        numbers(args, |row| Some(u64::from_str_radix(bare(row.text(0)?), 16).ok()? as f64))
    }),
    spec("decToHex", &[Number], Text, |args| texts(args, |row| dec_to_hex(row.number(0)?))),
    spec("md5", ONE, Text, |args| texts(args, |row| Some(hex(&md5::Md5::digest(row.text(0)?))))),
    spec("sha256", ONE, Text, |args| texts(args, |row| Some(hex(&Sha256::digest(row.text(0)?))))),
    spec("regexReplace", &[Text, Text, Text], Text, |args| {
        let mut last: Option<(String, Option<Regex>)> = None;
        let compiled = std::cell::RefCell::new(&mut last);
        texts(args, |row| {
            let (text, pattern, with) = (row.text(0)?, row.text(1)?, row.text(2)?);
            let mut known = compiled.borrow_mut();
            if known.as_ref().is_none_or(|(known, _)| known != pattern) {
                **known = Some((pattern.to_owned(), Regex::new(pattern).ok()));
            }
            Some(known.as_ref()?.1.as_ref()?.replace_all(text, with).into_owned())
        })
    }),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Without `0x`.
fn bare(text: &str) -> &str {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text)
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = bare(text).as_bytes();
    let pairs = digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    if digits.len().is_multiple_of(2) { pairs.collect() } else { None }
}

fn dec_to_hex(number: f64) -> Option<String> {
    let whole = number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number);
    whole.then(|| format!("{:x}", number as u64))
}

/// All but letters, digits and `-_.~` as `%XX`.
fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Absent when what is encoded is no text.
fn url_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| *first == b'%');
        let byte = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok()
}
