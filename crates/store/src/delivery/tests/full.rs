//! Disks that are full.

use std::fs;

use super::*;
use crate::{
    child,
    full_disk::{fill, with_small_disks},
};

#[test]
fn a_full_disk_is_waited_for() {
    with_small_disks("delivery::tests::full::child", &[("data", "1m"), ("bucket", "512k")]);
}

#[tokio::test]
#[ignore = "the child of the test above"]
async fn child() {
    let Some((_, dir)) = child::told() else { return };
    let (root, bucket) = (dir.join("data"), dir.join("bucket"));
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
