//! Buckets and spools that refuse, stall or are gone.

use super::*;

#[tokio::test]
async fn an_upload_that_fails_in_the_middle_leaves_nothing() {
    let faults = Arc::new(Faults::new(InMemory::new()));
    let setup = Setup::new().with_store(Arc::clone(&faults) as Arc<dyn ObjectStore>);
    let data = setup.data();
    let delivery = setup.open(&data);
    delivery.putting.lock().await.part = 1_000;
    delivery.append(window(T, T + 60, 0..5_000), T + 61);
    faults.refuse_parts_after(Some(3));
    delivery.poll(T + 310).await;
    assert_eq!((delivery.counters().failures, delivery.counters().objects), (1, 0));
    assert_eq!(faults.aborted(), 1);
    assert!(setup.objects().await.is_empty());
    faults.refuse_parts_after(None);
    delivery.poll(T + 320).await;
    assert_eq!(numbers(&setup.objects().await), (0..5_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_bucket_that_fails_is_tried_again_and_nothing_is_half_there() {
    let faults = Arc::new(Faults::new(InMemory::new()));
    let setup = Setup::new().with_store(Arc::clone(&faults) as Arc<dyn ObjectStore>);
    let data = setup.data();
    let delivery = setup.open(&data);
    delivery.append(window(T, T + 60, 0..10), T + 61);
    faults.refuse(Some("no space left on device"));
    delivery.poll(T + 310).await;
    let counters = delivery.counters();
    assert_eq!((counters.failures, counters.objects, counters.waiting_records), (1, 0, 10));
    let failure = counters.last_failure.expect("there");
    assert!(failure.message.contains("no space left on device"), "{}", failure.message);
    assert!(failure.message.contains("s3://flow-logs/site/a/AWSLogs/"), "{}", failure.message);
    assert_eq!(delivery.next_poll(), Some(T + 311));
    delivery.poll(T + 310).await;
    assert_eq!(delivery.counters().failures, 1, "not before its time");
    delivery.poll(T + 311).await;
    assert_eq!((delivery.counters().failures, delivery.next_poll()), (2, Some(T + 313)));
    assert!(setup.objects().await.is_empty());

    faults.refuse(None);
    delivery.append(window(T + 300, T + 360, 10..20), T + 312);
    delivery.poll(T + 313).await;
    assert_eq!(numbers(&setup.objects().await), (0..10).collect::<Vec<_>>());
    delivery.close(T + 400).await;
    assert_eq!(numbers(&setup.objects().await), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_bucket_that_stalls_holds_up_no_window() {
    let faults = Arc::new(Faults::new(InMemory::new()));
    let setup = Setup::new().with_store(Arc::clone(&faults) as Arc<dyn ObjectStore>);
    let data = setup.data();
    let delivery = Arc::new(setup.open(&data));
    delivery.append(window(T, T + 60, 0..10), T + 61);
    faults.stall(true);
    let polling = tokio::spawn({
        let delivery = Arc::clone(&delivery);
        async move { delivery.poll(T + 310).await }
    });
    faults.stalled().await;
    for second in 0..5 {
        let appended = delivery.append(window(T + 310 + second, T + 311 + second, second..second + 1), T + 312);
        assert_eq!(appended, Appended::Spooled);
    }
    assert!(!polling.is_finished());
    faults.stall(false);
    polling.await.expect("polled");
    assert_eq!(delivery.counters().objects, 1);
}

#[tokio::test]
async fn a_bucket_folder_that_is_gone_is_waited_for() {
    let setup = Setup::new();
    let data = setup.data();
    let delivery = setup.open(&data);
    delivery.append(window(T, T + 60, 0..10), T + 61);
    let folder = setup.dir.path().join("buckets/flow-logs");
    std::fs::remove_dir(&folder).expect("removed");
    delivery.poll(T + 310).await;
    let message = delivery.counters().last_failure.expect("failed").message;
    assert!(message.starts_with("bucket `flow-logs` does not exist: make the folder"), "{message}");
    assert!(!folder.exists());
    std::fs::create_dir(&folder).expect("made");
    delivery.poll(T + 311).await;
    assert_eq!(numbers(&setup.objects().await), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_a_previous_run_left_is_delivered_to_where_it_was_meant_for() {
    let mut setup = Setup::new();
    let data = setup.data();
    let delivery = setup.open(&data);
    delivery.append(window(T, T + 60, 0..10), T + 61);
    drop(delivery);
    setup.flow_log = flow_log(DestinationOptions { file_format: FileFormat::Parquet, ..DestinationOptions::default() });
    let delivery = setup.open(&data);
    assert_eq!(delivery.counters().waiting_records, 10);
    delivery.append(window(T + 60, T + 120, 10..20), T + 121);
    delivery.poll(T + 121).await;
    let objects = setup.objects().await;
    assert_eq!(numbers(&objects), (0..10).collect::<Vec<_>>());
    assert_eq!(objects[0].key.file_format(), FileFormat::PlainText);
    delivery.close(T + 122).await;
    assert_eq!(numbers(&setup.objects().await), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_put_whose_answer_was_lost_does_not_double_records() {
    let faults = Arc::new(Faults::new(InMemory::new()));
    let setup = Setup::new().with_store(Arc::clone(&faults) as Arc<dyn ObjectStore>);
    let data = setup.data();
    let delivery = setup.open(&data);
    delivery.append(window(T, T + 60, 0..10), T + 61);
    faults.lose_answers(true);
    delivery.poll(T + 310).await;
    assert_eq!(delivery.counters().objects, 0);
    let before = setup.objects().await;
    drop(delivery);
    faults.lose_answers(false);
    let delivery = setup.open(&data);
    delivery.poll(T + 400).await;
    let after = setup.objects().await;
    assert_eq!(after.len(), 1);
    assert_eq!(before[0].bytes, after[0].bytes, "the same object under the same key");
}

#[tokio::test]
async fn a_spool_that_refuses_fills_memory_then_drops_and_says_so() {
    let mut setup = Setup::new();
    setup.options.waiting_limit = 3 * window(T, T + 60, 0..10).memory();
    let data = setup.data();
    let delivery = setup.open(&data);
    // As root, permissions refuse nothing; a file where the folder was does.
    let spool = setup.dir.path().join("spool/fl-1234abcd");
    std::fs::remove_dir(&spool).expect("removed");
    std::fs::write(&spool, "").expect("written");
    let appended: Vec<Appended> = (0..6)
        .map(|minute| {
            let start = T + minute * 60;
            delivery.append(window(start, start + 60, minute * 10..minute * 10 + 10), start + 60)
        })
        .collect();
    use Appended::{Dropped, Waiting};
    assert_eq!(appended, [Waiting, Waiting, Waiting, Dropped, Dropped, Dropped]);
    let counters = delivery.counters();
    assert_eq!((counters.windows_in_memory, counters.records_in_memory), (3, 30));
    assert_eq!((counters.dropped_windows, counters.dropped_records, counters.windows), (3, 30, 0));
    assert!(delivery.take_losses().is_empty(), "no room for SKIPDATA yet");

    std::fs::remove_file(&spool).expect("removed");
    std::fs::create_dir(&spool).expect("made");
    delivery.poll(delivery.next_poll().expect("waits")).await;
    let interfaces = BTreeMap::from([("eni-0123456789abcdef0".to_owned(), 30)]);
    let loss = Loss { start: T + 180, end: T + 360, windows: 3, records: 30, interfaces };
    assert_eq!(delivery.take_losses(), [loss]);
    assert!(delivery.take_losses().is_empty());
    delivery.close(T + 1_000).await;
    assert_eq!(numbers(&setup.objects().await), (0..30).collect::<Vec<_>>());
}
