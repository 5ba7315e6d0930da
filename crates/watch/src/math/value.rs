//! What expressions are computed over.

/// A time series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// What it is called.
    pub label: String,
    /// Seconds from one point to the next.
    pub period: i64,
    /// Unix milliseconds and values, ascending by time.
    pub points: Vec<(i64, f64)>,
}

/// The value of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number; `None`: there were no data to compute it from.
    Number(Option<f64>),
    /// A time series.
    Series(Series),
    /// Several.
    Many(Vec<Series>),
}

impl Series {
    /// The same points with other values; those without one are left out.
    pub(super) fn map(mut self, change: impl Fn(f64) -> Option<f64>) -> Self {
        self.points =
            self.points.into_iter().filter_map(|(time, value)| Some((time, finite(change(value)?)?))).collect();
        self
    }

    /// The value at a time.
    pub(super) fn at(&self, time: i64) -> Option<f64> {
        let place = self.points.binary_search_by_key(&time, |(time, _)| *time).ok()?;
        Some(self.points[place].1)
    }

    pub(super) fn values(&self) -> Vec<f64> {
        self.points.iter().map(|(_, value)| *value).collect()
    }
}

impl Value {
    /// As messages call it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Series(_) => "a time series",
            Self::Many(_) => "an array of time series",
        }
    }

    /// Changes each series.
    pub(super) fn each(self, change: impl Fn(Series) -> Series) -> Self {
        match self {
            Self::Number(number) => Self::Number(number),
            Self::Series(series) => Self::Series(change(series)),
            Self::Many(many) => Self::Many(many.into_iter().map(change).collect()),
        }
    }
}

/// A result that is no number, such as that of a division by 0, is no data.
pub(super) fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}
