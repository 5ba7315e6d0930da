//! What the state of an alarm is, from the data points of its evaluation range: a pure function.
//!
//! The range holds more points than the alarm has evaluation periods ([`range_of`]), so that the newest real ones can be
//! used when some are missing. Missing ones are filled in only when there are fewer real ones than evaluation periods,
//! and then every real one counts.

use super::{
    reason,
    state::{Comparison, StateValue, TreatMissingData},
};

/// What makes data points an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// What a breaching data point does to the threshold.
    pub comparison: Comparison,
    /// The threshold.
    pub threshold: f64,
    /// N: how many data points are looked at.
    pub evaluation_periods: usize,
    /// M: how many of them must breach.
    pub datapoints_to_alarm: usize,
    /// Whether M was given: then reasons say "M out of the last N".
    pub says_out_of: bool,
    /// What a missing data point counts as.
    pub treat_missing_data: TreatMissingData,
    /// The state stays when a data point has fewer samples.
    pub fewest_samples: Option<f64>,
}

/// One data point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datapoint {
    /// The start of its period, Unix milliseconds.
    pub timestamp: i64,
    /// Its value.
    pub value: f64,
    /// How many values it is made of, where that is known.
    pub sample_count: Option<f64>,
}

/// One period of the evaluation range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Point {
    /// There is a value.
    Real(Datapoint),
    /// There is none.
    Missing,
    /// There is none, and nobody looked through the whole period: the program did not run, its clock jumped, or data
    /// are still on their way.
    Unwatched,
}

/// What an evaluation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The state.
    pub state: StateValue,
    /// Why, in CloudWatch's words.
    pub reason: String,
    /// The data points that were used, oldest first.
    pub evaluated: Vec<Datapoint>,
}

/// How many periods are looked at: two more than evaluation periods, as in AWS's examples of five for three.
pub fn range_of(evaluation_periods: usize) -> usize {
    evaluation_periods + 2
}

impl Threshold {
    fn periods(&self) -> i64 {
        i64::try_from(range_of(self.evaluation_periods)).unwrap_or(i64::MAX)
    }

    /// How long the evaluation range is when a period is so long.
    pub(super) fn range(&self, period: i64) -> i64 {
        self.periods().saturating_mul(period)
    }

    /// When the periods of the evaluation range that ends at a time begin, oldest first.
    pub(super) fn starts(&self, end: i64, period: i64) -> impl Iterator<Item = i64> + use<> {
        (1..=self.periods()).rev().map(move |ago| end - ago * period)
    }
}

/// Judges the points of an evaluation range, oldest first. `None`: the state stays as it is.
pub fn evaluate(threshold: &Threshold, range: &[Point], state: StateValue) -> Option<Evaluation> {
    let used = Used::of(threshold, range);
    if let Some(fewest) = threshold.fewest_samples
        && used.real.iter().any(|point| point.sample_count.is_some_and(|count| count < fewest))
    {
        return None;
    }
    let state = used.state(threshold, state)?;
    let reason = reason::of(threshold, state, &used);
    Some(Evaluation { state, reason, evaluated: used.real })
}

/// The points that count.
#[derive(Debug)]
pub(super) struct Used {
    /// Real ones, oldest first.
    pub(super) real: Vec<Datapoint>,
    /// How many of them breach.
    pub(super) breaching: usize,
    /// How many are filled in.
    pub(super) filled: usize,
    /// How many periods ago the oldest real one is; the newest period is 1.
    age: usize,
    /// Whether a period without data was not watched.
    unwatched: bool,
}

impl Used {
    fn of(threshold: &Threshold, range: &[Point]) -> Self {
        let mut used = Self { real: Vec::new(), breaching: 0, filled: 0, age: 0, unwatched: false };
        for (ago, point) in range.iter().rev().enumerate() {
            match point {
                Point::Real(point) => {
                    used.age = ago + 1;
                    used.breaching += usize::from(threshold.comparison.breaches(point.value, threshold.threshold));
                    used.real.push(*point);
                }
                Point::Missing => {}
                Point::Unwatched => used.unwatched = true,
            }
            if used.real.len() == threshold.evaluation_periods {
                break;
            }
        }
        used.filled = threshold.evaluation_periods - used.real.len();
        used.real.reverse();
        used
    }

    /// The rows of AWS's tables.
    fn state(&self, threshold: &Threshold, state: StateValue) -> Option<StateValue> {
        let needed = threshold.datapoints_to_alarm;
        if self.breaching >= needed {
            return Some(StateValue::Alarm);
        }
        if self.breaching + self.filled < needed {
            return Some(StateValue::Ok);
        }
        if self.unwatched {
            return self.state_unwatched(threshold, state);
        }
        let within = self.real.len() > self.breaching;
        match threshold.treat_missing_data {
            TreatMissingData::Breaching => Some(StateValue::Alarm),
            TreatMissingData::NotBreaching => Some(StateValue::Ok),
            TreatMissingData::Missing | TreatMissingData::Ignore if within => Some(StateValue::Ok),
            TreatMissingData::Ignore => None,
            TreatMissingData::Missing if self.real.is_empty() => Some(StateValue::InsufficientData),
            // A few breaching points and nothing else: an alarm once the oldest is old enough.
            TreatMissingData::Missing => (self.age >= needed).then_some(StateValue::Alarm),
        }
    }

    /// The outcome hangs on a period that nobody watched: it neither fires nor clears an alarm. One that has no state
    /// yet becomes OK when missing data are fine.
    fn state_unwatched(&self, threshold: &Threshold, state: StateValue) -> Option<StateValue> {
        let fine = threshold.treat_missing_data == TreatMissingData::NotBreaching;
        (fine && state == StateValue::InsufficientData).then_some(StateValue::Ok)
    }
}

#[cfg(test)]
mod tests;
