//! Why an alarm is in its state, in CloudWatch's words.

use serde_json::{Value, json};

use super::{
    evaluate::{Datapoint, Threshold, Used},
    moment,
    state::{StateValue, TreatMissingData},
};

/// The reason of a new alarm.
pub(crate) const UNCHECKED: &str = "Unchecked: Initial alarm creation";

/// Most data points that a reason lists: it is to be read.
const MOST_LISTED: usize = 15;

/// The reason (`StateReason`) of a state that data points led to.
pub(super) fn of(threshold: &Threshold, state: StateValue, used: &Used) -> String {
    if state == StateValue::InsufficientData {
        let (were, plural) = number(used.filled);
        return format!("Insufficient Data: {} datapoint{plural} {were} unknown.", used.filled);
    }
    let alarm = state == StateValue::Alarm;
    let breaches = |point: &&Datapoint| threshold.comparison.breaches(point.value, threshold.threshold);
    let listed: Vec<&Datapoint> = used.real.iter().filter(|point| breaches(point) == alarm).collect();
    let treated = treated(threshold, used.filled);
    match (listed.is_empty(), treated) {
        (true, Some(treated)) => {
            let (_, plural) = number(used.filled);
            format!("Threshold Crossed: no datapoints were received for {} period{plural} and {treated}.", used.filled)
        }
        (_, treated) => {
            let mut text = crossed(threshold, alarm, &listed, used.real.len());
            if let Some(treated) = treated {
                text.push_str(" and ");
                text.push_str(&treated);
            }
            text + "."
        }
    }
}

fn crossed(threshold: &Threshold, alarm: bool, listed: &[&Datapoint], of: usize) -> String {
    let (were, plural) = number(listed.len());
    let value = |point: &&Datapoint| format!("{:?} ({})", point.value, moment::short(point.timestamp));
    let mut values: Vec<String> = listed.iter().rev().take(MOST_LISTED).map(value).collect();
    if listed.len() > MOST_LISTED {
        values.push("...".to_owned());
    }
    let count = listed.len();
    let datapoints = match threshold.says_out_of {
        true => format!("{count} out of the last {of} datapoints"),
        false => format!("{count} datapoint{plural}"),
    };
    let (datapoints, values, not) = (datapoints, values.join(", "), if alarm { "" } else { "not " });
    let (words, limit) = (threshold.comparison.words(), threshold.threshold);
    let mut text = format!("Threshold Crossed: {datapoints} [{values}] {were} {not}{words} the threshold ({limit:?})");
    if threshold.says_out_of {
        let (least, transition) = match alarm {
            true => (threshold.datapoints_to_alarm, "OK -> ALARM"),
            false => (threshold.evaluation_periods - threshold.datapoints_to_alarm + 1, "ALARM -> OK"),
        };
        let (_, plural) = number(least);
        text.push_str(&format!(" (minimum {least} datapoint{plural} for {transition} transition)"));
    }
    text
}

/// What was made of missing data points, when they counted as something.
fn treated(threshold: &Threshold, filled: usize) -> Option<String> {
    let treatment = match threshold.treat_missing_data {
        TreatMissingData::Breaching => "Breaching",
        TreatMissingData::NotBreaching => "NonBreaching",
        TreatMissingData::Ignore | TreatMissingData::Missing => return None,
    };
    let (were, plural) = number(filled);
    (filled > 0).then(|| format!("{filled} missing datapoint{plural} {were} treated as [{treatment}]"))
}

fn number(count: usize) -> (&'static str, &'static str) {
    if count == 1 { ("was", "") } else { ("were", "s") }
}

/// What `StateReasonData` tells beside the data points.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// When the data were read.
    pub(crate) query_date: i64,
    /// Of an alarm on one metric.
    pub(crate) statistic: Option<String>,
    pub(crate) unit: Option<String>,
    /// Seconds.
    pub(crate) period: i64,
    pub(crate) threshold: f64,
}

/// `StateReasonData`: JSON as text.
pub(crate) fn data(asked: &Asked, evaluated: &[Datapoint]) -> String {
    let datapoint = |point: &Datapoint| {
        let mut datapoint = json!({"timestamp": moment::iso(point.timestamp), "value": point.value});
        if let Some(count) = point.sample_count {
            datapoint["sampleCount"] = count.into();
        }
        datapoint
    };
    let mut data = json!({
        "version": "1.0",
        "queryDate": moment::iso(asked.query_date),
        "period": asked.period,
        "recentDatapoints": evaluated.iter().map(|point| point.value).collect::<Vec<_>>(),
        "threshold": asked.threshold,
        "evaluatedDatapoints": evaluated.iter().rev().map(datapoint).collect::<Vec<Value>>(),
    });
    if let Some(first) = evaluated.first() {
        data["startDate"] = moment::iso(first.timestamp).into();
    }
    for (key, text) in [("statistic", &asked.statistic), ("unit", &asked.unit)] {
        if let Some(text) = text {
            data[key] = text.as_str().into();
        }
    }
    data.to_string()
}
