use std::{io::Read as _, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{task::spawn_blocking, time::sleep};
use weir_store::Buckets;

use crate::{
    Table,
    services::{
        fixture::{Folder, NOW, ask},
        logs::{Logs, table},
    },
};

struct Opened {
    folder: Arc<Folder>,
    buckets: Buckets,
    table: Arc<Table<Logs>>,
}

async fn opened() -> Opened {
    let folder = Folder::new();
    let foundation = folder.foundation();
    let buckets = foundation.buckets.clone();
    let opened = Opened { folder, buckets, table: Arc::new(table(&foundation).expect("a table")) };
    opened.ok("CreateLogGroup", json!({"logGroupName": "/a"})).await;
    for (stream, message) in [("s/1", "one"), ("t", "two")] {
        opened.ok("CreateLogStream", json!({"logGroupName": "/a", "logStreamName": stream})).await;
        let events = json!([{"timestamp": NOW, "message": message}, {"timestamp": NOW + 1, "message": "late"}]);
        opened.ok("PutLogEvents", json!({"logGroupName": "/a", "logStreamName": stream, "logEvents": events})).await;
    }
    opened
}

impl Opened {
    async fn ask(&self, operation: &'static str, input: Value) -> Result<Value, crate::ApiError> {
        let table = Arc::clone(&self.table);
        spawn_blocking(move || ask(table.as_ref(), operation, &input, NOW)).await.expect("ran")
    }

    async fn ok(&self, operation: &'static str, input: Value) -> Value {
        self.ask(operation, input).await.expect(operation)
    }

    /// The task when it has ended.
    async fn ended(&self, id: &Value) -> Value {
        for _ in 0..200 {
            let task = self.ok("DescribeExportTasks", json!({"taskId": id})).await["exportTasks"][0].clone();
            if task["status"]["code"] != "RUNNING" {
                return task;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("the task does not end");
    }
}

fn export(destination: &str) -> Value {
    json!({"logGroupName": "/a", "from": NOW, "to": NOW, "destination": destination, "destinationPrefix": "p"})
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_exported_into_a_bucket() {
    let logs = opened().await;
    let root = logs.buckets.create(&"exports".parse().expect("a name")).expect("made");
    let id = logs.ok("CreateExportTask", export("exports")).await["taskId"].clone();
    assert!(root.join("p/aws-logs-write-test").is_file(), "before the answer");
    let task = logs.ended(&id).await;
    assert_eq!(task["status"], json!({"code": "COMPLETED", "message": "Completed successfully"}));
    assert!(task["executionInfo"]["completionTime"].as_i64().is_some_and(|time| time >= NOW));
    let folder = root.join("p").join(id.as_str().expect("a text"));
    for (stream, message) in [("s-1", "one"), ("t", "two")] {
        let file = std::fs::File::open(folder.join(stream).join("000000.gz")).expect("exported");
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
        assert_eq!(text, format!("2023-11-14T22:13:20.000Z {message}\n"));
    }
    let mut without = export("exports");
    without["destinationPrefix"].take();
    logs.ok("CreateExportTask", without).await;
    assert!(root.join("aws-logs-write-test").is_file(), "files go below exportedlogs, the test does not");
    let finished = logs.ask("CancelExportTask", json!({"taskId": id})).await.expect_err("finished");
    assert_eq!(finished.code, "InvalidOperationException");
    drop(logs.folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_exported_is_refused() {
    let logs = opened().await;
    let missing = logs.ask("CreateExportTask", export("nowhere")).await.expect_err("no bucket");
    assert_eq!(missing.message, "The given bucket does not exist. Please make sure the bucket is valid.");
    let unknown = logs.ask("CancelExportTask", json!({"taskId": "x"})).await.expect_err("no task");
    assert_eq!((unknown.code.as_ref(), unknown.status), ("ResourceNotFoundException", 400));
    assert_eq!(logs.ok("DescribeExportTasks", json!({})).await["exportTasks"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_policy_is_in_force_until_it_is_deleted() {
    let folder = Folder::new();
    let foundation = folder.foundation();
    let table = Arc::new(table(&foundation).expect("a table"));
    let ask = |operation: &'static str, input: Value| {
        let table = Arc::clone(&table);
        async move { spawn_blocking(move || ask(table.as_ref(), operation, &input, NOW)).await.expect("ran").expect("done") }
    };
    let may = |group: &str| {
        let (access, group) =
            (Arc::clone(&foundation.access), format!("arn:aws:logs:us-east-1:123456789012:log-group:{group}"));
        async move {
            let context = crate::access::Context::default();
            let ask = move || access.allows_service("route53.amazonaws.com", "logs:PutLogEvents", &group, &context);
            spawn_blocking(ask).await.expect("ran")
        }
    };
    assert!(!may("/dns:log-stream:s").await);
    let statement = json!({
        "Effect": "Allow", "Principal": {"Service": "route53.amazonaws.com"}, "Action": "logs:PutLogEvents",
        "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:/dns:*",
    });
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    ask("PutResourcePolicy", json!({"policyName": "p", "policyDocument": document})).await;
    assert!(may("/dns:log-stream:s").await && !may("/web:log-stream:s").await);
    ask("DeleteResourcePolicy", json!({"policyName": "p"})).await;
    assert!(!may("/dns:log-stream:s").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn resource_policies_are_kept() {
    let logs = opened().await;
    let put =
        |name: &str| json!({"policyName": name, "policyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"});
    let answer = logs.ok("PutResourcePolicy", put("p")).await;
    assert_eq!(answer["resourcePolicy"]["lastUpdatedTime"], NOW);
    for number in 0..9 {
        logs.ok("PutResourcePolicy", put(&format!("q{number}"))).await;
    }
    let eleventh = logs.ask("PutResourcePolicy", put("r")).await.expect_err("too many");
    assert_eq!(
        (eleventh.code.as_ref(), eleventh.message.as_str()),
        ("LimitExceededException", "Resource limit exceeded.")
    );
    logs.ok("PutResourcePolicy", put("p")).await;
    let listed = logs.ok("DescribeResourcePolicies", json!({"limit": 3})).await;
    assert_eq!((listed["resourcePolicies"].as_array().map(Vec::len), &listed["nextToken"]), (Some(3), &json!("q1")));
    let missing = logs.ask("DeleteResourcePolicy", json!({"policyName": "none"})).await.expect_err("none");
    assert_eq!(missing.message, "Policy with name [none] does not exist.");
    logs.ok("DeleteResourcePolicy", json!({"policyName": "p"})).await;
}
