//! The wire protocols: bytes to an input, an output or an error to bytes.

mod cbor;
mod flat;
mod form;
mod json;
mod time;
mod xml;

use bytes::Bytes;
use serde_json::Value;

use crate::{ApiError, Payload, Refusal, ServiceName};

/// A wire protocol of AWS. S3's restXml is beside these: see [`Front`](crate::Front).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Forms and XML, as EC2 has them: lists are numbered, and their items are `item`.
    Ec2Query,
    /// Forms and XML: lists are numbered below `member`.
    AwsQuery,
    /// `application/x-amz-json-1.0`.
    AwsJson10,
    /// `application/x-amz-json-1.1`.
    AwsJson11,
    /// Smithy RPC v2 with CBOR.
    RpcV2Cbor,
}

/// What is asked, and how to say the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The service.
    pub service: ServiceName,
    /// The operation.
    pub operation: String,
    /// The protocol of the question, and of the answer.
    pub protocol: Protocol,
    /// Whether the client wants to read the code that errors had in awsQuery.
    pub query_mode: bool,
}

/// The answer, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers besides the length and the request's id.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

impl Protocol {
    /// Whether a request is a form and an answer XML.
    pub fn is_form(self) -> bool {
        matches!(self, Self::Ec2Query | Self::AwsQuery)
    }
}

/// The input out of a body. Of a form, `body` is the form, wherever it stood.
///
/// # Errors
/// When the body is not what the protocol says.
pub fn decode(asked: &Asked, body: Bytes) -> Result<Payload, Refusal> {
    let times = |value| from_wire(asked.service, value);
    match asked.protocol {
        Protocol::Ec2Query | Protocol::AwsQuery => {
            let form = flat::input(asked.service, form::parse(&body, asked.protocol)?);
            Ok(Payload::texts(asked.protocol, times(form)))
        }
        Protocol::RpcV2Cbor => Ok(Payload::tree(asked.protocol, times(cbor::parse(&body)?))),
        Protocol::AwsJson10 | Protocol::AwsJson11 if asked.service.has_times() => {
            Ok(Payload::tree(asked.protocol, times(json::parse(&body)?)))
        }
        Protocol::AwsJson10 | Protocol::AwsJson11 => Ok(Payload::json(body).said_in(asked.protocol)),
    }
}

/// An output as the client's protocol has it.
pub fn encode(asked: &Asked, output: &Value, request_id: &str) -> Reply {
    match asked.protocol {
        Protocol::Ec2Query | Protocol::AwsQuery => xml::answer(asked, output, request_id),
        Protocol::AwsJson10 | Protocol::AwsJson11 => json::answer(asked, output),
        Protocol::RpcV2Cbor => cbor::answer(asked, output),
    }
}

/// An error as the client's protocol has it.
pub fn encode_error(asked: &Asked, error: &ApiError, request_id: &str) -> Reply {
    match asked.protocol {
        Protocol::Ec2Query | Protocol::AwsQuery => xml::error(asked, error, request_id),
        Protocol::AwsJson10 | Protocol::AwsJson11 => json::error(asked, error),
        Protocol::RpcV2Cbor => cbor::error(asked, error),
    }
}

/// Makes Unix milliseconds of the members that are times: seconds in JSON and CBOR, ISO 8601 or seconds in forms.
fn from_wire(service: ServiceName, value: Value) -> Value {
    time::map(service, value, false)
}

#[cfg(test)]
mod tests;
