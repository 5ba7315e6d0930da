use serde_json::{Value, json};

use super::*;
use crate::{
    Serve,
    access::Principal,
    protocol::{self, Asked, Protocol},
    services::fixture::{Folder, NOW, call},
};

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alarms";

fn opened() -> (Arc<Folder>, Table<Sns>) {
    let folder = Folder::new();
    let table = table(Arc::clone(&folder) as Arc<dyn Regions>);
    (folder, table)
}

/// What the table answers to a form: the status, and the XML without its frame.
fn form(table: &Table<Sns>, call: &Call, operation: &str, body: &str) -> (u16, String) {
    let protocol = Protocol::AwsQuery;
    let asked = Asked { service: ServiceName::Sns, operation: operation.to_owned(), protocol, query_mode: false };
    let payload = protocol::decode(&asked, body.as_bytes().to_vec().into()).expect("decoded");
    let reply = match table.call(operation, call, &payload) {
        Ok(output) => protocol::encode(&asked, &output, "id"),
        Err(error) => protocol::encode_error(&asked, &error, "id"),
    };
    (reply.status, String::from_utf8(reply.body.to_vec()).expect("a text"))
}

fn ok(table: &Table<Sns>, operation: &str, body: &str) -> String {
    let (status, xml) = form(table, &call(NOW), operation, body);
    assert_eq!(status, 200, "{operation}: {xml}");
    xml
}

fn refused(table: &Table<Sns>, operation: &str, body: &str) -> (u16, String) {
    let (status, xml) = form(table, &call(NOW), operation, body);
    let code = xml.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).expect("a code").0;
    let message = xml.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>")).expect("a text").0;
    (status, format!("{code}: {message}"))
}

/// The text of an attribute in an answer.
fn attribute(xml: &str, name: &str) -> String {
    let key = format!("<key>{name}</key><value>");
    let (_, rest) = xml.split_once(&key).unwrap_or_else(|| panic!("{name} in {xml}"));
    rest.split_once("</value>").expect("an end").0.to_owned()
}

#[test]
fn a_new_topic_has_the_attributes_that_aws_gives_it() {
    let (_folder, sns) = opened();
    let made = ok(&sns, "CreateTopic", "Name=alarms&Tags.member.1.Key=k&Tags.member.1.Value=v");
    assert!(made.contains(&format!("<CreateTopicResult><TopicArn>{TOPIC}</TopicArn></CreateTopicResult>")), "{made}");
    let xml = ok(&sns, "GetTopicAttributes", &format!("TopicArn={TOPIC}"));
    assert_eq!((attribute(&xml, "DisplayName"), attribute(&xml, "Owner")), (String::new(), "123456789012".to_owned()));
    for count in ["SubscriptionsConfirmed", "SubscriptionsPending", "SubscriptionsDeleted"] {
        assert_eq!(attribute(&xml, count), "0");
    }
    let policy = attribute(&xml, "Policy").replace("&quot;", "\"");
    let policy: Value = serde_json::from_str(&policy).expect("JSON");
    assert_eq!(policy["Statement"][0]["Action"].as_array().expect("actions").len(), 8);
    let tags = ok(&sns, "ListTagsForResource", &format!("ResourceArn={TOPIC}"));
    assert!(tags.contains("<Tags><member><Key>k</Key><Value>v</Value></member></Tags>"), "{tags}");
    let add = format!("TopicArn={TOPIC}&Label=l&AWSAccountId.member.1=111111111111&ActionName.member.1=Publish");
    ok(&sns, "AddPermission", &add);
    let xml = ok(&sns, "GetTopicAttributes", &format!("TopicArn={TOPIC}"));
    assert!(attribute(&xml, "Policy").contains("arn:aws:iam::111111111111:root"), "{xml}");
}

#[test]
fn what_is_no_policy_is_refused() {
    let (_, sns) = opened();
    ok(&sns, "CreateTopic", "Name=alarms");
    for policy in
        ["{", "{}", "[]", "{\"Statement\":[]}", "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"SNS:Publish\"}}"]
    {
        let value: String = url::form_urlencoded::byte_serialize(policy.as_bytes()).collect();
        for (operation, form) in [
            ("SetTopicAttributes", format!("TopicArn={TOPIC}&AttributeName=Policy&AttributeValue={value}")),
            ("CreateTopic", format!("Name=other&Attributes.entry.1.key=Policy&Attributes.entry.1.value={value}")),
        ] {
            let expected = (400, "InvalidParameter: Invalid parameter: Policy Error: null".to_owned());
            assert_eq!(refused(&sns, operation, &form), expected, "{policy}");
        }
    }
}

#[test]
fn the_policy_of_a_topic_is_the_one_that_was_given() {
    let (folder, sns) = opened();
    ok(&sns, "CreateTopic", "Name=alarms");
    let policies = policies(folder);
    assert!(policies(TOPIC).is_empty(), "what topics have by default says nothing about their account");
    let set = |policy: &str| {
        let value: String = url::form_urlencoded::byte_serialize(policy.as_bytes()).collect();
        ok(&sns, "SetTopicAttributes", &format!("TopicArn={TOPIC}&AttributeName=Policy&AttributeValue={value}"));
    };
    set(r#"{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "SNS:Publish", "Resource": "*"}]}"#);
    let context = crate::access::Context::default();
    let question = |action| crate::access::policy::Question {
        caller: crate::access::policy::Caller::Service("cloudwatch.amazonaws.com"),
        action,
        resource: TOPIC,
        context: &context,
    };
    assert!(
        policies(TOPIC)[0].denies(&question("sns:Publish")) && !policies(TOPIC)[0].denies(&question("sns:Subscribe"))
    );
    set("");
    assert!(policies(TOPIC).is_empty());
}

#[test]
fn what_is_published_is_in_the_queue_at_once() {
    let (folder, sns) = opened();
    let sqs = crate::services::sqs::table(Arc::clone(&folder) as Arc<dyn Regions>);
    let ask =
        |operation: &str, input: Value| crate::services::fixture::ask(&sqs, operation, &input, NOW).expect(operation);
    ok(&sns, "CreateTopic", "Name=alarms");
    let url = ask("CreateQueue", json!({"QueueName": "box"}))["QueueUrl"].clone();
    let endpoint = "arn:aws:sqs:us-east-1:123456789012:box";
    ok(&sns, "Subscribe", &format!("TopicArn={TOPIC}&Protocol=sqs&Endpoint={endpoint}"));
    ok(&sns, "Publish", &format!("TopicArn={TOPIC}&Message=one"));
    let entry = "PublishBatchRequestEntries.member.1";
    ok(&sns, "PublishBatch", &format!("TopicArn={TOPIC}&{entry}.Id=1&{entry}.Message=two"));
    let received = ask("ReceiveMessage", json!({"QueueUrl": url, "MaxNumberOfMessages": 10}));
    let texts: Vec<Value> = received["Messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| {
            let body: Value = serde_json::from_str(message["Body"].as_str().expect("a text")).expect("JSON");
            body["Message"].clone()
        })
        .collect();
    assert_eq!(texts, ["one", "two"]);
    let counters = folder.region("us-east-1").expect("there").courier.counters().expect("read");
    assert_eq!((counters.sent, counters.waiting), (2, 0));
}

#[test]
fn subscriptions_are_confirmed_and_ended_by_links_too() {
    let (folder, sns) = opened();
    ok(&sns, "CreateTopic", "Name=alarms");
    let subscribe = format!("TopicArn={TOPIC}&Protocol=email&Endpoint=a@example.com");
    let pending = ok(&sns, "Subscribe", &subscribe);
    assert!(pending.contains("<SubscriptionArn>pending confirmation</SubscriptionArn>"), "{pending}");
    let told = ok(&sns, "Subscribe", &format!("{subscribe}&ReturnSubscriptionArn=true"));
    let arn =
        told.split("<SubscriptionArn>").nth(1).and_then(|rest| rest.split('<').next()).expect("an ARN").to_owned();
    assert!(arn.starts_with(&format!("{TOPIC}:")), "{arn}");
    let listed = ok(&sns, "ListSubscriptionsByTopic", &format!("TopicArn={TOPIC}"));
    assert!(listed.contains("<SubscriptionArn>PendingConfirmation</SubscriptionArn>"), "{listed}");

    let token = folder.token();
    let nobody = Call { principal: Principal::nobody(), region: "eu-west-1".to_owned(), ..call(NOW) };
    let confirm = format!("TopicArn={TOPIC}&Token={token}&AuthenticateOnUnsubscribe=true");
    let (status, xml) = form(&sns, &nobody, "ConfirmSubscription", &confirm);
    assert!(status == 200 && xml.contains(&arn), "{xml}");
    let xml = ok(&sns, "GetSubscriptionAttributes", &format!("SubscriptionArn={arn}"));
    assert_eq!(attribute(&xml, "ConfirmationWasAuthenticated"), "false", "a link does not sign");
    assert_eq!(form(&sns, &nobody, "Unsubscribe", &format!("SubscriptionArn={arn}")).0, 200);
    ok(&sns, "Unsubscribe", &format!("SubscriptionArn={arn}"));
}

#[test]
fn messages_have_attributes_and_come_in_batches() {
    let (_folder, sns) = opened();
    ok(&sns, "CreateTopic", "Name=alarms");
    let attribute = "MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.DataType=Number\
                     &MessageAttributes.entry.1.Value.StringValue=5";
    let published = ok(&sns, "Publish", &format!("TopicArn={TOPIC}&Message=x&{attribute}"));
    assert!(published.contains("<MessageId>"), "{published}");
    let batch = format!(
        "TopicArn={TOPIC}&PublishBatchRequestEntries.member.1.Id=1&PublishBatchRequestEntries.member.1.Message=x\
         &PublishBatchRequestEntries.member.2.Id=2&PublishBatchRequestEntries.member.2.Message="
    );
    let xml = ok(&sns, "PublishBatch", &batch);
    assert!(xml.contains("<Successful><member><Id>1</Id><MessageId>"), "{xml}");
    assert!(xml.contains("<Failed><member><Code>InvalidParameter</Code><Id>2</Id>"), "{xml}");
    assert!(xml.contains("<SenderFault>true</SenderFault>"), "{xml}");
}

#[test]
fn errors_are_in_the_words_of_aws() {
    let (_folder, sns) = opened();
    ok(&sns, "CreateTopic", "Name=alarms&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=A");
    let of_topic = |rest: &str| format!("TopicArn={TOPIC}&{rest}");
    for (operation, body, status, text) in [
        ("GetTopicAttributes", format!("TopicArn={TOPIC}x"), 404, "NotFound: Topic does not exist"),
        ("Publish", format!("TopicArn={TOPIC}x&Message=m"), 404, "NotFound: Topic does not exist"),
        ("Publish", of_topic("Message="), 400, "InvalidParameter: Invalid parameter: Empty message"),
        ("Publish", of_topic("Message=m&Subject="), 400, "InvalidParameter: Invalid parameter: Subject"),
        ("Subscribe", format!("TopicArn={TOPIC}x&Protocol=sqs&Endpoint=no"), 404, "NotFound: Topic does not exist"),
        (
            "Subscribe",
            of_topic("Protocol=pigeon&Endpoint=x"),
            400,
            "InvalidParameter: Invalid parameter: Amazon SNS does not support this protocol string: pigeon",
        ),
        (
            "GetTopicAttributes",
            "TopicArn=alarms".to_owned(),
            400,
            "InvalidParameter: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        ("CreateTopic", "Name=a+b".to_owned(), 400, "InvalidParameter: Invalid parameter: Topic Name"),
        (
            "Publish",
            format!("TopicArn={}&Message=m", TOPIC.replace("us-east-1", "eu-west-1")),
            400,
            "InvalidParameter: Invalid parameter: TopicArn",
        ),
        (
            "CreateTopic",
            "Name=alarms&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=B".to_owned(),
            400,
            "InvalidParameter: Invalid parameter: Attributes Reason: Topic already exists with different attributes",
        ),
        ("ConfirmSubscription", of_topic("Token=abc"), 400, "InvalidParameter: Invalid token"),
        ("TagResource", format!("ResourceArn={TOPIC}x"), 404, "ResourceNotFound: Resource does not exist"),
    ] {
        assert_eq!(refused(&sns, operation, &body), (status, text.to_owned()), "{operation} {body}");
    }
    ok(&sns, "DeleteTopic", &format!("TopicArn={TOPIC}"));
    ok(&sns, "DeleteTopic", &format!("TopicArn={TOPIC}"));
    assert_eq!(topic(&call(NOW), &Payload::tree(Protocol::AwsQuery, json!({"TargetArn": TOPIC}))), [TOPIC]);
}
