//! The whole way of a request, over a table of its own.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;
use crate::{Check, Operation, Serve, ServiceName, Table, handle};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct AddInput {
    numbers: Vec<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AddOutput {
    sum: i64,
    region: String,
}

fn add(_: &(), call: &Call, input: &AddInput) -> Result<AddOutput, ApiError> {
    let sum = input.numbers.iter().try_fold(0_i64, |sum, number| sum.checked_add(*number));
    let sum = sum.ok_or_else(|| ApiError::new("InvalidParameterValue", "the sum is too large"))?;
    Ok(AddOutput { sum, region: call.region.clone() })
}

const OPERATIONS: &[Operation<()>] = &[
    Operation::new("Add", handle!(add)).checked(&[Check::Length("Numbers", 1, 3)]),
    Operation::new("OpenAdd", handle!(add)).open(),
    Operation::unsupported("Subtract"),
];

struct Answered {
    status: u16,
    body: String,
    audit: Vec<Value>,
}

async fn ask(uri: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Option<Answered> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let audit = Arc::clone(&seen);
    let table = Table::new(ServiceName::CloudWatch, (), OPERATIONS);
    let front = Arc::new(Front {
        region: "us-east-1".to_owned(),
        access: Arc::new(Access::off("123456789012")),
        tables: [Box::new(table) as Box<dyn Serve>].into_iter().collect(),
        s3: Arc::new(|_| Box::pin(async { Response::new(Body::from("s3")) })),
        audit: Arc::new(move |event| {
            audit.lock().expect("not poisoned").push(serde_json::to_value(event).expect("JSON"));
        }),
        bodies: Room::default(),
        clock: || 1_700_000_000_000,
    });
    let mut request = Request::post(uri).header("user-agent", "test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = front.answer(request.body(body.into()).expect("request"), None).await.ok()?;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("body");
    let audit = std::mem::take(&mut *seen.lock().expect("not poisoned"));
    Some(Answered { status, body: String::from_utf8(body.to_vec()).expect("text"), audit })
}

const SIGNED: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AKIA/20231114/eu-west-1/monitoring/aws4_request, SignedHeaders=host, Signature=00",
);
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.0");

fn target(operation: &'static str) -> (&'static str, &'static str) {
    match operation {
        "Add" => ("x-amz-target", "GraniteServiceVersion20100801.Add"),
        "Subtract" => ("x-amz-target", "GraniteServiceVersion20100801.Subtract"),
        _ => ("x-amz-target", "GraniteServiceVersion20100801.Unheard"),
    }
}

#[tokio::test]
async fn one_operation_answers_in_the_protocol_it_was_asked_in() {
    let form = "Action=Add&Version=2010-08-01&Numbers.member.1=1&Numbers.member.2=2";
    let answered = ask("/", &[SIGNED, FORM], form).await.expect("answered");
    assert_eq!(answered.status, 200);
    assert!(
        answered.body.contains("<AddResult><Region>eu-west-1</Region><Sum>3</Sum></AddResult>"),
        "{}",
        answered.body
    );
    assert_eq!(answered.audit[0]["eventName"], "Add");
    assert_eq!(answered.audit[0]["accessKeyId"], "AKIA");

    let answered = ask("/", &[SIGNED, JSON, target("Add")], r#"{"Numbers":[1,2]}"#).await.expect("answered");
    assert_eq!(answered.body, r#"{"Region":"eu-west-1","Sum":3}"#);
}

#[tokio::test]
async fn an_error_is_said_in_the_protocol_too_and_written_down() {
    let answered = ask("/", &[SIGNED, JSON, target("Add")], r#"{"Numbers":[]}"#).await.expect("answered");
    assert_eq!(answered.status, 400);
    let body: Value = serde_json::from_str(&answered.body).expect("JSON");
    assert_eq!(body["__type"], "com.amazon.coral.validate#ValidationException");
    assert_eq!(answered.audit[0]["errorCode"], "ValidationError");

    for (operation, code) in [("Subtract", 501), ("Unheard", 400)] {
        let answered = ask("/", &[SIGNED, JSON, target(operation)], "{}").await.expect("answered");
        assert_eq!(answered.status, code, "{}", answered.body);
    }
    let answered = ask("/", &[SIGNED, JSON, target("Add")], "{\"Numbers\":").await.expect("answered");
    assert!(answered.body.contains("SerializationException"), "{}", answered.body);
}

#[tokio::test]
async fn what_is_written_down_is_short_however_long_the_request_is() {
    let form = format!("Action={}&Version=2010-08-01", "A".repeat(100_000));
    let answered = ask("/", &[SIGNED, FORM], form).await.expect("answered");
    assert_eq!(answered.status, 400);
    assert_eq!(answered.audit[0]["eventName"], "A".repeat(128));
    assert_eq!(answered.audit[0]["errorCode"], "InvalidAction");
    assert_eq!(answered.audit[0]["errorMessage"].as_str().expect("a text").len(), 1024);
}

#[tokio::test]
async fn nobody_may_call_what_is_not_open() {
    let answered = ask("/", &[JSON, target("Add")], "{}").await.expect("answered");
    assert!(answered.body.contains("MissingAuthenticationTokenException"), "{}", answered.body);
    let form = "Action=OpenAdd&Version=2010-08-01&Numbers.member.1=4";
    let answered = ask("/", &[FORM], form).await.expect("answered");
    assert!(answered.body.contains("<Sum>4</Sum>"), "{}", answered.body);
}

#[tokio::test]
async fn a_body_may_be_compressed_but_not_without_end() {
    let gzip = |text: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, text).expect("packed");
        packed.finish().expect("packed")
    };
    let encoded = ("content-encoding", "gzip");
    let packed = gzip(json!({"Numbers": [5]}).to_string().as_bytes());
    let answered = ask("/", &[SIGNED, JSON, target("Add"), encoded], packed).await.expect("answered");
    assert!(answered.body.contains("5"), "{}", answered.body);
    let bomb = gzip(&vec![b' '; 20 << 20]);
    let answered = ask("/", &[SIGNED, JSON, target("Add"), encoded], bomb).await.expect("answered");
    assert_eq!(answered.status, 413);
}

#[tokio::test]
async fn what_is_not_of_aws_is_given_back_and_what_is_of_s3_goes_there() {
    assert!(ask("/unsubscribe?x=y", &[], "").await.is_none());
    assert!(ask("/unsubscribe", &[FORM], "a=b").await.is_none());
    let s3 = ("authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20231114/eu-west-1/s3/aws4_request, Signature=00");
    assert_eq!(ask("/bucket?delete", &[s3], "").await.expect("answered").body, "s3");
}
