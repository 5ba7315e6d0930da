//! Signatures that botocore made, AWS's own example, and what became of them on the way.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use chrono::{DateTime, NaiveDate};
use proptest::{prelude::*, sample::Index};
use serde_json::Value;

use super::*;
use crate::access::Principal;

#[derive(Clone)]
struct Case {
    service: ServiceName,
    method: Method,
    uri: String,
    headers: HeaderMap,
    body: Vec<u8>,
    key: Key,
    now: i64,
}

impl Case {
    fn verify(&self) -> Result<Key, Refusal> {
        let uri: Uri = self.uri.parse().expect("URI");
        let signed = Signed { method: &self.method, uri: &uri, headers: &self.headers, body: &self.body };
        verify(&signed, self.service, self.now, |id| {
            if id == self.key.principal.access_key { Ok(self.key.clone()) } else { Err(Refusal::UnknownKey) }
        })
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().expect("value"));
        self
    }

    fn replaced(self, from: &str, to: &str) -> Self {
        let value = self.headers["authorization"].to_str().expect("text").replace(from, to);
        self.with("authorization", &value)
    }
}

fn key(id: &str, secret: &str, token: Option<&str>) -> Key {
    Key {
        secret: Secret::new(secret),
        session_token: token.map(Secret::new),
        principal: Principal::root("123456789012", id),
    }
}

fn millis(year: i32, month: u32, day: u32, hour: u32, minute: u32) -> i64 {
    let date = NaiveDate::from_ymd_opt(year, month, day).expect("date");
    date.and_hms_opt(hour, minute, 0).expect("time").and_utc().timestamp_millis()
}

/// What golden.py signed at noon.
fn golden() -> Vec<Case> {
    let golden: Value = serde_json::from_str(include_str!("golden.json")).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let case = |case: &Value| {
        let headers: HeaderMap = case["headers"]
            .as_object()
            .expect("headers")
            .iter()
            .map(|(name, value)| {
                let name: HeaderName = name.parse().expect("name");
                (name, HeaderValue::from_str(value.as_str().expect("text")).expect("value"))
            })
            .collect();
        let uri = text(&case["uri"]);
        let is_temporary = headers.contains_key("x-amz-security-token") || uri.contains("X-Amz-Security-Token");
        let token = text(&golden["token"]);
        Case {
            service: ServiceName::by_signing_name(&text(&case["service"])).expect("service"),
            method: text(&case["method"]).parse().expect("method"),
            uri,
            headers,
            body: text(&case["body"]).into_bytes(),
            key: key(&text(&golden["key"]), &text(&golden["secret"]), is_temporary.then_some(&token)),
            now: millis(2026, 11, 21, 12, 0),
        }
    };
    golden["cases"].as_array().expect("cases").iter().map(case).collect()
}

fn example() -> Case {
    let headers = [
        ("host", "iam.amazonaws.com"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("x-amz-date", "20150830T123600Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
    ];
    Case {
        service: ServiceName::Iam,
        method: Method::GET,
        uri: "/?Action=ListUsers&Version=2010-05-08".to_owned(),
        headers: headers.iter().map(|(n, v)| (n.parse().expect("name"), v.parse().expect("value"))).collect(),
        body: Vec::new(),
        key: key("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None),
        now: millis(2015, 8, 30, 12, 36),
    }
}

fn text(refused: Result<Key, Refusal>) -> String {
    match refused.expect_err("refused") {
        Refusal::BadSignature(text) | Refusal::Expired(text) | Refusal::Incomplete(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_botocore_signed_is_verified() {
    let cases = golden();
    assert!(cases.len() >= 20, "{}", cases.len());
    for case in cases {
        case.verify().unwrap_or_else(|refusal| panic!("{} {}: {refusal:?}", case.method, case.uri));
    }
}

#[test]
fn the_example_of_aws_is_verified() {
    example().verify().expect("verified");
}

#[test]
fn nothing_may_change_on_the_way() {
    let changes: [fn(Case) -> Case; 8] = [
        |case| Case { method: Method::PUT, ..case },
        |case| Case { body: [case.body.as_slice(), b" "].concat(), ..case },
        |case| Case { uri: case.uri.replace("/?", "/x?") + if case.uri.contains('?') { "" } else { "?x" }, ..case },
        |case| Case { uri: format!("{}{}more=1", case.uri, if case.uri.contains('?') { '&' } else { '?' }), ..case },
        |case| case.with("host", "other"),
        |case| case.with("x-amz-target", "Logs_20140328.DeleteLogGroup"),
        |case| Case { key: Key { secret: Secret::new("another"), ..case.key }, ..case },
        |case| Case { key: Key { session_token: Some(Secret::new("another")), ..case.key }, ..case },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        for case in golden() {
            let uri = case.uri.clone();
            let refused = change(case).verify().expect_err("refused");
            let is_as_expected = matches!(refused, Refusal::BadSignature(_)) || number == 7;
            assert!(is_as_expected, "change {number} of {uri}: {refused:?}");
        }
    }
}

#[test]
fn a_temporary_key_is_nothing_without_its_token() {
    let temporary: Vec<Case> = golden().into_iter().filter(|case| case.key.session_token.is_some()).collect();
    assert!(!temporary.is_empty());
    for case in temporary.into_iter().filter(|case| case.headers.contains_key("authorization")) {
        let mut without = case.clone();
        without.headers.remove("x-amz-security-token");
        assert_eq!(without.verify().expect_err("refused"), Refusal::UnknownKey);
        let permanent = Case { key: Key { session_token: None, ..case.key.clone() }, ..case };
        assert_eq!(permanent.verify().expect_err("refused"), Refusal::UnknownKey);
    }
}

#[test]
fn clocks_may_be_a_quarter_of_an_hour_apart() {
    for minute in [21, 51] {
        Case { now: millis(2015, 8, 30, 12, minute), ..example() }.verify().expect("verified");
    }
    assert_eq!(
        text(Case { now: millis(2015, 8, 30, 12, 52), ..example() }.verify()),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T125200Z - 15 min.)"
    );
    assert_eq!(
        text(Case { now: millis(2015, 8, 30, 12, 20), ..example() }.verify()),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z (20150830T122000Z + 15 min.)"
    );
}

#[test]
fn a_presigned_request_lives_as_long_as_it_says_and_a_week_at_most() {
    let presigned = golden().into_iter().find(|case| case.uri.contains("X-Amz-Expires=3600")).expect("one");
    Case { now: millis(2026, 11, 21, 13, 0), ..presigned.clone() }.verify().expect("verified");
    let refused = text(Case { now: millis(2026, 11, 21, 13, 1), ..presigned.clone() }.verify());
    assert!(refused.contains("is now earlier than 20261121T120100Z (20261121T130100Z - 60 min.)"), "{refused}");
    let uri = presigned.uri.replace("Expires=3600", "Expires=604801");
    let refused = text(Case { uri, ..presigned }.verify());
    assert!(refused.contains("must be less than 604800 seconds"), "{refused}");
}

#[test]
fn the_scope_is_that_of_the_request() {
    let other = Case { service: ServiceName::Sts, ..example() };
    assert_eq!(text(other.verify()), "Credential should be scoped to correct service: 'sts'. ");
    assert_eq!(
        text(example().replaced("/20150830/", "/20150829/").verify()),
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != \
         '20150830', from '20150830T123600Z'."
    );
    let elsewhere = text(example().replaced("us-east-1", "us-east-2").verify());
    assert!(elsewhere.contains("does not match the signature you provided"), "{elsewhere}");
}

#[test]
fn what_a_signature_lacks_is_said() {
    let lacks = text(example().replaced("Signature=", "Sign=").verify());
    assert_eq!(lacks, "Authorization header requires 'Signature' parameter.");
    let mut undated = example();
    undated.headers.remove("x-amz-date");
    let lacks = text(undated.verify());
    assert!(lacks.contains("either a 'X-Amz-Date' or a 'Date' header"), "{lacks}");
    let unsigned = text(example().replaced("content-type;host;x-amz-date", "content-type;host").verify());
    assert!(unsigned.contains("'x-amz-date' must be a 'SignedHeader'"), "{unsigned}");
    let twice = text(example().replaced("Signature=", "Signature=00, Signature=").verify());
    assert!(twice.contains("more than once"), "{twice}");
    let mut nobody = example();
    nobody.headers.remove("authorization");
    assert_eq!(nobody.verify().expect_err("refused"), Refusal::MissingToken);
}

#[test]
fn a_date_of_http_does_as_well() {
    let time = DateTime::from_timestamp_millis(example().now).expect("time").to_rfc2822();
    let mut dated = example();
    dated.headers.remove("x-amz-date");
    let refused = text(dated.with("date", &time).replaced(";x-amz-date", "").verify());
    assert!(refused.contains("does not match the signature you provided"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any byte of a signature that is another makes it no signature; no text makes the verifier stumble.
    #[test]
    fn no_other_signature_will_do(case in any::<Index>(), at in any::<Index>(), digit in 0_u32..16, noise in "\\PC{0,40}") {
        let cases = golden();
        let signed: Vec<&Case> = cases.iter().filter(|case| case.headers.contains_key("authorization")).collect();
        let case = (*case.get(&signed)).clone();
        let header = case.headers["authorization"].to_str().expect("text").to_owned();
        let start = header.len() - 64;
        let at = start + at.index(64);
        let digit = char::from_digit(digit, 16).expect("digit");
        let changed = format!("{}{digit}{}", &header[..at], &header[at + 1..]);
        prop_assert_eq!(changed == header, case.clone().with("authorization", &changed).verify().is_ok());
        if let Ok(value) = HeaderValue::from_bytes(format!("AWS4-HMAC-SHA256 {noise}").as_bytes()) {
            let mut noisy = case;
            noisy.headers.insert("authorization", value);
            prop_assert!(noisy.verify().is_err());
        }
    }
}
