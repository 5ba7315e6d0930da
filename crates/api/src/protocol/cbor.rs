//! Smithy RPC v2 with CBOR.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ciborium::Value as Cbor;
use serde_json::{Map, Value};

use super::{Asked, Reply, json, time};
use crate::{ApiError, Refusal, ServiceName};

/// The tag of a time in seconds, RFC 8949, section 3.4.2.
const EPOCH: u64 = 1;

/// An object. Times are Unix seconds still.
pub(super) fn parse(body: &[u8]) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let parsed: Cbor =
        ciborium::from_reader(body).map_err(|error| Refusal::Malformed(format!("the body is not CBOR: {error}")))?;
    match read(parsed)? {
        value @ Value::Object(_) => Ok(value),
        _ => Err(Refusal::Malformed("the body is CBOR, but not a map".to_owned())),
    }
}

fn read(value: Cbor) -> Result<Value, Refusal> {
    Ok(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => value.into(),
        Cbor::Integer(value) => match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => value.into(),
            (_, Ok(value)) => value.into(),
            _ => return Err(Refusal::Malformed("a number is too large".to_owned())),
        },
        // JSON has no such numbers: as a text they come to whoever refuses them.
        Cbor::Float(value) if !value.is_finite() => value.to_string().into(),
        Cbor::Float(value) => value.into(),
        Cbor::Text(value) => value.into(),
        Cbor::Bytes(value) => STANDARD.encode(value).into(),
        Cbor::Array(items) => items.into_iter().map(read).collect::<Result<_, _>>()?,
        Cbor::Map(members) => members.into_iter().map(member).collect::<Result<Map<_, _>, _>>()?.into(),
        Cbor::Tag(_, value) => read(*value)?,
        _ => return Err(Refusal::Malformed("a value is of a type that nothing has here".to_owned())),
    })
}

fn member((name, value): (Cbor, Cbor)) -> Result<(String, Value), Refusal> {
    let name = name.into_text().map_err(|_| Refusal::Malformed("the name of a member is not a text".to_owned()))?;
    Ok((name, read(value)?))
}

pub(super) fn answer(asked: &Asked, output: &Value) -> Reply {
    reply(200, &write(asked.service, output, false))
}

pub(super) fn error(asked: &Asked, error: &ApiError) -> Reply {
    let body = json::error_body(asked.service, error);
    let mut reply = reply(error.status, &write(asked.service, &body, false));
    reply.headers.extend(json::query_error(asked, error));
    reply
}

fn reply(status: u16, body: &Cbor) -> Reply {
    let mut bytes = Vec::new();
    // Only a full disk could refuse, and memory is none.
    let _ = ciborium::into_writer(body, &mut bytes);
    let headers = vec![("content-type", "application/cbor".to_owned()), ("smithy-protocol", "rpc-v2-cbor".to_owned())];
    Reply { status, headers, body: Bytes::from(bytes) }
}

fn write(service: ServiceName, value: &Value, is_time: bool) -> Cbor {
    match value {
        Value::Null => Cbor::Map(Vec::new()),
        Value::Bool(value) => Cbor::Bool(*value),
        Value::Number(number) => {
            if let Some(seconds) = time::seconds(value).filter(|_| is_time) {
                return Cbor::Tag(EPOCH, Box::new(Cbor::Float(seconds)));
            }
            match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Cbor::Integer(value.into()),
                (_, Some(value)) => Cbor::Integer(value.into()),
                _ => Cbor::Float(number.as_f64().unwrap_or(f64::NAN)),
            }
        }
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(items) => Cbor::Array(items.iter().map(|item| write(service, item, is_time)).collect()),
        Value::Object(members) => {
            let there = members.iter().filter(|(_, value)| !value.is_null());
            let pair = |(name, value): (&String, &Value)| {
                (Cbor::Text(name.clone()), write(service, value, service.is_time(name)))
            };
            Cbor::Map(there.map(pair).collect())
        }
    }
}
