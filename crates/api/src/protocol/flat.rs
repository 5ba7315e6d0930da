//! The forms and the XML of SQS, whose lists and maps have names of their own and nothing around their items.
//!
//! Source: the model of SQS's query protocol, as the AWS SDKs had it before it spoke JSON.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::Asked;
use crate::ServiceName;

/// Of each list and map: what an item is called on the wire, what the member is called, and what key and value of a map are.
type Row = (&'static str, &'static str, Option<[&'static str; 2]>);

const INPUTS: [Row; 14] = [
    ("AWSAccountId", "AWSAccountIds", None),
    ("ActionName", "Actions", None),
    ("Attribute", "Attributes", Some(["Name", "Value"])),
    ("AttributeName", "AttributeNames", None),
    ("ChangeMessageVisibilityBatchRequestEntry", "Entries", None),
    ("DeleteMessageBatchRequestEntry", "Entries", None),
    ("MessageAttribute", "MessageAttributes", Some(["Name", "Value"])),
    ("MessageAttributeName", "MessageAttributeNames", None),
    ("MessageSystemAttribute", "MessageSystemAttributes", Some(["Name", "Value"])),
    ("MessageSystemAttributeName", "MessageSystemAttributeNames", None),
    ("SendMessageBatchRequestEntry", "Entries", None),
    ("Tag", "Tags", Some(["Key", "Value"])),
    ("TagKey", "TagKeys", None),
    ("TagKeys", "TagKeys", None),
];

const OUTPUTS: [Row; 7] = [
    ("Attribute", "Attributes", Some(["Name", "Value"])),
    ("BatchResultErrorEntry", "Failed", None),
    ("Message", "Messages", None),
    ("MessageAttribute", "MessageAttributes", Some(["Name", "Value"])),
    ("QueueUrl", "QueueUrls", None),
    ("QueueUrl", "queueUrls", None),
    ("Tag", "Tags", Some(["Key", "Value"])),
];

/// Whether a service writes its lists so.
pub(super) fn is_flat(service: ServiceName) -> bool {
    service == ServiceName::Sqs
}

/// The members of an input as the service's other protocol has them.
pub(super) fn input(service: ServiceName, form: Value) -> Value {
    if is_flat(service) { renamed(form) } else { form }
}

fn renamed(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(renamed).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| member(name, value)).collect(),
        leaf => leaf,
    }
}

fn member(name: String, value: Value) -> (String, Value) {
    let is_list = value.is_array();
    let row = INPUTS.iter().find(|(wire, member, _)| is_list && (*wire == name || *member == name));
    match row {
        Some((_, member, Some(names))) => ((*member).to_owned(), map(value, names)),
        Some((_, member, None)) => ((*member).to_owned(), renamed(value)),
        None => (name, renamed(value)),
    }
}

fn map(entries: Value, [key, value]: &[&str; 2]) -> Value {
    let Value::Array(entries) = entries else { return entries };
    let pair = |mut entry: Value| {
        let name = entry.get_mut(*key)?.take().as_str()?.to_owned();
        Some((name, entry.get_mut(*value).map_or_else(|| json!(""), Value::take)))
    };
    Value::Object(entries.into_iter().filter_map(pair).collect::<Map<_, _>>())
}

/// An output with the names of the wire: an item of a list has the name that stands for all of them.
pub(super) fn output<'a>(asked: &Asked, output: &'a Value) -> Cow<'a, Value> {
    if is_flat(asked.service) { Cow::Owned(named(&asked.operation, output)) } else { Cow::Borrowed(output) }
}

fn named(operation: &str, value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| named(operation, item)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| match OUTPUTS.iter().find(|row| row.1 == name) {
                Some((wire, _, Some(names))) => ((*wire).to_owned(), entries(value, names)),
                Some((wire, _, None)) => ((*wire).to_owned(), named(operation, value)),
                None if name == "Successful" => (format!("{operation}ResultEntry"), named(operation, value)),
                None => (name.clone(), named(operation, value)),
            };
            members.iter().map(member).collect()
        }
        leaf => leaf.clone(),
    }
}

fn entries(map: &Value, [key, value]: &[&str; 2]) -> Value {
    let entry = |(name, inner): (&String, &Value)| json!({ *key: name, *value: inner });
    map.as_object().into_iter().flatten().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::super::*;

    fn asked(operation: &str) -> Asked {
        let operation = operation.to_owned();
        Asked { service: ServiceName::Sqs, operation, protocol: Protocol::AwsQuery, query_mode: false }
    }

    #[test]
    fn a_form_becomes_what_json_says() {
        let form = "Action=SendMessage&MessageBody=x&MessageAttribute.1.Name=a&MessageAttribute.1.Value.DataType=String\
            &MessageAttribute.1.Value.StringValue=b&AttributeName.1=All&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5";
        let payload = decode(&asked("SendMessage"), Bytes::from_static(form.as_bytes())).expect("decoded");
        let expected = serde_json::json!({
            "MessageBody": "x",
            "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}},
            "AttributeNames": ["All"],
            "Attributes": {"DelaySeconds": "5"},
        });
        assert_eq!(*payload.value().expect("a tree"), expected);
    }

    #[test]
    fn an_answer_has_nothing_around_its_items() {
        let output = serde_json::json!({
            "Successful": [{"Id": "a"}, {"Id": "b"}],
            "Attributes": {"QueueArn": "arn"},
        });
        let reply = encode(&asked("DeleteMessageBatch"), &output, "1");
        let text = String::from_utf8(reply.body.to_vec()).expect("text");
        let expected = "<Attribute><Name>QueueArn</Name><Value>arn</Value></Attribute>\
            <DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry>\
            <DeleteMessageBatchResultEntry><Id>b</Id></DeleteMessageBatchResultEntry>";
        assert!(text.contains(expected), "{text}");
    }
}
