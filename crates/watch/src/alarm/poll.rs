//! When alarms are evaluated.
//!
//! Each alarm at each tick: every minute, at most every ten seconds when its period is shorter, every hour when its span
//! is longer than a day; a moment after the tick, for data on their way. The span ends at the tick, so it slides with the
//! time. Data that come late for a span that was judged have it judged again. Data that come early, in the period that is
//! not over, count at once when nothing that follows can undo them: a sum that only grows and is over the threshold.

use std::sync::Arc;

use super::{
    AlarmError, Alarms,
    act::Turn,
    clock::{Clock, WAITED_OUT},
    definition::{MetricWatch, Source, Watch},
    evaluate::{Datapoint, Evaluation, Point, evaluate},
    input::PutMetricAlarmInput,
    log,
    notice::MOST_LINES,
    reason::Asked,
    registry::{Alarm, State},
    state::StateValue,
};
use crate::{
    alarm::definition::Definition,
    metric::{Grid, MetricError, floor},
};

const SECOND: i64 = 1000;

/// How long after a tick an alarm is evaluated, in milliseconds.
const SETTLED: i64 = 500;

/// The same for a period below a minute.
const SETTLED_FINE: i64 = 250;

/// The longest time between two polls, in milliseconds.
pub(super) const LONGEST_WAIT: i64 = 10_000;

/// Spans up to this long are judged again when data come, not only at ticks: they are in memory. In milliseconds.
const AT_ONCE: i64 = 25 * 60_000;

impl Alarms {
    /// Evaluates what is due, and says when to call again at the latest, Unix milliseconds. A call after new data have
    /// come, such as a few times a second, notices them at once; it costs little when there are none.
    ///
    /// # Errors
    /// Those of the disk; what was not done is done by the next call. An alarm whose data cannot be computed does not
    /// keep the others back: it says so in its `EvaluationState`.
    pub fn poll(&self, now: i64) -> Result<i64, AlarmError> {
        let (mut due, shown) = self.poll_metrics(now)?;
        for shown in shown {
            self.show(shown, now)?;
        }
        let mut state = self.state();
        due = due.min(self.poll_composites(&mut state, now)?);
        state.clock.expect(due);
        Ok(due)
    }

    /// Evaluates the alarms on metrics that are due. Those that have to show what their metric was made of are left as they
    /// are, and given back with the time of the next tick.
    fn poll_metrics(&self, now: i64) -> Result<(i64, Vec<Shown>), AlarmError> {
        let mut state = self.state();
        if state.clock.observe(now) {
            state.forget_judgements(now);
        }
        let (mut due, mut shown) = (now + LONGEST_WAIT, Vec::new());
        let State { alarms, clock } = &mut *state;
        for alarm in alarms.values_mut() {
            if let Watch::Metric(watch) = &alarm.watch {
                let watch = watch.clone();
                due = due.min(next_tick(&watch, now));
                shown.extend(Looker { alarms: self, watch: &watch, clock, now }.look(alarm)?);
            }
        }
        Ok((due, shown))
    }

    /// Looks for the lines while nobody waits, then turns the alarm, unless it was changed or deleted meanwhile.
    fn show(&self, shown: Shown, now: i64) -> Result<(), AlarmError> {
        let Shown { name, watch, old, mut turn, from } = shown;
        if let (Some(evidence), Source::One(selection)) = (self.evidence.get(), &watch.source) {
            let lines = evidence.lines(&selection.metric, from, turn.judged, MOST_LINES);
            turn.beside.lines = (!lines.is_empty()).then(|| lines.into_iter().take(MOST_LINES).map(log::cut).collect());
        }
        let mut state = self.state();
        match state.alarms.get_mut(&name) {
            Some(alarm)
                if alarm.status.state == old
                    && matches!(&alarm.watch, Watch::Metric(now) if Arc::ptr_eq(now, &watch)) =>
            {
                self.turn(alarm, turn, now)
            }
            _ => Ok(()),
        }
    }
}

/// A turn whose notice is to show what the metric was made of.
struct Shown {
    name: String,
    watch: Arc<MetricWatch>,
    old: StateValue,
    turn: Turn,
    /// When the data begin; they end where the turn was judged.
    from: i64,
}

impl State {
    /// What was judged in a time that is far from now is no reason to wait for it.
    fn forget_judgements(&mut self, now: i64) {
        for alarm in self.alarms.values_mut() {
            if alarm.status.judged.max(alarm.run.ticked) > now + WAITED_OUT {
                alarm.status.judged = 0;
                alarm.run.ticked = 0;
            }
        }
    }
}

/// How far apart the ticks of an alarm are, in milliseconds.
pub(super) fn tick_of(period: i64, evaluation_periods: usize) -> i64 {
    let span = period.saturating_mul(i64::try_from(evaluation_periods).unwrap_or(i64::MAX));
    SECOND
        * match period {
            _ if span > 86_400 => 3600,
            period if period < 60 => period.min(10),
            _ => 60,
        }
}

fn settled(period: i64) -> i64 {
    if period < 60 { SETTLED_FINE } else { SETTLED }
}

fn next_tick(watch: &MetricWatch, now: i64) -> i64 {
    let (tick, settled) = (tick_of(watch.period, watch.threshold.evaluation_periods), settled(watch.period));
    floor(now - settled, tick) + tick + settled
}

/// One look at one alarm.
struct Looker<'a> {
    alarms: &'a Alarms,
    watch: &'a Arc<MetricWatch>,
    clock: &'a Clock,
    now: i64,
}

/// The points of an evaluation range.
struct Range {
    points: Vec<Point>,
    /// The least value within the newest period.
    minimum: f64,
}

impl Looker<'_> {
    /// Judges an alarm if it is time. One that is given back is looked at again when it was turned.
    fn look(&self, alarm: &mut Alarm) -> Result<Option<Shown>, AlarmError> {
        let tick = tick_of(self.watch.period, self.watch.threshold.evaluation_periods);
        let end = floor(self.now - settled(self.watch.period), tick);
        let metrics = &self.alarms.metrics;
        let changed = self.watch.selections().into_iter().map(|selection| metrics.changed(&selection.metric)).max();
        let news = changed.unwrap_or(0) > alarm.run.seen && self.span() <= AT_ONCE;
        // Time that was judged already is not judged again.
        let ticks = end > alarm.run.ticked && end >= alarm.status.judged;
        if end < alarm.run.ticked || !(ticks || news) {
            return Ok(None);
        }
        let mut shown = None;
        if ticks || end >= alarm.status.judged {
            shown = self.judge(alarm, end, false)?;
        }
        if news && shown.is_none() {
            shown = self.judge_early(alarm, end, tick)?;
        }
        if shown.is_some() {
            return Ok(shown);
        }
        if ticks {
            alarm.run.ticked = end;
        }
        alarm.run.seen = changed.unwrap_or(0);
        Ok(None)
    }

    /// Judges the spans after the one that ended at `ended`: one, or two right after a tick, when the newest is not over
    /// and the one before is still waited for.
    fn judge_early(&self, alarm: &mut Alarm, ended: i64, tick: i64) -> Result<Option<Shown>, AlarmError> {
        let ends = std::iter::successors(Some(ended + tick), |end| Some(end + tick));
        for end in ends.take_while(|end| *end <= self.now + tick) {
            if alarm.status.state != StateValue::Alarm && end > alarm.status.judged {
                let shown = self.judge(alarm, end, true)?;
                if shown.is_some() {
                    return Ok(shown);
                }
            }
        }
        Ok(None)
    }

    /// How long the evaluation range is, in milliseconds.
    fn span(&self) -> i64 {
        self.watch.threshold.range(self.watch.period * SECOND)
    }

    /// Judges the span that ends at a time. `early`: its last period is not over.
    fn judge(&self, alarm: &mut Alarm, end: i64, early: bool) -> Result<Option<Shown>, AlarmError> {
        let range = match self.range(end) {
            Ok(range) => range,
            Err(MetricError::Catalogue(error)) => return Err(error.into()),
            Err(error) => {
                alarm.run.failure = Some(error.to_string());
                return Ok(None);
            }
        };
        alarm.run.failure = None;
        if early && !self.stands(&range) {
            return Ok(None);
        }
        let threshold = &self.watch.threshold;
        let Some(found) = evaluate(threshold, &range.points, alarm.status.state) else { return Ok(None) };
        if found.state == alarm.status.state || (early && found.state != StateValue::Alarm) {
            return Ok(None);
        }
        let (from, old) = (self.shown_from(alarm, &found), alarm.status.state);
        let turn = Turn::of(found, &self.asked(&alarm.definition), end, None);
        if let Some(from) = from {
            return Ok(Some(Shown { name: alarm.name().to_owned(), watch: Arc::clone(self.watch), old, turn, from }));
        }
        self.alarms.turn(alarm, turn, self.now)?;
        Ok(None)
    }

    /// When the data begin that a notice shows what they were made of: when that is an alarm, somebody is told of it, and
    /// somebody knows.
    fn shown_from(&self, alarm: &Alarm, found: &Evaluation) -> Option<i64> {
        let is_told = found.state == StateValue::Alarm && !alarm.definition.head().actions(found.state).is_empty();
        let is_known = matches!(self.watch.source, Source::One(_)) && self.alarms.evidence.get().is_some();
        found.evaluated.first().filter(|_| is_told && is_known).map(|first| first.timestamp)
    }

    /// Whether the newest point breaches, and goes on to whatever comes until its period is over.
    fn stands(&self, range: &Range) -> bool {
        let threshold = &self.watch.threshold;
        match range.points.last() {
            Some(Point::Real(point)) => {
                threshold.comparison.breaches(point.value, threshold.threshold) && self.watch.only_grows(range.minimum)
            }
            _ => false,
        }
    }

    fn range(&self, end: i64) -> Result<Range, MetricError> {
        let period = self.watch.period * SECOND;
        let (start, settled) = (end - self.span(), self.now - settled(self.watch.period));
        let grid = Grid { start, end, period: self.watch.period };
        let mut minimum = f64::NEG_INFINITY;
        let mut found = std::collections::BTreeMap::new();
        match &self.watch.source {
            Source::One(selection) => {
                for (timestamp, sampled) in self.alarms.metrics.statistics(selection, grid)? {
                    minimum = sampled.minimum;
                    let (value, sample_count) = (sampled.value, Some(sampled.count));
                    found.insert(timestamp, Datapoint { timestamp, value, sample_count });
                }
            }
            Source::Math(queries) => {
                let grid_of = |period| Ok(Grid { period, ..grid });
                let results = queries.results(&self.alarms.metrics, &grid_of, self.now)?;
                for (timestamp, value) in results.into_iter().flat_map(|(_, series)| series.points) {
                    found.insert(timestamp, Datapoint { timestamp, value, sample_count: None });
                }
            }
        }
        let point = |start: i64| match found.get(&start) {
            _ if !self.clock.remembers(start, start + period) => Point::Unwatched,
            Some(point) => Point::Real(*point),
            None if start + period > settled || !self.clock.watched(start, start + period) => Point::Unwatched,
            None => Point::Missing,
        };
        Ok(Range { points: self.watch.threshold.starts(end, period).map(point).collect(), minimum })
    }

    fn asked(&self, definition: &Definition) -> Asked {
        let unit = match definition {
            Definition::Metric(PutMetricAlarmInput { unit, .. }) => unit.map(|unit| unit.to_string()),
            _ => None,
        };
        let statistic = match &self.watch.source {
            Source::One(selection) => Some(selection.statistic.to_string()),
            Source::Math(_) => None,
        };
        let (period, threshold) = (self.watch.period, self.watch.threshold.threshold);
        Asked { query_date: self.now, statistic, unit, period, threshold }
    }
}
