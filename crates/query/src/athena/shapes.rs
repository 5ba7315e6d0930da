//! What many operations share.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::AthenaError;

/// Whose things are meant: each region has its own workgroups and queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// 12 digits.
    pub account: String,
    /// Such as `us-east-1`.
    pub region: String,
}

/// The members of all list operations.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListInput {
    /// `primary` if it is not there, where it means something.
    pub work_group: Option<String>,
    /// Most of a page.
    pub max_results: Option<usize>,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// Of databases and tables.
    pub database_name: Option<String>,
    /// A regular expression for the names of tables.
    pub expression: Option<String>,
}

/// The page after the token, and the token of the next one. `most` is that of a page without `MaxResults`.
pub(super) fn page<T>(all: Vec<T>, input: &ListInput, most: usize) -> Result<(Vec<T>, Option<String>), AthenaError> {
    let start = match &input.next_token {
        Some(token) => read_token(token)?,
        None => 0,
    };
    let end = start.saturating_add(input.max_results.unwrap_or(most).clamp(1, most));
    let next = (end < all.len()).then(|| token(end));
    Ok((all.into_iter().skip(start).take(end - start).collect(), next))
}

/// A number as a token.
fn token(number: usize) -> String {
    STANDARD.encode(format!("weir:{number}"))
}

/// The number of a token.
fn read_token(token: &str) -> Result<usize, AthenaError> {
    let text = STANDARD.decode(token).ok().and_then(|text| String::from_utf8(text).ok());
    let number = text.as_deref().and_then(|text| text.strip_prefix("weir:")).and_then(|number| number.parse().ok());
    number.ok_or_else(|| AthenaError::invalid("INVALID_INPUT", "The NextToken is not valid."))
}
