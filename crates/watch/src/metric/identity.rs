//! What a metric is called.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Dimensions by name, at most 30. Another set is another metric.
pub type Dimensions = BTreeMap<String, String>;

/// Which metric: another namespace, name or set of dimensions is another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MetricId {
    /// 1 to 255 characters, such as `VPC Flow logs`.
    pub namespace: String,
    /// 1 to 255 characters, such as `SSH-rejects`.
    pub name: String,
    /// Possibly none.
    pub dimensions: Dimensions,
}
