//! The canonical request: what is signed, however it was written.

use super::stated::Stated;
use crate::{ServiceName, access::Signed};

/// The bytes whose hash is signed.
pub(super) fn request(signed: &Signed<'_>, stated: &Stated, service: ServiceName, payload_hash: &str) -> Vec<u8> {
    let path = signed.uri.path();
    // Keys of S3 are names, not paths: they stay as they are, and were encoded once.
    let path =
        if service == ServiceName::S3 { encode(&decode(path), true) } else { encode(normal(path).as_bytes(), true) };
    let query = query(signed.uri.query().unwrap_or_default());
    let mut request = format!("{}\n{path}\n{query}\n", signed.method).into_bytes();
    for name in &stated.headers {
        request.extend(name.as_bytes());
        request.push(b':');
        request.extend(values(signed, name));
        request.push(b'\n');
    }
    request.extend(format!("\n{}\n{payload_hash}", stated.headers.join(";")).as_bytes());
    request
}

/// Without `.`, `..` and empty segments.
fn normal(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// Sorted by name and value, without the signature itself.
fn query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<(String, String)> = pairs
        .map(|(name, value)| (encode(&decode(name), false), encode(&decode(value), false)))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// All values of a header, trimmed, blanks in a row as one.
fn values(signed: &Signed<'_>, name: &str) -> Vec<u8> {
    let mut values: Vec<Vec<u8>> = signed.headers.get_all(name).iter().map(|value| trim(value.as_bytes())).collect();
    if values.is_empty() && name == "host" {
        // HTTP/2 has it in the address.
        values.extend(signed.uri.authority().map(|authority| authority.as_str().as_bytes().to_vec()));
    }
    values.join(&b","[..])
}

fn trim(value: &[u8]) -> Vec<u8> {
    let words = value.split(|byte| *byte == b' ' || *byte == b'\t').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b" "[..])
}

/// `%41` to `A`; what is no such code stays.
fn decode(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = || u8::try_from(digit(bytes.get(at + 1))? << 4 | digit(bytes.get(at + 2))?).ok();
        match (byte == b'%').then(code).flatten() {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// All but letters, digits and `-._~` as `%41`, and slashes if they part a path.
pub(super) fn encode(bytes: &[u8], keep_slashes: bool) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keep_slashes && byte == b'/') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
