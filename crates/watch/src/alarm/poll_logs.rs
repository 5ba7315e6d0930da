//! When alarms on queries are evaluated: each query once a period, over that period.

use std::sync::Arc;

use super::{
    AlarmError, Alarms,
    act::Turn,
    definition::Watch,
    evaluate::{Datapoint, Point, evaluate},
    log::{LogQuery, LogWatch, lines},
    poll::LONGEST_WAIT,
    reason::Asked,
    registry::Alarm,
    state::StateValue,
};
use crate::metric::floor;

const SECOND: i64 = 1000;

/// How long after the end of a period its query is run, in milliseconds: events are on their way.
const SETTLED: i64 = 1000;

impl Alarms {
    /// Runs the queries that are due and evaluates their alarms; says when to call again, Unix milliseconds. A query may
    /// take its time: call this where nothing else waits, beside [`Alarms::poll`], which keeps the clock.
    ///
    /// A period that ended while nobody called, more than the newest one, is not asked for afterwards: it was not watched.
    ///
    /// # Errors
    /// Those of the disk. A query that fails is noted in the `EvaluationState` of its alarm, and is run again.
    pub fn poll_logs(&self, queries: &dyn LogQuery, now: i64) -> Result<i64, AlarmError> {
        let mut due = now + LONGEST_WAIT;
        let of_logs = |alarm: &Alarm| match &alarm.watch {
            Watch::Log(watch) => Some((alarm.name().to_owned(), watch.clone())),
            _ => None,
        };
        let alarms: Vec<(String, Arc<LogWatch>)> = self.state().alarms.values().filter_map(of_logs).collect();
        for (name, watch) in alarms {
            let period = watch.period * SECOND;
            let end = floor(now - SETTLED, period);
            due = due.min(end + period + SETTLED);
            let start = end - period;
            let known = |alarm: &Alarm| alarm.run.points.contains_key(&start) || end < alarm.status.judged;
            if self.state().alarms.get(&name).is_none_or(known) {
                continue;
            }
            let answer = queries.run(&watch.query, &watch.groups, start, end);
            let point = answer.and_then(|answer| Ok((watch.datapoint(&answer, start)?, lines(&answer))));
            self.take_point(&name, &watch, start, point, now)?;
        }
        Ok(due)
    }

    /// Takes what a query found, unless its alarm was changed or deleted meanwhile.
    fn take_point(
        &self,
        name: &str,
        watch: &Arc<LogWatch>,
        start: i64,
        point: Result<(Option<Datapoint>, Vec<String>), String>,
        now: i64,
    ) -> Result<(), AlarmError> {
        let mut state = self.state();
        let Some(alarm) = state.alarms.get_mut(name) else { return Ok(()) };
        if !matches!(&alarm.watch, Watch::Log(now) if Arc::ptr_eq(now, watch)) {
            return Ok(());
        }
        match point {
            Err(error) => {
                tracing::warn!(alarm = name, error, "the query of the alarm failed");
                alarm.run.failure = Some(error);
                Ok(())
            }
            Ok((point, lines)) => {
                alarm.run.failure = None;
                alarm.run.points.insert(start, point);
                alarm.run.lines = lines;
                self.judge_log(alarm, watch, start + watch.period * SECOND, now)
            }
        }
    }

    fn judge_log(&self, alarm: &mut Alarm, watch: &LogWatch, end: i64, now: i64) -> Result<(), AlarmError> {
        let period = watch.period * SECOND;
        alarm.run.points = alarm.run.points.split_off(&(end - watch.threshold.range(period)));
        let point = |start: i64| match alarm.run.points.get(&start) {
            Some(Some(point)) => Point::Real(*point),
            Some(None) => Point::Missing,
            None => Point::Unwatched,
        };
        let range: Vec<Point> = watch.threshold.starts(end, period).map(point).collect();
        let Some(found) = evaluate(&watch.threshold, &range, alarm.status.state) else { return Ok(()) };
        if found.state == alarm.status.state {
            return Ok(());
        }
        let threshold = watch.threshold.threshold;
        let asked = Asked { query_date: now, period: watch.period, threshold, ..Asked::default() };
        let lines = (found.state == StateValue::Alarm).then(|| alarm.run.lines.clone());
        self.turn(alarm, Turn::of(found, &asked, end, lines), now)
    }
}
