//! Whatever is lost in crashes between flushes, the sums are those of the events.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::pattern::Pattern;

const EVENTS: [&str; 9] = [
    "fine",
    "an ERROR",
    "a 3",
    "b 1",
    "c 7 x",
    r#"{"n": 2, "who": "ann"}"#,
    r#"{"n": 5, "who": "bob"}"#,
    r#"{"n": 5}"#,
    "2 1 eni-1 10.0.0.1 10.0.0.2 1 22 6 1 40 1 2 REJECT OK",
];
const RECORDS: [&str; 3] = [
    "2 1 eni-1 10.0.0.1 10.0.0.2 1 22 6 1 40 1 2 REJECT OK",
    "2 1 eni-1 10.0.0.9 10.0.0.2 1 80 6 3 400 1 2 ACCEPT OK",
    "2 1 eni-1 - - - - - - - 1 2 - NODATA",
];

#[derive(Debug, Clone)]
enum Step {
    /// So many milliseconds later.
    Lines(i64, Vec<&'static str>),
    Records(i64, Vec<&'static str>),
    /// The filter, and what it counts.
    Put(usize, u8),
    Delete(usize),
    Poll,
    Flush,
    /// The disk refuses.
    FailedFlush,
    FailedPut(usize),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let later = || select(vec![0_i64, 1, 900, 20_000, 70_000]);
    let filter = || 0..FILTERS;
    prop_oneof![
        6 => (later(), vec(select(EVENTS.to_vec()), 1..5)).prop_map(|(later, events)| Step::Lines(later, events)),
        3 => (later(), vec(select(RECORDS.to_vec()), 1..5)).prop_map(|(later, records)| Step::Records(later, records)),
        4 => (filter(), 1..4_u8).prop_map(|(filter, value)| Step::Put(filter, value)),
        1 => filter().prop_map(Step::Delete),
        2 => Just(Step::Poll),
        2 => Just(Step::Flush),
        1 => Just(Step::FailedFlush),
        1 => filter().prop_map(Step::FailedPut),
        2 => Just(Step::Crash),
    ]
}

const FILTERS: usize = 6;

fn definition(filter: usize, value: u8) -> PutMetricFilterInput {
    let value = value.to_string();
    match filter {
        0 => input("terms", "ERROR", &value),
        1 => input("token", "[a, b > 2, ...]", "$b"),
        2 => with_dimensions(input("json", "{ $.n > 1 && $.who != \"x\" }", "$.n"), &[("Who", "$.who")]),
        3 => with_default(input("default", "ERROR", &value), 100.0),
        4 => with_default(input("rejects", "[v, ..., action = REJECT, status]", &value), 1000.0),
        _ => input("bytes", "[v, a, i, s, d, sp, dp, pr, pa, bytes, b, e, action != \"-\", st]", "$bytes"),
    }
}

/// A filter while it is in force, and the minutes it saw.
struct Era {
    input: PutMetricFilterInput,
    minutes: BTreeMap<i64, bool>,
}

/// The plainest way to the same sums: each event by itself, nothing ever lost.
#[derive(Default)]
struct Plain {
    eras: BTreeMap<String, Era>,
    sums: Sums,
}

impl Plain {
    fn put(&mut self, input: PutMetricFilterInput, now: i64) {
        self.end(&input.filter_name, now);
        self.eras.insert(input.filter_name.clone(), Era { input, minutes: BTreeMap::new() });
    }

    fn append(&mut self, batch: &Committed) {
        for era in self.eras.values_mut() {
            let pattern: Pattern = era.input.filter_pattern.parse().expect("valid");
            for message in batch.messages.iter().flatten() {
                let extracted = pattern.extract(message);
                let minute = era.minutes.entry(batch.ingestion_time / 60_000 * 60_000).or_default();
                *minute |= extracted.is_some();
                if let Some(extracted) = extracted {
                    count(&mut self.sums, &era.input.metric_transformations[0], batch.ingestion_time, &extracted);
                }
            }
        }
    }

    fn end(&mut self, name: &str, now: i64) {
        let Some(era) = self.eras.remove(name) else { return };
        let transformation = &era.input.metric_transformations[0];
        let Some(default) = transformation.default_value else { return };
        for (minute, matched) in era.minutes {
            if !matched && minute + 62_000 <= now {
                add(&mut self.sums, transformation, BTreeMap::new(), minute, default);
            }
        }
    }
}

fn count(sums: &mut Sums, to: &MetricTransformation, time: i64, extracted: &[(String, String)]) {
    let text = |label: &String| {
        let found = extracted.iter().find(|(known, _)| known == label);
        found.map_or_else(|| label.clone(), |(_, text)| text.clone())
    };
    let dimensions = to.dimensions.iter().map(|(name, label)| (name.clone(), text(label)));
    let value = text(&to.metric_value).parse().expect("a number");
    add(sums, to, dimensions.collect(), time, value);
}

fn add(sums: &mut Sums, to: &MetricTransformation, dimensions: BTreeMap<String, String>, time: i64, value: f64) {
    let id = MetricId { namespace: to.metric_namespace.clone(), name: to.metric_name.clone(), dimensions };
    let (count, sum) = sums.entry((id, time / 1000 * 1000)).or_default();
    *count += 1.0;
    *sum += value;
}

/// A watcher with all that it was told, beside the plain one.
struct Trial {
    catalogue: Catalogue,
    watcher: Watcher,
    plain: Plain,
    log: Vec<Committed>,
    now: i64,
}

impl Trial {
    fn new() -> Self {
        let (catalogue, watcher) = fresh();
        Self { catalogue, watcher, plain: Plain::default(), log: Vec::new(), now: NOW }
    }

    fn append(&mut self, later: i64, make: impl FnOnce(u64, i64) -> Committed) {
        self.now += later;
        let batch = make(self.log.len() as u64 + 1, self.now);
        self.watcher.appended(&batch);
        self.plain.append(&batch);
        self.log.push(batch);
    }

    fn take(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Lines(later, events) => self.append(later, |position, time| lines(position, time, &events)),
            Step::Records(later, events) => self.append(later, |position, time| records(position, time, &events)),
            Step::Put(filter, value) => {
                let input = definition(filter, value);
                self.watcher.put_metric_filter(&EVERY, input.clone(), now).expect("put");
                self.plain.put(input, now);
            }
            Step::Delete(filter) => {
                let filter_name = definition(filter, 1).filter_name;
                let input = DeleteMetricFilterInput { log_group_name: "/g".into(), filter_name };
                let there = self.plain.eras.contains_key(&input.filter_name);
                assert_eq!(self.watcher.delete_metric_filter(&EVERY, &input, now).is_ok(), there);
                self.plain.end(&input.filter_name, now);
            }
            Step::Poll => drop(self.watcher.poll(now)),
            Step::Flush => {
                self.watcher.flush(now).expect("flushed");
                assert_eq!(self.watcher.settled(), self.log.len() as u64);
            }
            Step::FailedFlush => {
                let settled = self.watcher.settled();
                refusing(&self.catalogue, || assert!(self.watcher.flush(now).is_err()));
                assert_eq!(self.watcher.settled(), settled);
            }
            Step::FailedPut(filter) => {
                let put = || self.watcher.put_metric_filter(&EVERY, definition(filter, 9), now);
                refusing(&self.catalogue, || assert!(put().is_err()));
            }
            Step::Crash => {
                self.watcher = open(&self.catalogue);
                let settled = self.watcher.settled();
                self.log.iter().filter(|batch| batch.position > settled).for_each(|batch| self.watcher.appended(batch));
            }
        }
    }
}

/// While this runs, the catalogue refuses to say that anything is settled.
fn refusing(catalogue: &Catalogue, work: impl FnOnce()) {
    let run = |sql: &str| {
        catalogue.change(|transaction| Ok::<_, CatalogueError>(transaction.execute_batch(sql)?)).expect("changed");
    };
    run("CREATE TRIGGER refuse BEFORE UPDATE ON filter_settled BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    work();
    run("DROP TRIGGER refuse");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_crash_loses_or_doubles_an_event(steps in vec(step(), 1..50)) {
        let mut trial = Trial::new();
        steps.into_iter().for_each(|step| trial.take(step));
        let end = trial.now + 200_000;
        (0..FILTERS).for_each(|filter| trial.plain.end(&definition(filter, 1).filter_name, end));
        trial.watcher.poll(end);
        prop_assert_eq!(sums(&trial.watcher), trial.plain.sums.clone());
        // And the same once all of it is on disk.
        trial.watcher.flush(end).expect("flushed");
        prop_assert_eq!(sums(&open(&trial.catalogue)), trial.plain.sums);
    }
}
