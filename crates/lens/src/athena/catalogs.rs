//! Data catalogues, databases and tables.

use serde_json::Value;
use weir_api::{ApiError, Call};
use weir_query::athena::{DataCatalogInput, DataCatalogOutput, ListDataCatalogsOutput, ListInput, NameInput};

use super::{OfCatalog, Queries, refused};
use crate::{scope, wait};

pub(super) fn create(queries: &Queries, call: &Call, input: &DataCatalogInput) -> Result<DataCatalogOutput, ApiError> {
    queries.athena.create_data_catalog(&scope(call), input).map_err(refused)
}

pub(super) fn update(queries: &Queries, call: &Call, input: &DataCatalogInput) -> Result<(), ApiError> {
    queries.athena.update_data_catalog(&scope(call), input).map_err(refused)
}

pub(super) fn delete(queries: &Queries, call: &Call, input: &NameInput) -> Result<DataCatalogOutput, ApiError> {
    queries.athena.delete_data_catalog(&scope(call), &input.name).map_err(refused)
}

pub(super) fn get(queries: &Queries, call: &Call, input: &NameInput) -> Result<DataCatalogOutput, ApiError> {
    queries.athena.get_data_catalog(&scope(call), &input.name).map_err(refused)
}

pub(super) fn list(queries: &Queries, call: &Call, input: &ListInput) -> Result<ListDataCatalogsOutput, ApiError> {
    queries.athena.list_data_catalogs(&scope(call), input).map_err(refused)
}

pub(super) fn get_database(queries: &Queries, call: &Call, input: &NameInput) -> Result<Value, ApiError> {
    queries.athena.get_database(&scope(call), input).map_err(refused)
}

pub(super) fn list_databases(queries: &Queries, call: &Call, input: &OfCatalog) -> Result<Value, ApiError> {
    queries.athena.list_databases(&scope(call), &input.catalog_name, &input.list).map_err(refused)
}

pub(super) fn get_table(queries: &Queries, call: &Call, input: &NameInput) -> Result<Value, ApiError> {
    wait(&queries.runtime, queries.athena.get_table_metadata(&scope(call), input)).map_err(refused)
}

pub(super) fn list_tables(queries: &Queries, call: &Call, input: &OfCatalog) -> Result<Value, ApiError> {
    let scope = scope(call);
    let listed = queries.athena.list_table_metadata(&scope, &input.catalog_name, &input.list);
    wait(&queries.runtime, listed).map_err(refused)
}
