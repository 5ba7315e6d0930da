//! Windows from elsewhere that come again, because the answer was lost or the process was killed: each is counted once.

use std::collections::BTreeSet;

use super::*;
use crate::child::{run_and_kill, say, told};

fn origin(sequence: i64) -> Origin {
    let sequence = u64::try_from(sequence).expect("positive");
    Origin::new("i-0ee3b9429859eafa7f-0101010101010101", sequence).expect("good")
}

/// The window of a number: three records that no other has.
fn numbered(sequence: i64) -> FinishedWindow {
    let length = if sequence % 3 == 0 { 600 } else { 60 };
    let end = T + 1000 + sequence * 7;
    window(end - length, end, sequence * 3..sequence * 3 + 3)
}

#[tokio::test]
async fn a_repeat_is_known_before_and_after_delivery() {
    let setup = Setup::new();
    let data = setup.data();
    let delivery = setup.open(&data);
    assert_eq!(delivery.append_from(&origin(1), &numbered(1), T).expect("written"), Taken::Now);
    assert_eq!(delivery.append_from(&origin(1), &numbered(1), T).expect("known"), Taken::Before);
    delivery.close(T + 1).await;
    assert_eq!(delivery.append_from(&origin(1), &numbered(1), T).expect("known"), Taken::Before);
    drop((delivery, data));
    let data = setup.data();
    let delivery = setup.open(&data);
    assert_eq!(delivery.append_from(&origin(1), &numbered(1), T).expect("known"), Taken::Before);
    assert_eq!(delivery.append_from(&origin(2), &numbered(2), T).expect("written"), Taken::Now);
    delivery.close(T + 2).await;
    assert_eq!(numbers(&setup.objects().await), [3, 4, 5, 6, 7, 8]);
}

#[test]
fn another_format_is_refused_and_may_not_take_a_number() {
    let setup = Setup::new();
    let data = setup.data();
    let delivery = setup.open(&data);
    let other = BatchBuilder::new("${srcaddr}".parse::<Format>().expect("valid")).finish();
    let strange = FinishedWindow { start: T, end: T + 60, batches: vec![other] };
    let refused = delivery.append_from(&origin(1), &strange, T).expect_err("another format").to_string();
    assert!(refused.contains("records of another format than that of flow log fl-1234abcd"), "{refused}");
    assert_eq!(delivery.append_from(&origin(1), &numbered(1), T).expect("written"), Taken::Now);
}

#[tokio::test]
async fn killed_at_any_moment_each_is_there_once() {
    let setup = Setup::new();
    let mut acknowledged = 0;
    for run in 0..20 {
        // The sender repeats the last ones, as one that was killed before it could forget them.
        let begin = (acknowledged - run % 4).max(1);
        acknowledged = acknowledged.max(killed(setup.dir.path(), begin));
    }
    assert!(acknowledged >= 60, "hardly anything was written: {acknowledged}");
    let data = setup.data();
    let delivery = setup.open(&data);
    for sequence in (acknowledged - 3).max(1)..=acknowledged {
        assert_eq!(delivery.append_from(&origin(sequence), &numbered(sequence), T).expect("known"), Taken::Before);
    }
    let counters = delivery.close(T + 1_000_000).await;
    assert_eq!((counters.failures, counters.waiting_records), (0, 0), "{counters:?}");
    let delivered = numbers(&setup.objects().await);
    let distinct: BTreeSet<i64> = delivered.iter().copied().collect();
    assert_eq!(distinct.len(), delivered.len(), "each record once");
    // At most the last one was written and not yet acknowledged.
    let last = delivered.last().copied().expect("records");
    assert!(last == acknowledged * 3 + 2 || last == acknowledged * 3 + 5, "{last} after {acknowledged}");
    assert_eq!(delivered, (3..=last).collect::<Vec<i64>>());
}

/// Runs a child that begins with this number, and kills it soon after it took some. Returns the last that it
/// acknowledged.
fn killed(dir: &Path, begin: i64) -> i64 {
    let taken = |line: &str| line.strip_prefix("taken ")?.parse::<i64>().ok();
    let some = |line: &str| taken(line).is_some_and(|sequence| sequence >= begin + 6);
    let said = run_and_kill("delivery::tests::once::child", (begin, dir), Some(&some));
    said.iter().filter_map(|line| taken(line)).next_back().unwrap_or(0)
}

/// Takes windows until it is killed. Does nothing when it is not told where.
#[tokio::test]
#[ignore = "the child of the test above"]
async fn child() {
    let Some((begin, dir)) = told() else { return };
    let data = DataDirectory::open(&dir).expect("free");
    let buckets = Buckets::new().with_root(data.buckets());
    let mut options = DeliveryOptions::default();
    options.rollover.every_window = begin % 2 == 0;
    let flow_log = flow_log(DestinationOptions::default());
    let delivery = Delivery::open(&data, &buckets, &flow_log, options).expect("opened");
    for sequence in begin.. {
        let now = T + 1000 + sequence * 7;
        delivery.append_from(&origin(sequence), &numbered(sequence), now).expect("taken");
        say(&format!("taken {sequence}"));
        delivery.poll(now).await;
    }
}
