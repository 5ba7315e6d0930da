//! Athena.

mod catalogs;
mod executions;
mod groups;
mod statements;
mod unsupported;

use std::sync::Arc;

use serde::Deserialize;
use tokio::runtime::Handle;
use weir_api::{ApiError, Call, Check, Operation, Payload, Serve, ServiceName, Table, handle};
use weir_query::athena::{Athena, AthenaError};

/// What the operations work on.
struct Queries {
    athena: Arc<Athena>,
    runtime: Handle,
}

/// The tables of Athena.
pub(super) fn tables(athena: &Arc<Athena>, runtime: &Handle) -> Vec<Box<dyn Serve>> {
    let table = |operations| {
        let state = Queries { athena: Arc::clone(athena), runtime: runtime.clone() };
        Box::new(Table::new(ServiceName::Athena, state, operations)) as Box<dyn Serve>
    };
    vec![table(OPERATIONS), table(unsupported::OPERATIONS)]
}

const ID: &[Check] = &[Check::Required("QueryExecutionId"), Check::Length("QueryExecutionId", 1, 128)];
const NAMED_ID: &[Check] = &[Check::Required("NamedQueryId"), Check::Length("NamedQueryId", 1, 128)];
const PAGE: &[Check] = &[Check::Range("MaxResults", 1, 50)];
const GROUP: &[Check] = &[Check::Required("WorkGroup")];
const STATEMENT: &[Check] =
    &[Check::Required("StatementName"), Check::Required("WorkGroup"), Check::Length("StatementName", 1, 256)];
const WITH_QUERY: &[Check] = &[
    Check::Required("StatementName"),
    Check::Required("WorkGroup"),
    Check::Required("QueryStatement"),
    Check::Length("StatementName", 1, 256),
    Check::Length("QueryStatement", 1, 262_144),
    Check::Length("Description", 1, 1024),
];
const CATALOG: &[Check] = &[
    Check::Required("Name"),
    Check::Required("Type"),
    Check::Length("Name", 1, 256),
    Check::OneOf("Type", &["LAMBDA", "GLUE", "HIVE", "FEDERATED"]),
];
const STATE: Check = Check::OneOf("State", &["ENABLED", "DISABLED"]);
const ARN: &[Check] = &[Check::Required("ResourceARN")];

const OPERATIONS: &[Operation<Queries>] = &[
    Operation::new("BatchGetNamedQuery", handle!(statements::batch_get_named))
        .checked(&[Check::Required("NamedQueryIds"), Check::Length("NamedQueryIds", 1, 50)]),
    Operation::new("BatchGetPreparedStatement", handle!(statements::batch_get_prepared))
        .on(group)
        .checked(&[Check::Required("PreparedStatementNames"), Check::Required("WorkGroup")]),
    Operation::new("BatchGetQueryExecution", handle!(executions::batch_get))
        .checked(&[Check::Required("QueryExecutionIds"), Check::Length("QueryExecutionIds", 1, 50)]),
    Operation::new("CreateDataCatalog", handle!(catalogs::create)).on(catalog).checked(CATALOG),
    Operation::new("CreateNamedQuery", handle!(statements::create_named)).on(group).checked(&[
        Check::Required("Name"),
        Check::Required("Database"),
        Check::Required("QueryString"),
        Check::Length("Name", 1, 128),
        Check::Length("Database", 1, 255),
        Check::Length("QueryString", 1, 262_144),
        Check::Length("Description", 1, 1024),
        Check::Length("ClientRequestToken", 32, 128),
    ]),
    Operation::new("CreatePreparedStatement", handle!(statements::create_prepared)).on(group).checked(WITH_QUERY),
    Operation::new("CreateWorkGroup", handle!(groups::create))
        .on(named_group)
        .checked(&[Check::Required("Name"), Check::Length("Description", 0, 1024)]),
    Operation::new("DeleteDataCatalog", handle!(catalogs::delete)).on(catalog).checked(&[Check::Required("Name")]),
    Operation::new("DeleteNamedQuery", handle!(statements::delete_named)).checked(NAMED_ID),
    Operation::new("DeletePreparedStatement", handle!(statements::delete_prepared)).on(group).checked(STATEMENT),
    Operation::new("DeleteWorkGroup", handle!(groups::delete)).on(group).checked(GROUP),
    Operation::new("GetDataCatalog", handle!(catalogs::get)).on(catalog).checked(&[Check::Required("Name")]),
    Operation::new("GetDatabase", handle!(catalogs::get_database))
        .on(catalog)
        .checked(&[Check::Required("CatalogName"), Check::Required("DatabaseName")]),
    Operation::new("GetNamedQuery", handle!(statements::get_named)).checked(NAMED_ID),
    Operation::new("GetPreparedStatement", handle!(statements::get_prepared)).on(group).checked(STATEMENT),
    Operation::new("GetQueryExecution", handle!(executions::get)).checked(ID),
    Operation::new("GetQueryResults", handle!(executions::results)).checked(&[
        Check::Required("QueryExecutionId"),
        Check::Length("QueryExecutionId", 1, 128),
        Check::Range("MaxResults", 1, 1000),
    ]),
    Operation::new("GetQueryRuntimeStatistics", handle!(executions::statistics)).checked(ID),
    Operation::new("GetTableMetadata", handle!(catalogs::get_table)).on(catalog).checked(&[
        Check::Required("CatalogName"),
        Check::Required("DatabaseName"),
        Check::Required("TableName"),
    ]),
    Operation::new("GetWorkGroup", handle!(groups::get)).on(group).checked(GROUP),
    Operation::new("ListDataCatalogs", handle!(catalogs::list)).checked(&[Check::Range("MaxResults", 2, 50)]),
    Operation::new("ListDatabases", handle!(catalogs::list_databases))
        .on(catalog)
        .checked(&[Check::Required("CatalogName"), Check::Range("MaxResults", 1, 50)]),
    Operation::new("ListEngineVersions", handle!(groups::engine_versions)).checked(&[Check::Range(
        "MaxResults",
        1,
        10,
    )]),
    Operation::new("ListNamedQueries", handle!(statements::list_named)).on(group).checked(PAGE),
    Operation::new("ListPreparedStatements", handle!(statements::list_prepared))
        .on(group)
        .checked(&[Check::Required("WorkGroup"), Check::Range("MaxResults", 1, 50)]),
    Operation::new("ListQueryExecutions", handle!(executions::list)).on(group).checked(PAGE),
    Operation::new("ListTableMetadata", handle!(catalogs::list_tables)).on(catalog).checked(&[
        Check::Required("CatalogName"),
        Check::Required("DatabaseName"),
        Check::Range("MaxResults", 1, 50),
    ]),
    Operation::new("ListTagsForResource", handle!(groups::list_tags)).on(tagged).checked(ARN),
    Operation::new("ListWorkGroups", handle!(groups::list)).checked(PAGE),
    Operation::new("StartQueryExecution", handle!(executions::start))
        .on(group)
        .checked(&[Check::Required("QueryString"), Check::Length("QueryString", 1, 262_144)]),
    Operation::new("StopQueryExecution", handle!(executions::stop)).checked(ID),
    Operation::new("TagResource", handle!(groups::tag))
        .on(tagged)
        .checked(&[Check::Required("ResourceARN"), Check::Required("Tags")]),
    Operation::new("UntagResource", handle!(groups::untag))
        .on(tagged)
        .checked(&[Check::Required("ResourceARN"), Check::Required("TagKeys")]),
    Operation::new("UpdateDataCatalog", handle!(catalogs::update)).on(catalog).checked(CATALOG),
    Operation::new("UpdateNamedQuery", handle!(statements::update_named)).checked(&[
        Check::Required("NamedQueryId"),
        Check::Required("Name"),
        Check::Required("QueryString"),
    ]),
    Operation::new("UpdatePreparedStatement", handle!(statements::update_prepared)).on(group).checked(WITH_QUERY),
    Operation::new("UpdateWorkGroup", handle!(groups::update)).on(group).checked(&[
        Check::Required("WorkGroup"),
        STATE,
        Check::Length("Description", 0, 1024),
    ]),
];

fn group(call: &Call, payload: &Payload) -> Vec<String> {
    let name = payload.text("WorkGroup").unwrap_or("primary");
    vec![call.arn("athena", &format!("workgroup/{name}"))]
}

fn named_group(call: &Call, payload: &Payload) -> Vec<String> {
    let name = payload.text("Name").unwrap_or("*");
    vec![call.arn("athena", &format!("workgroup/{name}"))]
}

fn catalog(call: &Call, payload: &Payload) -> Vec<String> {
    let name = payload.text("CatalogName").or_else(|| payload.text("Name")).unwrap_or("*");
    vec![call.arn("athena", &format!("datacatalog/{name}"))]
}

fn tagged(_: &Call, payload: &Payload) -> Vec<String> {
    vec![payload.text("ResourceARN").unwrap_or("*").to_owned()]
}

/// The catalogue of which something is listed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfCatalog {
    catalog_name: String,
    #[serde(flatten)]
    list: weir_query::athena::ListInput,
}

/// The id of a query.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Id {
    query_execution_id: String,
}

#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn refused(error: AthenaError) -> ApiError {
    let api = ApiError::new(error.code(), error.to_string());
    match error {
        AthenaError::Invalid { code, .. } => api.with_member("AthenaErrorCode", code).with_member("ErrorCode", code),
        AthenaError::NotFound { resource, .. } => api.with_member("ResourceName", resource),
        AthenaError::Metadata(_) => api,
        AthenaError::Internal(_) => api.with_status(500),
    }
}
