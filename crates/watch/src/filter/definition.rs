//! What is said about metric filters, in the words of the API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::Unit;

/// How an event becomes a value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricTransformation {
    /// 1 to 255 characters without `:`, `*` and `$`.
    pub metric_name: String,
    /// 1 to 255 characters without `:`, `*` and `$`.
    pub metric_namespace: String,
    /// A number, `$field` of a space-delimited pattern, or `$.path` of a JSON pattern; at most 100 characters.
    pub metric_value: String,
    /// The value of a minute in which events came and none matched. Not together with dimensions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<f64>,
    /// Names of dimensions and where their values are: `$field` or `$.path`. At most 3.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    /// What the value is counted in.
    #[serde(default)]
    pub unit: Unit,
}

/// What PutMetricFilter is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutMetricFilterInput {
    /// The log group.
    pub log_group_name: String,
    /// 1 to 512 characters without `:` and `*`. A filter of that name is replaced.
    pub filter_name: String,
    /// Which events.
    pub filter_pattern: String,
    /// Exactly one.
    pub metric_transformations: Vec<MetricTransformation>,
    /// Log transformers are not there: anything but `false` is refused.
    #[serde(default)]
    pub apply_on_transformed_logs: bool,
    /// Not there: anything but an empty text is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_selection_criteria: Option<String>,
    /// `@aws.account` and `@aws.region`: dimensions with the account and region of this installation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emit_system_field_dimensions: Vec<String>,
}

/// A metric filter as DescribeMetricFilters lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricFilter {
    /// Unique in its log group.
    pub filter_name: String,
    /// Which events.
    pub filter_pattern: String,
    /// One.
    pub metric_transformations: Vec<MetricTransformation>,
    /// When it was put for the first time, Unix milliseconds.
    pub creation_time: i64,
    /// The log group.
    pub log_group_name: String,
    /// Always `false`.
    pub apply_on_transformed_logs: bool,
    /// System fields that become dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emit_system_field_dimensions: Vec<String>,
}

/// What DescribeMetricFilters is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DescribeMetricFiltersInput {
    /// Only of this log group.
    #[serde(default)]
    pub log_group_name: Option<String>,
    /// Only names that begin so; together with a log group.
    #[serde(default)]
    pub filter_name_prefix: Option<String>,
    /// Where the answer before this one ended.
    #[serde(default)]
    pub next_token: Option<String>,
    /// 1 to 50; 50 unless given.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Only filters of this metric; together with a namespace.
    #[serde(default)]
    pub metric_name: Option<String>,
    /// Only filters of this namespace; together with a name.
    #[serde(default)]
    pub metric_namespace: Option<String>,
}

/// What DescribeMetricFilters answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribeMetricFiltersOutput {
    /// By name, in ASCII order.
    pub metric_filters: Vec<MetricFilter>,
    /// There are more: where to go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// What DeleteMetricFilter is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteMetricFilterInput {
    /// The log group.
    pub log_group_name: String,
    /// The filter.
    pub filter_name: String,
}

/// What TestMetricFilter is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestMetricFilterInput {
    /// The pattern to try.
    pub filter_pattern: String,
    /// 1 to 50 texts, none of them empty.
    pub log_event_messages: Vec<String>,
}

/// What TestMetricFilter answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestMetricFilterOutput {
    /// The events that match, in order.
    pub matches: Vec<MetricFilterMatch>,
}

/// An event that matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricFilterMatch {
    /// Its place among the messages, from 0.
    pub event_number: usize,
    /// Its text.
    pub event_message: String,
    /// What the pattern extracts, by label.
    pub extracted_values: BTreeMap<String, String>,
}
