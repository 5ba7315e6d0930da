//! The XML of ec2Query and awsQuery.

use std::fmt::Write as _;

use quick_xml::escape::escape;
use serde_json::Value;

use super::{Asked, Protocol, Reply, flat, time};
use crate::{ApiError, Fault, ServiceName};

pub(super) fn answer(asked: &Asked, output: &Value, request_id: &str) -> Reply {
    let Asked { service, operation, .. } = asked;
    let mut body = Writer { service: *service, item: "member", text: String::new() };
    let namespace = service.namespace();
    let _ = write!(body.text, r#"<{operation}Response xmlns="{namespace}">"#);
    if asked.protocol == Protocol::Ec2Query {
        body.item = "item";
        let _ = write!(body.text, "<requestId>{request_id}</requestId>");
        body.members(output);
    } else {
        let _ = write!(body.text, "<{operation}Result>");
        body.members(&flat::output(asked, output));
        let _ = write!(body.text, "</{operation}Result>");
        let _ = write!(body.text, "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>");
    }
    let _ = write!(body.text, "</{operation}Response>");
    reply(200, &body.text)
}

pub(super) fn error(asked: &Asked, error: &ApiError, request_id: &str) -> Reply {
    let (code, message) = (text(&error.code), text(&error.message));
    let body = if asked.protocol == Protocol::Ec2Query {
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>{request_id}</RequestID></Response>"
        )
    } else {
        let namespace = asked.service.namespace();
        let fault = if error.fault == Fault::Sender { "Sender" } else { "Receiver" };
        format!(
            r#"<ErrorResponse xmlns="{namespace}"><Error><Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"#
        )
    };
    reply(error.status, &body)
}

fn reply(status: u16, body: &str) -> Reply {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}").into();
    Reply { status, headers: vec![("content-type", "text/xml;charset=UTF-8".to_owned())], body }
}

struct Writer {
    service: ServiceName,
    /// The name of an item of a list.
    item: &'static str,
    text: String,
}

impl Writer {
    fn members(&mut self, value: &Value) {
        for (name, value) in value.as_object().into_iter().flatten() {
            match value {
                Value::Null => {}
                Value::Array(items) if flat::is_flat(self.service) => {
                    items.iter().for_each(|item| self.element(name, item, name));
                }
                value => self.element(name, value, name),
            }
        }
    }

    /// `member` is what the value is known by: items of a list are known by the list.
    fn element(&mut self, name: &str, value: &Value, member: &str) {
        let _ = write!(self.text, "<{name}>");
        match value {
            Value::Object(entries) if self.service.is_map(member) => {
                for (key, value) in entries {
                    let _ = write!(self.text, "<entry><key>{}</key>", text(key));
                    self.element("value", value, "");
                    self.text.push_str("</entry>");
                }
            }
            Value::Object(_) => self.members(value),
            Value::Array(items) => {
                for item in items {
                    self.element(self.item, item, member);
                }
            }
            leaf => self.leaf(leaf, member),
        }
        let _ = write!(self.text, "</{name}>");
    }

    fn leaf(&mut self, value: &Value, member: &str) {
        let time = self.service.is_time(member).then(|| time::iso8601(value)).flatten();
        match (time, value) {
            (Some(time), _) => self.text.push_str(&time),
            (None, Value::String(value)) => self.text.push_str(&text(value)),
            (None, value) => {
                let _ = write!(self.text, "{value}");
            }
        }
    }
}

/// What XML cannot hold becomes the replacement character; a carriage return is kept by its number.
fn text(value: &str) -> String {
    let is_odd =
        |letter: char| matches!(letter, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
    let held: String = value.chars().map(|letter| if is_odd(letter) { '\u{fffd}' } else { letter }).collect();
    escape(&held).replace('\r', "&#13;")
}
