//! Listing metric filters, page by page.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{DescribeMetricFiltersInput, DescribeMetricFiltersOutput, FilterError, MetricFilter, validate::violation};

const PAGE: usize = 50;

/// Answers DescribeMetricFilters from all filters of the groups asked for.
pub(crate) fn describe<'f>(
    filters: impl Iterator<Item = &'f MetricFilter>,
    input: &DescribeMetricFiltersInput,
) -> Result<DescribeMetricFiltersOutput, FilterError> {
    let limit = input.limit.unwrap_or(PAGE);
    if limit == 0 || limit > PAGE {
        let (bound, constraint) = if limit == 0 { ("greater", 1) } else { ("less", PAGE) };
        return Err(violation(
            &limit.to_string(),
            "limit",
            &format!("Member must have value {bound} than or equal to {constraint}"),
        ));
    }
    if input.metric_name.is_some() != input.metric_namespace.is_some() {
        return Err(FilterError::InvalidParameter(
            "metricName and metricNamespace must be specified together".to_owned(),
        ));
    }
    let after = input.next_token.as_deref().map(read_token).transpose()?;
    let mut found: Vec<_> =
        filters.filter(|filter| is_asked_for(filter, input)).map(|filter| (key(filter), filter)).collect();
    found.sort_unstable_by_key(|(key, _)| *key);
    let start =
        after.map_or(0, |after| found.partition_point(|((name, group), _)| (*name, *group) <= (&after.0, &after.1)));
    let mut page = found[start..].iter();
    let metric_filters: Vec<_> = page.by_ref().take(limit).map(|(_, filter)| (*filter).clone()).collect();
    let more = page.next().is_some();
    let next_token = metric_filters.last().filter(|_| more).map(|last| token(key(last)));
    Ok(DescribeMetricFiltersOutput { metric_filters, next_token })
}

/// What filters are ordered by: their names, and in different groups the same name.
fn key(filter: &MetricFilter) -> (&str, &str) {
    (&filter.filter_name, &filter.log_group_name)
}

fn is_asked_for(filter: &MetricFilter, input: &DescribeMetricFiltersInput) -> bool {
    let prefix = input.filter_name_prefix.as_deref().unwrap_or_default();
    let is = |asked: &Option<String>, name: &str| asked.as_deref().is_none_or(|asked| asked == name);
    filter.filter_name.starts_with(prefix)
        && is(&input.log_group_name, &filter.log_group_name)
        && filter.metric_transformations.iter().any(|transformation| {
            is(&input.metric_name, &transformation.metric_name)
                && is(&input.metric_namespace, &transformation.metric_namespace)
        })
}

/// Neither name has a `*`.
fn token((name, group): (&str, &str)) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{name}*{group}"))
}

fn read_token(token: &str) -> Result<(String, String), FilterError> {
    let text = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text.as_deref().and_then(|text| text.split_once('*'));
    let (name, group) =
        place.ok_or_else(|| FilterError::InvalidParameter("The specified nextToken is invalid.".to_owned()))?;
    Ok((name.to_owned(), group.to_owned()))
}
