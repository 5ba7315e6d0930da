//! Glue's data catalogue: the databases, tables and partitions that Athena queries.

mod databases;
mod partitions;
mod tables;
mod unsupported;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use weir_api::{ApiError, Call, Check, Operation, Payload, Serve, ServiceName, Table, handle};
use weir_query::Engine;
use weir_query::metastore::MetastoreError;

/// What the operations work on.
struct Metastore {
    engine: Arc<Engine>,
    runtime: Handle,
}

/// The tables of Glue.
pub(super) fn tables(engine: &Arc<Engine>, runtime: &Handle) -> Vec<Box<dyn Serve>> {
    let table = |operations| {
        let state = Metastore { engine: Arc::clone(engine), runtime: runtime.clone() };
        Box::new(Table::new(ServiceName::Glue, state, operations)) as Box<dyn Serve>
    };
    vec![table(OPERATIONS), table(unsupported::OPERATIONS)]
}

const NAME: &[Check] = &[Check::Required("Name"), Check::Length("Name", 1, 255)];
const TABLE: &[Check] = &[Check::Required("DatabaseName"), Check::Required("Name"), Check::Length("Name", 1, 255)];
const INPUT: &[Check] = &[Check::Required("DatabaseName"), Check::Required("TableInput")];
const IN_TABLE: &[Check] = &[Check::Required("DatabaseName"), Check::Required("TableName")];
const VALUES: &[Check] =
    &[Check::Required("DatabaseName"), Check::Required("TableName"), Check::Required("PartitionValues")];
const PAGE: Check = Check::Range("MaxResults", 1, 1000);

const OPERATIONS: &[Operation<Metastore>] = &[
    Operation::new("BatchCreatePartition", handle!(partitions::batch_create)).on(table).checked(IN_TABLE),
    Operation::new("BatchDeletePartition", handle!(partitions::batch_delete)).on(table).checked(IN_TABLE),
    Operation::new("BatchDeleteTable", handle!(tables::batch_delete))
        .on(table)
        .checked(&[Check::Required("DatabaseName"), Check::Required("TablesToDelete")]),
    Operation::new("BatchGetPartition", handle!(partitions::batch_get)).on(table).checked(IN_TABLE),
    Operation::new("CreateDatabase", handle!(databases::create))
        .on(database)
        .checked(&[Check::Required("DatabaseInput")]),
    Operation::new("CreatePartition", handle!(partitions::create)).on(table).checked(IN_TABLE),
    Operation::new("CreateTable", handle!(tables::create)).on(table).checked(INPUT),
    Operation::new("DeleteDatabase", handle!(databases::delete)).on(database).checked(NAME),
    Operation::new("DeletePartition", handle!(partitions::delete)).on(table).checked(VALUES),
    Operation::new("DeleteTable", handle!(tables::delete)).on(table).checked(TABLE),
    Operation::new("GetDatabase", handle!(databases::get)).on(database).checked(NAME),
    Operation::new("GetDatabases", handle!(databases::list)).on(database).checked(&[Check::Range(
        "MaxResults",
        1,
        100,
    )]),
    Operation::new("GetPartition", handle!(partitions::get)).on(table).checked(VALUES),
    Operation::new("GetPartitions", handle!(partitions::list)).on(table).checked(&[
        Check::Required("DatabaseName"),
        Check::Required("TableName"),
        PAGE,
    ]),
    Operation::new("GetTable", handle!(tables::get)).on(table).checked(TABLE),
    Operation::new("GetTables", handle!(tables::list))
        .on(table)
        .checked(&[Check::Required("DatabaseName"), Check::Range("MaxResults", 1, 100)]),
    Operation::new("UpdateDatabase", handle!(databases::update))
        .on(database)
        .checked(&[Check::Required("Name"), Check::Required("DatabaseInput")]),
    Operation::new("UpdatePartition", handle!(partitions::update)).on(table).checked(&[
        Check::Required("DatabaseName"),
        Check::Required("TableName"),
        Check::Required("PartitionValueList"),
        Check::Required("PartitionInput"),
    ]),
    Operation::new("UpdateTable", handle!(tables::update)).on(table).checked(INPUT),
];

/// Catalogue and database: an operation needs to be allowed on both.
fn database(call: &Call, payload: &Payload) -> Vec<String> {
    let input = payload.value().ok().and_then(|value| value["DatabaseInput"]["Name"].as_str());
    let name = payload.text("Name").or(input).unwrap_or("*");
    vec![call.arn("glue", "catalog"), call.arn("glue", &format!("database/{name}"))]
}

/// Catalogue, database and table.
fn table(call: &Call, payload: &Payload) -> Vec<String> {
    let database = payload.text("DatabaseName").unwrap_or("*");
    let input = payload.value().ok().and_then(|value| value["TableInput"]["Name"].as_str());
    let table = payload.text("TableName").or_else(|| payload.text("Name")).or(input).unwrap_or("*");
    vec![
        call.arn("glue", "catalog"),
        call.arn("glue", &format!("database/{database}")),
        call.arn("glue", &format!("table/{database}/{table}")),
    ]
}

/// The members of the operations.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    name: String,
    database_name: String,
    table_name: String,
    database_input: Value,
    table_input: Value,
    partition_input: Value,
    partition_input_list: Vec<Value>,
    partition_values: Vec<String>,
    partition_value_list: Vec<String>,
    partitions_to_delete: Vec<Values>,
    partitions_to_get: Vec<Values>,
    tables_to_delete: Vec<String>,
    expression: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// The values of a partition.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Values {
    values: Vec<String>,
}

#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn refused(error: MetastoreError) -> ApiError {
    let status = if matches!(error, MetastoreError::Internal(_)) { 500 } else { 400 };
    ApiError::new(error.code(), error.to_string()).with_status(status)
}

/// An error among the answers of a batch.
fn detail(error: &MetastoreError) -> Value {
    json!({ "ErrorCode": error.code(), "ErrorMessage": error.to_string() })
}

/// The page after the token, and the token of the next one.
fn page(all: Vec<Value>, input: &Input, most: usize) -> Result<(Vec<Value>, Option<String>), ApiError> {
    let start = match input.next_token.as_deref().filter(|token| !token.is_empty()) {
        Some(token) => {
            token.parse().map_err(|_| ApiError::new("InvalidInputException", "The NextToken is not valid."))?
        }
        None => 0_usize,
    };
    let end = start.saturating_add(input.max_results.unwrap_or(most).clamp(1, most));
    let next = (end < all.len()).then(|| end.to_string());
    Ok((all.into_iter().skip(start).take(end - start).collect(), next))
}
