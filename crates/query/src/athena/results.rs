//! GetQueryResults: pages of a result, from its object.

use std::ops::Range;

use object_store::{ObjectStoreExt as _, path::Path as Key};
use serde::{Deserialize, Serialize};
use weir_store::BucketName;

use super::execution::Kept;
use super::{Athena, AthenaError, ColumnInfo, Scope, csv, outcome};
use crate::page_token;

/// Which page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct GetQueryResultsInput {
    pub query_execution_id: String,
    pub next_token: Option<String>,
    pub max_results: Option<usize>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct GetQueryResultsOutput {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_count: Option<i64>,
    pub result_set: ResultSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// Rows and what their columns are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct ResultSet {
    pub rows: Vec<Row>,
    pub result_set_metadata: Columns,
}

/// The columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct Columns {
    pub column_info: Vec<ColumnInfo>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct Row {
    pub data: Vec<Datum>,
}

/// A value; NULL has no text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct Datum {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub var_char_value: Option<String>,
}

/// Most rows of a page.
const PAGE: usize = 1000;

/// How much of an object is read at a time, in bytes.
const PIECE: u64 = 1 << 20;

impl Athena {
    /// GetQueryResults.
    ///
    /// # Errors
    /// When the query has not succeeded, or its result is gone.
    pub async fn get_query_results(
        &self,
        scope: &Scope,
        input: &GetQueryResultsInput,
    ) -> Result<GetQueryResultsOutput, AthenaError> {
        let kept = self.kept(scope, &input.query_execution_id)?;
        check_state(&kept)?;
        let most = input.max_results.unwrap_or(PAGE).clamp(1, PAGE);
        let start = match input.next_token.as_deref() {
            None => 0,
            Some(token) => page_token::place(&input.query_execution_id, token)
                .ok_or_else(|| AthenaError::invalid("INVALID_INPUT", "The NextToken is not valid."))?,
        };
        let (rows, next) = match kept.execution.substatement_type.as_deref() {
            Some("INSERT" | "UNLOAD" | "CREATE_TABLE_AS_SELECT" | "PREPARE" | "DEALLOCATE") => (Vec::new(), None),
            _ if kept.output_rows == 0 && !kept.has_header => (Vec::new(), None),
            _ => self.page(&kept, start, most).await?,
        };
        Ok(GetQueryResultsOutput {
            update_count: kept.update_count,
            result_set: ResultSet { rows, result_set_metadata: Columns { column_info: kept.columns } },
            next_token: next.map(|next| page_token::of(&input.query_execution_id, next)),
        })
    }

    /// The rows from a place in the object, and the place behind them when more follow.
    async fn page(&self, kept: &Kept, start: u64, most: usize) -> Result<(Vec<Row>, Option<u64>), AthenaError> {
        let output = kept.output().unwrap_or_default();
        let is_csv = output.ends_with(".csv");
        let (bucket, key) = outcome::place(output)?;
        let size = self.size(&bucket, &key).await?;
        let (mut text, mut rows, mut at) = (Vec::new(), Vec::new(), 0);
        let mut end = start;
        loop {
            let next = if is_csv { csv::read_line(&text[at..]) } else { plain_line(&text[at..], end >= size) };
            match next {
                Some((row, length)) if rows.len() < most => {
                    rows.push(row);
                    at += length;
                }
                Some(_) => return Ok((rows, Some(start + at as u64))),
                None if end >= size => return Ok((rows, None)),
                None => {
                    let piece = self.piece(&bucket, &key, end..(end + PIECE).min(size)).await?;
                    end += piece.len() as u64;
                    text.extend_from_slice(&piece);
                }
            }
        }
    }

    async fn size(&self, bucket: &BucketName, key: &str) -> Result<u64, AthenaError> {
        let store = self.engine.buckets.writer(bucket).map_err(|_| gone())?;
        Ok(store.head(&Key::from(key)).await.map_err(|_| gone())?.size)
    }

    async fn piece(&self, bucket: &BucketName, key: &str, range: Range<u64>) -> Result<bytes::Bytes, AthenaError> {
        let store = self.engine.buckets.writer(bucket).map_err(|_| gone())?;
        let piece = store.get_range(&Key::from(key), range).await.map_err(|_| gone())?;
        if piece.is_empty() { Err(gone()) } else { Ok(piece) }
    }
}

/// The next line without its end; the last one has none. Nothing more when the text is at its end.
fn plain_line(text: &[u8], whole: bool) -> Option<(Row, usize)> {
    let end = text.iter().position(|byte| *byte == b'\n');
    let (line, length) = match end {
        Some(end) => (&text[..end], end + 1),
        None if whole && !text.is_empty() => (text, text.len()),
        None => return None,
    };
    let value = String::from_utf8_lossy(line).into_owned();
    Some((Row { data: vec![Datum { var_char_value: Some(value) }] }, length))
}

fn gone() -> AthenaError {
    AthenaError::invalid("RESULT_NOT_FOUND", "Could not find results")
}

fn check_state(kept: &Kept) -> Result<(), AthenaError> {
    let state = kept.execution.status.state.as_str();
    let message = match state {
        "SUCCEEDED" => return Ok(()),
        "FAILED" | "CANCELLED" => format!("Query did not finish successfully. Final query state: {state}"),
        _ => format!("Query has not yet finished. Current state: {state}"),
    };
    Err(AthenaError::invalid("INVALID_QUERY_EXECUTION_STATE", message))
}
