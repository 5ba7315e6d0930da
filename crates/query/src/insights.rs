//! CloudWatch Logs Insights over log groups.
//!
//! A [`Query`] is read from its text; [`Insights::run`] plans it on the engine that runs SQL as well (its threads, its
//! memory) and gives an [`Answer`]: rows of fields and their texts, as they become known.
//!
//! ```text
//! lexer, parse/ -> tree        the text, with the place of each part
//! plan/                        commands to DataFusion's plan; function/ are the functions
//! source/                      log groups as a table: columns for the fields that a query names
//! run                          plan to rows
//! ```

mod error;
mod function;
mod lexer;
mod life;
mod list;
mod logfmt;
mod lookup;
mod order;
mod parse;
mod plan;
mod run;
mod samples;
mod seen;
mod shape;
mod source;
mod time;
mod tree;
mod value;

use weir_store::logs::{DescribeLogGroupsRequest, LogStore};

pub use error::InsightsError;
pub use life::*;
pub use lookup::Lookups;
pub use run::{Answer, Insights, Request, ResultField, Row, Statistics};
pub use samples::{SAMPLES, Sample, sample};

/// A query that has been read.
#[derive(Debug, Clone)]
pub struct Query {
    text: String,
    pipeline: tree::Pipeline,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// [`InsightsError::Malformed`], with the characters that are meant.
    pub fn parse(text: &str) -> Result<Self, InsightsError> {
        Ok(Self { text: text.to_owned(), pipeline: parse::pipeline(text)? })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the query says itself which log groups it is about.
    pub fn names_log_groups(&self) -> bool {
        self.pipeline.source.is_some()
    }
}

/// The log groups whose names begin so.
fn groups_with_prefix(logs: &LogStore, prefix: &str) -> Result<Vec<String>, InsightsError> {
    let mut request = DescribeLogGroupsRequest {
        log_group_name_prefix: Some(prefix.to_owned()),
        ..DescribeLogGroupsRequest::default()
    };
    let mut names = Vec::new();
    loop {
        let page = logs.describe_log_groups(&request)?;
        names.extend(page.log_groups.into_iter().map(|group| group.log_group_name));
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            return Ok(names);
        }
    }
}
