//! Statistics: what their names mean, and their value over a bucket.

use std::{fmt, str::FromStr};

use super::bucket::Bucket;

/// A statistic of CloudWatch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// How many values.
    SampleCount,
    /// Their sum.
    Sum,
    /// Their mean.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// `p99.9`: the smallest value that as many percent of the values do not exceed.
    Percentile(f64),
    /// `TM`, `TC`, `TS`, `WM`: something of the values within bounds.
    Trimmed(Trim, Bounds),
    /// `PR(a:b)`: how many percent of the values lie within bounds.
    Rank(Bounds),
}

/// What is taken of the values within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// Their mean.
    Mean,
    /// Their number.
    Count,
    /// Their sum.
    Sum,
    /// The mean of all values, those outside moved to the bounds.
    Winsorised,
}

/// Lower and upper bound; an open end has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bounds {
    /// Shares of the ordered values, in percent.
    Percent(f64, f64),
    /// Values: above the lower bound, up to and with the upper one.
    Value(Option<f64>, Option<f64>),
}

/// The text is no statistic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a statistic: use SampleCount, Sum, Average, Minimum, Maximum, or one such as p99, tm90, TM(10%:90%), PR(:300), IQM"
)]
pub struct StatisticError(String);

impl Statistic {
    /// Whether it is one of the five with a name of its own (`Statistic`), not an `ExtendedStatistic`.
    pub fn is_basic(self) -> bool {
        matches!(self, Self::SampleCount | Self::Sum | Self::Average | Self::Minimum | Self::Maximum)
    }

    /// Its value over a bucket. `None`: the values that it needs are not known, or none lies within its bounds.
    pub fn of(self, bucket: &Bucket) -> Option<f64> {
        match self {
            Self::SampleCount => Some(bucket.count),
            Self::Sum => Some(bucket.sum),
            Self::Average => (bucket.count > 0.0).then(|| bucket.sum / bucket.count),
            Self::Minimum => Some(bucket.minimum),
            Self::Maximum => Some(bucket.maximum),
            Self::Percentile(percent) => percentile(&values(bucket)?, percent),
            Self::Trimmed(Trim::Winsorised, bounds) => winsorised(&values(bucket)?, bounds),
            Self::Trimmed(trim, bounds) => trimmed(&values(bucket)?, trim, bounds),
            Self::Rank(bounds) => {
                let values = values(bucket)?;
                Some(count(&within(&values, bounds)) / count(&values) * 100.0)
            }
        }
    }
}

/// The values of a bucket; those of a sketch do not pass its least and greatest.
fn values(bucket: &Bucket) -> Option<Vec<(f64, f64)>> {
    let mut values = bucket.spread.values()?;
    for (value, _) in &mut values {
        *value = value.clamp(bucket.minimum, bucket.maximum);
    }
    (count(&values) > 0.0).then_some(values)
}

fn count(values: &[(f64, f64)]) -> f64 {
    values.iter().map(|(_, count)| count).sum()
}

fn percentile(values: &[(f64, f64)], percent: f64) -> Option<f64> {
    // Half a millionth: `0.1 + 0.2` must not step over a value.
    let rank = count(values) * percent / 100.0 * (1.0 - 5e-7);
    let mut below = 0.0;
    for (value, count) in values {
        below += count;
        if below >= rank && *count > 0.0 {
            return Some(*value);
        }
    }
    values.last().map(|(value, _)| *value)
}

/// The values within bounds; one that a percentage cuts counts in part.
fn within(values: &[(f64, f64)], bounds: Bounds) -> Vec<(f64, f64)> {
    match bounds {
        Bounds::Value(low, high) => {
            let inside = |value: f64| low.is_none_or(|low| value > low) && high.is_none_or(|high| value <= high);
            values.iter().copied().filter(|(value, _)| inside(*value)).collect()
        }
        Bounds::Percent(low, high) => {
            let all = count(values);
            let (from, to) = (all * low / 100.0, all * high / 100.0);
            let mut below = 0.0;
            let cut = |(value, count): &(f64, f64)| {
                let share = (below + count).min(to) - below.max(from);
                below += count;
                (share > 0.0).then_some((*value, share))
            };
            values.iter().filter_map(cut).collect()
        }
    }
}

fn trimmed(values: &[(f64, f64)], trim: Trim, bounds: Bounds) -> Option<f64> {
    let kept = within(values, bounds);
    let sum: f64 = kept.iter().map(|(value, count)| value * count).sum();
    match trim {
        Trim::Count => Some(count(&kept)),
        Trim::Sum => Some(sum),
        Trim::Mean | Trim::Winsorised => (!kept.is_empty()).then(|| sum / count(&kept)),
    }
}

fn winsorised(values: &[(f64, f64)], bounds: Bounds) -> Option<f64> {
    let (low, high) = match bounds {
        Bounds::Percent(low, high) => (percentile(values, low), percentile(values, high)),
        Bounds::Value(low, high) => (low, high),
    };
    let moved = |value: f64| value.max(low.unwrap_or(value)).min(high.unwrap_or(f64::MAX));
    let sum: f64 = values.iter().map(|(value, count)| moved(*value) * count).sum();
    Some(sum / count(values))
}

impl FromStr for Statistic {
    type Err = StatisticError;

    fn from_str(text: &str) -> Result<Self, StatisticError> {
        let named = match text {
            "SampleCount" => Some(Self::SampleCount),
            "Sum" => Some(Self::Sum),
            "Average" => Some(Self::Average),
            "Minimum" => Some(Self::Minimum),
            "Maximum" => Some(Self::Maximum),
            _ if text.eq_ignore_ascii_case("iqm") => Some(Self::Trimmed(Trim::Mean, Bounds::Percent(25.0, 75.0))),
            _ => extended(text),
        };
        named.ok_or_else(|| StatisticError(text.to_owned()))
    }
}

/// `p99`, `tm90` and the like, `TM(10%:90%)` and the like.
fn extended(text: &str) -> Option<Statistic> {
    let digits = text.find(|letter: char| !letter.is_ascii_alphabetic())?;
    let (name, rest) = text.split_at(digits);
    let name = name.to_ascii_lowercase();
    let bounds = match rest.strip_prefix('(') {
        Some(range) => bounds(range.strip_suffix(')')?)?,
        None if name == "p" => return Some(Statistic::Percentile(percent(rest)?)),
        None => Bounds::Percent(0.0, percent(rest)?),
    };
    match name.as_str() {
        "tm" => Some(Statistic::Trimmed(Trim::Mean, bounds)),
        "wm" => Some(Statistic::Trimmed(Trim::Winsorised, bounds)),
        "tc" => Some(Statistic::Trimmed(Trim::Count, bounds)),
        "ts" => Some(Statistic::Trimmed(Trim::Sum, bounds)),
        "pr" if rest.starts_with('(') && matches!(bounds, Bounds::Value(..)) => Some(Statistic::Rank(bounds)),
        _ => None,
    }
}

fn bounds(range: &str) -> Option<Bounds> {
    let (low, high) = range.split_once(':')?;
    if low.is_empty() && high.is_empty() {
        return None;
    }
    if range.contains('%') {
        let of = |text: &str, open: f64| if text.is_empty() { Some(open) } else { percent(text.strip_suffix('%')?) };
        let (low, high) = (of(low, 0.0)?, of(high, 100.0)?);
        return (low < high).then_some(Bounds::Percent(low, high));
    }
    let of = |text: &str| if text.is_empty() { Some(None) } else { number(text).map(Some) };
    let (low, high) = (of(low)?, of(high)?);
    let ordered = low.zip(high).is_none_or(|(low, high)| low < high);
    ordered.then_some(Bounds::Value(low, high))
}

fn percent(text: &str) -> Option<f64> {
    number(text).filter(|percent| (0.0..=100.0).contains(percent))
}

/// Digits with at most one point: what `f64` reads beyond that is no bound.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().ok() } else { None }
}

impl fmt::Display for Statistic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SampleCount => out.write_str("SampleCount"),
            Self::Sum => out.write_str("Sum"),
            Self::Average => out.write_str("Average"),
            Self::Minimum => out.write_str("Minimum"),
            Self::Maximum => out.write_str("Maximum"),
            Self::Percentile(percent) => write!(out, "p{percent}"),
            Self::Trimmed(Trim::Mean, bounds) => write!(out, "TM({bounds})"),
            Self::Trimmed(Trim::Count, bounds) => write!(out, "TC({bounds})"),
            Self::Trimmed(Trim::Sum, bounds) => write!(out, "TS({bounds})"),
            Self::Trimmed(Trim::Winsorised, bounds) => write!(out, "WM({bounds})"),
            Self::Rank(bounds) => write!(out, "PR({bounds})"),
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = match *self {
            Self::Percent(low, high) => return write!(out, "{low}%:{high}%"),
            Self::Value(low, high) => (low, high),
        };
        let text = |bound: Option<f64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
        write!(out, "{}:{}", text(low), text(high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(statistic: &str, values: &[f64]) -> Option<f64> {
        let mut values = values.iter().map(|value| Bucket::of(*value, 1.0));
        let mut bucket = values.next().expect("one value");
        values.for_each(|value| bucket.merge(&value));
        statistic.parse::<Statistic>().expect("a statistic").of(&bucket)
    }

    const TEN: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 100.0];

    #[test]
    fn statistics_of_ten_values() {
        for (statistic, expected) in [
            ("SampleCount", 10.0),
            ("Sum", 145.0),
            ("Average", 14.5),
            ("Minimum", 1.0),
            ("Maximum", 100.0),
            ("p0", 1.0),
            ("p50", 5.0),
            ("p90", 9.0),
            ("p90.1", 100.0),
            ("p100", 100.0),
            ("tm90", 5.0),
            ("TM(10%:90%)", 5.5),
            ("TM(:95%)", (45.0 + 50.0) / 9.5),
            ("TM(2:5)", 4.0),
            ("tc90", 9.0),
            ("TC(3:9)", 6.0),
            ("ts90", 45.0),
            ("TS(80%:)", 109.0),
            ("wm90", 5.4),
            ("WM(10%:90%)", 5.4),
            ("PR(:3)", 30.0),
            ("PR(3:)", 70.0),
            ("PR(3:9)", 60.0),
        ] {
            let found = of(statistic, TEN).expect(statistic);
            assert!((found - expected).abs() < 1e-9, "{statistic}: {found}, not {expected}");
        }
        // Half of 3, then 4 to 7, then half of 8.
        assert_eq!(of("IQM", TEN), Some((1.5 + 4.0 + 5.0 + 6.0 + 7.0 + 4.0) / 5.0));
        // 2, 2, 3 to 8, 8, 8.
        assert_eq!(of("WM(2:8)", TEN), Some((2.0 + 2.0 + 33.0 + 8.0 + 8.0) / 10.0));
    }

    #[test]
    fn none_is_made_up() {
        assert_eq!(of("p50", &[1.0, -1.0]), None);
        assert_eq!(of("Sum", &[1.0, -1.0]), Some(0.0));
        assert_eq!(of("TM(200:300)", TEN), None);
        assert_eq!(of("TC(200:300)", TEN), Some(0.0));
    }

    #[test]
    fn names_are_read_and_written() {
        for (text, written) in [
            ("p99.9", "p99.9"),
            ("P10", "p10"),
            ("tm90", "TM(0%:90%)"),
            ("WM(10%:)", "WM(10%:100%)"),
            ("PR(:300)", "PR(:300)"),
            ("TC(1.5:)", "TC(1.5:)"),
            ("iqm", "TM(25%:75%)"),
        ] {
            assert_eq!(text.parse::<Statistic>().expect(text).to_string(), written);
        }
        for text in [
            "",
            "p",
            "p101",
            "p-1",
            "pNaN",
            "p1e1",
            "q50",
            "average",
            "TM",
            "TM()",
            "TM(:)",
            "TM(5%:5)",
            "TM(9%:1%)",
            "PR90",
            "PR(1%:2%)",
            "TM(1:2",
            "tm90)",
        ] {
            assert!(text.parse::<Statistic>().is_err(), "{text}");
        }
    }
}
