//! Export tasks: events of a log group into a bucket, as files that are packed with gzip.

mod run;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use uuid::Uuid;
use weir_network::BucketName;
use weir_store::Catalogue;

use self::run::Run;
use super::{
    Logs,
    error::{invalid, limit_exceeded, not_found},
    page::page,
    stored::{self, Definition},
};
use crate::{ApiError, Call};

/// Tasks that run, by their ids; set: they are to end.
#[derive(Default)]
pub(super) struct Exports(Arc<Mutex<BTreeMap<String, Arc<AtomicBool>>>>);

/// An export task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExportTask {
    task_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_name: Option<String>,
    log_group_name: String,
    from: i64,
    to: i64,
    destination: String,
    destination_prefix: String,
    status: Status,
    execution_info: Execution,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Status {
    /// `RUNNING`, `COMPLETED`, `FAILED` or `CANCELLED`.
    code: String,
    message: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Execution {
    creation_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_time: Option<i64>,
}

impl Definition for ExportTask {
    const KIND: &'static str = "export-task";

    /// A task is known after its log group is gone.
    fn group(&self) -> &'static str {
        ""
    }

    fn name(&self) -> &str {
        &self.task_id
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateInput {
    task_name: Option<String>,
    log_group_name: String,
    log_stream_name_prefix: Option<String>,
    from: i64,
    to: i64,
    destination: String,
    destination_prefix: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskId {
    task_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeInput {
    task_id: Option<String>,
    status_code: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeOutput {
    export_tasks: Vec<ExportTask>,
    next_token: Option<String>,
}

pub(super) fn create(logs: &Logs, call: &Call, input: &CreateInput) -> Result<TaskId, ApiError> {
    let store = Arc::clone(&logs.region(call)?.logs);
    store.list_tags_log_group(&input.log_group_name)?;
    if input.from > input.to {
        return Err(invalid("The specified time range is invalid: from is later than to."));
    }
    let bucket = bucket(logs, &input.destination)?;
    let runtime = Handle::try_current().map_err(ApiError::internal)?;
    runtime.block_on(try_bucket(logs, &bucket, input.destination_prefix.as_deref()))?;
    let task = ExportTask {
        task_id: Uuid::new_v4().to_string(),
        task_name: input.task_name.clone(),
        log_group_name: input.log_group_name.clone(),
        from: input.from,
        to: input.to,
        destination: input.destination.clone(),
        destination_prefix: input.destination_prefix.clone().unwrap_or_else(|| "exportedlogs".to_owned()),
        status: Status { code: "RUNNING".to_owned(), message: "Started successfully".to_owned() },
        execution_info: Execution { creation_time: call.now, completion_time: None },
    };
    logs.catalogue.change(|transaction| {
        let known: Vec<ExportTask> = stored::of_group(transaction, &call.region, "")?;
        // One at a time, as AWS has it.
        if known.iter().any(|known| known.status.code == "RUNNING") {
            return Err(limit_exceeded());
        }
        stored::put(transaction, &call.region, &task)
    })?;
    let run = Run {
        task: task.clone(),
        streams: input.log_stream_name_prefix.clone().unwrap_or_default(),
        bucket,
        buckets: logs.buckets.clone(),
        store,
        catalogue: logs.catalogue.clone(),
        region: call.region.clone(),
        cancelled: logs.exports.begin(&task.task_id),
        runtime: runtime.clone(),
    };
    let (exports, id) = (Arc::clone(&logs.exports.0), task.task_id.clone());
    let ended = move || drop(exports.lock().unwrap_or_else(PoisonError::into_inner).remove(&id));
    runtime.spawn_blocking(move || {
        run.run();
        ended();
    });
    Ok(TaskId { task_id: task.task_id })
}

fn bucket(logs: &Logs, name: &str) -> Result<BucketName, ApiError> {
    let missing = || invalid("The given bucket does not exist. Please make sure the bucket is valid.");
    let bucket: BucketName = name.parse().map_err(|_| missing())?;
    let there = logs.buckets.names().map_err(ApiError::internal)?.contains(&bucket);
    if there { Ok(bucket) } else { Err(missing()) }
}

/// Puts an object where the export goes: whoever asked for it sees at once that the bucket takes it.
async fn try_bucket(logs: &Logs, bucket: &BucketName, prefix: Option<&str>) -> Result<(), ApiError> {
    const NAME: &str = "aws-logs-write-test";
    let prefix = prefix.map(|prefix| prefix.trim_matches('/')).filter(|prefix| !prefix.is_empty());
    let key = prefix.map_or_else(|| NAME.to_owned(), |prefix| format!("{prefix}/{NAME}"));
    logs.buckets.put(bucket, &key, b"Permission Check Successful".to_vec().into()).await.map_err(ApiError::internal)
}

pub(super) fn describe(logs: &Logs, call: &Call, input: &DescribeInput) -> Result<DescribeOutput, ApiError> {
    let mut all: Vec<ExportTask> =
        logs.catalogue.change(|transaction| stored::of_group(transaction, &call.region, ""))?;
    all.retain(|task| {
        input.task_id.as_ref().is_none_or(|id| *id == task.task_id)
            && input.status_code.as_ref().is_none_or(|code| *code == task.status.code)
    });
    if all.is_empty() && input.task_id.is_some() {
        return Err(unknown());
    }
    // The latest first.
    all.sort_by_key(|task| std::cmp::Reverse(task.execution_info.creation_time));
    let (export_tasks, next_token) = page(all, input.limit, input.next_token.as_deref(), |task| &task.task_id);
    Ok(DescribeOutput { export_tasks, next_token })
}

pub(super) fn cancel(logs: &Logs, call: &Call, input: &TaskId) -> Result<(), ApiError> {
    let id = &input.task_id;
    let task: Option<ExportTask> =
        logs.catalogue.change(|transaction| stored::get(transaction, &call.region, "", id))?;
    let task = task.ok_or_else(unknown)?;
    if task.status.code != "RUNNING" || !logs.exports.cancel(id) {
        return Err(ApiError::new("InvalidOperationException", "The specified export task has already finished"));
    }
    Ok(())
}

/// Tasks that a program did not end before it ended itself.
pub(super) fn give_up(catalogue: &Catalogue) -> Result<(), ApiError> {
    catalogue.change(|transaction| {
        for (region, mut task) in stored::all::<ExportTask>(transaction)? {
            if task.status.code == "RUNNING" {
                task.status = Status { code: "FAILED".to_owned(), message: "The program was stopped.".to_owned() };
                stored::put(transaction, &region, &task)?;
            }
        }
        Ok(())
    })
}

impl Exports {
    fn begin(&self, id: &str) -> Arc<AtomicBool> {
        let cancelled = Arc::new(AtomicBool::new(false));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), Arc::clone(&cancelled));
        cancelled
    }

    /// Whether it runs.
    fn cancel(&self, id: &str) -> bool {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(id).is_some_and(|cancelled| !cancelled.swap(true, Ordering::Relaxed))
    }
}

fn unknown() -> ApiError {
    not_found("The specified export task does not exist.")
}

#[cfg(test)]
mod tests;
