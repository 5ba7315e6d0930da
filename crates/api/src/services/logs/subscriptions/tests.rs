use std::{
    io::Read as _,
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use serde_json::{Value, json};
use weir_store::{Catalogue, CatalogueError};
use weir_watch::{
    metric::{Dimension, GetMetricStatisticsInput},
    notice::Failure,
};

use super::Post;
use crate::{
    Regions as _, Table,
    services::{
        fixture::{Folder, NOW, REGION, ask},
        logs::{Logs, table_with},
    },
};

/// A table whose endpoint takes what is posted, but events only when it is asked the second time, as one that is busy. One
/// that is `away` takes no events.
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
        if is_data && url.contains("away") {
            return Err(Failure::Transient("no answer".to_owned()));
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

/// A group with a stream and a filter.
fn prepared(table: &Table<Logs>, destination: &str) {
    ok(table, "CreateLogGroup", &json!({"logGroupName": "/a"}));
    ok(table, "CreateLogStream", &json!({"logGroupName": "/a", "logStreamName": "s"}));
    ok(table, "PutSubscriptionFilter", &put("f", destination));
}

fn until(what: impl Fn() -> bool) {
    for _ in 0..300 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("it did not come to pass");
}

/// The sum of a metric of the filter.
fn counted(folder: &Arc<Folder>, metric: &str) -> f64 {
    let dimension = |name: &str, value: &str| Dimension { name: name.to_owned(), value: value.to_owned() };
    let input = GetMetricStatisticsInput {
        namespace: "AWS/Logs".to_owned(),
        metric_name: metric.to_owned(),
        dimensions: vec![
            dimension("LogGroupName", "/a"),
            dimension("DestinationType", "HTTPS"),
            dimension("FilterName", "f"),
        ],
        start_time: NOW - 60_000,
        end_time: NOW + 60_000,
        period: 60,
        statistics: vec!["Sum".to_owned()],
        ..GetMetricStatisticsInput::default()
    };
    let metrics = Arc::clone(&folder.region(REGION).expect("open").metrics);
    let statistics = metrics.get_metric_statistics(&input, NOW).expect("read");
    statistics.datapoints.iter().filter_map(|datapoint| datapoint.sum).sum()
}

/// Whether it is on disk that everything was handed on.
fn is_kept(folder: &Arc<Folder>) -> bool {
    let last = folder.region(REGION).expect("open").logs.last_position("/a").expect("there");
    let catalogue = Catalogue::open(&folder.path().join("catalogue.sqlite")).expect("opened");
    let select = "SELECT position FROM logsapi_forwarded";
    let kept: i64 = catalogue
        .change(|transaction| Ok::<_, CatalogueError>(transaction.query_row(select, [], |row| row.get(0))?))
        .expect("read");
    kept.cast_unsigned() == last
}

/// The messages of events, as they arrive, until there are so many.
fn arrived(posted: &Receiver<Value>, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    while found.len() < count {
        let message = next(posted);
        let events = message["logEvents"].as_array().expect("events").iter();
        found.extend(events.map(|event| event["message"].as_str().expect("a text").to_owned()));
    }
    found
}

#[test]
fn what_waits_when_the_program_ends_arrives_after_a_restart_and_once() {
    let folder = Folder::new();
    let (table, _posted) = opened(&folder);
    prepared(&table, "https://example.com/away");
    ok(&table, "PutLogEvents", &events("REJECT one"));
    until(|| counted(&folder, "DeliveryErrors") > 0.0);
    ok(&table, "PutLogEvents", &events("REJECT two"));
    drop(table);

    let restarted = folder.again();
    let (table, posted) = opened(&restarted);
    ok(&table, "PutLogEvents", &events("REJECT three"));
    until(|| counted(&restarted, "DeliveryErrors") > 0.0);
    // Put again, the filter goes on where it was.
    ok(&table, "PutSubscriptionFilter", &put("f", "https://example.com/in"));
    assert_eq!(next(&posted)["messageType"], "CONTROL_MESSAGE");
    assert_eq!(arrived(&posted, 3), ["REJECT one", "REJECT two", "REJECT three"]);
    until(|| is_kept(&restarted));
    assert_eq!(counted(&restarted, "ForwardedLogEvents"), 3.0);
    assert!(counted(&restarted, "ForwardedBytes") > 100.0);
    drop(table);

    let restarted = restarted.again();
    let (table, posted) = opened(&restarted);
    ok(&table, "PutLogEvents", &events("REJECT four"));
    assert_eq!(arrived(&posted, 1), ["REJECT four"]);
}

#[test]
fn what_is_too_old_when_an_endpoint_comes_back_is_left_out_and_counted() {
    let folder = Folder::new();
    let (table, posted) = opened(&folder);
    prepared(&table, "https://example.com/away");
    assert_eq!(next(&posted)["messageType"], "CONTROL_MESSAGE");
    ask(&table, "PutLogEvents", &events("REJECT old"), NOW - 60_000).expect("put");
    until(|| counted(&folder, "LeftOutLogEvents") == 1.0);
    ok(&table, "PutLogEvents", &events("REJECT new"));
    let errors = counted(&folder, "DeliveryErrors");
    until(|| counted(&folder, "DeliveryErrors") > errors);
    ok(&table, "PutSubscriptionFilter", &put("f", "https://example.com/in"));
    assert_eq!(next(&posted)["messageType"], "CONTROL_MESSAGE");
    assert_eq!(arrived(&posted, 1), ["REJECT new"]);
    assert_eq!(counted(&folder, "LeftOutLogEvents"), 1.0);
}

#[test]
fn a_group_that_is_made_again_hands_on_nothing_of_the_one_before() {
    let folder = Folder::new();
    let (table, posted) = opened(&folder);
    prepared(&table, "https://example.com/away");
    ok(&table, "PutLogEvents", &events("REJECT one"));
    ok(&table, "DeleteLogGroup", &json!({"logGroupName": "/a"}));
    prepared(&table, "https://example.com/in");
    ok(&table, "PutLogEvents", &events("REJECT two"));
    assert_eq!([next(&posted), next(&posted)].map(|message| message["messageType"].clone()), ["CONTROL_MESSAGE"; 2]);
    assert_eq!(arrived(&posted, 1), ["REJECT two"]);
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
