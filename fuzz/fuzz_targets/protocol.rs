//! Any bytes as the body of a request in each protocol: they are read or refused, what was read is said again in each
//! protocol, and what stands in an answer is what was meant.

#![no_main]

use axum::body::Bytes;
use libfuzzer_sys::fuzz_target;
use quick_xml::{Reader, events::Event};
use serde_json::{Value, json};
use weir_fuzz::{
    ApiError, ServiceName,
    protocol::{Asked, Protocol, Reply, decode, encode, encode_error},
};

const PROTOCOLS: [Protocol; 5] =
    [Protocol::Ec2Query, Protocol::AwsQuery, Protocol::AwsJson10, Protocol::AwsJson11, Protocol::RpcV2Cbor];

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (service, protocol, body) = input;
    let service = ServiceName::ALL[usize::from(service) % ServiceName::ALL.len()];
    let protocol = PROTOCOLS[usize::from(protocol) % PROTOCOLS.len()];
    let asked = |protocol| Asked { service, operation: "Operation".to_owned(), protocol, query_mode: true };
    let Ok(payload) = decode(&asked(protocol), Bytes::copy_from_slice(body)) else { return };
    let Ok(value) = payload.value() else { return };
    assert!(value.is_object());
    assert!(payload.parse::<Value>().is_ok(), "a tree that has no tree");
    let _ = (payload.text("Name"), payload.peek("Name"));
    for protocol in PROTOCOLS {
        encode(&asked(protocol), value, "id");
    }
    let said = encode(&asked(Protocol::AwsJson11), value, "id");
    // CBOR may be nested deeper than JSON that is read.
    assert!(protocol == Protocol::RpcV2Cbor || serde_json::from_slice::<Value>(&said.body).is_ok());
    if let Some(text) = value.as_object().and_then(|members| members.values().find_map(Value::as_str)) {
        texts(&asked(protocol), text);
    }
});

/// A text comes out of XML as it went in, but for what XML cannot hold.
fn texts(asked: &Asked, text: &str) {
    let asked = Asked { protocol: Protocol::AwsQuery, service: ServiceName::Iam, ..asked.clone() };
    let read = read(&encode(&asked, &json!({ "Text": text }), "id"), "Text");
    let is_odd = |letter: char| {
        (letter.is_control() && !"\t\n\r\u{7f}".contains(letter) && letter < '\u{80}')
            || matches!(letter, '\u{fffe}' | '\u{ffff}')
    };
    assert_eq!(read, text.replace(is_odd, "\u{fffd}"));
    let error = encode_error(&asked, &ApiError::new("Code", text), "id");
    assert_eq!(self::read(&error, "Message"), text.replace(is_odd, "\u{fffd}"));
}

/// What stands in an element.
fn read(reply: &Reply, element: &str) -> String {
    let body = std::str::from_utf8(&reply.body).expect("UTF-8");
    let mut reader = Reader::from_str(body);
    let (mut is_inside, mut found) = (false, String::new());
    loop {
        match reader.read_event().expect("XML") {
            Event::Start(start) => is_inside = start.name().as_ref() == element.as_bytes(),
            Event::End(_) => is_inside = false,
            Event::Text(text) if is_inside => found.push_str(&text.decode().expect("a text")),
            Event::GeneralRef(name) if is_inside => {
                let named = || quick_xml::escape::resolve_predefined_entity(&name.decode().ok()?)?.chars().next();
                found.push(name.resolve_char_ref().expect("a number").or_else(named).expect("known"));
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}
