//! awsJson1.0 and awsJson1.1.

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Asked, Protocol, Reply, time};
use crate::{ApiError, Fault, Refusal, ServiceName};

/// An object.
pub(super) fn parse(body: &[u8]) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Refusal::Malformed("the body is JSON, but not an object".to_owned())),
        Err(error) => Err(Refusal::Malformed(format!("the body is not JSON: {error}"))),
    }
}

pub(super) fn answer(asked: &Asked, output: &Value) -> Reply {
    let body = match output {
        Value::Null => "{}".into(),
        output => text(&Said { service: asked.service, value: output, is_time: false }),
    };
    reply(asked, 200, body)
}

pub(super) fn error(asked: &Asked, error: &ApiError) -> Reply {
    let mut reply = reply(asked, error.status, text(&error_body(asked.service, error)));
    reply.headers.extend(query_error(asked, error));
    reply.headers.push(("x-amzn-errortype", error_type(asked.service, error)));
    reply
}

fn reply(asked: &Asked, status: u16, body: Bytes) -> Reply {
    let version = if asked.protocol == Protocol::AwsJson10 { "1.0" } else { "1.1" };
    let headers = vec![("content-type", format!("application/x-amz-json-{version}"))];
    Reply { status, headers, body }
}

fn text(body: &impl Serialize) -> Bytes {
    // Only a map with names that are no texts could refuse, and a tree has none.
    serde_json::to_vec(body).unwrap_or_default().into()
}

/// A value as a client reads it: times in Unix seconds, and no member that is not there.
struct Said<'a> {
    service: ServiceName,
    value: &'a Value,
    is_time: bool,
}

impl Serialize for Said<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { service, is_time, .. } = *self;
        match self.value {
            Value::Array(items) => to.collect_seq(items.iter().map(|value| Said { service, value, is_time })),
            Value::Object(members) => {
                let there = members.iter().filter(|(_, value)| !value.is_null());
                to.collect_map(
                    there.map(|(name, value)| (name, Said { service, value, is_time: service.is_time(name) })),
                )
            }
            leaf => match time::seconds(leaf).filter(|_| is_time) {
                Some(seconds) => to.serialize_f64(seconds),
                None => leaf.serialize(to),
            },
        }
    }
}

/// `{"__type": …, "message": …}` and what else the error has.
pub(super) fn error_body(service: ServiceName, error: &ApiError) -> Value {
    let mut members = error.members.clone();
    members.insert("__type".to_owned(), error_type(service, error).into());
    members.insert("message".to_owned(), error.message.clone().into());
    // Shapes of later services have a capital letter, and clients look for either.
    if matches!(service, ServiceName::Athena | ServiceName::Glue | ServiceName::Sqs) {
        members.insert("Message".to_owned(), error.message.clone().into());
    }
    Value::Object(members)
}

/// What clients that knew a service by awsQuery read as the code.
pub(super) fn query_error(asked: &Asked, error: &ApiError) -> Option<(&'static str, String)> {
    let fault = if error.fault == Fault::Sender { "Sender" } else { "Receiver" };
    let has = matches!(asked.service, ServiceName::CloudWatch | ServiceName::Sqs) && asked.query_mode;
    has.then(|| ("x-amzn-query-error", format!("{};{fault}", error.code)))
}

/// The shape of an error, with the namespace where a service writes it. Source: observed answers and the service models.
fn error_type(service: ServiceName, error: &ApiError) -> String {
    let code = error.shape.unwrap_or(&error.code);
    let (namespace, shape) = match (service, code) {
        (ServiceName::CloudWatch, "ValidationError") => ("com.amazon.coral.validate", "ValidationException"),
        (ServiceName::CloudWatch, code) => ("com.amazonaws.cloudwatch.v2010_08_01", cloudwatch_shape(code)),
        (ServiceName::Sqs, code) => ("com.amazonaws.sqs", sqs_shape(code)),
        (_, code) => return code.to_owned(),
    };
    format!("{namespace}#{shape}")
}

fn cloudwatch_shape(code: &str) -> &str {
    match code {
        "InvalidParameterValue" => "InvalidParameterValueException",
        "InvalidParameterCombination" => "InvalidParameterCombinationException",
        "MissingParameter" => "MissingRequiredParameterException",
        "InvalidParameterInput" => "DashboardInvalidInputError",
        "LimitExceeded" => "LimitExceededFault",
        "InvalidFormat" => "InvalidFormatFault",
        "InternalServiceError" | "InternalFailure" => "InternalServiceFault",
        other => other,
    }
}

fn sqs_shape(code: &str) -> &str {
    match code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code) {
        "NonExistentQueue" => "QueueDoesNotExist",
        "QueueAlreadyExists" => "QueueNameExists",
        other => other,
    }
}
