//! The work: queries leave the queue, run, and end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use rusqlite::params;
use serde_json::json;
use tokio::task::JoinSet;
use weir_store::CatalogueError;

use super::execution::Kept;
use super::{Athena, AthenaError, Clock, Running, lock};
use crate::error::{Code, Error};

/// How often a query that runs is held against its limit of bytes.
const LOOK: Duration = Duration::from_millis(50);

/// How a query came to its end.
enum End {
    Done(Result<(), Error>),
    Stopped,
    OutOfTime,
    TooManyBytes,
}

impl Athena {
    /// Runs queries for ever. Dropping the future stops all that run; they are told as interrupted when the catalogue
    /// is opened again.
    pub async fn work(self: Arc<Self>, clock: Clock) {
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.limits.concurrency.max(1) {
                let Some(id) = lock(&self.queue).pop_front() else { break };
                running.spawn(Arc::clone(&self).run(id, Arc::clone(&clock)));
            }
            tokio::select! {
                () = self.wake.notified() => {}
                Some(_) = running.join_next(), if !running.is_empty() => {}
            }
        }
    }

    async fn run(self: Arc<Self>, id: String, clock: Clock) {
        if let Err(error) = self.try_run(&id, &clock).await {
            // Nothing more can be written down than that it failed.
            let _ = self.give_up(&id, &error, clock());
        }
        lock(&self.running).remove(&id);
    }

    fn give_up(&self, id: &str, error: &AthenaError, now: i64) -> Result<(), AthenaError> {
        let Some(mut kept) = self.find(id)? else { return Ok(()) };
        kept.fail(&Error::new(Code::Internal, error.to_string()), now);
        self.keep_ended(&kept)
    }

    async fn try_run(&self, id: &str, clock: &Clock) -> Result<(), AthenaError> {
        let running = Running::default();
        lock(&self.running).insert(id.to_owned(), running.clone());
        let Some(mut kept) = self.find(id)?.filter(|kept| !kept.has_ended()) else { return Ok(()) };
        kept.started = Some(clock());
        "RUNNING".clone_into(&mut kept.execution.status.state);
        if !self.keep_running(&kept)? {
            return Ok(());
        }
        if let Some(previous) = self.reusable(&kept, clock())? {
            return self.reuse(kept, &previous, clock());
        }
        let cutoff = self.cutoff(&kept)?;
        let end = tokio::select! {
            done = AssertUnwindSafe(self.perform(&mut kept, clock)).catch_unwind() => {
                End::Done(done.unwrap_or_else(|_| Err(Error::new(Code::Internal, "the query broke off: this is a fault of Weir"))))
            }
            () = running.stop.notified() => End::Stopped,
            () = tokio::time::sleep(self.limits.time) => End::OutOfTime,
            () = self.beyond(id, cutoff) => End::TooManyBytes,
        };
        // When the program ends, reading breaks off first. That is no end of the query, and this is not gone on with: the next
        // start says what became of it.
        tokio::task::yield_now().await;
        let progress = lock(&self.running).get(id).and_then(|running| running.progress.clone());
        if let Some(progress) = progress {
            kept.execution.statistics.data_scanned_in_bytes = i64::try_from(progress.bytes_scanned()).ok();
            kept.input_rows = i64::try_from(progress.rows()).unwrap_or(i64::MAX);
        }
        let now = clock();
        match end {
            End::Done(Ok(())) => kept.end("SUCCEEDED", None, now),
            End::Done(Err(error)) => kept.fail(&error, now),
            End::OutOfTime => kept.end("FAILED", Some("Query timeout".to_owned()), now),
            End::TooManyBytes => {
                kept.end("CANCELLED", Some("Query cancelled! : Bytes scanned limit was exceeded".to_owned()), now);
            }
            End::Stopped => return Ok(()),
        }
        self.keep_ended(&kept)
    }

    /// Ends once a query has read more than this.
    async fn beyond(&self, id: &str, cutoff: Option<u64>) {
        let Some(cutoff) = cutoff else { return std::future::pending().await };
        loop {
            tokio::time::sleep(LOOK).await;
            let progress = lock(&self.running).get(id).and_then(|running| running.progress.clone());
            if progress.is_some_and(|progress| progress.bytes_scanned() > cutoff) {
                return;
            }
        }
    }

    /// A query that gave the answer before, when this one says that such an answer will do.
    fn reusable(&self, kept: &Kept, now: i64) -> Result<Option<Kept>, AthenaError> {
        let execution = &kept.execution;
        let by_age = execution.result_reuse_configuration.as_ref().map(|reuse| &reuse["ResultReuseByAgeConfiguration"]);
        let Some(by_age) = by_age.filter(|by_age| by_age["Enabled"] == json!(true)) else { return Ok(None) };
        if execution.substatement_type.as_deref() != Some("SELECT") {
            return Ok(None);
        }
        let oldest = now - by_age["MaxAgeInMinutes"].as_i64().unwrap_or(60) * 60_000;
        let same = |other: &Kept| {
            let other = &other.execution;
            other.query == execution.query
                && other.status.state == "SUCCEEDED"
                && other.query_execution_context == execution.query_execution_context
                && other.execution_parameters == execution.execution_parameters
                && other.statistics.result_reuse_information == Some(json!({ "ReusedPreviousResult": false }))
        };
        Ok(self.recent(&execution.query_execution_id, oldest)?.into_iter().find(same))
    }

    fn reuse(&self, mut kept: Kept, previous: &Kept, now: i64) -> Result<(), AthenaError> {
        let (execution, before) = (&mut kept.execution, &previous.execution);
        execution.result_configuration = before.result_configuration.clone();
        execution.statistics.result_reuse_information = Some(json!({ "ReusedPreviousResult": true }));
        kept.columns.clone_from(&previous.columns);
        kept.update_count = previous.update_count;
        kept.has_header = previous.has_header;
        kept.output_rows = previous.output_rows;
        kept.output_bytes = previous.output_bytes;
        kept.end("SUCCEEDED", None, now);
        self.keep_ended(&kept)
    }

    /// Writes down that a query runs; false when it has ended meanwhile.
    fn keep_running(&self, kept: &Kept) -> Result<bool, AthenaError> {
        let (id, document) = (&kept.execution.query_execution_id, serde_json::to_string(kept)?);
        self.catalogue.change(|transaction| {
            let sql = "UPDATE athena_execution SET document = ?2 WHERE id = ?1 AND ended = 0";
            Ok(transaction.execute(sql, params![id, document])? > 0)
        })
    }

    /// Writes down how a query ended. What ended first stays.
    pub(super) fn keep_ended(&self, kept: &Kept) -> Result<(), AthenaError> {
        let (id, document) = (&kept.execution.query_execution_id, serde_json::to_string(kept)?);
        self.catalogue.change(|transaction| {
            let sql = "UPDATE athena_execution SET document = ?2, ended = 1 WHERE id = ?1 AND ended = 0";
            transaction.execute(sql, params![id, document])?;
            Ok(())
        })
    }

    /// Queries that neither ended nor run any more, since the program ended.
    pub(super) fn end_interrupted(&self, now: i64) -> Result<(), CatalogueError> {
        self.catalogue.change(|transaction| {
            let mut select = transaction.prepare("SELECT document FROM athena_execution WHERE ended = 0")?;
            let open: Vec<String> = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for document in open {
                let Ok(mut kept) = serde_json::from_str::<Kept>(&document) else { continue };
                kept.fail(
                    &Error::new(Code::Internal, "the server ended while the query waited or ran; start it again"),
                    now,
                );
                let Ok(document) = serde_json::to_string(&kept) else { continue };
                let sql = "UPDATE athena_execution SET document = ?2, ended = 1 WHERE id = ?1";
                transaction.execute(sql, params![kept.execution.query_execution_id, document])?;
            }
            Ok(())
        })
    }
}
