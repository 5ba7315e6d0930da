//! URLs. What is no URL is NULL.

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, StringViewArray};
use datafusion::common::Result;
use url::Url;

use super::{Entry, Overload, Param, done, refuse};

const TEXT: Param = Param::Text;

const fn new(parameters: &'static [Param], result: Param, body: super::Body) -> Overload {
    Overload { parameters, variadic: false, result, body }
}

const ONE: &[Param] = &[TEXT];

pub(super) const FUNCTIONS: &[Entry] = &[
    ("url_extract_host", &[new(ONE, TEXT, |args, _| part(args, |url| url.host_str().map(str::to_owned)))]),
    ("url_extract_protocol", &[new(ONE, TEXT, |args, _| part(args, |url| Some(url.scheme().to_owned())))]),
    ("url_extract_path", &[new(ONE, TEXT, |args, _| part(args, |url| Some(path(url))))]),
    (
        "url_extract_query",
        &[new(ONE, TEXT, |args, _| part(args, |url| Some(url.query().unwrap_or_default().to_owned())))],
    ),
    (
        "url_extract_fragment",
        &[new(ONE, TEXT, |args, _| part(args, |url| Some(decoded(url.fragment().unwrap_or_default()))))],
    ),
    ("url_extract_port", &[new(ONE, Param::Bigint, port)]),
    ("url_extract_parameter", &[new(&[TEXT, TEXT], TEXT, parameter)]),
    ("url_encode", &[new(ONE, TEXT, encode)]),
    ("url_decode", &[new(ONE, TEXT, decode)]),
];

fn part(args: &[ArrayRef], part: fn(&Url) -> Option<String>) -> Result<ArrayRef> {
    let of = |text: Option<&str>| Url::parse(text?).ok().and_then(|url| part(&url));
    done(StringViewArray::from_iter(args[0].as_string_view().iter().map(of)))
}

/// As it stands in the URL; the parser makes a `/` of none.
fn path(url: &Url) -> String {
    decoded(url.path())
}

/// The port that is written, if any.
fn port(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let of = |text: Option<&str>| {
        let text = text?;
        let url = Url::parse(text).ok()?;
        // The parser forgets a port that is the usual one.
        let usual = || {
            let port = url.port_or_known_default()?;
            let host = url.host_str()?;
            text.to_ascii_lowercase().contains(&format!("{host}:{port}")).then_some(port)
        };
        url.port().or_else(usual).map(i64::from)
    };
    done(args[0].as_string_view().iter().map(of).collect::<Int64Array>())
}

/// The first parameter of the name.
fn parameter(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let of = |(text, name): (Option<&str>, Option<&str>)| {
        let (url, name) = (Url::parse(text?).ok()?, name?);
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    done(StringViewArray::from_iter(args[0].as_string_view().iter().zip(args[1].as_string_view()).map(of)))
}

/// As forms have it: a blank is `+`.
fn encode(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let of =
        |text: Option<&str>| text.map(|text| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
    done(StringViewArray::from_iter(args[0].as_string_view().iter().map(of)))
}

fn decode(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let mut rows = Vec::with_capacity(args[0].len());
    for text in args[0].as_string_view() {
        let Some(text) = text else {
            rows.push(None);
            continue;
        };
        match bytes(&text.replace('+', " ")).and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(plain) => rows.push(Some(plain)),
            None => return refuse(format!("url_decode: '{text}' is not encoded")),
        }
    }
    done(StringViewArray::from_iter(rows))
}

/// A part with its `%xx` as characters; as it is when they make none.
fn decoded(part: &str) -> String {
    bytes(part).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| part.to_owned())
}

/// The bytes that a text with `%xx` means.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    Some(bytes)
}
