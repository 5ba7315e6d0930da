//! The functions of metric math.

use std::collections::BTreeMap;

use super::{
    Context, MathError, Search, Series, Value, calendar,
    evaluate::value,
    parse::{Node, NodeKind},
    value::finite,
};

/// AWS's functions that reach for what is not here.
const ABSENT: [&str; 5] =
    ["ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC", "SERVICE_QUOTA", "LAMBDA", "DB_PERF_INSIGHTS"];

/// Most points that a function makes of a span of time: the minutes of the 455 days that data are kept.
const MOST_POINTS: i64 = 455 * 24 * 60;

/// Many numbers to one.
type Fold = fn(&[f64]) -> Option<f64>;

/// The value of a point that is missing.
type Fill = Box<dyn Fn(&Series, i64) -> Option<f64>>;

/// A function with its arguments.
pub(super) struct Call<'a, 'c> {
    pub(super) at: usize,
    pub(super) name: &'a str,
    pub(super) arguments: &'a [Node],
    pub(super) context: &'a Context<'c>,
}

pub(super) fn call(call: &Call<'_, '_>) -> Result<Value, MathError> {
    if let Some(change) = pointwise(call.name) {
        return Ok(match call.only()? {
            Value::Number(number) => Value::Number(number.and_then(|number| finite(change(number)))),
            series => series.each(|series| series.map(|value| Some(change(value)))),
        });
    }
    if let Some(fold) = fold(call.name) {
        return call.fold(fold);
    }
    if let Some(part) = calendar::part(call.name) {
        return call.each_series(|mut series| {
            series.points.iter_mut().for_each(|(time, value)| *value = part(*time));
            series
        });
    }
    match call.name {
        "DIFF" => call.steps(|_, value| value),
        "DIFF_TIME" => call.steps(|seconds, _| seconds),
        "RATE" => call.steps(|seconds, value| value / seconds),
        "RUNNING_SUM" => call.each_series(running_sum),
        "FILL" => call.fill(),
        "PERIOD" => Ok(Value::Number(Some(call.series()?.period as f64))),
        "TIME_SERIES" => call.time_series(),
        "FIRST" => call.many()?.into_iter().next().map(Value::Series).ok_or_else(|| call.error("the array is empty")),
        "LAST" => call.many()?.pop().map(Value::Series).ok_or_else(|| call.error("the array is empty")),
        "METRICS" => call.metrics(),
        "METRIC_COUNT" => Ok(Value::Number(Some(call.many()?.len() as f64))),
        "REMOVE_EMPTY" => {
            Ok(Value::Many(call.many()?.into_iter().filter(|series| !series.points.is_empty()).collect()))
        }
        "SLICE" => call.slice(),
        "SORT" => call.sort(),
        "SEARCH" => call.search(),
        name if ABSENT.contains(&name) => Err(call.error("is not supported")),
        _ => Err(call.error("is not a function")),
    }
}

fn pointwise(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "ABS" => f64::abs,
        "CEIL" => f64::ceil,
        "FLOOR" => f64::floor,
        "LOG" => f64::ln,
        "LOG10" => f64::log10,
        _ => return None,
    })
}

/// Functions of many numbers: over the points of a series, or at each time over an array.
fn fold(name: &str) -> Option<Fold> {
    Some(match name {
        "AVG" => mean,
        "SUM" => |values| (!values.is_empty()).then(|| values.iter().sum()),
        "MIN" => |values| values.iter().copied().reduce(f64::min),
        "MAX" => |values| values.iter().copied().reduce(f64::max),
        "STDDEV" => deviation,
        "DATAPOINT_COUNT" => |values| Some(values.len() as f64),
        _ => return None,
    })
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Of all the values, not of a sample of them.
fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / values.len() as f64).sqrt())
}

fn running_sum(mut series: Series) -> Series {
    let mut sum = 0.0;
    for (_, value) in &mut series.points {
        sum += *value;
        *value = sum;
    }
    series
}

impl Call<'_, '_> {
    fn error(&self, what: &str) -> MathError {
        MathError::new(self.at, format!("{}: {what}", self.name))
    }

    fn count(&self, least: usize, most: usize) -> Result<(), MathError> {
        if (least..=most).contains(&self.arguments.len()) {
            return Ok(());
        }
        let takes = if least == most { least.to_string() } else { format!("{least} to {most}") };
        Err(self.error(&format!("takes {takes} arguments, found {}", self.arguments.len())))
    }

    fn value(&self, place: usize) -> Result<Value, MathError> {
        value(&self.arguments[place], self.context)
    }

    fn only(&self) -> Result<Value, MathError> {
        self.count(1, 1)?;
        self.value(0)
    }

    fn series(&self) -> Result<Series, MathError> {
        match self.only()? {
            Value::Series(series) => Ok(series),
            other => Err(self.error(&format!("takes a time series, found {}", other.kind()))),
        }
    }

    fn many(&self) -> Result<Vec<Series>, MathError> {
        self.count(1, 1)?;
        self.many_at(0)
    }

    fn many_at(&self, place: usize) -> Result<Vec<Series>, MathError> {
        match self.value(place)? {
            Value::Many(many) => Ok(many),
            Value::Series(series) => Ok(vec![series]),
            other => Err(self.error(&format!("takes an array of time series, found {}", other.kind()))),
        }
    }

    fn whole(&self, place: usize) -> Result<usize, MathError> {
        match self.value(place)? {
            Value::Number(Some(number)) if number >= 0.0 && number.fract() == 0.0 => Ok(number as usize),
            _ => Err(MathError::new(self.arguments[place].at, format!("{}: takes a whole number here", self.name))),
        }
    }

    /// A word such as `REPEAT`, or a text.
    fn word(&self, place: usize) -> Option<&str> {
        match &self.arguments.get(place)?.kind {
            NodeKind::Name(word) | NodeKind::Text(word) => Some(word),
            _ => None,
        }
    }

    fn each_series(&self, change: impl Fn(Series) -> Series) -> Result<Value, MathError> {
        match self.only()? {
            Value::Number(_) => Err(self.error("takes a time series, found a number")),
            series => Ok(series.each(change)),
        }
    }

    fn fold(&self, fold: Fold) -> Result<Value, MathError> {
        match self.only()? {
            Value::Number(_) => Err(self.error("takes a time series, found a number")),
            Value::Series(series) => Ok(Value::Number(fold(&series.values()).and_then(finite))),
            Value::Many(many) => {
                let mut times: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
                for (time, value) in many.iter().flat_map(|series| &series.points) {
                    times.entry(*time).or_default().push(*value);
                }
                let point = |(time, values): (i64, Vec<f64>)| Some((time, finite(fold(&values)?)?));
                let points = times.into_iter().filter_map(point).collect();
                let period = many.iter().map(|series| series.period).max().unwrap_or(self.context.period);
                Ok(Value::Series(Series { label: String::new(), period, points }))
            }
        }
    }

    /// What happens from one point to the next: seconds and difference of the values.
    fn steps(&self, of: fn(f64, f64) -> f64) -> Result<Value, MathError> {
        self.each_series(|mut series| {
            let step = |pair: &[(i64, f64)]| {
                let seconds = (pair[1].0 - pair[0].0) as f64 / 1000.0;
                Some((pair[1].0, finite(of(seconds, pair[1].1 - pair[0].1))?))
            };
            series.points = series.points.windows(2).filter_map(step).collect();
            series
        })
    }

    /// The times at which a series has its points.
    fn times(&self, period: i64) -> Result<impl Iterator<Item = i64> + use<>, MathError> {
        let Context { start, end, .. } = *self.context;
        let step = (period * 1000).max(1000);
        if (end - start) / step > MOST_POINTS {
            return Err(self.error(&format!("would make more than {MOST_POINTS} points: ask for a shorter time")));
        }
        Ok((start..end).step_by(usize::try_from(step).unwrap_or(1000)))
    }

    fn time_series(&self) -> Result<Value, MathError> {
        let Value::Number(number) = self.only()? else { return Err(self.error("takes a number")) };
        let period = self.context.period;
        let times = self.times(period)?;
        let points = number.map_or(Vec::new(), |number| times.map(|time| (time, number)).collect());
        Ok(Value::Series(Series { label: String::new(), period, points }))
    }

    fn fill(&self) -> Result<Value, MathError> {
        self.count(2, 2)?;
        let fill: Fill = match self.word(1) {
            Some("REPEAT") => Box::new(repeat),
            Some("LINEAR") => Box::new(linear),
            _ => match self.value(1)? {
                Value::Number(number) => Box::new(move |_, _| number),
                _ => return Err(self.error("fills with a number, REPEAT or LINEAR")),
            },
        };
        let filled = |mut series: Series| {
            let at = |time| Some((time, series.at(time).or_else(|| fill(&series, time))?));
            series.points = self.times(series.period)?.filter_map(at).collect();
            Ok(series)
        };
        match self.value(0)? {
            Value::Number(_) => Err(self.error("takes a time series, found a number")),
            Value::Series(series) => filled(series).map(Value::Series),
            Value::Many(many) => many.into_iter().map(filled).collect::<Result<_, _>>().map(Value::Many),
        }
    }

    fn metrics(&self) -> Result<Value, MathError> {
        self.count(0, 1)?;
        let filter = self.word(0).unwrap_or_default();
        let mut many = Vec::new();
        for name in self.context.metrics.iter().filter(|name| name.contains(filter)) {
            match self.context.named.get(name) {
                Some(Value::Series(series)) => many.push(series.clone()),
                Some(Value::Many(more)) => many.extend(more.iter().cloned()),
                _ => {}
            }
        }
        Ok(Value::Many(many))
    }

    fn slice(&self) -> Result<Value, MathError> {
        self.count(2, 3)?;
        let many = self.many_at(0)?;
        let from = self.whole(1)?.min(many.len());
        let to = if self.arguments.len() > 2 { self.whole(2)?.clamp(from, many.len()) } else { many.len() };
        Ok(Value::Many(many[from..to].to_vec()))
    }

    fn sort(&self) -> Result<Value, MathError> {
        self.count(3, 4)?;
        let mut many = self.many_at(0)?;
        let by: fn(&Series) -> Option<f64> = match self.word(1) {
            Some("AVG") => |series| mean(&series.values()),
            Some("SUM") => |series| (!series.points.is_empty()).then(|| series.values().iter().sum()),
            Some("MIN") => |series| series.values().into_iter().reduce(f64::min),
            Some("MAX") => |series| series.values().into_iter().reduce(f64::max),
            Some("STDDEV") => |series| deviation(&series.values()),
            _ => return Err(self.error("sorts by AVG, SUM, MIN, MAX or STDDEV")),
        };
        let descending = match self.word(2) {
            Some("ASC") => false,
            Some("DESC") => true,
            _ => return Err(self.error("the order is ASC or DESC")),
        };
        many.sort_by(|left, right| match (by(left), by(right)) {
            (Some(left), Some(right)) if descending => right.total_cmp(&left),
            (Some(left), Some(right)) => left.total_cmp(&right),
            // Those without data come last.
            (left, right) => right.is_some().cmp(&left.is_some()),
        });
        if self.arguments.len() > 3 {
            many.truncate(self.whole(3)?);
        }
        Ok(Value::Many(many))
    }

    fn search(&self) -> Result<Value, MathError> {
        self.count(2, 3)?;
        let (Some(text), Some(statistic)) = (self.word(0), self.word(1)) else {
            return Err(self.error("takes a search and a statistic, as texts"));
        };
        let inside = self.arguments[0].at + 1;
        let search = Search::parse(text).map_err(|error| MathError::new(inside + error.at - 1, error.message))?;
        let period = if self.arguments.len() > 2 { self.whole(2)? as i64 } else { self.context.period };
        (self.context.find)(&search, statistic, period).map(Value::Many).map_err(|message| self.error(&message))
    }
}

/// The last value before.
fn repeat(series: &Series, time: i64) -> Option<f64> {
    let after = series.points.partition_point(|(point, _)| *point < time);
    Some(series.points.get(after.checked_sub(1)?)?.1)
}

/// On the line from the point before to the point after.
fn linear(series: &Series, time: i64) -> Option<f64> {
    let after = series.points.partition_point(|(point, _)| *point < time);
    let ((from, low), (to, high)) = (series.points.get(after.checked_sub(1)?)?, series.points.get(after)?);
    Some(low + (high - low) * (time - from) as f64 / (to - from) as f64)
}
