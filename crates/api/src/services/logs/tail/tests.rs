use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    Call, Event, Events, Payload, Serve as _, Table,
    services::{
        fixture::{Folder, NOW, ask, call},
        logs::{Logs, table},
    },
};

struct Opened {
    _folder: Arc<Folder>,
    table: Table<Logs>,
}

fn opened() -> Opened {
    let folder = Folder::new();
    let table = table(&folder.foundation()).expect("a table");
    let opened = Opened { _folder: folder, table };
    opened.ok("CreateLogGroup", &json!({"logGroupName": "/a"}));
    for stream in ["eni-1-all", "eni-2-all"] {
        opened.ok("CreateLogStream", &json!({"logGroupName": "/a", "logStreamName": stream}));
    }
    opened
}

impl Opened {
    fn ok(&self, operation: &str, input: &Value) -> Value {
        ask(&self.table, operation, input, NOW).expect(operation)
    }

    fn put(&self, stream: &str, messages: &[String]) {
        let events: Vec<_> = messages.iter().map(|message| json!({"timestamp": NOW, "message": message})).collect();
        self.ok("PutLogEvents", &json!({"logGroupName": "/a", "logStreamName": stream, "logEvents": events}));
    }

    fn tail(&self, input: &Value) -> Result<Events, crate::ApiError> {
        let call: Call = call(NOW);
        self.table.stream("StartLiveTail", &call, &Payload::json(input.to_string().into())).expect("a stream")
    }
}

async fn next(events: &mut Events) -> Event {
    timeout(Duration::from_secs(20), events.recv()).await.expect("in time").expect("an event")
}

/// The next update that has events.
async fn results(events: &mut Events) -> Value {
    loop {
        let event = next(events).await;
        if event.payload["sessionResults"].as_array().is_some_and(|results| !results.is_empty()) {
            return event.payload;
        }
    }
}

#[tokio::test]
async fn events_come_as_they_are_put() {
    let logs = opened();
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/a";
    let input = json!({
        "logGroupIdentifiers": [arn], "logStreamNamePrefixes": ["eni-1"], "logEventFilterPattern": "REJECT"
    });
    let mut events = logs.tail(&input).expect("started");
    let start = next(&mut events).await;
    assert_eq!((start.name, &start.payload["logGroupIdentifiers"]), ("sessionStart", &json!([arn])));
    assert_eq!(next(&mut events).await.payload, json!({"sessionMetadata": {"sampled": false}, "sessionResults": []}));
    logs.put("eni-2-all", &["REJECT elsewhere".to_owned()]);
    logs.put("eni-1-all", &["ACCEPT".to_owned(), "REJECT here".to_owned()]);
    let update = results(&mut events).await;
    let expected = json!([{
        "logStreamName": "eni-1-all", "logGroupIdentifier": arn, "message": "REJECT here", "timestamp": NOW,
        "ingestionTime": NOW,
    }]);
    assert_eq!(update["sessionResults"], expected);
}

#[tokio::test]
async fn of_very_many_events_some_are_sent_and_it_is_told() {
    let logs = opened();
    let mut events = logs.tail(&json!({"logGroupIdentifiers": ["/a"]})).expect("started");
    logs.put("eni-1-all", &vec!["x".to_owned(); 600]);
    let update = results(&mut events).await;
    assert_eq!(update["sessionResults"].as_array().expect("events").len(), 500);
    assert_eq!(update["sessionMetadata"]["sampled"], true);
}

#[tokio::test]
async fn what_cannot_be_tailed_is_refused() {
    let logs = opened();
    let code = |input: Value| logs.tail(&input).expect_err("refused").code.into_owned();
    assert_eq!(code(json!({"logGroupIdentifiers": ["/b"]})), "ResourceNotFoundException");
    assert_eq!(code(json!({"logGroupIdentifiers": []})), "InvalidParameterException");
    let pattern = json!({"logGroupIdentifiers": ["/a"], "logEventFilterPattern": "[a"});
    assert_eq!(code(pattern), "InvalidParameterException");
    let both = json!({"logGroupIdentifiers": ["/a"], "logStreamNames": ["a"], "logStreamNamePrefixes": ["b"]});
    assert_eq!(code(both), "InvalidParameterException");
}
