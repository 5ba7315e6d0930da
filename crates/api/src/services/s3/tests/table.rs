//! What pages ask: the same buckets as clients see.

use serde_json::{Value, json};

use super::wire::{ask, open};
use crate::services::fixture::{self, NOW};

#[test]
fn buckets_are_made_listed_and_taken_away() {
    let server = open();
    let table = server.s3.table();
    let does = |operation: &str, input: Value| fixture::ask(table.as_ref(), operation, &input, NOW);
    assert_eq!(does("CreateBucket", json!({"Bucket": "made-here"})).expect("made")["Location"], "/made-here");
    assert!(ask(&server, "HEAD /made-here", "", "").head.starts_with("http/1.1 200"));
    let listed = does("ListBuckets", json!({"MaxBuckets": 10})).expect("listed");
    let named = |name: &str| json!({"Name": name, "CreationDate": NOW, "BucketRegion": "us-east-1"});
    assert_eq!(listed["Buckets"], json!([named("lake"), named("made-here")]));
    let first = does("ListBuckets", json!({"MaxBuckets": 1})).expect("listed");
    assert_eq!(first["ContinuationToken"], "lake");

    let refused = does("CreateBucket", json!({"Bucket": "Made_Here"})).expect_err("no name");
    assert_eq!((refused.code.as_ref(), refused.status), ("InvalidBucketName", 400));
    let elsewhere = json!({"Bucket": "far", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}});
    assert_eq!(does("CreateBucket", elsewhere).expect("made")["Location"], "http://far.s3.amazonaws.com/");
    assert!(ask(&server, "GET /far?location", "", "").body.contains("eu-west-1"));

    ask(&server, "PUT /far/x", "", "x");
    assert_eq!(does("DeleteBucket", json!({"Bucket": "far"})).expect_err("not empty").code, "BucketNotEmpty");
    assert_eq!(does("DeleteBucket", json!({"Bucket": "made-here"})).expect("gone"), Value::Null);
    assert_eq!(does("DeleteBucket", json!({"Bucket": "made-here"})).expect_err("gone").code, "NoSuchBucket");
}

#[test]
fn objects_are_listed_folder_by_folder_and_page_by_page() {
    let server = open();
    let table = server.s3.table();
    for (key, body) in [("AWSLogs/1/a", "a"), ("AWSLogs/1/b", "bb"), ("AWSLogs/2/c", "ccc"), ("top", "")] {
        ask(&server, &format!("PUT /lake/{key}"), "", body);
    }
    let list = |input: Value| {
        let mut whole = json!({"Bucket": "lake", "Delimiter": "/"});
        whole.as_object_mut().expect("an object").extend(input.as_object().expect("an object").clone());
        fixture::ask(table.as_ref(), "ListObjectsV2", &whole, NOW).expect("listed")
    };
    let keys = |listed: &Value| {
        let all = listed["Contents"].as_array().expect("a list").iter();
        all.map(|object| object["Key"].as_str().expect("a key").to_owned()).collect::<Vec<_>>()
    };
    let top = list(json!({}));
    assert_eq!((keys(&top), &top["CommonPrefixes"]), (vec!["top".to_owned()], &json!([{"Prefix": "AWSLogs/"}])));
    assert_eq!((&top["KeyCount"], &top["IsTruncated"]), (&json!(2), &json!(false)));
    let inside = list(json!({"Prefix": "AWSLogs/1/"}));
    assert_eq!(keys(&inside), ["AWSLogs/1/a", "AWSLogs/1/b"]);
    let object = &inside["Contents"][1];
    assert_eq!((&object["Size"], &object["StorageClass"]), (&json!(2), &json!("STANDARD")));
    assert_eq!(object["ETag"], r#""21ad0bd836b90d08f4cf640b4c298e7c""#);
    assert!(object["LastModified"].as_i64().is_some_and(|time| time > 0 && time % 1000 == 0), "{object}");
    let first = list(json!({"Prefix": "AWSLogs/1/", "MaxKeys": 1}));
    assert_eq!((keys(&first), &first["IsTruncated"]), (vec!["AWSLogs/1/a".to_owned()], &json!(true)));
    let token = first["NextContinuationToken"].clone();
    assert_eq!(keys(&list(json!({"Prefix": "AWSLogs/1/", "ContinuationToken": token}))), ["AWSLogs/1/b"]);
}
