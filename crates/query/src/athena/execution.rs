//! A query and what is known of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ColumnInfo;
use crate::StatementKind;
use crate::error::{Code, Error};

/// A query, as GetQueryExecution shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct QueryExecution {
    pub query_execution_id: String,
    pub query: String,
    pub statement_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substatement_type: Option<String>,
    pub result_configuration: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_reuse_configuration: Option<Value>,
    pub query_execution_context: QueryExecutionContext,
    pub status: Status,
    pub statistics: Statistics,
    pub work_group: String,
    pub engine_version: EngineVersion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_parameters: Option<Vec<String>>,
}

/// Where names without a database are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct QueryExecutionContext {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
}

/// How a query stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct Status {
    /// `QUEUED`, `RUNNING`, `SUCCEEDED`, `FAILED`, `CANCELLED`.
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_change_reason: Option<String>,
    pub submission_date_time: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_date_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub athena_error: Option<ErrorDetail>,
}

/// An error, by numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct ErrorDetail {
    /// 1 system, 2 user, 3 other.
    pub error_category: i32,
    pub error_type: i32,
    pub retryable: bool,
    pub error_message: String,
}

/// What a query took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct Statistics {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_execution_time_in_millis: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_scanned_in_bytes: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_manifest_location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_execution_time_in_millis: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_queue_time_in_millis: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_pre_processing_time_in_millis: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_planning_time_in_millis: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_processing_time_in_millis: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_reuse_information: Option<Value>,
}

/// Which engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct EngineVersion {
    pub selected_engine_version: String,
    pub effective_engine_version: String,
}

impl Default for EngineVersion {
    fn default() -> Self {
        Self {
            selected_engine_version: "AUTO".to_owned(),
            effective_engine_version: "Athena engine version 3".to_owned(),
        }
    }
}

/// A query as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) execution: QueryExecution,
    /// Of the result.
    #[serde(default)]
    pub(super) columns: Vec<ColumnInfo>,
    #[serde(default)]
    pub(super) update_count: Option<i64>,
    #[serde(default)]
    pub(super) has_header: bool,
    #[serde(default)]
    pub(super) input_rows: i64,
    #[serde(default)]
    pub(super) output_rows: i64,
    #[serde(default)]
    pub(super) output_bytes: i64,
    /// When it left the queue.
    #[serde(default)]
    pub(super) started: Option<i64>,
}

impl Kept {
    /// Whether nothing more will become of it.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.execution.status.state.as_str(), "SUCCEEDED" | "FAILED" | "CANCELLED")
    }

    /// Where the result is.
    pub(super) fn output(&self) -> Option<&str> {
        self.execution.result_configuration.get("OutputLocation")?.as_str()
    }

    /// Writes down how it ended.
    pub(super) fn end(&mut self, state: &str, reason: Option<String>, now: i64) {
        let statistics = &mut self.execution.statistics;
        let submitted = self.execution.status.submission_date_time;
        let started = self.started.unwrap_or(now);
        statistics.total_execution_time_in_millis = Some((now - submitted).max(0));
        statistics.query_queue_time_in_millis = Some((started - submitted).max(0));
        statistics.engine_execution_time_in_millis = Some((now - started).max(0));
        statistics.service_processing_time_in_millis = Some(0);
        statistics.service_pre_processing_time_in_millis = Some(0);
        statistics.data_scanned_in_bytes.get_or_insert(0);
        let status = &mut self.execution.status;
        state.clone_into(&mut status.state);
        status.state_change_reason = reason;
        status.completion_date_time = Some(now);
    }

    /// Writes down that it failed.
    pub(super) fn fail(&mut self, error: &Error, now: i64) {
        let message = error.to_string();
        self.end("FAILED", Some(message.clone()), now);
        let (error_category, error_type) = numbers(error.code);
        self.execution.status.athena_error =
            Some(ErrorDetail { error_category, error_type, retryable: false, error_message: message });
    }
}

/// The category and type of an error. Source: athena.md §5, measured.
fn numbers(code: Code) -> (i32, i32) {
    match code {
        Code::DivisionByZero => (2, 1001),
        Code::TypeMismatch | Code::MismatchedColumns => (2, 1002),
        Code::ColumnNotFound | Code::CatalogNotFound | Code::TableAlreadyExists => (2, 1006),
        Code::InvalidCastArgument | Code::InvalidParameterUsage => (2, 1100),
        Code::InvalidFunctionArgument => (2, 1106),
        Code::NotSupported => (2, 1200),
        Code::TableNotFound | Code::SchemaNotFound => (2, 1301),
        Code::FunctionNotFound => (2, 1303),
        Code::Internal | Code::Catalogue => (1, 9999),
        _ => (2, 9999),
    }
}

/// `StatementType` and `SubstatementType` of a statement. Source: athena.md §6.
pub(super) const fn types(kind: StatementKind) -> (&'static str, &'static str) {
    match kind {
        StatementKind::Select => ("DML", "SELECT"),
        StatementKind::Explain => ("DML", "EXPLAIN"),
        StatementKind::Execute => ("DML", "EXECUTE"),
        StatementKind::Insert => ("DML", "INSERT"),
        StatementKind::Unload => ("DML", "UNLOAD"),
        StatementKind::CreateTableAs => ("DDL", "CREATE_TABLE_AS_SELECT"),
        StatementKind::CreateTable => ("DDL", "CREATE_TABLE"),
        StatementKind::DropTable => ("DDL", "DROP_TABLE"),
        StatementKind::CreateDatabase => ("DDL", "CREATE_DATABASE"),
        StatementKind::DropDatabase => ("DDL", "DROP_DATABASE"),
        StatementKind::CreateView => ("DDL", "CREATE_VIEW"),
        StatementKind::DropView => ("DDL", "DROP_VIEW"),
        StatementKind::AddPartition => ("DDL", "ALTER_TABLE_ADD_PARTITION"),
        StatementKind::DropPartition => ("DDL", "ALTER_TABLE_DROP_PARTITION"),
        StatementKind::AddColumns => ("DDL", "ALTER_TABLE_ADD_COLUMN"),
        StatementKind::ReplaceColumns => ("DDL", "ALTER_TABLE_REPLACE_COLUMN"),
        StatementKind::ChangeColumn => ("DDL", "ALTER_TABLE_CHANGE_COLUMN"),
        StatementKind::SetLocation => ("DDL", "ALTER_TABLE_SET_LOCATION"),
        StatementKind::SetProperties => ("DDL", "ALTER_TABLE_PROPERTIES"),
        StatementKind::RenamePartition => ("DDL", "ALTER_TABLE_RENAME_PARTITION"),
        StatementKind::RepairTable => ("DDL", "MSCK_REPAIR"),
        StatementKind::ShowTables => ("UTILITY", "SHOW_TABLES"),
        StatementKind::ShowDatabases => ("UTILITY", "SHOW_DATABASES"),
        StatementKind::ShowPartitions => ("UTILITY", "SHOW_PARTITIONS"),
        StatementKind::ShowFunctions => ("UTILITY", "SHOW_FUNCTIONS"),
        StatementKind::ShowColumns => ("UTILITY", "SHOW_COLUMNS"),
        StatementKind::ShowViews => ("UTILITY", "SHOW_VIEWS"),
        StatementKind::ShowTableProperties => ("UTILITY", "SHOW_TABLE_PROPERTIES"),
        StatementKind::ShowCreate => ("UTILITY", "SHOW_CREATE_TABLE"),
        StatementKind::Describe => ("UTILITY", "DESCRIBE_TABLE"),
        StatementKind::Prepare => ("UTILITY", "PREPARE"),
        StatementKind::Deallocate => ("UTILITY", "DEALLOCATE"),
    }
}
