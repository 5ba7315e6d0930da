//! Named queries and prepared statements.

use weir_api::{ApiError, Call};
use weir_query::athena::{
    BatchGetNamedInput, BatchGetNamedOutput, BatchGetPreparedInput, BatchGetPreparedOutput, CreateNamedQueryInput,
    ListInput, ListNamedQueriesOutput, ListPreparedOutput, NamedQueryInput, NamedQueryOutput, PreparedInput,
    PreparedOutput, UpdateNamedQueryInput,
};

use super::{Queries, refused};
use crate::scope;

pub(super) fn create_named(
    queries: &Queries,
    call: &Call,
    input: &CreateNamedQueryInput,
) -> Result<NamedQueryInput, ApiError> {
    queries.athena.create_named_query(&scope(call), input, call.now).map_err(refused)
}

pub(super) fn get_named(queries: &Queries, call: &Call, input: &NamedQueryInput) -> Result<NamedQueryOutput, ApiError> {
    queries.athena.get_named_query(&scope(call), &input.named_query_id).map_err(refused)
}

pub(super) fn update_named(queries: &Queries, call: &Call, input: &UpdateNamedQueryInput) -> Result<(), ApiError> {
    queries.athena.update_named_query(&scope(call), input).map_err(refused)
}

pub(super) fn delete_named(queries: &Queries, call: &Call, input: &NamedQueryInput) -> Result<(), ApiError> {
    queries.athena.delete_named_query(&scope(call), &input.named_query_id).map_err(refused)
}

pub(super) fn batch_get_named(
    queries: &Queries,
    call: &Call,
    input: &BatchGetNamedInput,
) -> Result<BatchGetNamedOutput, ApiError> {
    queries.athena.batch_get_named_query(&scope(call), input).map_err(refused)
}

pub(super) fn list_named(
    queries: &Queries,
    call: &Call,
    input: &ListInput,
) -> Result<ListNamedQueriesOutput, ApiError> {
    queries.athena.list_named_queries(&scope(call), input).map_err(refused)
}

pub(super) fn create_prepared(queries: &Queries, call: &Call, input: &PreparedInput) -> Result<(), ApiError> {
    queries.athena.create_prepared_statement(&scope(call), input, call.now).map_err(refused)
}

pub(super) fn update_prepared(queries: &Queries, call: &Call, input: &PreparedInput) -> Result<(), ApiError> {
    queries.athena.update_prepared_statement(&scope(call), input, call.now).map_err(refused)
}

pub(super) fn get_prepared(queries: &Queries, call: &Call, input: &PreparedInput) -> Result<PreparedOutput, ApiError> {
    queries.athena.get_prepared_statement(&scope(call), input).map_err(refused)
}

pub(super) fn delete_prepared(queries: &Queries, call: &Call, input: &PreparedInput) -> Result<(), ApiError> {
    queries.athena.delete_prepared_statement(&scope(call), input).map_err(refused)
}

pub(super) fn batch_get_prepared(
    queries: &Queries,
    call: &Call,
    input: &BatchGetPreparedInput,
) -> Result<BatchGetPreparedOutput, ApiError> {
    queries.athena.batch_get_prepared_statement(&scope(call), input).map_err(refused)
}

pub(super) fn list_prepared(queries: &Queries, call: &Call, input: &ListInput) -> Result<ListPreparedOutput, ApiError> {
    queries.athena.list_prepared_statements(&scope(call), input).map_err(refused)
}
