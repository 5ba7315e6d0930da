//! A metric filter ready to be evaluated.

use std::sync::Arc;

use super::{FilterError, MetricFilter, PutMetricFilterInput, validate};
use crate::{
    metric::{self, Dimensions, MetricId, Unit},
    pattern::{Extract, Number, Pattern},
};

/// A metric filter, its pattern read and its values found in it.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) definition: MetricFilter,
    pub(super) pattern: Pattern,
    pub(super) value: Value,
    /// Dimensions whose values events have.
    pub(super) dimensions: Vec<(String, Extract)>,
    /// The metric, without those.
    pub(super) metric: Arc<MetricId>,
    pub(super) unit: Unit,
    pub(super) default: Option<f64>,
}

/// Where the value of a datum comes from.
#[derive(Debug)]
pub(super) enum Value {
    Fixed(f64),
    Of(Extract),
}

/// Whose log groups these are: the values of the system fields.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) account: String,
    pub(crate) region: String,
}

impl Compiled {
    /// Checks a filter. `created` is when it is, or was, put for the first time.
    pub(crate) fn new(input: PutMetricFilterInput, owner: &Owner, created: i64) -> Result<Self, FilterError> {
        let transformation = validate::check(&input)?;
        let pattern: Pattern = input.filter_pattern.parse()?;
        let take = |label: &str| pattern.value(label).map_err(FilterError::InvalidParameter);
        let value = value(&transformation.metric_value, take)?;
        let dimensions = transformation.dimensions.iter().map(|(name, label)| Ok((name.clone(), take(label)?)));
        let dimensions = dimensions.collect::<Result<_, FilterError>>()?;
        let system = input.emit_system_field_dimensions.iter().map(|field| {
            let value = if field == "@aws.account" { &owner.account } else { &owner.region };
            (field.clone(), value.clone())
        });
        let metric = Arc::new(MetricId {
            namespace: transformation.metric_namespace.clone(),
            name: transformation.metric_name.clone(),
            dimensions: system.collect(),
        });
        let (unit, default) = (transformation.unit, transformation.default_value);
        let definition = MetricFilter {
            filter_name: input.filter_name,
            filter_pattern: input.filter_pattern,
            metric_transformations: input.metric_transformations,
            creation_time: created,
            log_group_name: input.log_group_name,
            apply_on_transformed_logs: false,
            emit_system_field_dimensions: input.emit_system_field_dimensions,
        };
        Ok(Self { definition, pattern, value, dimensions, metric, unit, default })
    }

    /// Reads a definition that was accepted once.
    pub(crate) fn again(definition: MetricFilter, owner: &Owner) -> Result<Self, FilterError> {
        let created = definition.creation_time;
        let input = PutMetricFilterInput {
            log_group_name: definition.log_group_name,
            filter_name: definition.filter_name,
            filter_pattern: definition.filter_pattern,
            metric_transformations: definition.metric_transformations,
            apply_on_transformed_logs: false,
            field_selection_criteria: None,
            emit_system_field_dimensions: definition.emit_system_field_dimensions,
        };
        Self::new(input, owner, created)
    }

    pub(crate) fn has_regex(&self) -> bool {
        self.pattern.regexes() > 0
    }

    /// The metric with these values of its dimensions, in the order of [`Compiled::dimensions`].
    pub(super) fn metric_of(&self, values: &[String]) -> Arc<MetricId> {
        let names = self.dimensions.iter().map(|(name, _)| name.clone());
        let mut dimensions: Dimensions = names.zip(values.iter().cloned()).collect();
        dimensions.extend(self.metric.dimensions.clone());
        Arc::new(MetricId { dimensions, ..MetricId::clone(&self.metric) })
    }
}

fn value(written: &str, take: impl FnOnce(&str) -> Result<Extract, FilterError>) -> Result<Value, FilterError> {
    if written.starts_with('$') {
        return take(written).map(Value::Of);
    }
    let number = Number::parse(written).map(Number::real).filter(|number| metric::takes(*number));
    number.map(Value::Fixed).ok_or_else(|| {
        let problem = "is neither a number of up to 2^360 nor `$field` nor `$.path`";
        FilterError::InvalidParameter(format!("metricValue `{written}` {problem}"))
    })
}
