//! A change of state is told once, whatever the order of data, polls, flushes and crashes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::alarm::evaluate::range_of;

#[test]
fn a_restart_fires_nothing_again() {
    let mut house = House::new();
    house.put(house.ssh(TreatMissingData::Missing));
    house.run(NOW, NOW + 1000);
    house.record(NOW + 1000, 1.0);
    house.run(NOW + 1000, NOW + 3000);
    for step in 3..20 {
        if step == 5 {
            house.flush(NOW + 5000);
        }
        house = house.reopen();
        assert_eq!(house.state("SSH-rejects"), StateValue::Alarm);
        house.run(NOW + step * 1000, NOW + (step + 1) * 1000);
    }
    assert_eq!(house.turns(), ["ALARM"]);
    assert_eq!(house.notices().len(), 1);
}

#[test]
fn a_state_that_could_not_be_written_is_written_by_the_next_poll() {
    let house = House::new();
    house.put(house.ssh(TreatMissingData::Missing));
    house.run(NOW, NOW + 1000);
    let sql = |text: &str| {
        house.catalogue.change(|transaction| Ok::<_, CatalogueError>(transaction.execute_batch(text)?)).expect("done");
    };
    sql("CREATE TRIGGER full BEFORE INSERT ON alarm_history BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    house.record(NOW + 1000, 1.0);
    assert!(house.alarms.poll(NOW + 2000).is_err());
    assert_eq!(house.state("SSH-rejects"), StateValue::InsufficientData);
    sql("DROP TRIGGER full");
    house.poll(NOW + 3000);
    assert_eq!((house.turns(), house.notices().len()), (vec!["ALARM".to_owned()], 1));
}

/// What happens in a trial.
#[derive(Debug, Clone)]
enum Step {
    /// Time goes on by as many seconds, with a poll each.
    Run(i64),
    /// A value, as many seconds ago.
    Record(i64, f64),
    Flush,
    /// The process dies and starts again; what was not flushed is told again.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1i64..90).prop_map(Step::Run),
        4 => (0i64..150, prop::sample::select(vec![0.0, 3.0])).prop_map(|(ago, value)| Step::Record(ago, value)),
        1 => Just(Step::Flush),
        1 => Just(Step::Crash),
    ]
}

/// What the alarm should do, computed from all values at each poll.
struct Reference {
    m: usize,
    n: usize,
    treat: TreatMissingData,
    values: Vec<(i64, f64)>,
    watching_since: i64,
    state: StateValue,
    judged: i64,
    turns: Vec<String>,
}

impl Reference {
    fn poll(&mut self, now: i64) {
        let end = (now - 500).div_euclid(MINUTE) * MINUTE;
        if end < self.judged {
            return;
        }
        let mut averages: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
        for (time, value) in &self.values {
            let average = averages.entry(time.div_euclid(MINUTE) * MINUTE).or_default();
            *average = (average.0 + value, average.1 + 1.0);
        }
        let starts = (1..=range_of(self.n) as i64).rev().map(|ago| end - ago * MINUTE);
        let point = |start: i64| match averages.get(&start) {
            Some((sum, count)) => {
                Point::Real(Datapoint { timestamp: start, value: sum / count, sample_count: Some(*count) })
            }
            None if (self.watching_since - start) * 2 < MINUTE => Point::Missing,
            None => Point::Unwatched,
        };
        let threshold = Threshold {
            comparison: Comparison::GreaterThanOrEqual,
            threshold: 1.0,
            evaluation_periods: self.n,
            datapoints_to_alarm: self.m,
            says_out_of: true,
            treat_missing_data: self.treat,
            fewest_samples: None,
        };
        let found = evaluate(&threshold, &starts.map(point).collect::<Vec<_>>(), self.state);
        if let Some(found) = found.filter(|found| found.state != self.state) {
            self.state = found.state;
            self.judged = end;
            self.turns.push(found.state.to_string());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_changes_are_those_of_the_reference(
        steps in prop::collection::vec(step(), 1..40),
        (m, n) in prop::sample::select(vec![(1, 1), (2, 3), (3, 3)]),
        treat in prop::sample::select(TreatMissingData::ALL),
    ) {
        let mut house = House::new();
        let input = house.ssh(treat);
        let head = AlarmHead {
            ok_actions: vec![house.topic.clone()],
            insufficient_data_actions: vec![house.topic.clone()],
            ..input.head
        };
        let rule = AlarmRule { evaluation_periods: Some(n), datapoints_to_alarm: Some(m), ..input.rule };
        house.put(PutMetricAlarmInput { statistic: Some("Average".to_owned()), head, rule, ..input });
        let (m, n) = (m as usize, n as usize);
        let (state, values, turns) = (StateValue::InsufficientData, Vec::new(), Vec::new());
        let mut reference = Reference { m, n, treat, values, watching_since: NOW, state, judged: 0, turns };
        let mut unflushed = Vec::new();
        let mut now = NOW;
        house.poll(now);
        reference.poll(now);
        for step in steps {
            match step {
                Step::Run(seconds) => for _ in 0..seconds {
                    now += 1000;
                    house.poll(now);
                    reference.poll(now);
                }
                Step::Record(ago, value) => {
                    house.record(now - ago * 1000, value);
                    reference.values.push((now - ago * 1000, value));
                    unflushed.push((now - ago * 1000, value));
                }
                Step::Flush => {
                    house.flush(now);
                    unflushed.clear();
                }
                Step::Crash => {
                    house = house.reopen();
                    unflushed.iter().for_each(|(time, value)| house.record(*time, *value));
                    now += 1000;
                    reference.watching_since = now;
                    house.poll(now);
                    reference.poll(now);
                }
            }
        }
        prop_assert_eq!(house.turns(), reference.turns.clone());
        prop_assert_eq!(house.history("Action").len(), reference.turns.len());
    }
}
