//! CloudWatch Logs: log groups, streams, events, metric filters.

mod groups;

use std::sync::Arc;

use weir_store::logs::LogsError;

use crate::{ApiError, Call, Check, Operation, Payload, Region, Regions, ServiceName, Table, handle};

/// What the operations work on.
pub struct Logs {
    regions: Arc<dyn Regions>,
}

/// The table of CloudWatch Logs, but for its queries.
pub fn table(regions: Arc<dyn Regions>) -> Table<Logs> {
    Table { service: ServiceName::Logs, state: Logs { regions }, operations: OPERATIONS }
}

const GROUP_NAME: Check = Check::Length("logGroupName", 1, 512);

const OPERATIONS: &[Operation<Logs>] = &[
    Operation::new("CreateLogGroup", handle!(groups::create))
        .on(group)
        .checked(&[Check::Required("logGroupName"), GROUP_NAME]),
    Operation::new("DeleteLogGroup", handle!(groups::delete))
        .on(group)
        .checked(&[Check::Required("logGroupName"), GROUP_NAME]),
    Operation::new("DescribeLogGroups", handle!(groups::describe)).checked(&[Check::Range("limit", 1, 50)]),
    Operation::unsupported("AssociateKmsKey"),
];

impl Logs {
    fn region(&self, call: &Call) -> Result<Arc<Region>, ApiError> {
        self.regions.region(&call.region)
    }
}

/// The log group that an input names.
fn group(call: &Call, payload: &Payload) -> Vec<String> {
    let name = payload.text("logGroupName").or_else(|| payload.text("logGroupIdentifier"));
    match name {
        Some(arn) if arn.starts_with("arn:") => vec![arn.to_owned()],
        Some(name) => vec![call.arn("logs", &format!("log-group:{name}:*"))],
        None => vec![call.arn("logs", "log-group:*")],
    }
}

impl From<LogsError> for ApiError {
    fn from(error: LogsError) -> Self {
        let status = if error.code() == "ServiceUnavailableException" { 503 } else { 400 };
        Self::new(error.code(), error.to_string()).with_status(status)
    }
}
