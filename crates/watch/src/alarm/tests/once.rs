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
    /// Sums instead of averages.
    sums: bool,
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
                let value = if self.sums { *sum } else { sum / count };
                Point::Real(Datapoint { timestamp: start, value, sample_count: Some(*count) })
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

/// A house with the alarm, and what it should do.
struct Trial {
    house: House,
    reference: Reference,
    unflushed: Vec<(i64, f64)>,
    now: i64,
}

impl Trial {
    fn new((m, n): (i64, i64), treat: TreatMissingData, sums: bool) -> Self {
        let house = House::new();
        let input = house.ssh(treat);
        let topics = vec![house.topic.clone()];
        let head = AlarmHead { ok_actions: topics.clone(), insufficient_data_actions: topics, ..input.head };
        let rule = AlarmRule { evaluation_periods: Some(n), datapoints_to_alarm: Some(m), ..input.rule };
        let statistic = Some(if sums { "Sum" } else { "Average" }.to_owned());
        house.put(PutMetricAlarmInput { statistic, head, rule, ..input });
        let (state, values, turns) = (StateValue::InsufficientData, Vec::new(), Vec::new());
        let (m, n) = (m as usize, n as usize);
        let reference = Reference { m, n, treat, sums, values, watching_since: NOW, state, judged: 0, turns };
        let mut trial = Self { house, reference, unflushed: Vec::new(), now: NOW };
        trial.poll();
        trial
    }

    fn poll(&mut self) {
        self.house.poll(self.now);
        self.reference.poll(self.now);
    }

    /// `at_tick` is called after each poll that is the first one after a tick.
    fn run(mut self, steps: Vec<Step>, at_tick: fn(&Self) -> Result<(), TestCaseError>) -> Result<Self, TestCaseError> {
        for step in steps {
            match step {
                Step::Run(seconds) => {
                    for _ in 0..seconds {
                        self.now += 1000;
                        self.poll();
                        if (self.now - 500).rem_euclid(MINUTE) < 1000 {
                            at_tick(&self)?;
                        }
                    }
                }
                Step::Record(ago, value) => {
                    let time = self.now - ago * 1000;
                    self.house.record(time, value);
                    self.reference.values.push((time, value));
                    self.unflushed.push((time, value));
                }
                Step::Flush => {
                    self.house.flush(self.now);
                    self.unflushed.clear();
                }
                Step::Crash => {
                    self.house = self.house.reopen();
                    self.unflushed.iter().for_each(|(time, value)| self.house.record(*time, *value));
                    self.now += 1000;
                    self.reference.watching_since = self.now;
                    self.poll();
                }
            }
        }
        Ok(self)
    }
}

fn m_of_n() -> impl Strategy<Value = (i64, i64)> {
    prop::sample::select(vec![(1, 1), (2, 3), (3, 3)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_changes_are_those_of_the_reference(
        steps in prop::collection::vec(step(), 1..40),
        m_of_n in m_of_n(),
        treat in prop::sample::select(TreatMissingData::ALL),
    ) {
        let trial = Trial::new(m_of_n, treat, false).run(steps, |_| Ok(()))?;
        prop_assert_eq!(&trial.house.turns(), &trial.reference.turns);
        prop_assert_eq!(trial.house.history("Action").len(), trial.reference.turns.len());
    }

    #[test]
    fn an_alarm_before_the_tick_is_the_alarm_of_the_tick(
        steps in prop::collection::vec(step(), 1..40),
        m_of_n in m_of_n(),
        treat in prop::sample::select(TreatMissingData::ALL),
    ) {
        let same = |trial: &Trial| {
            // Values of the minute that has just begun may be the alarm of the next tick already.
            let tick = trial.now.div_euclid(MINUTE) * MINUTE;
            if trial.reference.values.iter().all(|(time, _)| *time < tick) {
                prop_assert_eq!(trial.house.state("SSH-rejects"), trial.reference.state);
            }
            Ok(())
        };
        let trial = Trial::new(m_of_n, treat, true).run(steps, same)?;
        let turns = trial.house.turns();
        prop_assert!(turns.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", turns);
        prop_assert_eq!(trial.house.history("Action").len(), turns.len());
    }
}
