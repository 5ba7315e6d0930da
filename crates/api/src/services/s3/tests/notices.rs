//! Queues and topics are told of objects.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_watch::{
    queue::{CreateQueueInput, ReceiveMessageInput},
    topic::{CreateTopicInput, SubscribeInput},
};

use super::{
    client::Server,
    wire::{ask, open},
};
use crate::{
    Region, Regions,
    services::{
        fixture::{self, NOW},
        sqs,
    },
};

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:objects";

fn region(server: &Server) -> Arc<Region> {
    server.folder.region("us-east-1").expect("a region")
}

fn make_queue(server: &Server) {
    let input = CreateQueueInput { queue_name: Some("objects".to_owned()), ..CreateQueueInput::default() };
    region(server).topics.queues().create_queue(&input, NOW).expect("made");
}

/// What is in the queue, oldest first; it is empty then.
fn told(server: &Server) -> Vec<Value> {
    let queues = region(server).topics.queues().clone();
    let input = ReceiveMessageInput {
        queue_url: "objects".to_owned(),
        max_number_of_messages: Some(10),
        ..ReceiveMessageInput::default()
    };
    let messages = queues.receive_message(&input, NOW).expect("received");
    for message in &messages {
        queues.delete_message("objects", &message.receipt_handle, NOW).expect("deleted");
    }
    messages.iter().map(|message| serde_json::from_str(&message.body).expect("JSON")).collect()
}

fn rule(kind: &str, arn: &str, rest: &str) -> String {
    format!(
        "<NotificationConfiguration><{kind}Configuration><Id>one</Id><{kind}>{arn}</{kind}>{rest}\
         </{kind}Configuration></NotificationConfiguration>"
    )
}

const ALL: &str = "<Event>s3:ObjectCreated:*</Event><Event>s3:ObjectRemoved:*</Event>";

#[test]
fn a_queue_is_told_of_the_objects_that_its_rule_is_about() {
    let server = open();
    make_queue(&server);
    let filter = "<Filter><S3Key><FilterRule><Name>prefix</Name><Value>a b/</Value></FilterRule>\
                  <FilterRule><Name>suffix</Name><Value>.gz</Value></FilterRule></S3Key></Filter>";
    let given = rule("Queue", QUEUE, &format!("{ALL}{filter}"));
    let answer = ask(&server, "PUT /lake?notification", "", &given);
    assert!(answer.head.starts_with("http/1.1 200"), "{}", answer.body);
    let test = told(&server);
    assert_eq!((test.len(), &test[0]["Event"], &test[0]["Bucket"]), (1, &json!("s3:TestEvent"), &json!("lake")));
    let shown = ask(&server, "GET /lake?notification", "", "").body;
    for part in
        [QUEUE, "<Id>one</Id>", "<Event>s3:ObjectRemoved:*</Event>", "<Name>Prefix</Name>", "<Value>.gz</Value>"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    ask(&server, "PUT /lake/a%20b/x+y.gz", "", "hello");
    ask(&server, "PUT /lake/a%20b/x.txt", "", "hello");
    ask(&server, "DELETE /lake/a%20b/x+y.gz", "", "");
    ask(&server, "DELETE /lake/a%20b/never.gz", "", "");
    let records: Vec<Value> = told(&server).iter().map(|message| message["Records"][0].clone()).collect();
    let names: Vec<&str> = records.iter().filter_map(|record| record["eventName"].as_str()).collect();
    assert_eq!(names, ["ObjectCreated:Put", "ObjectRemoved:Delete"]);
    let (record, object) = (&records[0], &records[0]["s3"]["object"]);
    assert_eq!(object["key"], "a+b/x%2By.gz");
    assert_eq!((&object["size"], &object["eTag"]), (&json!(5), &json!("5d41402abc4b2a76b9719d911017c592")));
    assert_eq!((&record["awsRegion"], &record["s3"]["configurationId"]), (&json!("us-east-1"), &json!("one")));
    assert_eq!(record["eventTime"], "2023-11-14T22:13:20.000Z");
    ask(&server, "PUT /lake?notification", "", "<NotificationConfiguration/>");
    ask(&server, "PUT /lake/a%20b/z.gz", "", "hello");
    assert!(told(&server).is_empty());
}

#[test]
fn one_is_told_of_what_is_delivered_and_of_uploads_copies_and_markers() {
    let server = open();
    make_queue(&server);
    ask(&server, "PUT /lake?notification", "", &rule("Queue", QUEUE, ALL));
    told(&server);
    let lake = "lake".parse().expect("a name");
    server.run(server.buckets.put(&lake, "AWSLogs/x.log.gz", "hello".into())).expect("put");
    ask(&server, "PUT /lake/copy", "x-amz-copy-source: /lake/AWSLogs/x.log.gz\r\n", "");
    let versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    ask(&server, "PUT /lake?versioning", "", versioning);
    ask(&server, "DELETE /lake/copy", "", "");
    let begun = ask(&server, "POST /lake/big?uploads", "", "").body;
    let id = begun.split_once("<UploadId>").and_then(|(_, rest)| rest.split_once('<')).expect("an id").0;
    let part = ask(&server, &format!("PUT /lake/big?partNumber=1&uploadId={id}"), "", "hello").head;
    let etag = part.split_once("etag: ").and_then(|(_, rest)| rest.split_once("\r\n")).expect("a tag").0;
    let list = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    );
    ask(&server, &format!("POST /lake/big?uploadId={id}"), "", &list);
    let told = told(&server);
    let names: Vec<&str> = told.iter().filter_map(|message| message["Records"][0]["eventName"].as_str()).collect();
    let expected = [
        "ObjectCreated:Put",
        "ObjectCreated:Copy",
        "ObjectRemoved:DeleteMarkerCreated",
        "ObjectCreated:CompleteMultipartUpload",
    ];
    assert_eq!(names, expected);
    assert_eq!(told[0]["Records"][0]["s3"]["object"]["size"], 5);
    assert!(told[2]["Records"][0]["s3"]["object"]["versionId"].is_string());
}

#[test]
fn a_topic_is_told_and_says_it_on() {
    let server = open();
    make_queue(&server);
    let topics = region(&server).topics.clone();
    let topic =
        topics.create_topic(&CreateTopicInput { name: "t".to_owned(), ..Default::default() }, NOW).expect("made");
    let raw = [("RawMessageDelivery".to_owned(), "true".to_owned())].into();
    let subscribe = SubscribeInput {
        topic_arn: topic.topic_arn.clone(),
        protocol: "sqs".to_owned(),
        endpoint: QUEUE.to_owned(),
        attributes: raw,
        ..Default::default()
    };
    topics.subscribe(&subscribe, NOW).expect("subscribed");
    ask(&server, "PUT /lake?notification", "", &rule("Topic", &topic.topic_arn, ALL));
    ask(&server, "PUT /lake/x", "", "hello");
    let told = told(&server);
    assert_eq!((told.len(), &told[1]["Records"][0]["eventName"]), (2, &json!("ObjectCreated:Put")));
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let server = open();
    make_queue(&server);
    let refused = |document: &str| ask(&server, "PUT /lake?notification", "", document).body;
    let all = rule("Queue", QUEUE, ALL);
    let second = all.replace("</NotificationConfiguration>", "").replace("one", "two");
    let both = format!("{second}{}", all.trim_start_matches("<NotificationConfiguration>"));
    for (document, expected) in [
        (rule("Queue", "arn:aws:sqs:us-east-1:1", ALL), "The ARN is not well formed"),
        (rule("Queue", &QUEUE.replace("east", "west"), ALL), "service region is not valid for the bucket location"),
        (rule("Queue", &QUEUE.replace("objects", "none"), ALL), "Unable to validate the following destination"),
        (rule("Queue", QUEUE, "<Event>odd</Event>"), "The event &apos;odd&apos; is not supported for notifications"),
        (
            rule(
                "Queue",
                QUEUE,
                &format!(
                    "{ALL}<Filter><S3Key><FilterRule><Name>x</Name><Value>y</Value></FilterRule></S3Key></Filter>"
                ),
            ),
            "filter rule name must be either prefix or suffix",
        ),
        (both, "Configurations overlap."),
    ] {
        let answer = refused(&document);
        assert!(answer.contains("<Code>InvalidArgument</Code>") && answer.contains(expected), "{expected}: {answer}");
    }
    assert!(!ask(&server, "GET /lake?notification", "", "").body.contains(QUEUE));
}

#[test]
fn the_queue_has_to_let_s3_in() {
    let server = Server::start();
    server.store("lake");
    make_queue(&server);
    let access = &server.s3.service.access;
    access.guard("sqs", sqs::policies(Arc::clone(&server.folder) as Arc<dyn Regions>));
    let table = server.s3.stacks();
    let rules = json!([{"Queue": QUEUE, "Event": "s3:ObjectCreated:*", "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "a"}]}}}]);
    let input = json!({"Bucket": "lake", "Configuration": {"QueueConfigurations": rules}});
    let put = || fixture::ask(table.as_ref(), "PutBucketNotificationConfiguration", &input, NOW);
    assert_eq!(put().expect_err("refused").message, "Unable to validate the following destination configurations");
    let statement = json!({
        "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": QUEUE,
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::lake"}, "StringEquals": {"aws:SourceAccount": "123456789012"}},
    });
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let set = |policy: String| {
        let attributes = [("Policy".to_owned(), policy)].into();
        let input = weir_watch::queue::SetQueueAttributesInput { queue_url: "objects".to_owned(), attributes };
        region(&server).topics.queues().set_queue_attributes(&input, NOW).expect("set");
    };
    set(policy);
    put().expect("set");
    assert_eq!(told(&server).len(), 1);
    let lake = "lake".parse().expect("a name");
    server.run(server.buckets.put(&lake, "a/1", "x".into())).expect("put");
    server.run(server.buckets.put(&lake, "b/1", "x".into())).expect("put");
    assert_eq!(told(&server).len(), 1);
    set(String::new());
    server.run(server.buckets.put(&lake, "a/2", "x".into())).expect("put");
    assert!(told(&server).is_empty(), "what nobody lets in is not put there");
    let lost = server.s3.lost_notifications();
    assert_eq!(lost.count, 1, "what is lost is counted");
    assert!(lost.last.is_some_and(|why| why.contains(QUEUE) && why.contains("lake") && why.contains("policy")));
}

#[test]
fn what_a_queue_that_is_gone_was_not_told_is_counted() {
    let server = open();
    make_queue(&server);
    ask(&server, "PUT /lake?notification", "", &rule("Queue", QUEUE, ALL));
    region(&server).topics.queues().delete_queue("objects").expect("deleted");
    assert_eq!(server.s3.lost_notifications().count, 0);
    assert!(ask(&server, "PUT /lake/x", "", "hello").head.starts_with("http/1.1 200"));
    assert!(ask(&server, "DELETE /lake/x", "", "").head.starts_with("http/1.1 204"));
    let lost = server.s3.lost_notifications();
    assert_eq!(lost.count, 2);
    assert!(lost.last.is_some_and(|why| why.contains(QUEUE)));
}
