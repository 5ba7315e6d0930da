//! A disk that is really full: a small tmpfs in a mount namespace of its own, which ends with the process.
//!
//! Needs root, or a kernel that lets everyone make user namespaces.

use std::{fs, io::Write, process::Command};

use super::*;

const NAME: &str = "delivery::tests::full::child";

#[test]
fn a_full_disk_is_waited_for() {
    let dir = tempfile::tempdir().expect("made");
    let script = r#"mkdir "$1/data" "$1/bucket" &&
        mount -t tmpfs -o size=1m tmpfs "$1/data" && mount -t tmpfs -o size=512k tmpfs "$1/bucket" &&
        echo "$1" | "$2" --exact "$3" --ignored --nocapture"#;
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([dir.path(), &std::env::current_exe().expect("known")])
        .arg(NAME)
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

#[tokio::test]
#[ignore = "the child of the test above"]
async fn child() {
    let Some(dir) = std::io::stdin().lines().map_while(Result::ok).next() else { return };
    let (root, bucket) = (Path::new(&dir).join("data"), Path::new(&dir).join("bucket"));
    let data = DataDirectory::open(&root).expect("free");
    let buckets = Buckets::new().with_folder("flow-logs".parse().expect("valid"), &bucket);
    let size = window(T, T + 1, 0..50).memory();
    let options = DeliveryOptions { waiting_limit: 5 * size, ..DeliveryOptions::default() };
    let delivery = Delivery::open(&data, &buckets, &flow_log(DestinationOptions::default()), options).expect("opened");
    let append =
        |index: i64, now: i64| delivery.append(window(T + index, T + index + 1, index * 50..index * 50 + 50), now);

    // The bucket is full: what is due waits in the spool, and nothing of it is in the bucket.
    fill(&bucket.join("filler"));
    assert_eq!(append(0, T + 1), Appended::Spooled);
    delivery.poll(T + 310).await;
    let failure = delivery.counters().last_failure.expect("failed").message;
    assert!(failure.contains("No space left on device"), "{failure}");
    assert_eq!(files_below(&bucket), ["filler"]);

    // Then the spool fills up, to the last byte.
    let mut index = 1;
    while append(index, T + 311) == Appended::Spooled {
        index += 1;
    }
    let spooled = index;
    assert!(spooled > 10, "{spooled}");
    let failure = delivery.counters().last_failure.expect("failed").message;
    assert!(failure.contains("No space left on device"), "{failure}");
    let mut dropped = 0;
    for more in 1..8 {
        dropped += i64::from(append(index + more, T + 311) == Appended::Dropped);
    }
    let counters = delivery.counters();
    assert_eq!((counters.windows_in_memory, counters.dropped_windows, dropped), (5, 3, 3), "{counters:?}");
    let whole = |name: &&String| !name.ends_with(".arrow") && !name.ends_with("object") && *name != "lock";
    assert_eq!(files_below(&root).iter().filter(whole).count(), 0, "nothing half-written stays");

    // Room in the bucket: the spool empties into it, what waits in memory follows, and what was lost is told.
    fs::remove_file(bucket.join("filler")).expect("removed");
    let mut now = T + 320;
    for _ in 0..2 {
        now = delivery.next_poll().map_or(now, |next| next.max(now));
        delivery.poll(now).await;
    }
    assert!(now < T + 400, "spooled records are delivered early to make room");
    let counters = delivery.counters();
    assert_eq!((counters.windows_in_memory, counters.windows), (0, (spooled + 5) as u64), "{counters:?}");
    let losses = delivery.take_losses();
    assert_eq!(losses.iter().map(|loss| loss.records).sum::<u64>(), 150, "{losses:?}");
    let counters = delivery.close(now).await;
    assert_eq!(counters.waiting_records, 0, "{counters:?}");
    let objects = read_bucket(&buckets).await;
    let expected: Vec<i64> =
        (0..(spooled + 6) * 50).filter(|number| !(spooled * 50 + 250..spooled * 50 + 300).contains(number)).collect();
    let delivered = numbers(&objects);
    assert_eq!(delivered.len() as i64, (spooled + 5) * 50);
    assert!(delivered.iter().all(|number| expected.contains(number)));
}

fn files_below(root: &Path) -> Vec<String> {
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path.file_name().expect("named").to_str().expect("UTF-8").to_owned());
            }
        }
    }
    files
}
