//! StartQueryExecution and StopQueryExecution.

use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;
use weir_store::CatalogueError;

use super::execution::{Kept, types};
use super::{
    Athena, AthenaError, EngineVersion, QueryExecution, QueryExecutionContext, Scope, Statistics, Status, WorkGroup,
    lock,
};
use crate::engine::DEFAULT_DATABASE;
use crate::error::{Code, Error};
use crate::{StatementKind, metastore};

/// What is to be run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct StartQueryExecutionInput {
    pub query_string: String,
    pub client_request_token: Option<String>,
    pub query_execution_context: Option<QueryExecutionContext>,
    pub result_configuration: Option<Value>,
    pub work_group: Option<String>,
    pub execution_parameters: Option<Vec<String>>,
    pub result_reuse_configuration: Option<Value>,
}

/// The id of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StartQueryExecutionOutput {
    /// A UUID.
    pub query_execution_id: String,
}

impl Athena {
    /// StartQueryExecution: the query stands in the queue. The order of the checks is that of Athena.
    ///
    /// # Errors
    /// For a text that is no statement, a workgroup that there is not, no output location, and a token that stood for
    /// something else.
    pub fn start_query_execution(
        &self,
        scope: &Scope,
        input: &StartQueryExecutionInput,
        now: i64,
    ) -> Result<StartQueryExecutionOutput, AthenaError> {
        check_token(input.client_request_token.as_deref())?;
        let asked = input.result_configuration.as_ref().and_then(|known| known["OutputLocation"].as_str());
        if let Some(location) = asked {
            check_location(location)?;
        }
        let group = self.running_group(scope, input.work_group.as_deref())?;
        let kind = self.engine.kind_of(input.query_string.trim()).map_err(|error| refused(&error))?;
        self.check_described(input, kind)?;
        let configuration = result_configuration(&group, input.result_configuration.as_ref())?;
        let kept = queued(&group, input, kind, configuration, now);
        let id = self.keep_new(scope, &kept, input.client_request_token.as_deref())?;
        if id == kept.execution.query_execution_id {
            lock(&self.queue).push_back(id.clone());
            self.wake.notify_one();
        }
        Ok(StartQueryExecutionOutput { query_execution_id: id })
    }

    /// StopQueryExecution: a query that waits or runs is cancelled, and its work ends.
    ///
    /// # Errors
    /// When there is no such query.
    pub fn stop_query_execution(&self, scope: &Scope, id: &str, now: i64) -> Result<(), AthenaError> {
        let mut kept = self.kept(scope, id)?;
        if kept.has_ended() {
            return Ok(());
        }
        lock(&self.queue).retain(|queued| queued != id);
        let running = lock(&self.running).get(id).cloned();
        if let Some(progress) = running.as_ref().and_then(|running| running.progress.as_ref()) {
            kept.execution.statistics.data_scanned_in_bytes = i64::try_from(progress.bytes_scanned()).ok();
        }
        kept.end("CANCELLED", Some("Query cancelled by user".to_owned()), now);
        self.keep_ended(&kept)?;
        if let Some(running) = running {
            running.stop.notify_one();
        }
        Ok(())
    }

    /// DESCRIBE and SHOW COLUMNS of a table that is not there are refused before they run.
    fn check_described(&self, input: &StartQueryExecutionInput, kind: StatementKind) -> Result<(), AthenaError> {
        if !matches!(kind, StatementKind::Describe | StatementKind::ShowColumns) {
            return Ok(());
        }
        let database = input.query_execution_context.as_ref().and_then(|context| context.database.clone());
        let database = database.unwrap_or_else(|| DEFAULT_DATABASE.to_owned()).to_lowercase();
        let Some((named, table)) = crate::definitions::described(input.query_string.trim())? else { return Ok(()) };
        let database = named.unwrap_or(database);
        if metastore::has_table(&self.engine, &database, &table)? {
            return Ok(());
        }
        Err(AthenaError::input(format!("Entity Not Found: Table {table} not found in database {database}")))
    }

    /// Keeps a new query; when the token stood for the same one already, gives the id of that.
    fn keep_new(&self, scope: &Scope, kept: &Kept, token: Option<&str>) -> Result<String, AthenaError> {
        let document = serde_json::to_string(kept)?;
        let execution = &kept.execution;
        let now = execution.status.submission_date_time;
        let known: Option<String> = self.catalogue.change(|transaction| {
            let sql = "SELECT document FROM athena_execution WHERE region = ?1 AND token = ?2";
            let known = transaction.query_row(sql, params![scope.region, token], |row| row.get(0)).optional()?;
            if known.is_some() {
                return Ok::<_, CatalogueError>(known);
            }
            transaction.execute(
                "DELETE FROM athena_execution WHERE submitted < ?1 AND ended = 1",
                [now - super::keep::HISTORY],
            )?;
            let sql = "INSERT INTO athena_execution VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6)";
            let id = &execution.query_execution_id;
            transaction.execute(sql, params![id, scope.region, execution.work_group, now, token, document])?;
            Ok(None)
        })?;
        let Some(known) = known else { return Ok(execution.query_execution_id.clone()) };
        let known: Kept = serde_json::from_str(&known)?;
        let same = known.execution.query == execution.query
            && known.execution.query_execution_context == execution.query_execution_context
            && folder_of(known.output()) == folder_of(kept.output());
        if same {
            return Ok(known.execution.query_execution_id);
        }
        let message = "Idempotent parameters do not match";
        Err(AthenaError::invalid("IDEMPOTENT_PARAMETER_MISMATCH", message))
    }
}

/// The folder of an output location, without the name of the object.
fn folder_of(location: Option<&str>) -> Option<&str> {
    location.and_then(|location| location.rsplit_once('/')).map(|(folder, _)| folder)
}

fn check_token(token: Option<&str>) -> Result<(), AthenaError> {
    let Some(token) = token else { return Ok(()) };
    let length = token.chars().count();
    let wanted = match length {
        0..32 => "greater than or equal to 32",
        129.. => "less than or equal to 128",
        _ => return Ok(()),
    };
    let message = format!(
        "1 validation error detected: Value '{token}' at 'clientRequestToken' failed to satisfy constraint: \
         Member must have length {wanted}"
    );
    Err(AthenaError::input(message))
}

pub(super) fn check_location(location: &str) -> Result<(), AthenaError> {
    let bucket = location.strip_prefix("s3://").and_then(|rest| rest.split('/').next());
    if bucket.is_some_and(|bucket| bucket.parse::<weir_store::BucketName>().is_ok()) {
        return Ok(());
    }
    Err(AthenaError::input("outputLocation is not a valid S3 path."))
}

/// A text that is no statement.
fn refused(error: &Error) -> AthenaError {
    let code = if error.code == Code::SyntaxError { "MALFORMED_QUERY" } else { "INVALID_INPUT" };
    AthenaError::invalid(code, error.to_string())
}

/// Where the result goes: an enforced workgroup's location goes before all others.
fn result_configuration(group: &WorkGroup, asked: Option<&Value>) -> Result<Value, AthenaError> {
    let own = &group.configuration["ResultConfiguration"];
    let has_location =
        |configuration: &&Value| configuration["OutputLocation"].as_str().is_some_and(|text| !text.is_empty());
    let enforced = group.configuration["EnforceWorkGroupConfiguration"] == json!(true);
    let first = if enforced { None } else { asked.filter(has_location) };
    first.or(Some(own).filter(has_location)).or(asked.filter(has_location)).cloned().ok_or_else(|| {
        AthenaError::input(
            "No output location provided. An output location is required either through the Workgroup result \
             configuration setting or as an API input.",
        )
    })
}

fn queued(
    group: &WorkGroup,
    input: &StartQueryExecutionInput,
    kind: StatementKind,
    mut configuration: Value,
    now: i64,
) -> Kept {
    let id = Uuid::new_v4().to_string();
    let folder = configuration["OutputLocation"].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
    configuration["OutputLocation"] = format!("{folder}/{}", object_name(kind, &id)).into();
    let context = input.query_execution_context.clone().unwrap_or_default();
    let (statement_type, substatement_type) = types(kind);
    let execution = QueryExecution {
        query_execution_id: id,
        query: input.query_string.clone(),
        statement_type: statement_type.to_owned(),
        substatement_type: Some(substatement_type.to_owned()),
        result_configuration: configuration,
        result_reuse_configuration: Some(input.result_reuse_configuration.clone().unwrap_or_else(no_reuse)),
        query_execution_context: QueryExecutionContext {
            database: context.database,
            catalog: context.catalog.map(|catalog| catalog.to_lowercase()),
        },
        status: Status { state: "QUEUED".to_owned(), submission_date_time: now, ..Status::default() },
        statistics: Statistics {
            result_reuse_information: Some(json!({ "ReusedPreviousResult": false })),
            ..Statistics::default()
        },
        work_group: group.name.clone(),
        engine_version: EngineVersion::default(),
        execution_parameters: input.execution_parameters.clone().filter(|parameters| !parameters.is_empty()),
    };
    Kept {
        execution,
        columns: Vec::new(),
        update_count: None,
        has_header: false,
        input_rows: 0,
        output_rows: 0,
        output_bytes: 0,
        started: None,
    }
}

fn no_reuse() -> Value {
    json!({ "ResultReuseByAgeConfiguration": { "Enabled": false } })
}

/// The object of a result. Source: athena.md §6.
fn object_name(kind: StatementKind, id: &str) -> String {
    match kind {
        StatementKind::Select | StatementKind::Execute | StatementKind::ShowFunctions => format!("{id}.csv"),
        StatementKind::Insert | StatementKind::Unload => id.to_owned(),
        StatementKind::CreateTableAs => format!("tables/{id}"),
        _ => format!("{id}.txt"),
    }
}
