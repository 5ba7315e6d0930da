//! Queries.

use serde_json::{Value, json};
use weir_api::{ApiError, Call};
use weir_query::athena::{
    BatchGetInput, BatchGetOutput, GetQueryResultsInput, GetQueryResultsOutput, ListInput, ListQueryExecutionsOutput,
    RuntimeStatisticsOutput, StartQueryExecutionInput, StartQueryExecutionOutput,
};

use super::{Id, Queries, refused};
use crate::{scope, wait};

pub(super) fn start(
    queries: &Queries,
    call: &Call,
    input: &StartQueryExecutionInput,
) -> Result<StartQueryExecutionOutput, ApiError> {
    queries.athena.start_query_execution(&scope(call), input, call.now).map_err(refused)
}

pub(super) fn stop(queries: &Queries, call: &Call, input: &Id) -> Result<(), ApiError> {
    queries.athena.stop_query_execution(&scope(call), &input.query_execution_id, call.now).map_err(refused)
}

pub(super) fn get(queries: &Queries, call: &Call, input: &Id) -> Result<Value, ApiError> {
    let found = queries.athena.get_query_execution(&scope(call), &input.query_execution_id).map_err(refused)?;
    Ok(json!({ "QueryExecution": found }))
}

pub(super) fn batch_get(queries: &Queries, call: &Call, input: &BatchGetInput) -> Result<BatchGetOutput, ApiError> {
    queries.athena.batch_get_query_execution(&scope(call), input).map_err(refused)
}

pub(super) fn list(queries: &Queries, call: &Call, input: &ListInput) -> Result<ListQueryExecutionsOutput, ApiError> {
    queries.athena.list_query_executions(&scope(call), input).map_err(refused)
}

pub(super) fn results(
    queries: &Queries,
    call: &Call,
    input: &GetQueryResultsInput,
) -> Result<GetQueryResultsOutput, ApiError> {
    wait(&queries.runtime, queries.athena.get_query_results(&scope(call), input)).map_err(refused)
}

pub(super) fn statistics(queries: &Queries, call: &Call, input: &Id) -> Result<RuntimeStatisticsOutput, ApiError> {
    queries.athena.get_query_runtime_statistics(&scope(call), &input.query_execution_id).map_err(refused)
}
