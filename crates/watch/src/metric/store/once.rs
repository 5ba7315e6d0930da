//! Every value is counted once, whatever the order of data, flushes, disks that refuse, and crashes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::metric::{MetricDatum, PutMetricDataInput};

const HOUR: i64 = 3_600_000;
const NOW: i64 = 500_000 * HOUR;

#[derive(Debug, Clone)]
enum Step {
    /// A value from a log event, as many milliseconds ago.
    Record(i64, f64),
    /// A value from a caller.
    Put(i64, f64, i64),
    /// Time goes on by as many minutes.
    Wait(i64),
    Flush,
    /// The disk refuses after everything was written.
    Refuse,
    /// A flush in two halves, with a value between them.
    Halves(i64, f64),
    /// The process dies and starts again. Events behind the position on disk are told again.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let ago = prop_oneof![Just(0), 0..HOUR, 0..300 * HOUR];
    let value = (1u32..100).prop_map(f64::from);
    prop_oneof![
        5 => (ago.clone(), value.clone()).prop_map(|(ago, value)| Step::Record(ago, value)),
        3 => (ago.clone(), value.clone(), prop::sample::select(vec![1, 60])).prop_map(|(ago, value, resolution)| Step::Put(ago, value, resolution)),
        2 => (0i64..600).prop_map(Step::Wait),
        2 => Just(Step::Flush),
        1 => Just(Step::Refuse),
        1 => (ago, value).prop_map(|(ago, value)| Step::Halves(ago, value)),
        2 => Just(Step::Crash),
    ]
}

struct Trial {
    path: std::path::PathBuf,
    catalogue: Catalogue,
    metrics: Metrics,
    now: i64,
    /// All log events, and how many of them the memory has.
    events: Vec<(i64, f64)>,
    told: usize,
    /// What all values add up to, by hour.
    sums: BTreeMap<i64, f64>,
}

fn open(path: &std::path::Path) -> (Catalogue, Metrics) {
    let catalogue = Catalogue::open(path).expect("opened");
    let sql = "CREATE TABLE IF NOT EXISTS position (told INTEGER)";
    catalogue.change(|transaction| Ok::<_, CatalogueError>(transaction.execute_batch(sql)?)).expect("made");
    let metrics = Metrics::open(&catalogue).expect("opened");
    (catalogue, metrics)
}

fn id() -> Arc<MetricId> {
    Arc::new(MetricId { namespace: "Door".to_owned(), name: "Hits".to_owned(), dimensions: Default::default() })
}

fn settle(transaction: &Transaction<'_>, told: usize) -> Result<(), CatalogueError> {
    transaction.execute("DELETE FROM position", [])?;
    transaction.execute("INSERT INTO position VALUES (?1)", [told as i64])?;
    Ok(())
}

impl Trial {
    fn count(&mut self, timestamp: i64, value: f64) {
        *self.sums.entry(timestamp.div_euclid(HOUR) * HOUR).or_default() += value;
    }

    fn event(&mut self, ago: i64, value: f64) {
        self.events.push((self.now - ago, value));
        self.count(self.now - ago, value);
        self.tell();
    }

    fn tell(&mut self) {
        for (timestamp, value) in &self.events[self.told..] {
            let (timestamp, value) = (*timestamp, *value);
            self.metrics.record(&[Datum { metric: id(), timestamp, value, count: 1.0, unit: Unit::None }]);
        }
        self.told = self.events.len();
    }

    fn run(&mut self, step: &Step) {
        let told = self.told;
        match step {
            Step::Record(ago, value) => self.event(*ago, *value),
            Step::Put(ago, value, resolution) => {
                let timestamp = self.now - ago;
                let datum = MetricDatum {
                    metric_name: "Hits".to_owned(),
                    timestamp: Some(timestamp),
                    value: Some(*value),
                    storage_resolution: Some(*resolution),
                    ..MetricDatum::default()
                };
                let input = PutMetricDataInput { namespace: "Door".to_owned(), metric_data: vec![datum] };
                self.metrics.put_metric_data(&input, self.now).expect("put");
                self.count(timestamp, *value);
            }
            Step::Wait(minutes) => self.now += minutes * 60_000,
            Step::Flush => self.metrics.flush(self.now, |transaction| settle(transaction, told)).expect("flushed"),
            Step::Refuse => {
                let refused = |transaction: &Transaction<'_>| {
                    settle(transaction, told)?;
                    Ok::<_, CatalogueError>(transaction.execute_batch("INSERT INTO nothing VALUES (1)")?)
                };
                self.metrics.flush(self.now, refused).expect_err("refused");
            }
            Step::Halves(ago, value) => {
                self.events.push((self.now - ago, *value));
                self.count(self.now - ago, *value);
                let frozen = self.metrics.turn().freeze(self.now);
                let datum =
                    Datum { metric: id(), timestamp: self.now - ago, value: *value, count: 1.0, unit: Unit::None };
                self.metrics.record(&[datum]);
                self.told += 1;
                frozen.write(|transaction| settle(transaction, told)).expect("written");
            }
            Step::Crash => {
                (self.catalogue, self.metrics) = open(&self.path);
                let select = "SELECT coalesce(max(told), 0) FROM position";
                let told = |transaction: &Transaction<'_>| {
                    Ok::<i64, CatalogueError>(transaction.query_row(select, [], |row| row.get(0))?)
                };
                self.told = self.catalogue.change(told).expect("read") as usize;
                self.tell();
            }
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let read = self.metrics.buckets(&id(), None, 0..NOW * 2).expect("read");
        let mut sums: BTreeMap<i64, f64> = BTreeMap::new();
        for (start, bucket) in read.into_values().flatten() {
            *sums.entry(start.div_euclid(HOUR) * HOUR).or_default() += bucket.sum;
        }
        prop_assert_eq!(&sums, &self.sums);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn sums_are_those_of_all_values(steps in prop::collection::vec(step(), 1..60)) {
        let dir = tempfile::tempdir().expect("made");
        let path = dir.path().join("catalogue.sqlite");
        let (catalogue, metrics) = open(&path);
        let (events, sums) = (Vec::new(), BTreeMap::new());
        let mut trial = Trial { path, catalogue, metrics, now: NOW, events, told: 0, sums };
        for step in steps {
            trial.run(&step);
            trial.check()?;
        }
    }
}
