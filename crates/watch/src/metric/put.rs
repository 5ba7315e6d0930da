//! `PutMetricData`: values from callers, checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Dimension, MetricError, MetricId, Metrics, Unit,
    bucket::{Bucket, StatisticSet},
    ladder::Slot,
    table::Put,
    takes,
};

const MOST_DATA: usize = 1000;
const MOST_VALUES: usize = 150;
const HOUR: i64 = 3_600_000;
const OLDEST: i64 = 14 * 24 * HOUR;
const NEWEST: i64 = 2 * HOUR;

/// What `PutMetricData` takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PutMetricDataInput {
    /// The namespace of all the metrics; not one of AWS's.
    pub namespace: String,
    /// At most 1000.
    pub metric_data: Vec<MetricDatum>,
}

/// Values of one metric at one time: one of `value`, `statistic_values` and `values`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MetricDatum {
    /// 1 to 255 characters.
    pub metric_name: String,
    /// At most 30.
    pub dimensions: Vec<Dimension>,
    /// Unix milliseconds, from two weeks ago to in two hours; now if not given.
    pub timestamp: Option<i64>,
    /// One value.
    #[serde(deserialize_with = "crate::lenient::option")]
    pub value: Option<f64>,
    /// Values added up by the sender.
    pub statistic_values: Option<StatisticSet>,
    /// At most 150 values.
    #[serde(deserialize_with = "crate::lenient::numbers")]
    pub values: Vec<f64>,
    /// How often each of `values` was observed; 1 if not given.
    #[serde(deserialize_with = "crate::lenient::numbers")]
    pub counts: Vec<f64>,
    /// What is counted: the name of a [`Unit`].
    pub unit: Option<String>,
    /// Seconds: 1, or 60 if not given.
    pub storage_resolution: Option<i64>,
}

impl Metrics {
    /// `PutMetricData`: all of it is on disk when this returns, or none of it was taken.
    ///
    /// # Errors
    /// What is wrong with the data, and those of the disk.
    pub fn put_metric_data(&self, input: &PutMetricDataInput, now: i64) -> Result<(), MetricError> {
        if input.metric_data.is_empty() {
            return Err(MetricError::Missing("MetricData"));
        }
        if input.metric_data.len() > MOST_DATA {
            let message = format!("The collection MetricData must not have a size greater than {MOST_DATA}.");
            return Err(MetricError::Value(message));
        }
        if input.namespace.starts_with("AWS/") {
            return Err(MetricError::Value("The value AWS/ for parameter Namespace is invalid.".to_owned()));
        }
        let units = units(&input.metric_data)?;
        let mut sums: BTreeMap<(MetricId, Unit, Slot), Bucket> = BTreeMap::new();
        for (place, (datum, unit)) in input.metric_data.iter().zip(units).enumerate() {
            let metric = MetricId::new(&input.namespace, &datum.metric_name, &datum.dimensions)?;
            let checked = Checked { datum, member: format!("MetricData.member.{}", place + 1) };
            let place = (metric, unit, checked.slot(now)?);
            let bucket = checked.bucket()?;
            sums.entry(place).and_modify(|sum| sum.merge(&bucket)).or_insert(bucket);
        }
        let put = |((metric, unit, slot), bucket)| Put { metric, unit, slot, bucket };
        Ok(self.put(sums.into_iter().map(put).collect())?)
    }
}

/// The units of data; all that are none are told at once, as CloudWatch does.
fn units(data: &[MetricDatum]) -> Result<Vec<Unit>, MetricError> {
    let (mut units, mut wrong) = (Vec::with_capacity(data.len()), Vec::new());
    for (place, datum) in data.iter().enumerate() {
        match datum.unit.as_deref().map_or(Ok(Unit::default()), str::parse) {
            Ok(unit) => units.push(unit),
            Err(_) => {
                let names: Vec<&str> = Unit::ALL.iter().map(|unit| unit.name()).collect();
                let names = names.join(", ");
                let member = format!("MetricData.member.{}.Unit", place + 1);
                wrong.push(format!("The parameter {member} must be a value in the set [ {names} ]."));
            }
        }
    }
    if wrong.is_empty() { Ok(units) } else { Err(MetricError::Value(wrong.join("\n"))) }
}

/// A datum with the name that messages have for it.
struct Checked<'a> {
    datum: &'a MetricDatum,
    member: String,
}

impl Checked<'_> {
    fn slot(&self, now: i64) -> Result<Slot, MetricError> {
        let resolution = self.datum.storage_resolution.unwrap_or(60);
        if resolution != 1 && resolution != 60 {
            return Err(self.invalid("StorageResolution", "must be 1 or 60"));
        }
        let timestamp = self.datum.timestamp.unwrap_or(now);
        if timestamp < now - OLDEST {
            return Err(self.invalid("Timestamp", "must specify a time no more than two weeks in the past"));
        }
        if timestamp > now + NEWEST {
            return Err(self.invalid("Timestamp", "must specify a time no more than two hours in the future"));
        }
        Ok(Slot::at(timestamp, resolution))
    }

    fn bucket(&self) -> Result<Bucket, MetricError> {
        let MetricDatum { value, statistic_values, values, counts, .. } = self.datum;
        let given = [
            ("Value", value.is_some()),
            ("StatisticValues", statistic_values.is_some()),
            ("Values", !values.is_empty()),
        ];
        let given: Vec<&str> = given.into_iter().filter_map(|(name, given)| given.then_some(name)).collect();
        if let [first, second, ..] = given[..] {
            let message = format!(
                "The parameters {0}.{first} and {0}.{second} are mutually exclusive and you have specified both.",
                self.member
            );
            return Err(MetricError::Combination(message));
        }
        match (value, statistic_values) {
            (Some(value), _) => self.number("Value", *value).map(|value| Bucket::of(value, 1.0)),
            (_, Some(set)) => self.set(set),
            _ if values.is_empty() => Err(MetricError::Missing("MetricData.member.Value")),
            _ => self.values(values, counts),
        }
    }

    fn set(&self, set: &StatisticSet) -> Result<Bucket, MetricError> {
        for number in [set.sample_count, set.sum, set.minimum, set.maximum] {
            self.number("StatisticValues", number)?;
        }
        if set.sample_count <= 0.0 {
            return Err(self.invalid("StatisticValues.SampleCount", "must be greater than 0"));
        }
        if set.minimum > set.maximum {
            return Err(self.invalid("StatisticValues.Minimum", "must not be greater than Maximum"));
        }
        Ok(Bucket::of_set(set))
    }

    fn values(&self, values: &[f64], counts: &[f64]) -> Result<Bucket, MetricError> {
        if values.len() > MOST_VALUES {
            return Err(self.invalid("Values", "must not have a size greater than 150"));
        }
        if !counts.is_empty() && counts.len() != values.len() {
            let message = format!("The parameters {0}.Values and {0}.Counts must be of the same size.", self.member);
            return Err(MetricError::Value(message));
        }
        let counts = counts.iter().copied().chain(std::iter::repeat(1.0));
        let mut sum: Option<Bucket> = None;
        for (value, count) in values.iter().zip(counts) {
            let value = self.number("Values", *value)?;
            if self.number("Counts", count)? <= 0.0 {
                return Err(self.invalid("Counts", "must be greater than 0"));
            }
            let bucket = Bucket::of(value, count);
            match &mut sum {
                Some(sum) => sum.merge(&bucket),
                None => sum = Some(bucket),
            }
        }
        sum.ok_or(MetricError::Missing("MetricData.member.Values"))
    }

    fn number(&self, parameter: &str, number: f64) -> Result<f64, MetricError> {
        if takes(number) {
            return Ok(number);
        }
        Err(MetricError::Value(format!("The value {number} for parameter {}.{parameter} is invalid.", self.member)))
    }

    fn invalid(&self, parameter: &str, rule: &str) -> MetricError {
        MetricError::Value(format!("The parameter {}.{parameter} {rule}.", self.member))
    }
}

#[cfg(test)]
mod tests {
    use weir_store::Catalogue;

    use super::*;

    const NOW: i64 = 1_774_000_000_000;

    fn put(datum: MetricDatum) -> Result<(), MetricError> {
        let metrics = Metrics::open(&Catalogue::in_memory().expect("opened")).expect("opened");
        let datum = MetricDatum { metric_name: "Hits".to_owned(), ..datum };
        metrics.put_metric_data(&PutMetricDataInput { namespace: "Door".to_owned(), metric_data: vec![datum] }, NOW)
    }

    fn value(value: f64) -> MetricDatum {
        MetricDatum { value: Some(value), ..MetricDatum::default() }
    }

    #[test]
    fn each_bound_is_held() {
        let set = |sample_count, minimum| {
            let set = StatisticSet { sample_count, sum: 3.0, minimum, maximum: 2.0 };
            MetricDatum { statistic_values: Some(set), ..MetricDatum::default() }
        };
        let values = |values: &[f64], counts: &[f64]| MetricDatum {
            values: values.to_vec(),
            counts: counts.to_vec(),
            ..MetricDatum::default()
        };
        let many = [1.0; 151];
        for (datum, code) in [
            (value(2f64.powi(360)), "taken"),
            (value(-2f64.powi(360)), "taken"),
            (value(2f64.powi(361)), "InvalidParameterValue"),
            (value(f64::NAN), "InvalidParameterValue"),
            (value(f64::INFINITY), "InvalidParameterValue"),
            (MetricDatum::default(), "MissingParameter"),
            (MetricDatum { value: Some(1.0), ..set(2.0, 1.0) }, "InvalidParameterCombination"),
            (set(2.0, 1.0), "taken"),
            (set(0.0, 1.0), "InvalidParameterValue"),
            (set(2.0, 5.0), "InvalidParameterValue"),
            (values(&[1.0, 2.0], &[]), "taken"),
            (values(&[1.0, 2.0], &[3.0]), "InvalidParameterValue"),
            (values(&[1.0], &[0.0]), "InvalidParameterValue"),
            (values(&many[1..], &[]), "taken"),
            (values(&many, &[]), "InvalidParameterValue"),
            (MetricDatum { timestamp: Some(NOW - OLDEST), ..value(1.0) }, "taken"),
            (MetricDatum { timestamp: Some(NOW - OLDEST - 1), ..value(1.0) }, "InvalidParameterValue"),
            (MetricDatum { timestamp: Some(NOW + NEWEST), ..value(1.0) }, "taken"),
            (MetricDatum { timestamp: Some(NOW + NEWEST + 1), ..value(1.0) }, "InvalidParameterValue"),
            (MetricDatum { unit: Some("Count/Second".to_owned()), ..value(1.0) }, "taken"),
            (MetricDatum { unit: Some("count".to_owned()), ..value(1.0) }, "InvalidParameterValue"),
            (MetricDatum { storage_resolution: Some(1), ..value(1.0) }, "taken"),
            (MetricDatum { storage_resolution: Some(30), ..value(1.0) }, "InvalidParameterValue"),
        ] {
            let found = put(datum.clone()).err().map_or("taken", |error| error.code());
            assert_eq!(found, code, "{datum:?}");
        }
    }

    #[test]
    fn names_are_checked() {
        let dimension = |name: &str| Dimension { name: name.to_owned(), value: "1".to_owned() };
        let many: Vec<_> = (0..31).map(|number| dimension(&number.to_string())).collect();
        assert!(MetricId::new("VPC Flow logs", "SSH Rejects", &many[1..]).is_ok());
        for (namespace, name, dimensions) in [
            ("", "a", &many[..1]),
            (":a", "a", &many[..1]),
            ("a", "", &many[..1]),
            ("a", "a\n", &many[..1]),
            ("a", "a", &many[..]),
            ("a", "a", &[dimension("x"), dimension("x")][..]),
        ] {
            assert!(MetricId::new(namespace, name, dimensions).is_err(), "{namespace} {name}");
        }
        let long = "x".repeat(256);
        assert!(MetricId::new(&long[1..], &long[1..], &[]).is_ok());
        assert!(MetricId::new(&long, "a", &[]).is_err());
        let metrics = Metrics::open(&Catalogue::in_memory().expect("opened")).expect("opened");
        let input = PutMetricDataInput { namespace: "AWS/EC2".to_owned(), metric_data: vec![value(1.0)] };
        assert_eq!(metrics.put_metric_data(&input, NOW).expect_err("AWS's").code(), "InvalidParameterValue");
    }
}
