//! Any text as a filter pattern, its first line, and as events, the other lines: what is taken matches the same on one event and on
//! a batch, and what is refused is refused at a character of it.

#![no_main]

use arrow::array::StringArray;
use libfuzzer_sys::fuzz_target;
use weir_store::logs::Committed;
use weir_watch::pattern::Pattern;

fuzz_target!(|text: &str| {
    let (pattern, events) = text.split_once('\n').unwrap_or((text, "a b"));
    let parsed = match pattern.parse::<Pattern>() {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!((1..=pattern.chars().count() + 1).contains(&error.column), "{error}");
            return;
        }
    };
    assert_eq!(parsed.to_string(), pattern);
    assert!(parsed.regexes() <= 2);
    let events: Vec<&str> = events.split('\n').collect();
    let batch = Committed {
        position: 1,
        group: "g".into(),
        stream: "s".into(),
        ingestion_time: 0,
        timestamps: vec![0; events.len()],
        messages: StringArray::from(events.clone()),
        records: None,
    };
    let matched = parsed.matches_batch(&batch);
    for (row, event) in events.into_iter().enumerate() {
        assert_eq!(matched.value(row), parsed.matches(event), "{event}");
        assert_eq!(matched.value(row), parsed.extract(event).is_some(), "{event}");
    }
});
