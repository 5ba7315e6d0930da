//! `ListMetrics`: the metrics that had data lately.

use serde::{Deserialize, Serialize};

use super::{MetricError, MetricId, Metrics, query::Metric};

const HOUR: i64 = 3_600_000;
/// How long ago a metric may have had its latest data to be listed, and found by `SEARCH`.
pub(super) const LISTED: i64 = 14 * 24 * HOUR;
const RECENT: i64 = 3 * HOUR;
const PAGE: usize = 500;

/// What `ListMetrics` takes; each part narrows the list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListMetricsInput {
    /// Exactly this namespace.
    pub namespace: Option<String>,
    /// Exactly this name.
    pub metric_name: Option<String>,
    /// Metrics that have all of these, and possibly more.
    pub dimensions: Vec<DimensionFilter>,
    /// `PT3H`: only those with data of the last three hours.
    pub recently_active: Option<String>,
    /// Where the page before ended.
    pub next_token: Option<String>,
}

/// A dimension that a metric must have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DimensionFilter {
    /// Its name.
    pub name: String,
    /// Its value; any if not given.
    pub value: Option<String>,
}

/// What `ListMetrics` gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListMetricsOutput {
    /// At most 500, in order of namespace, name, dimensions.
    pub metrics: Vec<Metric>,
    /// There are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Metrics {
    /// `ListMetrics`: metrics with data of the last two weeks.
    ///
    /// # Errors
    /// A value of `RecentlyActive` or a token that there is not.
    pub fn list_metrics(&self, input: &ListMetricsInput, now: i64) -> Result<ListMetricsOutput, MetricError> {
        let age = match input.recently_active.as_deref() {
            None => LISTED,
            Some("PT3H") => RECENT,
            Some(other) => {
                let message = format!("The value {other} for parameter RecentlyActive is invalid: use PT3H.");
                return Err(MetricError::Value(message));
            }
        };
        let skipped = match &input.next_token {
            None => 0,
            Some(token) => token.parse::<usize>().map_err(|_| MetricError::NextToken)?,
        };
        let all = self.metrics();
        let fits = |(id, latest): &&(std::sync::Arc<MetricId>, i64)| *latest >= now - age && input.fits(id);
        let mut found = all.iter().filter(fits).skip(skipped).map(|(id, _)| Metric::from(id.as_ref()));
        let metrics = found.by_ref().take(PAGE).collect();
        let next_token = found.next().map(|_| (skipped + PAGE).to_string());
        Ok(ListMetricsOutput { metrics, next_token })
    }
}

impl ListMetricsInput {
    fn fits(&self, id: &MetricId) -> bool {
        let has = |filter: &DimensionFilter| {
            let found = id.dimensions.get(&filter.name);
            found.is_some_and(|found| filter.value.as_ref().is_none_or(|value| value == found))
        };
        self.namespace.as_ref().is_none_or(|namespace| *namespace == id.namespace)
            && self.metric_name.as_ref().is_none_or(|name| *name == id.name)
            && self.dimensions.iter().all(has)
    }
}
