//! Following a group by position.

use arrow::{array::Array, buffer::BooleanBuffer};

use super::*;

/// Follows to the end, so many bytes at a time: the texts of what has `word`, and after how many stretches.
fn followed(store: &LogStore, behind: u64, bytes: usize, word: &str) -> (Vec<String>, usize) {
    let matches = |messages: &arrow::array::StringArray, _: Option<&Records>| {
        BooleanBuffer::collect_bool(messages.len(), |row| messages.value(row).contains(word))
    };
    let (mut position, mut found, mut stretches) = (behind, Vec::new(), 0);
    loop {
        let stretch = store.follow("/g", position, bytes, &matches, NOW).expect("followed");
        if stretch.position == position {
            assert_eq!((stretch.events.len(), position), (0, store.last_position("/g").expect("there")));
            return (found, stretches);
        }
        assert!(stretch.position > position);
        position = stretch.position;
        found.extend(stretch.events.into_iter().map(|event| event.message));
        stretches += 1;
    }
}

/// Batches of three events each, whose times run back while positions go on. What is expected of following them.
fn fill(store: &LogStore, batches: std::ops::Range<i64>) -> Vec<String> {
    let mut all = Vec::new();
    for batch in batches {
        let texts: Vec<String> = (0..3).map(|index| format!("event {batch}.{index}")).collect();
        let events: Vec<_> = texts.iter().zip(0..).map(|(text, index)| event(NOW - batch * 10 + index, text)).collect();
        put(store, "s", &events);
        all.extend(texts);
    }
    all
}

#[test]
fn a_group_is_followed_in_the_order_of_appending_whatever_became_segments() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), LogOptions { merge_segments: 2, ..options() });
    let mut all = Vec::new();
    for part in 0..5 {
        all.extend(fill(&store, part * 10..part * 10 + 10));
        if part < 4 {
            store.flush().expect("segments");
            store.poll(NOW);
        }
    }
    let (found, stretches) = followed(&store, 0, usize::MAX, "");
    assert_eq!((&found, stretches), (&all, 1));
    // Each batch has 3 events of some 36 bytes.
    let (found, stretches) = followed(&store, 0, 300, "");
    assert_eq!(found, all);
    assert!(stretches >= 20, "{stretches}");
    let (found, stretches) = followed(&store, 0, 1, "");
    assert_eq!((&found, stretches), (&all, 50), "a batch at least");
    let behind = store.last_position("/g").expect("there") - 15;
    assert_eq!(followed(&store, behind, 300, "").0, all[35 * 3..]);
    let (found, stretches) = followed(&store, 0, 300, ".1");
    assert_eq!(found, all.iter().filter(|text| text.ends_with(".1")).cloned().collect::<Vec<_>>());
    assert!(stretches < 20, "what does not match takes no room");
    assert_eq!(followed(&store, 0, 1, "nothing"), (Vec::new(), 1));
}

#[test]
fn following_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    fill(&store, 0..5);
    let position = store.last_position("/g").expect("there");
    let mut later = fill(&store, 5..10);
    store.flush().expect("segments");
    later.extend(fill(&store, 10..12));
    drop(store);
    let store = open(dir.path(), &Arc::default());
    assert_eq!(followed(&store, position, usize::MAX, "").0, later);
    store.flush().expect("segments");
    drop(store);
    let store = open(dir.path(), &Arc::default());
    assert_eq!(followed(&store, position, usize::MAX, "").0, later);
}

#[test]
fn what_was_deleted_or_has_expired_is_not_followed() {
    let dir = tempfile::tempdir().expect("made");
    let store = with_stream(dir.path(), options());
    create_stream(&store, "/g", "other").expect("made");
    fill(&store, 0..2);
    put(&store, "other", &[event(NOW - 2 * 86_400_000, "old")]);
    put(&store, "other", &[event(NOW, "kept")]);
    store.set_retention("/g", Some(1)).expect("set");
    store.delete_log_stream("/g", "s").expect("deleted");
    assert_eq!(followed(&store, 0, usize::MAX, "").0, ["kept"]);
    store.flush().expect("segments");
    assert_eq!(followed(&store, 0, usize::MAX, "").0, ["kept"]);
    let missing = store.follow("/missing", 0, 1, &|_, _| BooleanBuffer::new_unset(0), NOW).expect_err("not there");
    assert!(matches!(missing, LogsError::ResourceNotFound(_)), "{missing}");
}
