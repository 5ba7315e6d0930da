//! Groups and streams: made, listed, tagged, deleted.

use std::collections::BTreeMap;

use super::*;

fn groups(store: &LogStore, request: &DescribeLogGroupsRequest) -> (Vec<String>, Option<String>) {
    let page = store.describe_log_groups(request).expect("listed");
    (page.log_groups.into_iter().map(|group| group.log_group_name).collect(), page.next_token)
}

fn streams(store: &LogStore, request: DescribeLogStreamsRequest) -> (Vec<String>, Option<String>) {
    let request = DescribeLogStreamsRequest { log_group_name: Some("/g".into()), ..request };
    let page = store.describe_log_streams(&request).expect("listed");
    (page.log_streams.into_iter().map(|stream| stream.log_stream_name).collect(), page.next_token)
}

#[test]
fn groups_are_listed_page_by_page() {
    let dir = tempfile::tempdir().expect("made");
    let store = open(dir.path(), &Arc::default());
    for name in ["/b/2", "/a", "/b/1", "/c", "/b/3"] {
        create(&store, name, &[]);
    }
    let again = CreateLogGroupRequest { log_group_name: "/a".into(), ..Default::default() };
    let refused = store.create_log_group(&again, NOW).expect_err("there already");
    assert_eq!(refused.code(), "ResourceAlreadyExistsException");
    assert_eq!(refused.to_string(), "The specified log group already exists");
    let request =
        DescribeLogGroupsRequest { log_group_name_prefix: Some("/b".into()), limit: Some(2), ..Default::default() };
    let (names, token) = groups(&store, &request);
    assert_eq!(names, ["/b/1", "/b/2"]);
    assert_eq!(groups(&store, &DescribeLogGroupsRequest { next_token: token, ..request }), (vec!["/b/3".into()], None));
    let pattern = DescribeLogGroupsRequest { log_group_name_pattern: Some("3".into()), ..Default::default() };
    assert_eq!(groups(&store, &pattern).0, ["/b/3"]);
    let both = DescribeLogGroupsRequest { log_group_name_prefix: Some("/".into()), ..pattern };
    assert_eq!(store.describe_log_groups(&both).expect_err("both").code(), "InvalidParameterException");
    for limit in [0, 51] {
        let request = DescribeLogGroupsRequest { limit: Some(limit), ..Default::default() };
        assert_eq!(store.describe_log_groups(&request).expect_err("limit").code(), "InvalidParameterException");
    }
}

#[test]
fn what_is_set_is_there_after_a_restart() {
    let dir = tempfile::tempdir().expect("made");
    let store = open(dir.path(), &Arc::default());
    let tags = BTreeMap::from([("team".to_owned(), "net".to_owned()), ("env".into(), "lab".into())]);
    let request = CreateLogGroupRequest { log_group_name: "/g".into(), tags, ..Default::default() };
    store.create_log_group(&request, NOW).expect("made");
    create_stream(&store, "/g", "s").expect("made");
    for days in [0, 2, 4, 366, 10_000] {
        assert_eq!(store.set_retention("/g", Some(days)).expect_err("not allowed").code(), "InvalidParameterException");
    }
    store.set_retention("/g", Some(30)).expect("set");
    store.tag_log_group("/g", &BTreeMap::from([("team".into(), "sec".into())])).expect("tagged");
    store.untag_log_group("/g", &["env".into()]).expect("untagged");
    let reserved = BTreeMap::from([("aws:x".into(), String::new())]);
    assert_eq!(store.tag_log_group("/g", &reserved).expect_err("reserved").code(), "InvalidParameterException");
    put(&store, "s", &[event(NOW - 5, "12345"), event(NOW - 1, "x")]);
    store.flush().expect("segments");
    put(&store, "s", &[event(NOW, "1")]);
    let expected = (store.describe_log_groups(&Default::default()), described(&store));
    drop(store);

    let store = open(dir.path(), &Arc::default());
    let (groups, streams) = (store.describe_log_groups(&Default::default()), described(&store));
    assert_eq!((groups.as_ref().expect("listed"), &streams), (&expected.0.expect("listed"), &expected.1));
    let group = &groups.expect("listed").log_groups[0];
    assert_eq!((group.retention_in_days, group.stored_bytes, group.creation_time), (Some(30), 7 + 3 * 26, NOW));
    assert_eq!(group.arn, "arn:aws:logs:us-east-1:123456789012:log-group:/g:*");
    let stream = &streams[0];
    let times = (stream.first_event_timestamp, stream.last_event_timestamp, stream.last_ingestion_time);
    assert_eq!(times, (Some(NOW - 5), Some(NOW), Some(NOW)));
    assert_eq!(store.list_tags_log_group("/g").expect("listed"), BTreeMap::from([("team".into(), "sec".into())]));
    store.set_retention("/g", None).expect("for ever");
}

fn described(store: &LogStore) -> Vec<LogStream> {
    let request = DescribeLogStreamsRequest { log_group_name: Some("/g".into()), ..Default::default() };
    store.describe_log_streams(&request).expect("listed").log_streams
}

#[test]
fn streams_are_listed_by_name_and_by_last_event() {
    let dir = tempfile::tempdir().expect("made");
    let store = open(dir.path(), &Arc::default());
    create(&store, "/g", &["eni-1-all", "eni-2-all", "eni-3-all", "other"]);
    for (stream, age) in [("eni-2-all", 1), ("other", 2), ("eni-1-all", 3)] {
        put(&store, stream, &[event(NOW - age, "x")]);
    }
    let by_name = DescribeLogStreamsRequest { limit: Some(3), ..Default::default() };
    let (names, token) = streams(&store, by_name.clone());
    assert_eq!(names, ["eni-1-all", "eni-2-all", "eni-3-all"]);
    assert_eq!(
        streams(&store, DescribeLogStreamsRequest { next_token: token, ..by_name }),
        (vec!["other".into()], None)
    );
    let latest = DescribeLogStreamsRequest {
        order_by: Some(OrderBy::LastEventTime),
        descending: Some(true),
        limit: Some(2),
        ..Default::default()
    };
    let (names, token) = streams(&store, latest.clone());
    assert_eq!(names, ["eni-2-all", "other"]);
    let rest = streams(&store, DescribeLogStreamsRequest { next_token: token, ..latest.clone() });
    assert_eq!(rest, (vec!["eni-1-all".into(), "eni-3-all".into()], None));
    let prefix = DescribeLogStreamsRequest { log_stream_name_prefix: Some("eni-2".into()), ..Default::default() };
    assert_eq!(streams(&store, prefix).0, ["eni-2-all"]);
    let wrong = DescribeLogStreamsRequest {
        log_group_identifier: Some("/g".into()),
        log_stream_name_prefix: Some("e".into()),
        ..latest
    };
    assert_eq!(store.describe_log_streams(&wrong).expect_err("both").code(), "InvalidParameterException");
}

#[test]
fn what_is_deleted_does_not_come_back() {
    let dir = tempfile::tempdir().expect("made");
    let tap = Arc::<Told>::default();
    let store = open(dir.path(), &tap);
    create(&store, "/g", &["s", "t"]);
    put(&store, "s", &[event(NOW, "in a segment")]);
    put(&store, "t", &[event(NOW, "stays")]);
    store.flush().expect("segments");
    put(&store, "s", &[event(NOW, "in memory")]);
    store.delete_log_stream("/g", "s").expect("deleted");
    assert_eq!(store.delete_log_stream("/g", "s").expect_err("gone").code(), "ResourceNotFoundException");
    assert_eq!(scanned(&store), ["stays"]);
    create_stream(&store, "/g", "s").expect("made again");
    put(&store, "s", &[event(NOW, "new")]);
    assert_eq!(scanned(&store), ["new", "stays"]);
    drop(store);
    let store = open(dir.path(), &tap);
    assert_eq!(scanned(&store), ["new", "stays"]);
    store.flush().expect("segments");
    assert_eq!(scanned(&store), ["new", "stays"]);

    let reader = store.scan("/g", 0, i64::MAX, NOW).expect("scanned");
    store.delete_log_group("/g").expect("deleted");
    assert!(matches!(store.scan("/g", 0, i64::MAX, NOW), Err(LogsError::ResourceNotFound("log group"))));
    assert_eq!(reader.map(|events| events.expect("still readable").len()).sum::<usize>(), 2);
    create(&store, "/g", &["s"]);
    assert_eq!(scanned(&store), [""; 0]);
    drop(store);
    tap.take_positions();
    let store = open(dir.path(), &tap);
    assert_eq!((scanned(&store), tap.take_positions()), (vec![], vec![]));
    assert_eq!(put(&store, "s", &[event(NOW, "x")]).position, Some(5), "positions are never used again");
    assert_eq!(std::fs::read_dir(dir.path().join("logs/segments")).expect("listed").count(), 0);
}
