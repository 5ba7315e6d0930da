//! Alarms on queries: once a period, a number of what a query over log groups finds.

use super::{
    AlarmError,
    definition::{check_span, threshold},
    evaluate::{Datapoint, Threshold},
    input::PutLogAlarmInput,
    notice::MOST_LINES,
};
use crate::metric::MetricId;

/// Longest line in a notice, in bytes; what is longer is cut.
const LONGEST_LINE: usize = 2048;

/// Longest query.
const LONGEST_QUERY: usize = 10_000;

const MOST_GROUPS: usize = 50;

/// Whoever runs queries over log groups.
pub trait LogQuery {
    /// Runs a query over the events from `from` until before `until`, Unix milliseconds.
    ///
    /// # Errors
    /// Why it cannot be run, in words for whoever wrote it.
    fn run(&self, query: &str, groups: &[String], from: i64, until: i64) -> Result<LogAnswer, String>;
}

/// Whoever knows which log events a metric was made of, such as by the metric filter that fed it.
pub trait Evidence: Send + Sync {
    /// At most `most` events that went into a metric from `from` until before `until`, Unix milliseconds; none when nothing
    /// is known. An alarm waits for it.
    fn lines(&self, metric: &MetricId, from: i64, until: i64, most: usize) -> Vec<String>;
}

/// What a query found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogAnswer {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// Values in the order of the columns.
    pub rows: Vec<Vec<Option<String>>>,
}

/// A checked alarm on a query.
#[derive(Debug, Clone)]
pub(super) struct LogWatch {
    pub(super) query: String,
    pub(super) groups: Vec<String>,
    /// Seconds.
    pub(super) period: i64,
    pub(super) threshold: Threshold,
    pub(super) statistic: LogStatistic,
}

/// The number of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum LogStatistic {
    RowCount,
    Of(&'static str, String),
}

const STATISTICS: [&str; 5] = ["Sum", "Average", "Minimum", "Maximum", "SampleCount"];

impl LogWatch {
    pub(super) fn new(input: &PutLogAlarmInput) -> Result<Self, AlarmError> {
        if input.query_string.trim().is_empty() {
            return Err(AlarmError::Missing("QueryString"));
        }
        if input.query_string.len() > LONGEST_QUERY {
            return Err(AlarmError::validation(format!("QueryString has at most {LONGEST_QUERY} characters.")));
        }
        if !(1..=MOST_GROUPS).contains(&input.log_group_names.len()) {
            return Err(AlarmError::validation(format!("LogGroupNames has 1 to {MOST_GROUPS} groups.")));
        }
        let period = input.period.ok_or(AlarmError::Missing("Period"))?;
        if period < 60 || period % 60 != 0 {
            return Err(AlarmError::validation("Period of an alarm on a query is a multiple of 60 seconds."));
        }
        let threshold = threshold(&input.rule)?;
        check_span(period, &threshold)?;
        let (query, groups) = (input.query_string.clone(), input.log_group_names.clone());
        Ok(Self { query, groups, period, threshold, statistic: statistic(input)? })
    }

    /// The number of an answer over the period that begins at a time. `None`: there is none.
    ///
    /// # Errors
    /// When there is no such column, or a value there is no number.
    pub(super) fn datapoint(&self, answer: &LogAnswer, timestamp: i64) -> Result<Option<Datapoint>, String> {
        let rows = answer.rows.len() as f64;
        let LogStatistic::Of(statistic, column) = &self.statistic else {
            return Ok(Some(Datapoint { timestamp, value: rows, sample_count: Some(rows) }));
        };
        let place = answer.columns.iter().position(|name| name == column);
        let Some(place) = place else {
            return if answer.rows.is_empty() { Ok(None) } else { Err(format!("the query has no column `{column}`")) };
        };
        let number = |text: &String| {
            let number: Result<f64, _> = text.trim().parse();
            number
                .ok()
                .filter(|number| number.is_finite())
                .ok_or_else(|| format!("`{text}` in column `{column}` is not a number"))
        };
        let values: Vec<f64> =
            answer.rows.iter().filter_map(|row| row.get(place)?.as_ref()).map(number).collect::<Result<_, _>>()?;
        let count = values.len() as f64;
        let value = match *statistic {
            "Sum" => (count > 0.0).then(|| values.iter().sum()),
            "Average" => (count > 0.0).then(|| values.iter().sum::<f64>() / count),
            "Minimum" => values.iter().copied().reduce(f64::min),
            "Maximum" => values.iter().copied().reduce(f64::max),
            _ => Some(count),
        };
        Ok(value.map(|value| Datapoint { timestamp, value, sample_count: Some(count) }))
    }
}

fn statistic(input: &PutLogAlarmInput) -> Result<LogStatistic, AlarmError> {
    match (input.statistic.as_deref().unwrap_or("RowCount"), &input.column) {
        ("RowCount", None) => Ok(LogStatistic::RowCount),
        ("RowCount", Some(_)) => Err(AlarmError::Combination("RowCount takes no Column.".to_owned())),
        (name, Some(column)) => {
            let known = STATISTICS.into_iter().find(|known| *known == name);
            let unknown = || AlarmError::Value(format!("The value {name} for parameter Statistic is invalid."));
            Ok(LogStatistic::Of(known.ok_or_else(unknown)?, column.clone()))
        }
        (name, None) => Err(AlarmError::Combination(format!("Statistic {name} needs a Column."))),
    }
}

/// The first lines of an answer, as a person reads them: the message if there is one, else every column.
pub(super) fn lines(answer: &LogAnswer) -> Vec<String> {
    let message = answer.columns.iter().position(|name| name == "@message");
    let line = |row: &Vec<Option<String>>| match message.and_then(|place| row.get(place)?.clone()) {
        Some(message) => message,
        None => {
            let named = answer.columns.iter().zip(row).filter(|(name, _)| *name != "@ptr");
            let cell =
                |(name, value): (&String, &Option<String>)| format!("{name}={}", value.as_deref().unwrap_or("-"));
            named.map(cell).collect::<Vec<_>>().join(" ")
        }
    };
    answer.rows.iter().take(MOST_LINES).map(line).map(cut).collect()
}

pub(super) fn cut(mut line: String) -> String {
    if line.len() > LONGEST_LINE {
        line.truncate(line.floor_char_boundary(LONGEST_LINE));
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::input::{AlarmHead, AlarmRule};

    fn watch(statistic: Option<&str>, column: Option<&str>) -> Result<LogWatch, AlarmError> {
        LogWatch::new(&PutLogAlarmInput {
            head: AlarmHead { alarm_name: "a".to_owned(), ..AlarmHead::default() },
            rule: AlarmRule {
                evaluation_periods: Some(1),
                threshold: Some(1.0),
                comparison_operator: "GreaterThanThreshold".to_owned(),
                ..AlarmRule::default()
            },
            query_string: "fields @message".to_owned(),
            log_group_names: vec!["g".to_owned()],
            period: Some(60),
            statistic: statistic.map(str::to_owned),
            column: column.map(str::to_owned),
            scheduled_query_role_arn: None,
            tags: vec![],
        })
    }

    fn answer(values: &[Option<&str>]) -> LogAnswer {
        let rows = values.iter().map(|value| vec![value.map(str::to_owned)]).collect();
        LogAnswer { columns: vec!["bytes".to_owned()], rows }
    }

    #[test]
    fn the_number_of_an_answer() {
        let three = answer(&[Some("1"), None, Some("4.5")]);
        for (statistic, column, expected) in [
            (None, None, Some(3.0)),
            (Some("Sum"), Some("bytes"), Some(5.5)),
            (Some("Average"), Some("bytes"), Some(2.75)),
            (Some("Minimum"), Some("bytes"), Some(1.0)),
            (Some("Maximum"), Some("bytes"), Some(4.5)),
            (Some("SampleCount"), Some("bytes"), Some(2.0)),
        ] {
            let watch = watch(statistic, column).expect("good");
            let found = watch.datapoint(&three, 0).expect("numbers").map(|point| point.value);
            assert_eq!(found, expected, "{statistic:?}");
        }
        let sum = watch(Some("Sum"), Some("bytes")).expect("good");
        assert_eq!(sum.datapoint(&answer(&[]), 0), Ok(None));
        assert!(sum.datapoint(&answer(&[Some("many")]), 0).is_err());
        let other = watch(Some("Sum"), Some("packets")).expect("good");
        assert!(other.datapoint(&three, 0).is_err());
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        for (statistic, column) in [(Some("RowCount"), Some("a")), (Some("Sum"), None), (Some("p99"), Some("a"))] {
            assert!(watch(statistic, column).is_err(), "{statistic:?}");
        }
    }

    #[test]
    fn lines_are_messages_or_columns_and_bounded() {
        let rows = (0..60).map(|row| vec![Some(format!("{row}")), Some("é".repeat(2000)), None]).collect();
        let columns = ["n", "@message", "x"].map(str::to_owned).to_vec();
        let lines_of = lines(&LogAnswer { columns, rows });
        assert_eq!(lines_of.len(), 50);
        assert!(lines_of[0].starts_with('é') && lines_of[0].len() < 2052);
        let plain =
            LogAnswer { columns: vec!["a".to_owned(), "b".to_owned()], rows: vec![vec![Some("1".to_owned()), None]] };
        assert_eq!(lines(&plain), ["a=1 b=-"]);
    }
}
