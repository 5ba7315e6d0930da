//! Putting events: what is stored, told, and there after a restart.

use arrow::{array::AsArray, datatypes::Int64Type};
use weir_network::TrafficType;
use weir_record::{BatchBuilder, Field, Format, Value};

use super::*;

const LINE: &str = "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";

fn records(format: &Format, rows: &[(&str, i64)]) -> arrow::record_batch::RecordBatch {
    let mut builder = BatchBuilder::new(format.clone());
    for (interface, start) in rows {
        builder.push(|field| match field {
            Field::Version => Value::Number(2),
            Field::InterfaceId => Value::Text(interface),
            Field::Start | Field::End => Value::Number(*start),
            Field::Action => Value::Text("REJECT"),
            _ => Value::Absent,
        });
    }
    builder.finish()
}

#[test]
fn an_acknowledged_event_is_seen_told_and_there_after_a_restart() {
    let dir = tempfile::tempdir().expect("made");
    let tap = Arc::<Told>::default();
    let store = open(dir.path(), &tap);
    create(&store, "/g", &["s", "t"]);
    assert_eq!(put(&store, "s", &[event(NOW, "one"), event(NOW, "two")]).position, Some(1));
    assert_eq!(put(&store, "t", &[event(NOW - 1, LINE)]).position, Some(2));
    let told = tap.batches.lock().expect("sound").clone();
    assert_eq!((told[0].position, &*told[0].group, &*told[0].stream, told[0].ingestion_time), (1, "/g", "s", NOW));
    assert!(told[0].records.is_none() && told[1].records.is_some());
    assert_eq!(scanned(&store), [LINE, "one", "two"]);
    drop(store);

    // Not settled: told again, as it was.
    tap.batches.lock().expect("sound").clear();
    let store = open(dir.path(), &tap);
    let again = tap.batches.lock().expect("sound").clone();
    assert_eq!(format!("{again:?}"), format!("{told:?}"));
    assert_eq!(scanned(&store), [LINE, "one", "two"]);
    drop(store);
    tap.settle(1);
    tap.take_positions();
    let store = open(dir.path(), &tap);
    assert_eq!(tap.take_positions(), [2]);
    assert_eq!(put(&store, "s", &[event(NOW, "three")]).position, Some(3));
}

#[test]
fn records_are_columns_and_lines() {
    let dir = tempfile::tempdir().expect("made");
    let tap = Arc::<Told>::default();
    let store = open(dir.path(), &tap);
    let format: Format = "${interface-id} ${start} ${action} ${vpc-id}".parse().expect("valid");
    let start = NOW / 1000;
    let batch = records(&format, &[("eni-b", start), ("eni-a", start - 5), ("-", start - 1), ("eni-b", start - 60)]);
    let put = store.append_window("/g", &[batch], &format, (TrafficType::All, "fl-1"), NOW).expect("put");
    assert_eq!((put.stored, put.left_out, put.position), (4, 0, Some(3)));
    let told = tap.batches.lock().expect("sound").clone();
    let streams: Vec<_> = told.iter().map(|batch| &*batch.stream).collect();
    assert_eq!(streams, ["eni-a-all", "eni-b-all", "fl-1-all"]);
    // By time, and the columns are those of the messages.
    assert_eq!(told[1].timestamps, [(start - 60) * 1000, start * 1000]);
    let columns = told[1].records.as_ref().expect("records");
    assert_eq!(columns.batch.column_by_name("start").expect("there").as_primitive::<Int64Type>().value(0), start - 60);
    assert_eq!(told[1].messages.value(0), format!("eni-b {} REJECT -", start - 60));
    assert!(columns.valid.is_none());
    assert_eq!(lock_writes(&store), 1, "one sync for the whole window");
    drop(store);

    // The same columns after a restart, and lines of this group are read in its format.
    tap.take_positions();
    let store = open(dir.path(), &tap);
    assert_eq!(format!("{:?}", tap.batches.lock().expect("sound").clone()), format!("{told:?}"));
    tap.take_positions();
    store.append("/g", "eni-a-all", &[event(NOW, "eni-a 7 ACCEPT vpc-1"), event(NOW, LINE)], NOW).expect("put");
    let told = tap.batches.lock().expect("sound").clone();
    let records = told[0].records.as_ref().expect("one");
    assert_eq!(records.valid.as_ref().expect("not all").set_indices().collect::<Vec<_>>(), [0]);
    assert_eq!(records.format, format);
}

fn lock_writes(store: &LogStore) -> u64 {
    store.counters().writes
}

#[test]
fn texts_with_spaces_are_the_same_after_a_restart() {
    let dir = tempfile::tempdir().expect("made");
    let tap = Arc::<Told>::default();
    let store = open(dir.path(), &tap);
    let format: Format = "${interface-id} ${start}".parse().expect("valid");
    let window = [records(&format, &[("eni a", 7)])];
    store.append_window("/g", &window, &format, (TrafficType::All, "-"), 7_500).expect("put");
    let told = tap.batches.lock().expect("sound").clone();
    assert_eq!(told[0].messages.value(0), "eni%20a 7");
    drop(store);
    tap.take_positions();
    open(dir.path(), &tap);
    assert_eq!(format!("{:?}", tap.batches.lock().expect("sound").clone()), format!("{told:?}"));
}

#[test]
fn what_is_refused_and_what_is_left_out() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    let refused = |group: &str, stream: &str, events: &[InputEvent]| {
        store.append(group, stream, events, NOW).expect_err("refused").code()
    };
    assert_eq!(refused("/none", "s", &[event(NOW, "x")]), "ResourceNotFoundException");
    assert_eq!(refused("/g", "none", &[event(NOW, "x")]), "ResourceNotFoundException");
    assert_eq!(refused("/g", "s", &[event(NOW, "x"), event(NOW - 1, "y")]), "InvalidParameterException");
    assert_eq!(refused("/g", "s", &[event(NOW, "x".repeat(1 << 20))]), "InvalidParameterException");
    store.set_retention("/g", Some(3)).expect("set");
    let day = 24 * 60 * 60 * 1000;
    let old = put(&store, "s", &[event(NOW - 15 * day, "too old")]);
    assert_eq!((old.position, old.stored, old.left_out), (None, 0, 1));
    let put = put(&store, "s", &[event(NOW - 4 * day, "expired"), event(NOW - 3 * day, "just kept")]);
    assert_eq!((put.stored, put.rejected.expect("told").expired_log_event_end_index), (1, Some(1)));
    let largest = (1 << 20) - 26;
    store.append("/g", "s", &[event(NOW, "x".repeat(largest))], NOW).expect("1 MiB with its overhead");
    assert_eq!(scanned(&store).iter().map(String::len).collect::<Vec<_>>(), [9, largest]);
    let counters = store.counters();
    assert_eq!((counters.events, counters.rejected_events, counters.batches), (2, 2, 2));
}

#[test]
fn the_operation_has_the_shape_of_aws() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    let text = format!(
        r#"{{"logGroupName":"/g","logStreamName":"s","sequenceToken":"ignored","logEvents":[{{"timestamp":{NOW},"message":"ä"}},{{"timestamp":{},"message":"new"}}]}}"#,
        NOW + 7_200_001
    );
    let request: PutLogEventsRequest = serde_json::from_str(&text).expect("parsed");
    let response = store.put_log_events(&request, NOW).expect("put");
    let json = serde_json::to_value(&response).expect("JSON");
    assert_eq!(json["rejectedLogEventsInfo"], serde_json::json!({"tooNewLogEventStartIndex": 1}));
    assert_eq!(json["nextSequenceToken"].as_str().map(str::len), Some(56));
    let wrong = text.as_bytes().iter().map(|byte| if *byte == 0xa4 { 0xff } else { *byte }).collect::<Vec<_>>();
    assert!(serde_json::from_slice::<PutLogEventsRequest>(&wrong).is_err(), "what is no UTF-8 is no message");
}

#[test]
fn a_clock_that_jumps_loses_nothing() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    store.set_retention("/g", Some(1)).expect("set");
    let year = 365 * 24 * 60 * 60 * 1000;
    for now in [NOW, NOW + year, NOW - year, NOW] {
        store.append("/g", "s", &[event(now, format!("at {now}"))], now).expect("put");
        store.poll(now);
        store.flush().expect("segments");
    }
    for minute in 0..30 {
        store.poll(NOW + year + minute * 60_000);
    }
    assert_eq!(scanned(&store).len(), 3, "the clock is right again, and nothing of that time was deleted");
}

#[test]
fn many_writers_share_syncs_and_positions_are_without_gaps() {
    let dir = tempfile::tempdir().expect("made");
    let tap = Arc::<Told>::default();
    let store = open(dir.path(), &tap);
    create(&store, "/g", &["s"]);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..25 {
                    let put = put(store, "s", &[event(NOW, format!("{writer}-{number:02}"))]);
                    let page = store.scan("/g", NOW, NOW + 1, NOW).expect("scanned");
                    let seen = page.map(|events| events.expect("read")).any(|events| {
                        (0..events.len()).any(|row| events.key(row).position == put.position.expect("stored"))
                    });
                    assert!(seen, "an acknowledged event is seen at once");
                }
            });
        }
    });
    assert_eq!(tap.take_positions(), (1..=200).collect::<Vec<_>>());
    let counters = store.counters();
    assert_eq!((counters.events, counters.batches), (200, 200));
    assert!(counters.writes < 200, "{counters:?}");
    let expected: Vec<_> =
        (0..8).flat_map(|writer| (0..25).map(move |number| format!("{writer}-{number:02}"))).collect();
    assert_eq!(scanned(&store), expected);
}

#[test]
fn a_listener_hears_of_its_groups_and_counts_what_it_missed() {
    let dir = tempfile::tempdir().expect("made");
    let store = open(dir.path(), &Arc::default());
    create(&store, "/a", &["s"]);
    create(&store, "/b", &["s"]);
    let put = |group: &str, message: &str| {
        store.append(group, "s", &[event(NOW, message)], NOW).expect("appended");
    };
    put("/a", "before");
    let mut listener = store.listen(["/a".to_owned()].into());
    put("/b", "elsewhere");
    put("/a", "first");
    let batch = listener.next_now().expect("heard");
    assert_eq!((batch.messages.value(0), listener.next_now().is_none()), ("first", true));
    (0..6).for_each(|_| put("/a", "many"));
    assert_eq!(listener.missed(), 2, "four wait");
    assert_eq!(std::iter::from_fn(|| listener.next_now()).count(), 4);
}
