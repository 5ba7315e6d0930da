//! FilterLogEvents with filter patterns: what is found in a log group is what the pattern says of each text.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use weir_store::{
    Catalogue,
    logs::{
        Committed, CreateLogGroupRequest, CreateLogStreamRequest, FilterLogEventsRequest, InputEvent, LogOptions,
        LogStore, Owner, Predicate, Tap,
    },
};
use weir_watch::pattern::Pattern;

const NOW: i64 = 1_780_000_000_000;

/// Nobody listens.
struct Nobody;

impl Tap for Nobody {
    fn appended(&self, _: &Committed) {}

    fn settled(&self) -> u64 {
        0
    }
}

fn open(folder: &std::path::Path) -> LogStore {
    let options = LogOptions::new(Owner { account: "123456789012".into(), region: "us-east-1".into() });
    let catalogue = Catalogue::in_memory().expect("opened");
    let store = LogStore::open(folder, catalogue, options, Arc::new(Nobody)).expect("opened");
    let group = CreateLogGroupRequest { log_group_name: "/g".into(), ..Default::default() };
    store.create_log_group(&group, NOW).expect("made");
    let stream = CreateLogStreamRequest { log_group_name: "/g".into(), log_stream_name: "s".into() };
    store.create_log_stream(&stream, NOW).expect("made");
    store
}

fn lines() -> Vec<String> {
    let record = |number: i64| {
        let (port, action) = ([22, 443, 3389][number as usize % 3], if number % 4 == 0 { "REJECT" } else { "ACCEPT" });
        format!("2 123456789012 eni-0a 10.0.0.{number} 10.0.1.1 40000 {port} 6 {number} 840 1 61 {action} OK")
    };
    let text =
        |number: i64| format!("{{\"level\":\"{}\",\"number\":{number}}}", ["ERROR", "info"][number as usize % 2]);
    (0..60).map(|number| if number % 5 == 0 { text(number) } else { record(number) }).collect()
}

#[test]
fn a_search_finds_what_the_pattern_means() {
    let folder = tempfile::tempdir().expect("made");
    let store = open(folder.path());
    let lines = lines();
    for (number, part) in lines.chunks(7).enumerate() {
        let events: Vec<_> =
            part.iter().map(|line| InputEvent { timestamp: NOW + number as i64, message: line.clone() }).collect();
        store.append("/g", "s", &events, NOW).expect("put");
        // Some in segments, some in memory.
        if number == 4 {
            store.flush().expect("segments");
        }
    }
    let fields = "version, account, eni, source, destination, srcport, destport, protocol, packets, bytes, start, end, action, status";
    let ssh = format!("[{}]", fields.replace("destport", "destport=22").replace("action", "action=REJECT"));
    for text in [&*ssh, "REJECT", "?ERROR ?3389", "{ $.number > 20 }", "-OK", ""] {
        let pattern: Pattern = text.parse().expect(text);
        let expected: Vec<_> = lines.iter().filter(|line| pattern.matches(line)).cloned().collect();
        assert!(!expected.is_empty(), "`{text}` finds nothing");
        let matches = |messages: &_, records: Option<&_>| pattern.matches_lines(messages, records);
        let matches: &Predicate<'_> = &matches;
        let request = FilterLogEventsRequest {
            log_group_name: Some("/g".into()),
            filter_pattern: Some(text.into()),
            ..Default::default()
        };
        let page = store.filter_log_events(&request, Some(matches), NOW).expect("searched");
        let found: Vec<_> = page.events.into_iter().map(|event| event.message).collect();
        assert_eq!((found, page.next_token), (expected, None), "{text}");
    }
}
