//! Every protocol says the same input and the same output.

use serde::Deserialize;
use serde_json::json;

use super::*;

fn asked(service: ServiceName, protocol: Protocol) -> Asked {
    Asked { service, operation: "PutThing".to_owned(), protocol, query_mode: true }
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Thing {
    alarm_name: String,
    period: i64,
    threshold: f64,
    #[serde(default)]
    actions_enabled: Option<bool>,
    #[serde(default)]
    alarm_actions: Vec<String>,
    start_time: i64,
}

fn thing() -> Thing {
    Thing {
        alarm_name: "a b&c".to_owned(),
        period: 60,
        threshold: 1.5,
        actions_enabled: Some(true),
        alarm_actions: vec!["x".to_owned(), "y".to_owned()],
        start_time: 1_700_000_000_500,
    }
}

fn parsed(protocol: Protocol, body: &[u8]) -> Thing {
    let asked = asked(ServiceName::CloudWatch, protocol);
    decode(&asked, Bytes::copy_from_slice(body)).expect("decoded").parse().expect("parsed")
}

#[test]
fn an_input_is_the_same_in_each_protocol() {
    let form = b"Action=PutThing&Version=2010-08-01&AlarmName=a+b%26c&Period=60&Threshold=1.5&ActionsEnabled=true\
        &AlarmActions.member.2=y&AlarmActions.member.1=x&StartTime=2023-11-14T22%3A13%3A20.500Z";
    assert_eq!(parsed(Protocol::AwsQuery, form), thing());
    let json = br#"{"AlarmName":"a b&c","Period":60,"Threshold":1.5,"ActionsEnabled":true,"AlarmActions":["x","y"],
        "StartTime":1700000000.5}"#;
    assert_eq!(parsed(Protocol::AwsJson10, json), thing());
    let time = ciborium::Value::Tag(1, Box::new(1_700_000_000.5.into()));
    let members = [
        ("AlarmName", "a b&c".into()),
        ("Period", 60.into()),
        ("Threshold", 1.5.into()),
        ("ActionsEnabled", true.into()),
        ("AlarmActions", ciborium::Value::Array(vec!["x".into(), "y".into()])),
        ("StartTime", time),
    ];
    let map = members.into_iter().map(|(name, value)| (name.into(), value)).collect();
    let mut cbor = Vec::new();
    ciborium::into_writer(&ciborium::Value::Map(map), &mut cbor).expect("written");
    assert_eq!(parsed(Protocol::RpcV2Cbor, &cbor), thing());
}

#[test]
fn forms_hold_lists_within_lists_and_maps() {
    let input = |protocol, form: &str| {
        let asked = asked(ServiceName::Sns, protocol);
        let payload = decode(&asked, Bytes::copy_from_slice(form.as_bytes())).expect("decoded");
        payload.value().expect("a tree").clone()
    };
    assert_eq!(
        input(Protocol::Ec2Query, "Filter.1.Name=vpc-id&Filter.1.Value.1=a&Filter.1.Value.10=c&Filter.1.Value.2=b"),
        json!({"Filter": [{"Name": "vpc-id", "Value": ["a", "b", "c"]}]})
    );
    assert_eq!(
        input(Protocol::AwsQuery, "Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=x&Tags.member.1.Key=k"),
        json!({"Attributes": {"DisplayName": "x"}, "Tags": [{"Key": "k"}]})
    );
    assert_eq!(
        input(Protocol::AwsQuery, "MessageAttributes.entry.1.Name=n&MessageAttributes.entry.1.Value.DataType=String"),
        json!({"MessageAttributes": {"n": {"DataType": "String"}}})
    );
}

#[test]
fn a_form_that_contradicts_itself_is_refused() {
    for form in ["A=1&A.1=2", "A.1=1&A=2", "A=1&A=2"] {
        let asked = asked(ServiceName::Sns, Protocol::AwsQuery);
        let refused = decode(&asked, Bytes::copy_from_slice(form.as_bytes())).expect_err("refused");
        assert!(matches!(refused, Refusal::Malformed(_)), "{form}");
    }
    let deep = format!("{}=1", vec!["a"; 1000].join("."));
    decode(&asked(ServiceName::Sns, Protocol::AwsQuery), deep.into()).expect_err("too deep");
}

#[test]
fn an_output_is_written_as_the_protocol_has_it() {
    let output = json!({"Attributes": {"k<": "v"}, "List": [{"A": 1}, {"A": 1.5}], "Not": null, "Timestamp": 1_700_000_000_500_i64});
    let text = |service, protocol| {
        let reply = encode(&asked(service, protocol), &output, "id");
        String::from_utf8(reply.body.to_vec()).expect("text")
    };
    let sns = text(ServiceName::Sns, Protocol::AwsQuery);
    assert!(
        sns.contains("<PutThingResult><Attributes><entry><key>k&lt;</key><value>v</value></entry></Attributes>"),
        "{sns}"
    );
    assert!(sns.contains("<List><member><A>1</A></member><member><A>1.5</A></member></List>"), "{sns}");
    assert!(!sns.contains("Not"), "{sns}");
    let cloudwatch = text(ServiceName::CloudWatch, Protocol::AwsQuery);
    assert!(cloudwatch.contains("<Timestamp>2023-11-14T22:13:20.500Z</Timestamp>"), "{cloudwatch}");
    let json = text(ServiceName::CloudWatch, Protocol::AwsJson10);
    assert_eq!(json, r#"{"Attributes":{"k<":"v"},"List":[{"A":1},{"A":1.5}],"Timestamp":1700000000.5}"#);
    let ec2 = text(ServiceName::Ec2, Protocol::Ec2Query);
    assert!(ec2.contains("<requestId>id</requestId>") && ec2.contains("<List><item><A>1</A></item>"), "{ec2}");
    let cbor = encode(&asked(ServiceName::CloudWatch, Protocol::RpcV2Cbor), &output, "id");
    let read: ciborium::Value = ciborium::from_reader(cbor.body.as_ref()).expect("CBOR");
    let time = read.as_map().expect("map").iter().find(|(name, _)| name.as_text() == Some("Timestamp")).expect("there");
    assert_eq!(time.1, ciborium::Value::Tag(1, Box::new(1_700_000_000.5.into())));
}

#[test]
fn an_error_has_the_shape_of_its_protocol() {
    let error = ApiError::new("ResourceNotFound", "a < b").with_status(404);
    let text = |service, protocol| {
        let reply = encode_error(&asked(service, protocol), &error, "id");
        assert_eq!(reply.status, 404);
        (reply.headers, String::from_utf8_lossy(&reply.body).into_owned())
    };
    let (_, ec2) = text(ServiceName::Ec2, Protocol::Ec2Query);
    assert!(ec2.contains("<Response><Errors><Error><Code>ResourceNotFound</Code><Message>a &lt; b</Message>"), "{ec2}");
    let (_, query) = text(ServiceName::CloudWatch, Protocol::AwsQuery);
    assert!(query.contains("<Error><Type>Sender</Type><Code>ResourceNotFound</Code>"), "{query}");
    let (headers, json) = text(ServiceName::CloudWatch, Protocol::AwsJson10);
    assert!(json.contains(r#""__type":"com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound""#), "{json}");
    assert!(headers.contains(&("x-amzn-query-error", "ResourceNotFound;Sender".to_owned())));
    let (_, logs) = text(ServiceName::Logs, Protocol::AwsJson11);
    assert_eq!(logs, r#"{"__type":"ResourceNotFound","message":"a < b"}"#);
}

#[test]
fn the_header_says_what_the_body_says_of_the_kind_of_an_error() {
    let error = ApiError::new("AWS.SimpleQueueService.NonExistentQueue", "gone");
    let reply = encode_error(&asked(ServiceName::Sqs, Protocol::AwsJson10), &error, "id");
    let told = |name: &str| reply.headers.iter().find(|(header, _)| *header == name).map(|(_, text)| text.as_str());
    assert_eq!(told("x-amzn-errortype"), Some("com.amazonaws.sqs#QueueDoesNotExist"));
    assert_eq!(told("x-amzn-query-error"), Some("AWS.SimpleQueueService.NonExistentQueue;Sender"));
}
