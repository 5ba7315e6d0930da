use std::{
    io::Read as _,
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use serde_json::{Value, json};
use weir_watch::notice::Failure;

use super::Post;
use crate::{
    Table,
    services::{
        fixture::{Folder, NOW, ask},
        logs::{Logs, table_with},
    },
};

/// A table whose endpoint takes what is posted; the first event is refused twice, as by one that is busy.
fn opened(folder: &Arc<Folder>) -> (Table<Logs>, Receiver<Value>) {
    let (sender, posted) = channel();
    let busy = std::sync::atomic::AtomicUsize::new(0);
    let post: Post = Arc::new(move |url: &str, body: &[u8]| {
        let mut text = String::new();
        flate2::read::GzDecoder::new(body).read_to_string(&mut text).expect("gzip");
        let message: Value = serde_json::from_str(&text).expect("JSON");
        let is_data = message["messageType"] == "DATA_MESSAGE";
        if is_data && busy.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 1 {
            return Err(Failure::Transient("busy".to_owned()));
        }
        if url.contains("gone") {
            return Err(Failure::Permanent("the endpoint answered 410".to_owned()));
        }
        let _ = sender.send(message);
        Ok(())
    });
    (table_with(&folder.foundation(), post).expect("a table"), posted)
}

fn ok(table: &Table<Logs>, operation: &str, input: &Value) -> Value {
    ask(table, operation, input, NOW).expect(operation)
}

fn next(posted: &Receiver<Value>) -> Value {
    posted.recv_timeout(Duration::from_secs(30)).expect("posted")
}

fn put(name: &str, destination: &str) -> Value {
    json!({"logGroupName": "/a", "filterName": name, "filterPattern": "REJECT", "destinationArn": destination})
}

fn events(message: &str) -> Value {
    let events = json!([{"timestamp": NOW, "message": "ACCEPT"}, {"timestamp": NOW, "message": message}]);
    json!({"logGroupName": "/a", "logStreamName": "s", "logEvents": events})
}

#[test]
fn events_go_to_an_endpoint_also_after_a_restart() {
    let folder = Folder::new();
    let (table, posted) = opened(&folder);
    ok(&table, "CreateLogGroup", &json!({"logGroupName": "/a"}));
    ok(&table, "CreateLogStream", &json!({"logGroupName": "/a", "logStreamName": "s"}));
    ok(&table, "PutSubscriptionFilter", &put("f", "https://example.com/in"));
    assert_eq!(next(&posted)["messageType"], "CONTROL_MESSAGE");
    let described = ok(&table, "DescribeSubscriptionFilters", &json!({"logGroupName": "/a"}));
    let filter = &described["subscriptionFilters"][0];
    assert_eq!((&filter["distribution"], &filter["creationTime"]), (&json!("ByLogStream"), &json!(NOW)));
    ok(&table, "PutLogEvents", &events("REJECT one"));
    let message = next(&posted);
    assert_eq!((&message["logStream"], &message["subscriptionFilters"]), (&json!("s"), &json!(["f"])));
    let found = message["logEvents"].as_array().expect("events");
    assert_eq!((found.len(), &found[0]["message"]), (1, &json!("REJECT one")));
    let read = ok(&table, "FilterLogEvents", &json!({"logGroupName": "/a", "filterPattern": "REJECT"}));
    assert_eq!(found[0]["id"], read["events"][0]["eventId"]);
    drop(table);

    let (table, posted) = opened(&folder.again());
    ok(&table, "PutLogEvents", &events("REJECT two"));
    assert_eq!(next(&posted)["logEvents"][0]["message"], "REJECT two");
    ok(&table, "DeleteLogGroup", &json!({"logGroupName": "/a"}));
    ok(&table, "CreateLogGroup", &json!({"logGroupName": "/a"}));
    let described = ok(&table, "DescribeSubscriptionFilters", &json!({"logGroupName": "/a"}));
    assert_eq!(described["subscriptionFilters"], json!([]));
}

#[test]
fn what_cannot_be_reached_is_refused_in_the_words_of_aws() {
    let folder = Folder::new();
    let (table, _posted) = opened(&folder);
    ok(&table, "CreateLogGroup", &json!({"logGroupName": "/a"}));
    let refused = |operation: &str, input: &Value| {
        let error = ask(&table, operation, input, NOW).expect_err(operation);
        format!("{}: {}", error.code, error.message)
    };
    let kinesis = put("f", "arn:aws:kinesis:us-east-1:123456789012:stream/s");
    assert_eq!(
        refused("PutSubscriptionFilter", &kinesis),
        "InvalidParameterException: destinationArn for vendor kinesis cannot be used without roleArn"
    );
    for (destination, words) in [
        ("arn:aws:lambda:us-east-1:123456789012:function:f", "Could not execute the lambda function."),
        ("arn:aws:sns:us-east-1:123456789012:t", "cannot work with destinationArn for vendor sns"),
        (
            "https://example.com/gone",
            "Could not deliver test message to specified endpoint: the endpoint answered 410.",
        ),
    ] {
        let text = refused("PutSubscriptionFilter", &put("f", destination));
        assert!(text.contains(words), "{text}");
    }
    for name in ["f", "g", "f"] {
        ok(&table, "PutSubscriptionFilter", &put(name, "https://example.com/in"));
    }
    let third = refused("PutSubscriptionFilter", &put("h", "https://example.com/in"));
    assert_eq!(third, "LimitExceededException: Resource limit exceeded.");
    let delete = |name: &str| json!({"logGroupName": "/a", "filterName": name});
    ok(&table, "DeleteSubscriptionFilter", &delete("f"));
    assert_eq!(
        refused("DeleteSubscriptionFilter", &delete("f")),
        "ResourceNotFoundException: The specified subscription filter does not exist."
    );
}
