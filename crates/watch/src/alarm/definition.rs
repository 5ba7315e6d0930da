//! What an alarm is, checked: a value of these types cannot be wrong.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    AlarmError,
    composite::Rule,
    evaluate::Threshold,
    input::{AlarmHead, AlarmRule, PutCompositeAlarmInput, PutLogAlarmInput, PutMetricAlarmInput, Tag},
    log::LogWatch,
    state::{ANOMALY_OPERATORS, Comparison, LowSamples, TreatMissingData},
};
use crate::metric::{Metric, MetricStat, Queries, Selection, Statistic, period};

const MOST_QUERIES: usize = 10;
const MOST_ACTIONS: usize = 5;
const DAY: i64 = 86_400;

/// An alarm as it was put. In the catalogue as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Definition {
    Metric(PutMetricAlarmInput),
    Composite(PutCompositeAlarmInput),
    Log(PutLogAlarmInput),
}

/// What an alarm watches.
#[derive(Debug, Clone)]
pub(super) enum Watch {
    Metric(Arc<MetricWatch>),
    Composite(CompositeWatch),
    Log(Arc<LogWatch>),
}

#[derive(Debug, Clone)]
pub(super) struct MetricWatch {
    pub(super) source: Source,
    pub(super) threshold: Threshold,
    /// Seconds.
    pub(super) period: i64,
}

#[derive(Debug, Clone)]
pub(super) enum Source {
    One(Selection),
    Math(Queries),
}

#[derive(Debug, Clone)]
pub(super) struct CompositeWatch {
    pub(super) rule: Rule,
    /// Names, where the rule may have ARNs.
    pub(super) children: BTreeSet<String>,
    pub(super) suppressor: Option<Suppressor>,
}

/// What keeps a composite alarm silent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suppressor {
    /// The name of an alarm.
    pub(super) alarm: String,
    /// Milliseconds.
    pub(super) wait: i64,
    /// Milliseconds.
    pub(super) extension: i64,
}

impl Definition {
    pub(super) fn head(&self) -> &AlarmHead {
        match self {
            Self::Metric(input) => &input.head,
            Self::Composite(input) => &input.head,
            Self::Log(input) => &input.head,
        }
    }

    pub(super) fn head_mut(&mut self) -> &mut AlarmHead {
        match self {
            Self::Metric(input) => &mut input.head,
            Self::Composite(input) => &mut input.head,
            Self::Log(input) => &mut input.head,
        }
    }

    /// Its tags, which are kept apart from it.
    pub(super) fn take_tags(&mut self) -> Vec<Tag> {
        std::mem::take(match self {
            Self::Metric(input) => &mut input.tags,
            Self::Composite(input) => &mut input.tags,
            Self::Log(input) => &mut input.tags,
        })
    }

    /// `MetricAlarm`, `CompositeAlarm` or `LogAlarm`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Metric(_) => "MetricAlarm",
            Self::Composite(_) => "CompositeAlarm",
            Self::Log(_) => "LogAlarm",
        }
    }

    /// What it watches.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<Watch, AlarmError> {
        check_head(self.head())?;
        match self {
            Self::Metric(input) => MetricWatch::new(input).map(|watch| Watch::Metric(Arc::new(watch))),
            Self::Composite(input) => CompositeWatch::new(input).map(Watch::Composite),
            Self::Log(input) => LogWatch::new(input).map(|watch| Watch::Log(Arc::new(watch))),
        }
    }
}

fn check_head(head: &AlarmHead) -> Result<(), AlarmError> {
    let name = &head.alarm_name;
    if name.is_empty() {
        return Err(AlarmError::Missing("AlarmName"));
    }
    if name.chars().count() > 255 || name.chars().any(char::is_control) {
        return Err(AlarmError::validation("AlarmName has 1 to 255 characters, and no control characters."));
    }
    if head.alarm_description.as_ref().is_some_and(|text| text.chars().count() > 1024) {
        return Err(AlarmError::validation("AlarmDescription has at most 1024 characters."));
    }
    let lists = [
        ("OKActions", &head.ok_actions),
        ("AlarmActions", &head.alarm_actions),
        ("InsufficientDataActions", &head.insufficient_data_actions),
    ];
    for (parameter, actions) in lists {
        if actions.len() > MOST_ACTIONS {
            return Err(AlarmError::validation(format!("{parameter} has at most {MOST_ACTIONS} actions.")));
        }
        if let Some(action) = actions.iter().find(|action| !is_arn(action)) {
            return Err(AlarmError::validation(format!("Invalid arn syntax: {action} in {parameter}")));
        }
    }
    Ok(())
}

/// `arn:aws:SERVICE:REGION:…`. Only topics are told; for others the history says that it could not be done.
fn is_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(5, ':').collect();
    matches!(parts[..], ["arn", partition, service, _, name]
        if [partition, service, name].iter().all(|part| !part.is_empty()))
}

/// What makes data points an alarm.
pub(super) fn threshold(rule: &AlarmRule) -> Result<Threshold, AlarmError> {
    let periods = rule.evaluation_periods.ok_or(AlarmError::Missing("EvaluationPeriods"))?;
    let evaluation_periods = usize::try_from(periods).ok().filter(|periods| *periods > 0);
    let evaluation_periods =
        evaluation_periods.ok_or_else(|| AlarmError::validation("EvaluationPeriods must be 1 or more."))?;
    let datapoints = rule.datapoints_to_alarm.unwrap_or(periods);
    if !(1..=periods).contains(&datapoints) {
        return Err(AlarmError::validation("DatapointsToAlarm must be from 1 to EvaluationPeriods."));
    }
    let operator = &rule.comparison_operator;
    if operator.is_empty() {
        return Err(AlarmError::Missing("ComparisonOperator"));
    }
    if ANOMALY_OPERATORS.contains(&operator.as_str()) {
        let message = format!("The comparison operator {operator} is of anomaly detection, which is not supported.");
        return Err(AlarmError::Validation(message));
    }
    let comparison = Comparison::of(operator).ok_or_else(|| {
        AlarmError::Value(format!("The value {operator} for parameter ComparisonOperator is invalid."))
    })?;
    let threshold = rule.threshold.ok_or(AlarmError::Missing("Threshold"))?;
    if !threshold.is_finite() {
        return Err(AlarmError::validation("Threshold must be a number."));
    }
    let treat = rule.treat_missing_data.as_deref().unwrap_or("missing");
    let treat_missing_data = TreatMissingData::of(treat)
        .ok_or_else(|| unsupported(treat, "TreatMissingData", "breaching, notBreaching, ignore, and missing"))?;
    Ok(Threshold {
        comparison,
        threshold,
        evaluation_periods,
        datapoints_to_alarm: usize::try_from(datapoints).unwrap_or(evaluation_periods),
        says_out_of: rule.datapoints_to_alarm.is_some(),
        treat_missing_data,
        fewest_samples: None,
    })
}

/// How long all evaluation periods may be together.
pub(super) fn check_span(period: i64, threshold: &Threshold) -> Result<(), AlarmError> {
    let most = if period < 3600 { DAY } else { 7 * DAY };
    let periods = i64::try_from(threshold.evaluation_periods).unwrap_or(i64::MAX);
    if periods.saturating_mul(period) > most {
        return Err(AlarmError::validation(format!(
            "Metrics cannot be checked across more than {most} seconds with a period of {period}: Period times \
             EvaluationPeriods must not be greater."
        )));
    }
    Ok(())
}

impl MetricWatch {
    fn new(input: &PutMetricAlarmInput) -> Result<Self, AlarmError> {
        if input.threshold_metric_id.is_some() {
            return Err(AlarmError::validation("ThresholdMetricId is of anomaly detection, which is not supported."));
        }
        let mut threshold = threshold(&input.rule)?;
        let source = if input.metrics.is_empty() { one(input)? } else { math(input)? };
        threshold.fewest_samples = fewest_samples(input, &source)?;
        let period = match &source {
            Source::One(selection) => selection.period,
            Source::Math(queries) => queries.period(),
        };
        check_span(period, &threshold)?;
        Ok(Self { source, threshold, period })
    }

    /// The metrics that it looks at.
    pub(super) fn selections(&self) -> Vec<&Selection> {
        match &self.source {
            Source::One(selection) => vec![selection],
            Source::Math(queries) => queries.selections().collect(),
        }
    }

    /// Whether a point that breaches goes on breaching whatever is added to it, given the least of its values.
    pub(super) fn only_grows(&self, minimum: f64) -> bool {
        use Comparison::{GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual};
        let Source::One(selection) = &self.source else { return false };
        match (selection.statistic, self.threshold.comparison) {
            (Statistic::SampleCount | Statistic::Maximum, GreaterThan | GreaterThanOrEqual) => true,
            (Statistic::Minimum, LessThan | LessThanOrEqual) => true,
            (Statistic::Sum, GreaterThan | GreaterThanOrEqual) => minimum >= 0.0,
            _ => false,
        }
    }
}

fn unsupported(option: &str, parameter: &str, options: &str) -> AlarmError {
    AlarmError::Validation(format!(
        "Option {option} is not supported. Supported options for parameter {parameter} are {options}."
    ))
}

fn one(input: &PutMetricAlarmInput) -> Result<Source, AlarmError> {
    let (stat, is_basic) = match (&input.statistic, &input.extended_statistic) {
        (Some(basic), None) => (basic, true),
        (None, Some(extended)) => (extended, false),
        _ => {
            let message = "Exactly one of the parameters Statistic and ExtendedStatistic must be specified.";
            return Err(AlarmError::Combination(message.to_owned()));
        }
    };
    let parameter = if is_basic { "Statistic" } else { "ExtendedStatistic" };
    if stat.parse::<Statistic>().map_or(true, |statistic| statistic.is_basic() != is_basic) {
        return Err(AlarmError::Value(format!("The value {stat} for parameter {parameter} is not supported.")));
    }
    let metric = Metric {
        namespace: input.namespace.clone().unwrap_or_default(),
        metric_name: input.metric_name.clone().unwrap_or_default(),
        dimensions: input.dimensions.clone(),
    };
    let period = input.period.ok_or(AlarmError::Missing("Period"))?;
    Ok(Source::One(Selection::new(&MetricStat { metric, period, stat: stat.clone(), unit: input.unit })?))
}

fn math(input: &PutMetricAlarmInput) -> Result<Source, AlarmError> {
    let single = input.namespace.is_some()
        || input.metric_name.is_some()
        || input.statistic.is_some()
        || input.extended_statistic.is_some()
        || input.period.is_some()
        || input.unit.is_some()
        || !input.dimensions.is_empty();
    if single {
        let message = "The parameter Metrics cannot be used with MetricName, Namespace, Dimensions, Period, Unit, \
                       Statistic or ExtendedStatistic.";
        return Err(AlarmError::Combination(message.to_owned()));
    }
    if input.metrics.len() > MOST_QUERIES {
        return Err(AlarmError::validation(format!("Metrics has at most {MOST_QUERIES} queries.")));
    }
    let queries = Queries::new(&input.metrics)?;
    if queries.returned() != 1 {
        return Err(AlarmError::validation("Exactly one element of the metrics list should return data."));
    }
    if queries.searches() {
        return Err(AlarmError::validation("SEARCH cannot be used in an alarm."));
    }
    if queries.periods()?.len() > 1 {
        return Err(AlarmError::validation("All metrics of an alarm must have the same Period."));
    }
    period(queries.period())?;
    queries.check()?;
    Ok(Source::Math(queries))
}

/// Fewer samples than this say nothing of a percentile, when the alarm is to be careful about it.
fn fewest_samples(input: &PutMetricAlarmInput, source: &Source) -> Result<Option<f64>, AlarmError> {
    let Some(text) = input.evaluate_low_sample_count_percentile.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let low = LowSamples::of(text)
        .ok_or_else(|| unsupported(text, "EvaluateLowSampleCountPercentile", "evaluate and ignore"))?;
    match source {
        Source::One(Selection { statistic: Statistic::Percentile(percent), .. }) => {
            let share = if *percent >= 50.0 { 100.0 - percent } else { *percent };
            Ok((low == LowSamples::Ignore).then_some(1000.0 / share))
        }
        _ => {
            let message = "EvaluateLowSampleCountPercentile can only be used with a percentile.";
            Err(AlarmError::Combination(message.to_owned()))
        }
    }
}

impl CompositeWatch {
    fn new(input: &PutCompositeAlarmInput) -> Result<Self, AlarmError> {
        if input.alarm_rule.trim().is_empty() {
            return Err(AlarmError::Missing("AlarmRule"));
        }
        let rule = Rule::parse(&input.alarm_rule)?;
        let children: BTreeSet<String> = rule.alarms().into_iter().map(|alarm| name_of(alarm).to_owned()).collect();
        if children.len() > 100 {
            return Err(AlarmError::validation("AlarmRule uses at most 100 alarms."));
        }
        Ok(Self { rule, children, suppressor: suppressor(input)? })
    }
}

fn suppressor(input: &PutCompositeAlarmInput) -> Result<Option<Suppressor>, AlarmError> {
    let (wait, extension) = (input.actions_suppressor_wait_period, input.actions_suppressor_extension_period);
    let Some(alarm) = input.actions_suppressor.as_deref().filter(|alarm| !alarm.is_empty()) else {
        return match (wait, extension) {
            (None, None) => Ok(None),
            _ => Err(AlarmError::Combination(
                "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod need ActionsSuppressor.".to_owned(),
            )),
        };
    };
    let milliseconds = |seconds: Option<i64>, parameter| match seconds {
        Some(seconds) if (0..=7 * DAY).contains(&seconds) => Ok(seconds * 1000),
        Some(_) => Err(AlarmError::validation(format!("{parameter} must be from 0 seconds to a week."))),
        None => Err(AlarmError::Missing(parameter)),
    };
    Ok(Some(Suppressor {
        alarm: name_of(alarm).to_owned(),
        wait: milliseconds(wait, "ActionsSuppressorWaitPeriod")?,
        extension: milliseconds(extension, "ActionsSuppressorExtensionPeriod")?,
    }))
}

/// The name within an alarm's ARN; a name is itself.
pub(super) fn name_of(alarm: &str) -> &str {
    let name = alarm.starts_with("arn:").then(|| alarm.split_once(":alarm:")).flatten();
    name.map_or(alarm, |(_, name)| name)
}
