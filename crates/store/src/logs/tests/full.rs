//! A disk that is full.

use std::fs;

use super::*;
use crate::{
    child,
    full_disk::{fill, with_small_disks},
};

#[test]
fn a_full_disk_refuses_appends_and_loses_nothing() {
    with_small_disks("logs::tests::full::child", &[("data", "4m")]);
}

/// How many files are below, and their bytes.
fn used(folder: &Path) -> (usize, u64) {
    fs::read_dir(folder).expect("listed").fold((0, 0), |(files, bytes), entry| {
        let entry = entry.expect("entry");
        let (more, length) = match entry.path().is_dir() {
            true => used(&entry.path()),
            false => (1, entry.metadata().expect("there").len()),
        };
        (files + more, bytes + length)
    })
}

#[test]
#[ignore = "the child of the test above"]
fn child() {
    let Some((_, dir)) = child::told() else { return };
    let dir = dir.join("data");
    let (dir, filler) = (dir.as_path(), dir.join("filler"));
    let tap = Arc::<Told>::default();
    let store = open_with(dir, LogOptions { memory_limit: 1 << 20, append_file_bytes: 300_000, ..options() }, &tap);
    create(&store, "/g", &["s"]);
    let message =
        |number: i64| format!("{number:06} {}", "x".repeat(usize::try_from(number * 7 % 300).expect("small")));
    let append = |number: i64| {
        let events: Vec<_> = (0..20).map(|index| event(NOW, message(number * 20 + index))).collect();
        store.append("/g", "s", &events, NOW).map(|put| put.position)
    };
    let mut acknowledged = 0;
    let mut refused = Vec::new();
    for number in 0..400 {
        match append(number) {
            Ok(position) => {
                acknowledged += 1;
                assert_eq!(
                    (position, i64::try_from(refused.len()).expect("few")),
                    (Some(acknowledged), number + 1 - i64::try_from(acknowledged).expect("few"))
                );
            }
            Err(error) => refused.push((number, error)),
        }
        match number {
            30 => fill(&filler),
            200 => fs::remove_file(&filler).expect("removed"),
            _ => {}
        }
        if number == 100 {
            // Reads go on; segments cannot be made, and leave nothing behind.
            let events = scanned(&store);
            assert_eq!(events.len() as u64, acknowledged * 20);
            let before = used(&dir.join("logs/segments"));
            assert!(store.flush().expect_err("full").to_string().contains("No space left on device"));
            assert_eq!(used(&dir.join("logs/segments")), before);
            assert_eq!(scanned(&store), events);
        }
    }
    let numbers: Vec<i64> = refused.iter().map(|(number, _)| *number).collect();
    assert!(numbers.len() > 150 && numbers.iter().all(|number| (31..=200).contains(number)), "{numbers:?}");
    for (_, error) in &refused {
        assert_eq!(error.code(), "ServiceUnavailableException");
        assert!(error.to_string().contains("No space left on device"), "{error}");
    }
    assert_eq!(store.counters().refused_batches, numbers.len() as u64);
    let expected: Vec<String> = (0..400)
        .filter(|number| !numbers.contains(number))
        .flat_map(|number| (0..20).map(move |index| message(number * 20 + index)))
        .collect();
    assert_eq!(scanned(&store), expected);
    assert_eq!(tap.take_positions(), (1..=acknowledged).collect::<Vec<_>>());
    drop(store);

    let store = open(dir, &tap);
    assert_eq!((scanned(&store), store.damage()), (expected.clone(), &[][..]));
    assert_eq!(tap.take_positions(), (1..=acknowledged).collect::<Vec<_>>());
    tap.settle(acknowledged);
    store.flush().expect("segments");
    assert_eq!(scanned(&store), expected);
}
