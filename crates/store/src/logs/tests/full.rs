//! A disk that is really full: a small tmpfs in a mount namespace of its own, which ends with the process.
//!
//! Needs root, or a kernel that lets everyone make user namespaces.

use std::{fs, io::Write, process::Command};

use super::*;

#[test]
fn a_full_disk_refuses_appends_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("made");
    let script = r#"mkdir "$1/data" && mount -t tmpfs -o size=4m tmpfs "$1/data" &&
        echo "$1/data" | "$2" --exact "$3" --ignored --nocapture"#;
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([dir.path(), &std::env::current_exe().expect("known")])
        .arg("logs::tests::full::child")
        .output()
        .expect("unshare is there");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "needs the right to mount a tmpfs: {said}");
}

/// Takes all the room there is.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).expect("made");
    for size in [4_096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
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
    let Some(dir) = std::io::stdin().lines().map_while(Result::ok).next() else { return };
    let (dir, filler) = (Path::new(&dir), Path::new(&dir).join("filler"));
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
