//! The operations of CloudWatch Logs that ask Logs Insights.

use std::sync::Arc;

use weir_api::{ApiError, Call, Check, Operation, Payload, Serve, ServiceName, Table, operation_of};
use weir_query::insights::{InsightsError, Queries};

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

/// An operation that is one of the queries of the region: what it takes besides the input is said of the call.
macro_rules! ask {
    ($method:ident $(, |$call:ident| $($further:expr),+)?) => {
        |insights, call, payload| {
            operation_of(insights, call, payload, |insights: &Insights, call: &Call, input: &_| {
                $(let $call = call;)?
                insights.of(call)?.$method(input $($(, $further)+)?).map_err(refused)
            })
        }
    };
}

const OPERATIONS: &[Operation<Insights>] =
    &[
        Operation::new("CreateLookupTable", ask!(create_lookup_table, |call| &call.region, call.now)).checked(&[
            Check::Required("lookupTableName"),
            TABLE,
            BODY,
        ]),
        Operation::new("DeleteLookupTable", ask!(delete_lookup_table)).checked(&[Check::Required("lookupTableArn")]),
        Operation::new("DeleteQueryDefinition", ask!(delete_query_definition))
            .checked(&[Check::Required("queryDefinitionId"), Check::Length("queryDefinitionId", 0, 256)]),
        Operation::new("DescribeLookupTables", ask!(describe_lookup_tables, |call| &call.region))
            .checked(&[Check::Range("maxResults", 1, 100)]),
        Operation::new("DescribeQueries", ask!(describe_queries)).checked(&[Check::Range("maxResults", 1, 1000)]),
        Operation::new("DescribeQueryDefinitions", ask!(describe_query_definitions)).checked(&[Check::Range(
            "maxResults",
            1,
            1000,
        )]),
        Operation::new("GetLogGroupFields", ask!(get_log_group_fields, |call| call.now)).on(groups),
        Operation::new("GetLogRecord", ask!(get_log_record, |call| call.now))
            .checked(&[Check::Required("logRecordPointer")]),
        Operation::new("GetLookupTable", ask!(get_lookup_table)).checked(&[Check::Required("lookupTableArn")]),
        Operation::new("GetQueryResults", ask!(get_query_results)).checked(&[Check::Required("queryId")]),
        Operation::new("PutQueryDefinition", ask!(put_query_definition, |call| call.now)).checked(&[
            Check::Required("name"),
            Check::Length("name", 1, 255),
            Check::Required("queryString"),
            Check::Length("queryString", 1, 10_000),
        ]),
        Operation::new("StartQuery", ask!(start_query, |call| call.now)).on(groups).checked(&[
            Check::Required("startTime"),
            Check::Required("endTime"),
            Check::Required("queryString"),
            QUERY,
            Check::Range("limit", 1, 100_000),
        ]),
        Operation::new("StopQuery", ask!(stop_query)).checked(&[Check::Required("queryId")]),
        Operation::new("UpdateLookupTable", ask!(update_lookup_table, |call| call.now))
            .checked(&[Check::Required("lookupTableArn"), BODY]),
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
