//! Queries of before: GetQueryExecution and its relatives.

use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_store::CatalogueError;

use super::execution::Kept;
use super::shapes::page;
use super::{Athena, AthenaError, ListInput, QueryExecution, Scope, lock};
use crate::error::{Code, Error};

/// Ids of queries.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct BatchGetInput {
    #[serde(default)]
    pub query_execution_ids: Vec<String>,
}

/// Queries, and ids of which there are none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct BatchGetOutput {
    pub query_executions: Vec<QueryExecution>,
    pub unprocessed_query_execution_ids: Vec<Unprocessed>,
}

/// An id of which there is no query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct Unprocessed {
    pub query_execution_id: String,
    pub error_code: String,
    pub error_message: String,
}

/// Ids of queries, the latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct ListQueryExecutionsOutput {
    pub query_execution_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// What a query took, part by part.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct RuntimeStatisticsOutput {
    pub query_runtime_statistics: Value,
}

impl Athena {
    /// GetQueryExecution. While a query runs, the bytes read so far are in its statistics.
    ///
    /// # Errors
    /// When there is no such query.
    pub fn get_query_execution(&self, scope: &Scope, id: &str) -> Result<QueryExecution, AthenaError> {
        let mut execution = self.kept(scope, id)?.execution;
        let progress = lock(&self.running).get(id).and_then(|running| running.progress.clone());
        if let Some(progress) = progress.filter(|_| execution.status.state == "RUNNING") {
            execution.statistics.data_scanned_in_bytes = i64::try_from(progress.bytes_scanned()).ok();
        }
        Ok(execution)
    }

    /// BatchGetQueryExecution.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn batch_get_query_execution(
        &self,
        scope: &Scope,
        input: &BatchGetInput,
    ) -> Result<BatchGetOutput, AthenaError> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for id in &input.query_execution_ids {
            match self.get_query_execution(scope, id) {
                Ok(execution) => found.push(execution),
                Err(AthenaError::Invalid { code, message }) => missing.push(Unprocessed {
                    query_execution_id: id.clone(),
                    error_code: code.to_owned(),
                    error_message: message,
                }),
                Err(error) => return Err(error),
            }
        }
        Ok(BatchGetOutput { query_executions: found, unprocessed_query_execution_ids: missing })
    }

    /// ListQueryExecutions.
    ///
    /// # Errors
    /// When there is no such workgroup, or the token is none.
    pub fn list_query_executions(
        &self,
        scope: &Scope,
        input: &ListInput,
    ) -> Result<ListQueryExecutionsOutput, AthenaError> {
        let group = self.group(scope, input.work_group.as_deref())?.name;
        let ids: Vec<String> = self.catalogue.change(|transaction| {
            let sql = "SELECT id FROM athena_execution WHERE region = ?1 AND work_group = ?2 ORDER BY submitted DESC, rowid DESC";
            let mut select = transaction.prepare(sql)?;
            let rows = select.query_map(params![scope.region, group], |row| row.get(0))?;
            Ok::<_, CatalogueError>(rows.collect::<Result<_, _>>()?)
        })?;
        let (query_execution_ids, next_token) = page(ids, input, 50)?;
        Ok(ListQueryExecutionsOutput { query_execution_ids, next_token })
    }

    /// GetQueryRuntimeStatistics.
    ///
    /// # Errors
    /// When there is no such query.
    pub fn get_query_runtime_statistics(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<RuntimeStatisticsOutput, AthenaError> {
        let kept = self.kept(scope, id)?;
        let statistics = &kept.execution.statistics;
        let shown = json!({
            "Timeline": {
                "QueryQueueTimeInMillis": statistics.query_queue_time_in_millis.unwrap_or(0),
                "QueryPlanningTimeInMillis": statistics.query_planning_time_in_millis.unwrap_or(0),
                "EngineExecutionTimeInMillis": statistics.engine_execution_time_in_millis.unwrap_or(0),
                "ServiceProcessingTimeInMillis": statistics.service_processing_time_in_millis.unwrap_or(0),
                "TotalExecutionTimeInMillis": statistics.total_execution_time_in_millis.unwrap_or(0),
            },
            "Rows": {
                "InputRows": kept.input_rows,
                "InputBytes": statistics.data_scanned_in_bytes.unwrap_or(0),
                "OutputRows": kept.output_rows,
                "OutputBytes": kept.output_bytes,
            },
        });
        Ok(RuntimeStatisticsOutput { query_runtime_statistics: shown })
    }

    pub(super) fn kept(&self, scope: &Scope, id: &str) -> Result<Kept, AthenaError> {
        let document: Option<String> = self.catalogue.change(|transaction| {
            let sql = "SELECT document FROM athena_execution WHERE id = ?1 AND region = ?2";
            let found = transaction.query_row(sql, params![id, scope.region], |row| row.get(0));
            Ok::<_, CatalogueError>(found.optional()?)
        })?;
        let document = document.ok_or_else(|| {
            AthenaError::invalid("INVALID_QUERY_EXECUTION_ID", format!("QueryExecution {id} was not found"))
        })?;
        Ok(serde_json::from_str(&document)?)
    }

    /// A query of any region.
    pub(super) fn find(&self, id: &str) -> Result<Option<Kept>, AthenaError> {
        let document: Option<String> = self.catalogue.change(|transaction| {
            let found =
                transaction.query_row("SELECT document FROM athena_execution WHERE id = ?1", [id], |row| row.get(0));
            Ok::<_, CatalogueError>(found.optional()?)
        })?;
        document.map(|document| Ok(serde_json::from_str(&document)?)).transpose()
    }

    /// The region in which a query was started.
    pub(super) fn region_of(&self, kept: &Kept) -> Result<String, Error> {
        let id = &kept.execution.query_execution_id;
        let region = self.catalogue.change(|transaction| {
            let sql = "SELECT region FROM athena_execution WHERE id = ?1";
            Ok::<_, CatalogueError>(transaction.query_row(sql, [id], |row| row.get(0))?)
        });
        region.map_err(|error| Error::new(Code::Catalogue, error.to_string()))
    }

    /// Queries of the same region and workgroup that ended and were started since, the latest first.
    pub(super) fn recent(&self, id: &str, since: i64) -> Result<Vec<Kept>, AthenaError> {
        let documents: Vec<String> = self.catalogue.change(|transaction| {
            let sql = "SELECT other.document FROM athena_execution AS own JOIN athena_execution AS other \
                ON other.region = own.region AND other.work_group = own.work_group \
                WHERE own.id = ?1 AND other.ended = 1 AND other.submitted >= ?2 ORDER BY other.submitted DESC LIMIT 1000";
            let mut select = transaction.prepare(sql)?;
            let rows = select.query_map(params![id, since], |row| row.get(0))?;
            Ok::<_, CatalogueError>(rows.collect::<Result<_, _>>()?)
        })?;
        documents.iter().map(|document| Ok(serde_json::from_str(document)?)).collect()
    }
}
