//! The operations of CloudWatch Logs that ask Logs Insights.

use std::sync::Arc;

use weir_api::{ApiError, Call, Check, Operation, Payload, Serve, ServiceName, Table, handle};
use weir_query::insights::{
    CreateLookupTableInput, CreateLookupTableOutput, DeleteLookupTableInput, DeleteQueryDefinitionInput,
    DescribeLookupTablesInput, DescribeLookupTablesOutput, DescribeQueriesInput, DescribeQueriesOutput,
    DescribeQueryDefinitionsInput, DescribeQueryDefinitionsOutput, GetLogGroupFieldsInput, GetLogGroupFieldsOutput,
    GetLogRecordInput, GetLogRecordOutput, GetLookupTableInput, GetLookupTableOutput, GetQueryResultsInput,
    GetQueryResultsOutput, InsightsError, PutQueryDefinitionInput, PutQueryDefinitionOutput, Queries, StartQueryInput,
    StartQueryOutput, StopQueryInput, SuccessOutput, UpdateLookupTableInput, UpdateLookupTableOutput,
};

/// Gives the queries of a region.
pub type QueriesOf = Arc<dyn Fn(&str) -> Result<Queries, ApiError> + Send + Sync>;

/// What the operations work on.
struct Insights {
    queries: QueriesOf,
}

/// The table of the queries over log groups.
pub fn insights_table(queries: QueriesOf) -> Box<dyn Serve> {
    Box::new(Table::new(ServiceName::Logs, Insights { queries }, OPERATIONS))
}

const QUERY: Check = Check::Length("queryString", 0, 10_000);

/// A table's name as it is, the smallest and largest lengths as AWS has them.
const TABLE: Check = Check::Length("lookupTableName", 1, 256);
const BODY: Check = Check::Length("tableBody", 1, 10_485_760);

const OPERATIONS: &[Operation<Insights>] = &[
    Operation::new("CreateLookupTable", handle!(create_lookup)).checked(&[
        Check::Required("lookupTableName"),
        TABLE,
        BODY,
    ]),
    Operation::new("DeleteLookupTable", handle!(delete_lookup)).checked(&[Check::Required("lookupTableArn")]),
    Operation::new("DeleteQueryDefinition", handle!(delete_definition))
        .checked(&[Check::Required("queryDefinitionId"), Check::Length("queryDefinitionId", 0, 256)]),
    Operation::new("DescribeLookupTables", handle!(lookups)).checked(&[Check::Range("maxResults", 1, 100)]),
    Operation::new("DescribeQueries", handle!(describe)).checked(&[Check::Range("maxResults", 1, 1000)]),
    Operation::new("DescribeQueryDefinitions", handle!(describe_definitions)).checked(&[Check::Range(
        "maxResults",
        1,
        1000,
    )]),
    Operation::new("GetLogGroupFields", handle!(fields)).on(groups),
    Operation::new("GetLogRecord", handle!(log_record)).checked(&[Check::Required("logRecordPointer")]),
    Operation::new("GetLookupTable", handle!(get_lookup)).checked(&[Check::Required("lookupTableArn")]),
    Operation::new("GetQueryResults", handle!(results)).checked(&[Check::Required("queryId")]),
    Operation::new("PutQueryDefinition", handle!(put_definition)).checked(&[
        Check::Required("name"),
        Check::Length("name", 1, 255),
        Check::Required("queryString"),
        Check::Length("queryString", 1, 10_000),
    ]),
    Operation::new("StartQuery", handle!(start)).on(groups).checked(&[
        Check::Required("startTime"),
        Check::Required("endTime"),
        Check::Required("queryString"),
        QUERY,
        Check::Range("limit", 1, 100_000),
    ]),
    Operation::new("StopQuery", handle!(stop)).checked(&[Check::Required("queryId")]),
    Operation::new("UpdateLookupTable", handle!(update_lookup)).checked(&[Check::Required("lookupTableArn"), BODY]),
];

/// The log groups that an input names; all, when the query names them itself.
fn groups(call: &Call, payload: &Payload) -> Vec<String> {
    let Ok(input) = payload.value() else { return vec!["*".to_owned()] };
    let one = ["logGroupName", "logGroupIdentifier"].iter().filter_map(|name| input[name].as_str());
    let several = ["logGroupNames", "logGroupIdentifiers"].iter().filter_map(|name| input[name].as_array());
    let arn = |name: &str| match name.strip_suffix(":*").unwrap_or(name) {
        arn if arn.starts_with("arn:") => format!("{arn}:*"),
        name => call.arn("logs", &format!("log-group:{name}:*")),
    };
    let named: Vec<String> = one.chain(several.flatten().filter_map(|name| name.as_str())).map(arn).collect();
    if named.is_empty() { vec![call.arn("logs", "log-group:*")] } else { named }
}

impl Insights {
    fn of(&self, call: &Call) -> Result<Queries, ApiError> {
        (self.queries)(&call.region)
    }
}

fn start(insights: &Insights, call: &Call, input: &StartQueryInput) -> Result<StartQueryOutput, ApiError> {
    insights.of(call)?.start_query(input, call.now).map_err(refused)
}

fn results(insights: &Insights, call: &Call, input: &GetQueryResultsInput) -> Result<GetQueryResultsOutput, ApiError> {
    insights.of(call)?.get_query_results(input).map_err(refused)
}

fn stop(insights: &Insights, call: &Call, input: &StopQueryInput) -> Result<SuccessOutput, ApiError> {
    insights.of(call)?.stop_query(input).map_err(refused)
}

fn describe(insights: &Insights, call: &Call, input: &DescribeQueriesInput) -> Result<DescribeQueriesOutput, ApiError> {
    insights.of(call)?.describe_queries(input).map_err(refused)
}

fn put_definition(
    insights: &Insights,
    call: &Call,
    input: &PutQueryDefinitionInput,
) -> Result<PutQueryDefinitionOutput, ApiError> {
    insights.of(call)?.put_query_definition(input, call.now).map_err(refused)
}

fn describe_definitions(
    insights: &Insights,
    call: &Call,
    input: &DescribeQueryDefinitionsInput,
) -> Result<DescribeQueryDefinitionsOutput, ApiError> {
    insights.of(call)?.describe_query_definitions(input).map_err(refused)
}

fn delete_definition(
    insights: &Insights,
    call: &Call,
    input: &DeleteQueryDefinitionInput,
) -> Result<SuccessOutput, ApiError> {
    insights.of(call)?.delete_query_definition(input).map_err(refused)
}

fn log_record(insights: &Insights, call: &Call, input: &GetLogRecordInput) -> Result<GetLogRecordOutput, ApiError> {
    insights.of(call)?.get_log_record(input, call.now).map_err(refused)
}

fn fields(
    insights: &Insights,
    call: &Call,
    input: &GetLogGroupFieldsInput,
) -> Result<GetLogGroupFieldsOutput, ApiError> {
    insights.of(call)?.get_log_group_fields(input, call.now).map_err(refused)
}

fn create_lookup(
    insights: &Insights,
    call: &Call,
    input: &CreateLookupTableInput,
) -> Result<CreateLookupTableOutput, ApiError> {
    insights.of(call)?.create_lookup_table(input, &call.region, call.now).map_err(refused)
}

fn update_lookup(
    insights: &Insights,
    call: &Call,
    input: &UpdateLookupTableInput,
) -> Result<UpdateLookupTableOutput, ApiError> {
    insights.of(call)?.update_lookup_table(input, call.now).map_err(refused)
}

fn get_lookup(insights: &Insights, call: &Call, input: &GetLookupTableInput) -> Result<GetLookupTableOutput, ApiError> {
    insights.of(call)?.get_lookup_table(input).map_err(refused)
}

fn lookups(
    insights: &Insights,
    call: &Call,
    input: &DescribeLookupTablesInput,
) -> Result<DescribeLookupTablesOutput, ApiError> {
    insights.of(call)?.describe_lookup_tables(input, &call.region).map_err(refused)
}

fn delete_lookup(insights: &Insights, call: &Call, input: &DeleteLookupTableInput) -> Result<(), ApiError> {
    insights.of(call)?.delete_lookup_table(input).map_err(refused)
}

/// As the API says it: of a malformed query, where it is wrong.
#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn refused(error: InsightsError) -> ApiError {
    let status = if error.code() == "ServiceUnavailableException" { 503 } else { 400 };
    let InsightsError::Malformed { message, start, end } = &error else {
        return ApiError::new(error.code(), error.to_string()).with_status(status);
    };
    let location = serde_json::json!({ "startCharOffset": start, "endCharOffset": end });
    ApiError::new(error.code(), message.clone())
        .with_member("queryCompileError", serde_json::json!({ "location": location, "message": message }))
}
