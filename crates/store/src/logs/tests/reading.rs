//! Reading by stream and by filter, held against a list that is searched from end to end.

use arrow::{
    array::{Array, AsArray, StringArray},
    buffer::BooleanBuffer,
    datatypes::Int32Type,
};
use proptest::prelude::*;

use super::*;

const STREAMS: [&str; 3] = ["eni-a-all", "eni-b-all", "other"];

/// What happens to a group, one thing after the other.
#[derive(Debug, Clone)]
enum Step {
    /// Events of so many milliseconds before now go to a stream.
    Put(usize, Vec<(i64, u8)>),
    /// What is in memory becomes segments.
    Flush,
    /// What is due is done: segments are merged.
    Poll,
    /// A stream is deleted and made again.
    Delete(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let events = proptest::collection::vec((0_i64..40, any::<u8>()), 1..12);
    let step = prop_oneof![
        6 => (0..STREAMS.len(), events).prop_map(|(stream, events)| Step::Put(stream, events)),
        3 => Just(Step::Flush),
        1 => Just(Step::Poll),
        1 => (0..STREAMS.len()).prop_map(Step::Delete),
    ];
    proptest::collection::vec(step, 1..20)
}

/// An event as the reference has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    key: EventKey,
    stream: usize,
    message: String,
}

/// A record, a JSON text or a word, by its seed.
fn message(seed: u8) -> String {
    match seed % 4 {
        0 | 1 => format!("2 1 eni-a 10.0.0.{seed} 10.0.0.1 {seed} 22 6 1 40 1 2 REJECT OK"),
        2 => format!("{{\"seed\":{seed}}}"),
        _ => format!("word-{seed}"),
    }
}

fn perform(store: &LogStore, steps: &[Step]) -> Vec<Known> {
    let mut known: Vec<Known> = Vec::new();
    for step in steps {
        match step {
            Step::Put(stream, events) => {
                let mut events: Vec<_> = events.iter().map(|(age, seed)| event(NOW - age, message(*seed))).collect();
                events.sort_by_key(|event| event.timestamp);
                let position = put(store, STREAMS[*stream], &events).position.expect("stored");
                known.extend(events.into_iter().zip(0..).map(|(event, index)| Known {
                    key: EventKey { timestamp: event.timestamp, position, index },
                    stream: *stream,
                    message: event.message,
                }));
            }
            Step::Flush => store.flush().expect("segments"),
            Step::Poll => drop(store.poll(NOW)),
            Step::Delete(stream) => {
                store.delete_log_stream("/g", STREAMS[*stream]).expect("deleted");
                create_stream(store, "/g", STREAMS[*stream]).expect("made again");
                known.retain(|event| event.stream != *stream);
            }
        }
    }
    assert_eq!(store.counters().last_failure, None);
    known.sort();
    known
}

fn get(store: &LogStore, request: &GetLogEventsRequest) -> GetLogEventsResponse {
    store.get_log_events(request, NOW).expect("read")
}

/// Follows tokens until they do not change; all events, in the order in which they came.
fn follow(store: &LogStore, first: &GetLogEventsRequest, forward: bool) -> Vec<(i64, String)> {
    let mut request = first.clone();
    let mut all = Vec::new();
    loop {
        let page = get(store, &request);
        let mut events: Vec<_> = page.events.into_iter().map(|event| (event.timestamp, event.message)).collect();
        assert!(events.len() <= usize::try_from(request.limit.expect("given")).expect("small"));
        if !forward {
            events.reverse();
        }
        let token = if forward { page.next_forward_token } else { page.next_backward_token };
        if request.next_token.as_ref() == Some(&token) {
            assert_eq!(events, []);
            return all;
        }
        all.extend(events);
        request.next_token = Some(token);
    }
}

fn search(store: &LogStore, first: &FilterLogEventsRequest, matches: Option<&Predicate<'_>>) -> Vec<FilteredLogEvent> {
    let mut request = first.clone();
    let mut found = Vec::new();
    loop {
        let page = store.filter_log_events(&request, matches, NOW).expect("searched");
        found.extend(page.events);
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            return found;
        }
    }
}

/// Those that are records with an even source port, and the words; each told by its column or by its text.
fn wanted(messages: &StringArray, records: Option<&Records>) -> BooleanBuffer {
    let ports = records.and_then(|records| records.batch.column_by_name("srcport").cloned());
    let ports = ports.map(|ports| ports.as_primitive::<Int32Type>().clone());
    BooleanBuffer::collect_bool(messages.len(), |row| {
        let record = records.is_some_and(|records| records.valid.as_ref().is_none_or(|valid| valid.value(row)));
        match &ports {
            Some(ports) if record => ports.value(row) % 2 == 0,
            _ => messages.value(row).starts_with("word"),
        }
    })
}

fn is_wanted(message: &str) -> bool {
    match message.split(' ').nth(5) {
        Some(port) => port.parse::<u8>().expect("a port") % 2 == 0,
        None => message.starts_with("word"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_way_of_reading_gives_what_was_put(
        steps in steps(),
        limit in 1_i64..9,
        (start, end) in prop_oneof![Just((None, None)), (0_i64..40, 0_i64..40).prop_map(|(a, b)| (Some(NOW - a), Some(NOW - b)))],
        stream in 0..STREAMS.len(),
    ) {
        let dir = tempfile::tempdir().expect("made");
        let options = LogOptions { merge_segments: 2, merge_rows: 200, append_file_bytes: 400, ..options() };
        let catalogue = Catalogue::in_memory().expect("opened");
        let store = LogStore::open(dir.path(), catalogue, options, Arc::<Told>::default() as _).expect("opened");
        create(&store, "/g", &STREAMS);
        let known = perform(&store, &steps);

        let within = |event: &&Known, end: Option<i64>| {
            start.is_none_or(|start| event.key.timestamp >= start) && end.is_none_or(|end| event.key.timestamp < end)
        };
        let of_stream = || known.iter().filter(|event| event.stream == stream && within(event, end));
        let mut expected: Vec<_> = of_stream().map(|event| (event.key.timestamp, event.message.clone())).collect();
        let request = GetLogEventsRequest {
            log_group_name: Some("/g".into()),
            log_stream_name: STREAMS[stream].into(),
            start_time: start,
            end_time: end,
            limit: Some(limit),
            ..Default::default()
        };
        let from_head = GetLogEventsRequest { start_from_head: Some(true), ..request.clone() };
        prop_assert_eq!(&follow(&store, &from_head, true), &expected);
        // From the end of it back to the start, and from the latest page.
        let last = GetLogEventsRequest { limit: Some(10_000), ..from_head.clone() };
        let back = GetLogEventsRequest { next_token: Some(get(&store, &last).next_forward_token.replace('f', "b")), ..request.clone() };
        expected.reverse();
        prop_assert_eq!(&follow(&store, &back, false), &expected);
        prop_assert_eq!(&follow(&store, &request, false), &expected);

        let up_to = end.map(|end| end - 1);
        let all = FilterLogEventsRequest {
            log_group_identifier: Some("/g".into()),
            log_stream_name_prefix: Some("eni-".into()),
            start_time: start,
            end_time: up_to,
            limit: Some(limit),
            ..Default::default()
        };
        let found = search(&store, &all, Some(&wanted));
        let expected: Vec<_> = known.iter().filter(|event| event.stream < 2 && within(event, end) && is_wanted(&event.message)).collect();
        prop_assert_eq!(found.iter().map(|event| EventKey::from_id(&event.event_id).expect("an id")).collect::<Vec<_>>(), expected.iter().map(|event| event.key).collect::<Vec<_>>());
        for (found, expected) in found.iter().zip(expected) {
            let by_id = store.find_event("/g", expected.key, NOW).expect("read");
            prop_assert_eq!(by_id.as_ref(), Some(found));
            prop_assert_eq!((&found.message, found.log_stream_name.as_str()), (&expected.message, STREAMS[expected.stream]));
            prop_assert_eq!((found.timestamp, found.ingestion_time), (expected.key.timestamp, NOW));
        }
        let named = FilterLogEventsRequest { log_stream_name_prefix: None, log_stream_names: Some(vec![STREAMS[2].into(), STREAMS[0].into()]), ..all };
        let count = known.iter().filter(|event| event.stream != 1 && within(event, end)).count();
        prop_assert_eq!(search(&store, &named, None).len(), count);

        let mut scanned = Vec::new();
        for events in store.scan("/g", start.unwrap_or(0), end.unwrap_or(i64::MAX), NOW).expect("scanned") {
            let events = events.expect("read");
            let messages = events.messages().expect("written out");
            scanned.extend((0..events.len()).map(|row| Known {
                key: events.key(row),
                stream: STREAMS.iter().position(|stream| *stream == events.streams().value(row)).expect("known"),
                message: messages.value(row).to_owned(),
            }));
        }
        scanned.sort();
        prop_assert_eq!(scanned, known.iter().filter(|event| within(event, end)).cloned().collect::<Vec<_>>());
    }
}

#[test]
fn a_page_is_a_mebibyte_at_most_and_has_at_least_one_event() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    for (number, size) in [(0, 600_000), (1, 500_000), (2, 1_048_550), (3, 10)] {
        put(&store, "s", &[event(NOW + number, "x".repeat(size))]);
    }
    let request = |token: Option<String>| GetLogEventsRequest {
        log_group_name: Some("/g".into()),
        log_stream_name: "s".into(),
        start_from_head: Some(true),
        next_token: token,
        ..Default::default()
    };
    let mut token = None;
    let mut sizes = Vec::new();
    for _ in 0..4 {
        let page = get(&store, &request(token));
        sizes.push(page.events.iter().map(|event| event.message.len()).collect::<Vec<_>>());
        token = Some(page.next_forward_token);
    }
    assert_eq!(sizes, [vec![600_000], vec![500_000], vec![1_048_550], vec![10]]);
}

#[test]
fn what_comes_later_is_seen_by_going_on() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    let request =
        GetLogEventsRequest { log_group_name: Some("/g".into()), log_stream_name: "s".into(), ..Default::default() };
    let empty = get(&store, &request);
    assert_eq!(empty.events, []);
    put(&store, "s", &[event(NOW - 10, "first")]);
    let page = get(&store, &GetLogEventsRequest { next_token: Some(empty.next_forward_token), ..request.clone() });
    assert_eq!(page.events.len(), 1);
    let on = GetLogEventsRequest { next_token: Some(page.next_forward_token.clone()), ..request };
    let end = get(&store, &on);
    assert_eq!((end.events.len(), &end.next_forward_token), (0, &page.next_forward_token));
    store.flush().expect("segments");
    put(&store, "s", &[event(NOW - 10, "second, of the same time")]);
    assert_eq!(get(&store, &on).events[0].message, "second, of the same time");
}

#[test]
fn wrong_requests_are_refused() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    let get =
        GetLogEventsRequest { log_group_name: Some("/g".into()), log_stream_name: "s".into(), ..Default::default() };
    let code = |request: &GetLogEventsRequest| store.get_log_events(request, NOW).expect_err("refused").code();
    assert_eq!(code(&GetLogEventsRequest { log_stream_name: "t".into(), ..get.clone() }), "ResourceNotFoundException");
    assert_eq!(
        code(&GetLogEventsRequest { log_group_name: Some("/h".into()), ..get.clone() }),
        "ResourceNotFoundException"
    );
    for wrong in [
        GetLogEventsRequest { limit: Some(0), ..get.clone() },
        GetLogEventsRequest { limit: Some(10_001), ..get.clone() },
        GetLogEventsRequest { next_token: Some("f/12".into()), ..get.clone() },
        GetLogEventsRequest { log_group_name: None, ..get.clone() },
        GetLogEventsRequest { log_group_identifier: Some("/g".into()), ..get },
    ] {
        assert_eq!(code(&wrong), "InvalidParameterException", "{wrong:?}");
    }
    let filter = FilterLogEventsRequest { log_group_name: Some("/g".into()), ..Default::default() };
    let code =
        |request: &FilterLogEventsRequest| store.filter_log_events(request, None, NOW).expect_err("refused").code();
    let names = |names: Vec<&str>| Some(names.into_iter().map(str::to_owned).collect());
    assert_eq!(
        code(&FilterLogEventsRequest { log_stream_names: names(vec!["t"]), ..filter.clone() }),
        "ResourceNotFoundException"
    );
    for wrong in [
        FilterLogEventsRequest {
            log_stream_names: names(vec!["s"]),
            log_stream_name_prefix: Some("s".into()),
            ..filter.clone()
        },
        FilterLogEventsRequest { log_stream_names: names(vec![]), ..filter.clone() },
        FilterLogEventsRequest { next_token: Some("x".into()), ..filter },
    ] {
        assert_eq!(code(&wrong), "InvalidParameterException", "{wrong:?}");
    }
}

#[test]
fn what_has_expired_is_not_read() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    let day = 24 * 60 * 60 * 1000;
    put(&store, "s", &[event(NOW - 2 * day, "old")]);
    put(&store, "s", &[event(NOW, "new")]);
    assert_eq!(scanned(&store).len(), 2);
    store.set_retention("/g", Some(1)).expect("set");
    assert_eq!(scanned(&store), ["new"]);
    let request =
        GetLogEventsRequest { log_group_name: Some("/g".into()), log_stream_name: "s".into(), ..Default::default() };
    assert_eq!(get(&store, &request).events.len(), 1);
    let request = FilterLogEventsRequest { log_group_name: Some("/g".into()), ..Default::default() };
    assert_eq!(search(&store, &request, None).len(), 1);
}
