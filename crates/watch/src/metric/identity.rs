//! What a metric is called.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::MetricError;

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

/// One dimension, as the API has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Dimension {
    /// 1 to 255 characters.
    pub name: String,
    /// 1 to 1024 characters.
    pub value: String,
}

/// Most dimensions of a metric.
pub const MOST_DIMENSIONS: usize = 30;

impl MetricId {
    /// Checks what a caller names; `parameter` leads to the dimensions in messages.
    ///
    /// # Errors
    /// When a name is missing, too long, or there are too many dimensions or one twice.
    pub fn new(namespace: &str, name: &str, dimensions: &[Dimension]) -> Result<Self, MetricError> {
        text("Namespace", namespace, 255)?;
        text("MetricName", name, 255)?;
        if namespace.starts_with(':') {
            return Err(MetricError::Value(
                "The value for parameter Namespace must not start with a colon.".to_owned(),
            ));
        }
        if dimensions.len() > MOST_DIMENSIONS {
            let message = format!("The collection Dimensions must not have a size greater than {MOST_DIMENSIONS}.");
            return Err(MetricError::Value(message));
        }
        let mut by_name = Dimensions::new();
        for Dimension { name, value } in dimensions {
            text("Dimensions.member.Name", name, 255)?;
            text("Dimensions.member.Value", value, 1024)?;
            if by_name.insert(name.clone(), value.clone()).is_some() {
                return Err(MetricError::Value(format!("The dimension {name} is given twice.")));
            }
        }
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned(), dimensions: by_name })
    }

    /// The dimensions as the API lists them.
    pub fn dimension_list(&self) -> Vec<Dimension> {
        let dimension = |(name, value): (&String, &String)| Dimension { name: name.clone(), value: value.clone() };
        self.dimensions.iter().map(dimension).collect()
    }
}

fn text(parameter: &'static str, text: &str, longest: usize) -> Result<(), MetricError> {
    if text.is_empty() {
        return Err(MetricError::Missing(parameter));
    }
    let message = match text.chars().count() {
        count if count > longest => {
            format!("The parameter {parameter} must be shorter than {} characters.", longest + 1)
        }
        _ if text.chars().any(char::is_control) => {
            format!("The parameter {parameter} must not hold control characters.")
        }
        _ if text.trim().is_empty() => format!("The parameter {parameter} must not be blank."),
        _ => return Ok(()),
    };
    Err(MetricError::Value(message))
}
