//! Killed at any moment: nothing that was acknowledged is lost, nothing is there twice, no object is half.
//!
//! The test runs itself as a child process that appends and delivers windows as fast as it can, and kills it.

use std::collections::BTreeSet;

use super::*;
use crate::child::{nth, run_and_kill, say, told};

/// Windows of one run get numbers from `run * RUN`.
const RUN: i64 = 10_000_000;

#[tokio::test]
async fn killed_at_any_moment() {
    kill_often(20).await;
}

#[tokio::test]
#[ignore = "takes minutes: the same, 100 times"]
async fn killed_at_any_moment_very_often() {
    kill_often(100).await;
}

async fn kill_often(times: i64) {
    let mut setup = Setup::new();
    let mut acknowledged = Vec::new();
    for run in 0..times {
        setup.flow_log = flow_log_of_run(run);
        acknowledged.extend(killed(setup.dir.path(), run));
        // Whatever a reader sees between the runs is whole.
        setup.objects().await;
    }
    assert!(acknowledged.len() as i64 > times, "hardly anything was written: {}", acknowledged.len());

    let data = setup.data();
    let delivery = setup.open(&data);
    let counters = delivery.close(T + 1_000_000).await;
    assert_eq!((counters.failures, counters.waiting_records), (0, 0), "{counters:?}");
    assert!(setup.spool().is_empty());

    let objects = setup.objects().await;
    assert!(objects.len() as i64 > times, "hardly anything was delivered between the kills: {}", objects.len());
    assert!(filed_rightly(&objects));
    assert_eq!(numbers_of_files(setup.dir.path()), objects.len(), "nothing unfinished is left");
    let delivered = numbers(&objects);
    let distinct: BTreeSet<i64> = delivered.iter().copied().collect();
    assert_eq!(distinct.len(), delivered.len(), "each record once");
    let known: BTreeSet<i64> = acknowledged.iter().flat_map(|(first, end)| *first..*end).collect();
    let lost: Vec<i64> = known.difference(&distinct).copied().collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    // At most the last window of a run was written and not yet acknowledged; it is there whole or not at all.
    let unknown: BTreeSet<i64> = distinct.difference(&known).copied().collect();
    for first in unknown.iter().filter(|number| !unknown.contains(&(*number - 1))) {
        let count = (*first..).take_while(|number| unknown.contains(number)).count();
        assert_eq!(count as i64, records_of(*first), "half a window at {first}");
    }
}

/// Options change between runs, as people change them.
fn flow_log_of_run(run: i64) -> FlowLog {
    flow_log(DestinationOptions {
        file_format: if run % 3 == 0 { FileFormat::Parquet } else { FileFormat::PlainText },
        hive_compatible_partitions: run % 2 == 0,
        per_hour_partition: run % 5 == 0,
    })
}

/// How many records the window has whose first number this is.
fn records_of(first: i64) -> i64 {
    1 + first % 97
}

/// Runs a child and kills it; one in four while it opens what the others left, the others after some windows. Returns the
/// windows that it acknowledged.
fn killed(dir: &Path, run: i64) -> Vec<(i64, i64)> {
    let wrote = nth(1 + 12 * (run % 4), "written ");
    let enough: Option<&dyn Fn(&str) -> bool> = if run % 4 == 0 { None } else { Some(&wrote) };
    let said = run_and_kill("delivery::tests::crash::child", (run, dir), enough);
    let numbers = said.iter().filter_map(|line| line.strip_prefix("written ")?.split_once(' '));
    numbers.map(|(first, end)| (first.parse().expect("a number"), end.parse().expect("a number"))).collect()
}

fn numbers_of_files(dir: &Path) -> usize {
    let mut folders = vec![dir.join("buckets/flow-logs")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_dir() { folders.push(path) } else { files += 1 }
        }
    }
    files
}

/// Appends and delivers until it is killed. Does nothing when it is not told where.
#[tokio::test]
#[ignore = "the child of the tests above"]
async fn child() {
    let Some((run, dir)) = told() else { return };
    let data = DataDirectory::open(&dir).expect("free");
    let buckets = Buckets::new().with_root(data.buckets());
    let mut options = DeliveryOptions::default();
    options.rollover.size_limit = 20_000;
    options.rollover.every_window = run % 7 == 3;
    let delivery = Delivery::open(&data, &buckets, &flow_log_of_run(run), options).expect("opened");

    let mut now = T + run * 1_000;
    let mut first = run * RUN;
    delivery.poll(now).await;
    loop {
        let end = first + records_of(first);
        // Some span three intervals.
        let length = if first % 3 == 0 { 600 } else { 60 };
        let appended = delivery.append(window(now - length, now, first..end), now);
        assert_eq!(appended, Appended::Spooled);
        say(&format!("written {first} {end}"));
        delivery.poll(now).await;
        first = end;
        now += 47;
    }
}
