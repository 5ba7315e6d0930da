//! What a metric filter must be like.

use std::collections::{BTreeMap, BTreeSet};

use super::{FilterError, MetricTransformation, PutMetricFilterInput};
use crate::metric::{self, Unit};

/// Characters of a text, and those that must not be in it.
struct Rule {
    member: &'static str,
    longest: usize,
    without: &'static str,
}

const GROUP: Rule = Rule { member: "logGroupName", longest: 512, without: ":*" };
const NAME: Rule = Rule { member: "filterName", longest: 512, without: ":*" };
const METRIC: Rule = Rule { member: "metricTransformations.1.member.metricName", longest: 255, without: ":*$" };
// The API reference refuses colons here as well; the service takes them.
const NAMESPACE: Rule = Rule { member: "metricTransformations.1.member.metricNamespace", longest: 255, without: "*$" };
const VALUE: Rule = Rule { member: "metricTransformations.1.member.metricValue", longest: 100, without: "" };

/// Dimensions of a filter, at most.
const DIMENSION_LIMIT: usize = 3;
/// Characters of the name of a dimension, and of its value, at most.
pub(super) const DIMENSION_LENGTH: usize = 255;
const SYSTEM_FIELDS: [&str; 2] = ["@aws.account", "@aws.region"];

impl Rule {
    fn check(&self, text: &str) -> Result<(), FilterError> {
        let Self { member, longest, without } = self;
        let length = text.chars().count();
        let constraint = if length == 0 {
            "Member must have length greater than or equal to 1".to_owned()
        } else if length > *longest {
            format!("Member must have length less than or equal to {longest}")
        } else if text.contains(|next| without.contains(next)) {
            format!("Member must satisfy regular expression pattern: [^{without}]*")
        } else {
            return Ok(());
        };
        Err(violation(text, member, &constraint))
    }
}

/// The words of AWS for a parameter that is not as the model has it.
pub(super) fn violation(value: &str, member: &str, constraint: &str) -> FilterError {
    FilterError::InvalidParameter(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

/// A list as the service prints it.
fn shown(transformations: &[MetricTransformation]) -> String {
    let or_null = |value: Option<String>| value.unwrap_or_else(|| "null".to_owned());
    let one = |of: &MetricTransformation| {
        format!(
            "MetricTransformation(metricName={}, metricNamespace={}, metricValue={}, defaultValue={}, unit={}, \
             dimensions={})",
            of.metric_name,
            of.metric_namespace,
            of.metric_value,
            or_null(of.default_value.map(|value| format!("{value:?}"))),
            or_null((of.unit != Unit::None).then(|| of.unit.to_string())),
            or_null((!of.dimensions.is_empty()).then(|| pairs(&of.dimensions))),
        )
    };
    format!("[{}]", transformations.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn pairs(dimensions: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Checks everything but what depends on the pattern, and gives the one transformation.
pub(super) fn check(input: &PutMetricFilterInput) -> Result<&MetricTransformation, FilterError> {
    GROUP.check(&input.log_group_name)?;
    NAME.check(&input.filter_name)?;
    let [transformation] = input.metric_transformations.as_slice() else {
        let bound = if input.metric_transformations.is_empty() { "greater" } else { "less" };
        let constraint = format!("Member must have length {bound} than or equal to 1");
        return Err(violation(&shown(&input.metric_transformations), "metricTransformations", &constraint));
    };
    METRIC.check(&transformation.metric_name)?;
    NAMESPACE.check(&transformation.metric_namespace)?;
    VALUE.check(&transformation.metric_value)?;
    check_dimensions(input, transformation)?;
    let refuse = |problem: &str| Err(FilterError::InvalidParameter(problem.to_owned()));
    if input.apply_on_transformed_logs {
        return refuse("applyOnTransformedLogs: there are no log transformers here");
    }
    if input.field_selection_criteria.as_ref().is_some_and(|criteria| !criteria.is_empty()) {
        return refuse("fieldSelectionCriteria is not supported; write the condition into the filter pattern");
    }
    if transformation.default_value.is_some_and(|value| !metric::takes(value)) {
        return refuse("defaultValue must be a finite number of up to 2^360");
    }
    Ok(transformation)
}

fn check_dimensions(input: &PutMetricFilterInput, transformation: &MetricTransformation) -> Result<(), FilterError> {
    let refuse = |problem: String| Err(FilterError::InvalidParameter(problem));
    let system = &input.emit_system_field_dimensions;
    if let Some(unknown) = system.iter().find(|field| !SYSTEM_FIELDS.contains(&field.as_str())) {
        return refuse(format!("emitSystemFieldDimensions: `{unknown}` is neither @aws.account nor @aws.region"));
    }
    let names: BTreeSet<_> = transformation.dimensions.keys().chain(system).collect();
    let count = transformation.dimensions.len() + system.len();
    if names.len() < count {
        return refuse("a dimension is there twice".to_owned());
    }
    if count > DIMENSION_LIMIT {
        return refuse(format!("a metric filter has at most {DIMENSION_LIMIT} dimensions, system fields among them"));
    }
    if count > 0 && transformation.default_value.is_some() {
        return refuse(
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties".to_owned(),
        );
    }
    match names.iter().find(|name| name.is_empty() || name.chars().count() > DIMENSION_LENGTH) {
        Some(name) => refuse(format!("the name of a dimension has 1 to {DIMENSION_LENGTH} characters: `{name}`")),
        None => Ok(()),
    }
}
