use std::{collections::BTreeMap, path::Path, sync::Arc};

use arrow::record_batch::RecordBatch;
use object_store::{ObjectStore, memory::InMemory};
use weir_network::{AggregationInterval, DestinationOptions, TrafficType};
use weir_record::{BatchBuilder, Field, FileFormat, Format, ObjectKey, Value, publish_interval};

use super::*;

mod crash;
mod faults;
mod full;
mod object;
mod once;
mod s3;
mod trouble;

use faults::Faults;
use object::{Delivered, read_bucket};

const T: i64 = 1_529_511_600; // 2018-06-20T16:20:00Z
const FORMAT: &str = "${version} ${interface-id} ${srcaddr} ${bytes} ${start} ${end} ${action}";

fn flow_log(options: DestinationOptions) -> FlowLog {
    FlowLog {
        id: "fl-1234abcd".into(),
        account_id: "123456789012".into(),
        region: "us-east-1".into(),
        traffic_type: TrafficType::All,
        log_format: FORMAT.parse().expect("valid"),
        max_aggregation_interval: AggregationInterval::Minute,
        destination: Destination::Bucket { bucket: "flow-logs".into(), folder: "site/a".into(), options },
    }
}

/// A window whose records carry `numbers` in their field `bytes` and end evenly over the window.
fn window(start: i64, end: i64, numbers: std::ops::Range<i64>) -> FinishedWindow {
    let format: Format = FORMAT.parse().expect("valid");
    let mut builder = BatchBuilder::new(format);
    let count = (numbers.end - numbers.start).max(1);
    for number in numbers.clone() {
        let at = start + (number - numbers.start) * (end - start) / count;
        let source = format!("10.1.{}.{}", number / 256 % 256, number % 256);
        builder.push(|field| match field {
            Field::Version => Value::Number(2),
            Field::InterfaceId => Value::Text("eni-0123456789abcdef0"),
            Field::SrcAddr => Value::Text(&source),
            Field::Bytes => Value::Number(number),
            Field::Start => Value::Number(start),
            Field::End => Value::Number(at),
            Field::Action => Value::Text("ACCEPT"),
            _ => Value::Absent,
        });
    }
    FinishedWindow { start, end, batches: vec![builder.finish()] }
}

fn numbers(objects: &[Delivered]) -> Vec<i64> {
    let mut numbers: Vec<i64> = objects.iter().flat_map(|object| object.numbers.clone()).collect();
    numbers.sort_unstable();
    numbers
}

struct Setup {
    dir: tempfile::TempDir,
    buckets: Buckets,
    flow_log: FlowLog,
    options: DeliveryOptions,
}

impl Setup {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("made");
        let buckets = Buckets::new().with_root(dir.path().join("buckets"));
        buckets.create(&"flow-logs".parse().expect("valid")).expect("made");
        let (flow_log, options) = (flow_log(DestinationOptions::default()), DeliveryOptions::default());
        Self { dir, buckets, flow_log, options }
    }

    fn with_store(mut self, store: Arc<dyn ObjectStore>) -> Self {
        self.buckets = self.buckets.with_store("flow-logs".parse().expect("valid"), store);
        self
    }

    fn data(&self) -> DataDirectory {
        DataDirectory::open(self.dir.path()).expect("free")
    }

    fn open(&self, data: &DataDirectory) -> Delivery {
        Delivery::open(data, &self.buckets, &self.flow_log, self.options.clone()).expect("opened")
    }

    async fn objects(&self) -> Vec<Delivered> {
        read_bucket(&self.buckets).await
    }

    fn spool(&self) -> Vec<String> {
        let folder = self.dir.path().join("spool/fl-1234abcd");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("listed")
            .map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }
}

#[tokio::test]
async fn five_minutes_of_windows_become_one_object() {
    let setup = Setup::new();
    let data = setup.data();
    let delivery = setup.open(&data);
    for minute in 0..5 {
        let (start, end) = (T + minute * 60, T + minute * 60 + 60);
        let appended = delivery.append(window(start, end, minute * 10..minute * 10 + 10), end + 1);
        assert_eq!(appended, Appended::Spooled);
        delivery.poll(end + 1).await;
    }
    assert!(setup.objects().await.is_empty());
    let waiting = delivery.counters();
    assert_eq!((waiting.windows, waiting.records, waiting.waiting_records), (5, 50, 50));
    assert!(waiting.waiting_bytes > 0);

    delivery.poll(delivery.next_poll().expect("something waits")).await;

    let objects = setup.objects().await;
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0].numbers, (0..50).collect::<Vec<_>>(), "in the order of the windows");
    let key = objects[0].key.to_string();
    let (folder, name) = key.rsplit_once('/').expect("folders");
    assert_eq!(folder, "site/a/AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20");
    assert!(name.starts_with("123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_"), "{name}");
    let done = delivery.counters();
    assert_eq!((done.objects, done.delivered_records, done.waiting_records, done.waiting_bytes), (1, 50, 0, 0));
    assert_eq!(done.delivered_bytes, objects[0].bytes.len() as u64);
    assert_eq!((done.failures, delivery.next_poll()), (0, None));
    assert!(setup.spool().is_empty());
}

#[tokio::test]
async fn every_format_in_every_layout() {
    for file_format in FileFormat::ALL {
        for (hive, per_hour) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut setup = Setup::new();
            setup.flow_log = flow_log(DestinationOptions {
                file_format,
                hive_compatible_partitions: hive,
                per_hour_partition: per_hour,
            });
            let data = setup.data();
            let delivery = setup.open(&data);
            delivery.append(window(T, T + 600, 0..100), T + 601);
            delivery.close(T + 602).await;

            let objects = setup.objects().await;
            assert_eq!(numbers(&objects), (0..100).collect::<Vec<_>>(), "{file_format:?}");
            assert_eq!(objects.len(), 2);
            for object in &objects {
                assert_eq!(object.key.file_format(), file_format);
                let layout = object.key.prefix().layout();
                assert_eq!((layout.hive_compatible_partitions, layout.per_hour_partition), (hive, per_hour));
            }
        }
    }
}

#[tokio::test]
async fn each_window_at_once_when_asked() {
    let mut setup = Setup::new();
    setup.options.rollover.every_window = true;
    let data = setup.data();
    let delivery = setup.open(&data);
    for second in 0..3 {
        delivery.append(window(T + second, T + second + 1, second..second + 1), T + second + 1);
        assert!(delivery.next_poll().expect("due") <= T + second + 1);
        delivery.poll(T + second + 1).await;
        assert_eq!(setup.objects().await.len() as i64, second + 1);
    }
}

#[tokio::test]
async fn a_full_object_makes_room_for_the_next() {
    let mut setup = Setup::new();
    setup.options.rollover.size_limit = 4_000;
    let data = setup.data();
    let delivery = setup.open(&data);
    for batch in 0..20 {
        delivery.append(window(T, T + 60, batch * 50..batch * 50 + 50), T + 61);
    }
    delivery.poll(T + 61).await;
    let early = setup.objects().await;
    assert!(!early.is_empty(), "delivered before the five minutes are over");
    delivery.close(T + 62).await;
    let objects = setup.objects().await;
    assert!(objects.len() > early.len());
    assert_eq!(numbers(&objects), (0..1_000).collect::<Vec<_>>());
    for object in &objects {
        assert!(object.bytes.len() <= 4_000, "{} bytes", object.bytes.len());
    }
}

#[tokio::test]
async fn large_objects_go_in_parts() {
    for file_format in [FileFormat::PlainText, FileFormat::Parquet] {
        let mut setup = Setup::new();
        setup.flow_log = flow_log(DestinationOptions { file_format, ..DestinationOptions::default() });
        let data = setup.data();
        let delivery = setup.open(&data);
        delivery.putting.lock().await.part = 1_000;
        for batch in 0..10 {
            delivery.append(window(T, T + 60, batch * 1_000..batch * 1_000 + 1_000), T + 61);
        }
        let counters = delivery.close(T + 62).await;
        assert!(counters.delivered_bytes > 10_000, "{counters:?}");
        let objects = setup.objects().await;
        assert_eq!((objects.len(), objects[0].bytes.len() as u64), (1, counters.delivered_bytes));
        assert_eq!(objects[0].numbers, (0..10_000).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn records_of_another_format_are_refused() {
    let setup = Setup::new();
    let data = setup.data();
    let delivery = setup.open(&data);
    let other = RecordBatch::new_empty("${version}".parse::<Format>().expect("valid").schema());
    let odd = FinishedWindow { start: T, end: T + 60, batches: vec![other] };
    assert_eq!(delivery.append(odd, T + 61), Appended::Dropped);
    assert_eq!(delivery.append(window(i64::MAX - 60, i64::MAX, 0..1), T + 61), Appended::Dropped);
    assert_eq!(delivery.append(FinishedWindow { start: T, end: T + 60, batches: vec![] }, T + 61), Appended::Spooled);
    assert_eq!(delivery.counters().failures, 2);
    assert!(setup.spool().is_empty());
}

#[test]
fn definitions_that_make_no_key_are_refused_at_once() {
    let mut setup = Setup::new();
    let data = setup.data();
    setup.flow_log.account_id = "../../../etc".into();
    assert!(Delivery::open(&data, &setup.buckets, &setup.flow_log, setup.options.clone()).is_err());
    setup.flow_log = flow_log(DestinationOptions::default());
    setup.flow_log.id = "../x".into();
    assert!(Delivery::open(&data, &setup.buckets, &setup.flow_log, setup.options.clone()).is_err());
    assert!(!Path::new(&setup.dir.path().join("spool")).exists());
    let unknown = Buckets::new().with_root(setup.dir.path());
    setup.flow_log = flow_log(DestinationOptions::default());
    let refused = Delivery::open(&data, &unknown, &setup.flow_log, setup.options.clone()).expect_err("no bucket");
    assert!(refused.to_string().contains("make the folder"), "{refused}");
}

/// Every record is once in an object of the interval that its `end` lies in.
fn filed_rightly(objects: &[Delivered]) -> bool {
    objects.iter().all(|object| object.ends.iter().all(|end| publish_interval(*end) == object.key.time()))
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    /// Any windows at any pace, with restarts and a bucket that comes and goes, against a plain list of what was
    /// appended.
    #[test]
    fn every_record_once_in_an_object_of_its_interval(
        steps in proptest::collection::vec((0..400_i64, 0..40_i64, 0..10_u8, proptest::bool::ANY), 1..25),
        length in proptest::sample::select(vec![1_i64, 10, 60, 600]),
        size_limit in 200..6_000_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("built");
        runtime.block_on(async {
            let faults = Arc::new(Faults::new(InMemory::new()));
            let mut setup = Setup::new().with_store(Arc::clone(&faults) as Arc<dyn ObjectStore>);
            setup.options.rollover.size_limit = size_limit;
            let data = setup.data();
            let mut delivery = setup.open(&data);
            let (mut now, mut next) = (T, 0);
            for (later, records, action, fails) in steps {
                now += later;
                faults.refuse(fails.then_some("refused"));
                let end = now - now.rem_euclid(length);
                let appended = delivery.append(window(end - length, end, next..next + records), now);
                assert_eq!(appended, Appended::Spooled);
                next += records;
                match action {
                    0 => {
                        drop(delivery);
                        delivery = setup.open(&data);
                    }
                    1..5 => delivery.poll(now).await,
                    _ => {}
                }
            }
            faults.refuse(None);
            let counters = delivery.close(now).await;
            assert_eq!(counters.waiting_records, 0);
            let objects = setup.objects().await;
            assert_eq!(numbers(&objects), (0..next).collect::<Vec<_>>());
            assert!(filed_rightly(&objects));
            assert!(setup.spool().is_empty());
        });
    }
}
