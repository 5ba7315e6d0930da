//! One export task at work.
//!
//! ```text
//! <prefix>/<task>/<stream>/000000.gz               lines: time and message
//! ```

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, SecondsFormat};
use flate2::{Compression, write::GzEncoder};
use tokio::{runtime::Handle, time::Instant};
use weir_network::BucketName;
use weir_store::{
    Buckets, Catalogue,
    logs::{DescribeLogStreamsRequest, GetLogEventsRequest, LogStore, OutputLogEvent},
};

use super::{ExportTask, Status};
use crate::{ApiError, services::logs::stored};

/// A file is ended when it has so many bytes.
const FILE: usize = 32 << 20;

pub(super) struct Run {
    pub(super) task: ExportTask,
    /// Streams whose names begin so.
    pub(super) streams: String,
    pub(super) bucket: BucketName,
    pub(super) buckets: Buckets,
    pub(super) store: Arc<LogStore>,
    pub(super) catalogue: Catalogue,
    pub(super) region: String,
    pub(super) cancelled: Arc<AtomicBool>,
    pub(super) runtime: Handle,
}

impl Run {
    /// Exports, and writes down what became of it.
    pub(super) fn run(mut self) {
        let began = Instant::now();
        let done = self.export();
        let (code, message) = match done {
            Ok(()) if self.is_cancelled() => ("CANCELLED", "Cancelled by user".to_owned()),
            Ok(()) => ("COMPLETED", "Completed successfully".to_owned()),
            Err(error) => ("FAILED", error.message),
        };
        self.task.status = Status { code: code.to_owned(), message };
        let took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.task.execution_info.completion_time = Some(self.now().saturating_add(took));
        if let Err(error) = self.catalogue.change(|transaction| stored::put(transaction, &self.region, &self.task)) {
            tracing::error!(task = self.task.task_id, %error, "what became of an export task was not written down");
        }
    }

    /// When it began: what has expired by then is left out.
    fn now(&self) -> i64 {
        self.task.execution_info.creation_time
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn export(&self) -> Result<(), ApiError> {
        let prefix = self.task.destination_prefix.trim_matches('/');
        let mut request = DescribeLogStreamsRequest {
            log_group_name: Some(self.task.log_group_name.clone()),
            log_stream_name_prefix: Some(self.streams.clone()).filter(|prefix| !prefix.is_empty()),
            ..Default::default()
        };
        loop {
            let page = self.store.describe_log_streams(&request)?;
            for stream in page.log_streams {
                self.export_stream(prefix, &stream.log_stream_name)?;
            }
            match page.next_token {
                Some(token) if !self.is_cancelled() => request.next_token = Some(token),
                _ => return Ok(()),
            }
        }
    }

    fn export_stream(&self, prefix: &str, stream: &str) -> Result<(), ApiError> {
        let mut files = Files {
            run: self,
            folder: format!("{prefix}/{}/{}", self.task.task_id, named(stream)),
            next: 0,
            open: None,
        };
        let mut request = GetLogEventsRequest {
            log_group_name: Some(self.task.log_group_name.clone()),
            log_stream_name: stream.to_owned(),
            start_time: Some(self.task.from),
            end_time: Some(self.task.to.saturating_add(1)),
            start_from_head: Some(true),
            ..Default::default()
        };
        while !self.is_cancelled() {
            let page = self.store.get_log_events(&request, self.now())?;
            if page.events.is_empty() {
                break;
            }
            for event in &page.events {
                files.write(event)?;
            }
            request.next_token = Some(page.next_forward_token);
        }
        files.end()
    }

    fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ApiError> {
        let put = self.buckets.put(&self.bucket, key, bytes.into());
        self.runtime.block_on(put).map_err(ApiError::internal)
    }
}

/// The files of a stream.
struct Files<'a> {
    run: &'a Run,
    folder: String,
    next: usize,
    open: Option<GzEncoder<Vec<u8>>>,
}

impl Files<'_> {
    fn write(&mut self, event: &OutputLogEvent) -> Result<(), ApiError> {
        let time = DateTime::from_timestamp_millis(event.timestamp).unwrap_or_default();
        let time = time.to_rfc3339_opts(SecondsFormat::Millis, true);
        let gzip = self.open.get_or_insert_with(|| GzEncoder::new(Vec::new(), Compression::default()));
        writeln!(gzip, "{time} {}", event.message).map_err(ApiError::internal)?;
        if gzip.get_ref().len() >= FILE { self.end() } else { Ok(()) }
    }

    /// Puts what is in the file.
    fn end(&mut self) -> Result<(), ApiError> {
        let Some(gzip) = self.open.take() else { return Ok(()) };
        let bytes = gzip.finish().map_err(ApiError::internal)?;
        let key = format!("{}/{:06}.gz", self.folder, self.next);
        self.next += 1;
        self.run.put(&key, bytes)
    }
}

/// A stream as part of a key: its name may have slashes, and parts that no key may have.
fn named(stream: &str) -> String {
    let plain = |letter: char| if letter == '/' || letter.is_control() { '-' } else { letter };
    let name: String = stream.chars().map(plain).collect();
    if matches!(name.as_str(), "." | "..") { name.replace('.', "-") } else { name }
}
