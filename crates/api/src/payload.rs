//! The input of an operation, as it came.

mod loose;
mod peek;

use std::{cell::OnceCell, sync::LazyLock};

use bytes::Bytes;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;

use crate::{ApiError, Refusal, protocol::Protocol};

/// The input of an operation: parsed when somebody asks, into what they ask for.
#[derive(Debug)]
pub struct Payload {
    protocol: Protocol,
    body: Body,
}

/// What is read when somebody asks.
pub(crate) type Later<T> = LazyLock<T, Box<dyn FnOnce() -> T + Send>>;

#[derive(Debug)]
enum Body {
    /// JSON goes to the type without a tree in between: a batch of log events is long.
    Json(Bytes, OnceCell<Value>),
    /// A tree with types.
    Tree(Value),
    /// A tree of texts, out of a form: a number is its text.
    Texts(Value),
}

impl Payload {
    /// JSON. An empty body is an empty object.
    pub fn json(body: Bytes) -> Self {
        let body = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
        Self { protocol: Protocol::AwsJson11, body: Body::Json(body, OnceCell::new()) }
    }

    /// A tree whose leaves have their types.
    pub fn tree(protocol: Protocol, value: Value) -> Self {
        Self { protocol, body: Body::Tree(value) }
    }

    /// A tree whose leaves are texts.
    pub fn texts(protocol: Protocol, value: Value) -> Self {
        Self { protocol, body: Body::Texts(value) }
    }

    /// The same, said in another protocol.
    pub fn said_in(self, protocol: Protocol) -> Self {
        Self { protocol, ..self }
    }

    /// The protocol it was said in.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// As a type.
    ///
    /// # Errors
    /// When a member is not of its type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let parsed = match &self.body {
            Body::Json(body, _) => serde_json::from_slice(body),
            Body::Tree(value) => T::deserialize(value),
            Body::Texts(value) => T::deserialize(loose::Loose(value)),
        };
        parsed.map_err(|error| self.malformed(&error))
    }

    /// As a tree.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn value(&self) -> Result<&Value, ApiError> {
        match &self.body {
            Body::Tree(value) | Body::Texts(value) => Ok(value),
            Body::Json(body, parsed) => {
                if parsed.get().is_none() {
                    let value: Value = serde_json::from_slice(body).map_err(|error| self.malformed(&error))?;
                    let value = if value.is_object() {
                        value
                    } else {
                        return Err(self.malformed(&serde_json::Error::custom("not an object")));
                    };
                    let _ = parsed.set(value);
                }
                Ok(parsed.get().unwrap_or(&Value::Null))
            }
        }
    }

    /// A member that is a text; none if it is not there or is something else.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.value().ok()?.get(member)?.as_str()
    }

    /// The same as [`text`](Self::text) without making a tree: for inputs that may be long.
    pub fn peek(&self, member: &str) -> Option<String> {
        match &self.body {
            Body::Json(body, parsed) if parsed.get().is_none() => peek::text(body, member),
            _ => self.text(member).map(str::to_owned),
        }
    }

    /// What is read out of it when somebody asks, and then once: a long input is made a tree only for whoever wants it.
    pub(crate) fn later<T: Send + 'static>(&self, read: fn(&Value) -> T) -> Later<T> {
        match &self.body {
            Body::Json(body, parsed) if parsed.get().is_none() => {
                let body = body.clone();
                LazyLock::new(Box::new(move || read(&serde_json::from_slice(&body).unwrap_or_default())))
            }
            _ => {
                let now = read(self.value().unwrap_or(&Value::Null));
                LazyLock::new(Box::new(move || now))
            }
        }
    }

    fn malformed(&self, error: &serde_json::Error) -> ApiError {
        Refusal::Malformed(format!("the input is not that of the operation: {error}")).to_error(self.protocol)
    }
}
