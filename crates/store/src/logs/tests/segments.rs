//! Segments: made, merged, dropped; and append-log files that go when they may.

use std::{fs, path::PathBuf};

use arrow::array::Array as _;

use super::*;

fn files(dir: &Path, below: &str) -> Vec<PathBuf> {
    let mut folders = vec![dir.join("logs").join(below)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// A record, a text, or both in one batch, by its number.
fn events(number: i64) -> Vec<InputEvent> {
    let record = format!("2 1 eni-a 10.0.0.1 10.0.0.2 {number} 22 6 1 40 1 2 REJECT OK");
    let mut events = vec![event(NOW + number % 5, format!("text {number}")); usize::from(number % 3 != 0)];
    events.extend((number % 3 != 1).then(|| event(NOW + number % 5, record)));
    events
}

#[test]
fn their_number_stays_bounded_and_nothing_is_lost_by_merging() {
    let dir = tempfile::tempdir().expect("made");
    let options = LogOptions { merge_segments: 4, merge_rows: 150, ..options() };
    let store = with_stream(dir.path(), options.clone());
    let mut expected = Vec::new();
    let mut most = 0;
    for number in 0..150 {
        put(&store, "s", &events(number));
        expected.extend(events(number).into_iter().map(|event| event.message));
        store.flush().expect("segments");
        store.poll(NOW);
        most = most.max(files(dir.path(), "segments").len());
    }
    expected.sort();
    assert_eq!(store.counters().last_failure, None);
    assert!(most < 25, "{most} segments of some 200 events");
    assert_eq!(scanned(&store), expected);
    drop(store);
    let store = open_with(dir.path(), options, &Arc::default());
    assert_eq!(scanned(&store), expected);
}

#[test]
fn a_reader_sees_each_event_once_while_all_is_merged() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), LogOptions { merge_segments: 2, ..options() });
    for number in 0..8 {
        put(&store, "s", &[event(NOW, format!("{number}"))]);
        if number != 7 {
            store.flush().expect("segments");
        }
    }
    let mut reader = store.scan("/g", 0, i64::MAX, NOW).expect("scanned");
    let before = files(dir.path(), "segments").len();
    let mut seen = reader.next().expect("some").expect("read").len();
    store.flush().expect("segments");
    store.poll(NOW);
    assert_eq!((files(dir.path(), "segments").len(), before), (8, 7), "seven are still being read");
    seen += reader.map(|events| events.expect("read").len()).sum::<usize>();
    assert_eq!(seen, 8);
    assert_eq!(files(dir.path(), "segments").len(), 1);
    assert_eq!(scanned(&store).len(), 8);
}

#[test]
fn row_groups_that_cannot_match_are_not_read() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    let events: Vec<_> = (0..100).map(|number| event(NOW + number, "x")).collect();
    put(&store, "s", &events);
    store.flush().expect("segments");
    let view = store.view("/g", NOW).expect("there");
    let pieces = |from: i64, to: i64| -> usize {
        let segments = view.pieces((EventKey::at(NOW + from), EventKey::at(NOW + to)));
        let row_groups = segments.iter().map(|segment| match segment.load(None).expect("opened") {
            merge::Content::Pieces(row_groups) => row_groups.len(),
            merge::Content::Events(_) => panic!("all are in a segment"),
        });
        row_groups.sum()
    };
    assert_eq!((pieces(-10, 1_000), pieces(50, 51), pieces(13, 15), pieces(100, 200)), (15, 1, 2, 0));
    assert_eq!(
        store.scan("/g", NOW + 50, NOW + 53, NOW).expect("scanned").map(|e| e.expect("read").len()).sum::<usize>(),
        3
    );
}

/// Two segments of one event each.
fn with_two_segments(dir: &Path) -> LogStore {
    let store = with_stream(dir, options());
    for number in 0..2 {
        put(&store, "s", &[event(NOW + number, format!("event {number}"))]);
        store.flush().expect("a segment");
    }
    store
}

#[test]
fn a_segment_that_cannot_be_read_holds_up_no_merge_but_its_own() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), LogOptions { merge_segments: 2, ..options() });
    create(&store, "/h", &["s"]);
    for group in ["/g", "/h", "/g", "/h"] {
        store.append(group, "s", &[event(NOW, "x")], NOW).expect("put");
        store.flush().expect("a segment");
    }
    let damaged = files(dir.path(), "segments/1").remove(0);
    fs::write(&damaged, b"PAR1 no more PAR1").expect("damaged");
    store.poll(NOW);
    let failure = store.counters().last_failure.expect("told");
    assert!(failure.contains(damaged.to_str().expect("UTF-8")), "{failure}");
    let left = |group: &str| files(dir.path(), group).len();
    assert_eq!((left("segments/1"), left("segments/2")), (2, 1));
}

#[test]
fn a_page_opens_the_segments_that_it_needs() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_two_segments(dir.path());
    for (gone, from_head, read) in [("2.parquet", true, "event 0"), ("1.parquet", false, "event 1")] {
        let (path, aside) = (dir.path().join("logs/segments/1").join(gone), dir.path().join("aside"));
        fs::rename(&path, &aside).expect("away");
        let request = |limit| GetLogEventsRequest {
            log_group_name: Some("/g".into()),
            log_stream_name: "s".into(),
            start_from_head: Some(from_head),
            limit: Some(limit),
            ..Default::default()
        };
        assert_eq!(store.get_log_events(&request(1), NOW).expect("read").events[0].message, read);
        assert!(store.get_log_events(&request(2), NOW).expect_err("gone").to_string().contains(gone));
        fs::rename(&aside, &path).expect("back");
    }
}

#[test]
fn a_reader_keeps_what_it_began_with_when_the_group_is_deleted() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_two_segments(dir.path());
    let scan = store.scan("/g", 0, i64::MAX, NOW).expect("scanned");
    store.delete_log_group("/g").expect("deleted");
    assert_eq!(scan.map(|events| events.expect("read").len()).sum::<usize>(), 2);
    assert!(files(dir.path(), "segments/1").is_empty());
}

#[test]
fn who_appends_faster_than_segments_are_made_makes_them() {
    let dir = tempfile::tempdir().expect("made");
    let limits =
        LogOptions { memory_limit: 64 << 10, segment_memory: 16 << 10, append_file_bytes: 8 << 10, ..options() };
    let store = with_stream(dir.path(), limits.clone());
    for number in 0..60 {
        put(&store, "s", &vec![event(NOW + number, "x".repeat(100)); 50]);
        assert!(store.memory() <= limits.memory_limit + (16 << 10), "{}", store.memory());
    }
    assert!(store.counters().segments > 3);
    assert_eq!(scanned(&store).len(), 3_000);
    drop(store);
    // What nobody has settled stays in the append log, but not in memory.
    let store = open_with(dir.path(), limits.clone(), &Arc::default());
    assert!(store.memory() <= limits.memory_limit + (16 << 10), "{}", store.memory());
    assert!(files(dir.path(), "append").len() > 10);
    assert_eq!(scanned(&store).len(), 3_000);
}

#[test]
fn append_log_files_go_when_they_are_in_segments_and_settled() {
    let dir = tempfile::tempdir().expect("made");
    let tap = Arc::<Told>::default();
    let store = open_with(dir.path(), LogOptions { append_file_bytes: 100, ..options() }, &tap);
    create(&store, "/g", &["s"]);
    for number in 0..10 {
        put(&store, "s", &[event(NOW, format!("{number} {}", "x".repeat(100)))]);
    }
    assert_eq!(files(dir.path(), "append").len(), 10);
    tap.settle(6);
    store.poll(NOW);
    assert_eq!(files(dir.path(), "append").len(), 10, "in no segment yet");
    store.flush().expect("segments");
    assert_eq!(files(dir.path(), "append").len(), 4, "settled up to 6");
    tap.settle(10);
    store.poll(NOW);
    assert_eq!(files(dir.path(), "append").len(), 1);
    tap.take_positions();
    tap.settle(9);
    drop(store);
    let store = open(dir.path(), &tap);
    assert_eq!(tap.take_positions(), [10], "in a segment, and told again all the same");
    assert_eq!((scanned(&store).len(), store.memory()), (10, 0));
    assert_eq!(put(&store, "s", &[event(NOW, "x")]).position, Some(11));
}

#[test]
fn batches_are_made_segments_by_size_and_by_age() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), LogOptions { segment_memory: 10_000, ..options() });
    put(&store, "s", &[event(NOW, "small")]);
    assert_eq!(store.poll(NOW + 59_999), NOW + 60_999);
    assert_eq!(store.counters().segments, 0);
    store.poll(NOW + 60_000);
    assert_eq!((store.counters().segments, store.memory()), (1, 0));
    put(&store, "s", &[event(NOW, "x".repeat(10_000))]);
    store.poll(NOW);
    assert_eq!((store.counters().segments, store.memory()), (2, 0));
}

#[test]
fn expired_segments_go_once_the_clock_can_be_believed() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    let day = 24 * 60 * 60 * 1000;
    put(&store, "s", &vec![event(NOW - 2 * day, "old"); 3]);
    store.flush().expect("segments");
    put(&store, "s", &[event(NOW, "new")]);
    store.flush().expect("segments");
    store.set_retention("/g", Some(1)).expect("set");
    for minute in 0..60 {
        store.poll(NOW + minute * 60_000);
    }
    assert_eq!(files(dir.path(), "segments").len(), 2);
    store.poll(NOW + 60 * 60_000);
    assert_eq!(files(dir.path(), "segments").len(), 1);
    assert_eq!(store.counters().expired_events, 3);
    assert_eq!(scanned(&store), ["new"]);
}

#[test]
fn what_a_crash_left_half_done_is_removed() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    put(&store, "s", &[event(NOW, "x")]);
    store.flush().expect("segments");
    let segment = files(dir.path(), "segments").pop().expect("one");
    drop(store);
    // A segment that never got into the catalogue, one half written, and one of a group that was deleted.
    for name in ["77.parquet", "78.parquet.tmp"] {
        fs::copy(&segment, segment.with_file_name(name)).expect("copied");
    }
    let deleted = dir.path().join("logs/segments/99");
    fs::create_dir(&deleted).expect("made");
    fs::copy(&segment, deleted.join("1.parquet")).expect("copied");
    let store = open(dir.path(), &Arc::default());
    assert_eq!(files(dir.path(), "segments"), std::slice::from_ref(&segment));
    assert!(!deleted.exists());
    put(&store, "s", &[event(NOW, "y")]);
    store.flush().expect("segments");
    assert_eq!(scanned(&store), ["x", "y"]);

    fs::write(&segment, b"PAR1 no more PAR1").expect("damaged");
    let error = store.scan("/g", 0, i64::MAX, NOW).expect("begun").find_map(Result::err).expect("told");
    assert!(error.to_string().contains(segment.to_str().expect("UTF-8")), "{error}");
    assert_eq!(error.code(), "ServiceUnavailableException");
}

#[test]
fn a_scan_reads_some_fields_in_parts_and_knows_what_all_records_have() {
    const LINE: &str = "2 123456789012 eni-1 10.0.0.1 10.0.0.2 4000 22 6 1 40 1780000000 1780000060 ACCEPT OK";
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    let events: Vec<_> = (0..20).map(|number| event(NOW + number, LINE)).collect();
    put(&store, "s", &events);
    store.flush().expect("segments");
    put(&store, "s", &events[..3]);
    let scan = || store.scan("/g", 0, i64::MAX, NOW).expect("scanned").opened().expect("opened");
    assert_eq!(scan().common_fields().len(), 14);
    let mut seen = (0, 0);
    let parts = scan().with_fields(&[weir_record::Field::Bytes].into()).split(2);
    assert_eq!(parts.len(), 2);
    for mut part in parts {
        for events in part.by_ref() {
            let events = events.expect("read");
            assert_eq!(events.field(weir_record::Field::Bytes).expect("asked for").len(), events.len());
            assert_eq!(events.other_messages().null_count(), events.len());
            seen.0 += events.len();
        }
        seen.1 += part.bytes();
    }
    assert_eq!(seen, (23, 23 * LINE.len() as u64));
    put(&store, "s", &[event(NOW + 30, "no record")]);
    assert!(scan().common_fields().is_empty());
    assert_eq!(scanned(&store).len(), 24);
}
