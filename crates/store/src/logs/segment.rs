//! Segments: events of one group as a Parquet file, sorted by [`EventKey`](super::EventKey), never changed.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arrow::record_batch::RecordBatch;
use parquet::{
    arrow::{
        ArrowWriter, ProjectionMask,
        arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
    },
    basic::{Compression, ZstdLevel},
    file::{
        properties::{EnabledStatistics, WriterProperties},
        statistics::Statistics,
    },
};
use weir_record::{Field, Format};

use super::{
    EventKey, LogsError,
    events::{Events, MESSAGE, OWN, POSITION, TIMESTAMP, schema},
    limits::EVENT_OVERHEAD,
};
use crate::durable::sync_folder;

/// Events in a row group: what a reader holds in memory at a time. Tests take few, so that few events have many.
const ROW_GROUP_ROWS: usize = if cfg!(test) { 7 } else { 16 * 1024 };
/// A row group ends before this many bytes, however large its messages are.
const ROW_GROUP_BYTES: usize = 8 << 20;

/// What is known of a segment without opening it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Summary {
    /// Its number; no other segment has had it.
    pub number: i64,
    /// The format of the records in it.
    pub format: Option<Format>,
    pub rows: u64,
    /// Of the messages in it, as AWS counts them.
    pub stored_bytes: u64,
    /// The first and the last position in it.
    pub positions: (u64, u64),
    /// The first and the last timestamp in it.
    pub times: (i64, i64),
}

impl Summary {
    /// What the message of an event takes on average, in bytes.
    pub(super) fn mean_bytes(&self) -> f64 {
        let mean = self.stored_bytes as f64 / self.rows.max(1) as f64;
        (mean - EVENT_OVERHEAD as f64).max(0.0)
    }
}

/// A segment that readers may have open.
#[derive(Debug)]
pub(super) struct Segment {
    pub summary: Summary,
    path: PathBuf,
    /// No longer in the catalogue: its file goes with the last reader.
    dropped: AtomicBool,
}

impl Segment {
    pub(super) fn new(folder: &Path, summary: Summary) -> Self {
        let path = folder.join(file_name(summary.number));
        Self { summary, path, dropped: AtomicBool::new(false) }
    }

    /// Has the file removed once nobody reads it.
    pub(super) fn drop_file(&self) {
        self.dropped.store(true, Ordering::Release);
    }

    /// Opens it for reading.
    pub(super) fn open(self: &Arc<Self>) -> Result<OpenSegment, LogsError> {
        let file = File::open(&self.path).map_err(LogsError::io("open", &self.path))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let metadata = metadata.map_err(LogsError::columns("read", &self.path))?;
        Ok(OpenSegment { segment: Arc::clone(self), metadata })
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if self.dropped.load(Ordering::Acquire) {
            // What stays is removed when the log groups are opened the next time.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The name of a segment's file in the folder of its group.
pub(super) fn file_name(number: i64) -> String {
    format!("{number}.parquet")
}

/// A segment with its metadata read.
#[derive(Debug)]
pub(super) struct OpenSegment {
    segment: Arc<Segment>,
    metadata: ArrowReaderMetadata,
}

impl OpenSegment {
    /// How many row groups there are.
    pub(super) fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// The events of a row group.
    pub(super) fn rows(&self, row_group: usize) -> u64 {
        u64::try_from(self.metadata.metadata().row_group(row_group).num_rows()).unwrap_or_default()
    }

    /// No event of a row group is before the first of these or behind the second.
    pub(super) fn bounds(&self, row_group: usize) -> (EventKey, EventKey) {
        let (first, last) = self.told(row_group, TIMESTAMP).unwrap_or(self.segment.summary.times);
        if first != last {
            return (EventKey::at(first), EventKey::last_at(last));
        }
        // Many events of one time, over many row groups: positions tell these apart.
        let (from, to) = self.positions(row_group);
        (
            EventKey { timestamp: first, position: from, index: 0 },
            EventKey { timestamp: last, position: to, index: u32::MAX },
        )
    }

    /// The first and the last position in a row group, or in its segment.
    pub(super) fn positions(&self, row_group: usize) -> (u64, u64) {
        let told = self.told(row_group, POSITION);
        let told = told.and_then(|(first, last)| Some((first.try_into().ok()?, last.try_into().ok()?)));
        told.unwrap_or(self.segment.summary.positions)
    }

    /// The least and the greatest number of a column in a row group.
    fn told(&self, row_group: usize, column: usize) -> Option<(i64, i64)> {
        match self.metadata.metadata().row_group(row_group).column(column).statistics() {
            Some(Statistics::Int64(range)) => range.min_opt().copied().zip(range.max_opt().copied()),
            _ => None,
        }
    }

    /// The events of a row group; `fields` are those of the records that are wanted, `None` for all.
    pub(super) fn read(&self, row_group: usize, fields: Option<&[Field]>) -> Result<Events, LogsError> {
        let path = &self.segment.path;
        let rows = usize::try_from(self.metadata.metadata().row_group(row_group).num_rows()).unwrap_or(ROW_GROUP_ROWS);
        // A file of its own: handles that are cloned share their place, and pieces are read by several threads.
        let file = File::open(path).map_err(LogsError::io("read", path))?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let wanted = self.columns(fields);
        let reader =
            reader.with_projection(wanted).with_row_groups(vec![row_group]).with_batch_size(rows.max(1)).build();
        let mut reader = reader.map_err(LogsError::columns("read", path))?;
        let format = self.segment.summary.format.clone();
        let batch = match reader.next() {
            Some(batch) => batch.map_err(LogsError::columns("read", path))?,
            None => RecordBatch::new_empty(schema(format.as_ref())),
        };
        Ok(Events::new(batch, format))
    }

    /// The columns of events, and of these fields.
    fn columns(&self, fields: Option<&[Field]>) -> ProjectionMask {
        let Some(fields) = fields else { return ProjectionMask::all() };
        let names = self.metadata.schema().fields().iter().enumerate();
        let wanted =
            names.filter(|(place, column)| *place < OWN || fields.iter().any(|field| field.column() == column.name()));
        ProjectionMask::roots(self.metadata.parquet_schema(), wanted.map(|(place, _)| place))
    }

    /// What the message of an event takes on average, in bytes.
    pub(super) fn mean_bytes(&self) -> f64 {
        self.segment.summary.mean_bytes()
    }

    /// The format of the events in a row group, if all of them are records.
    pub(super) fn only_records(&self, row_group: usize) -> Option<&Format> {
        let columns = self.metadata.metadata().row_group(row_group);
        let nulls = columns.column(MESSAGE).statistics().and_then(Statistics::null_count_opt)?;
        let all = i64::try_from(nulls).is_ok_and(|nulls| nulls == columns.num_rows());
        self.segment.summary.format.as_ref().filter(|_| all)
    }
}

/// Writes a segment. It is there, under its name and on disk, when it is finished; otherwise nothing is.
pub(super) struct SegmentWriter {
    path: PathBuf,
    staging: Staging,
    writer: ArrowWriter<File>,
    summary: Summary,
}

impl SegmentWriter {
    pub(super) fn create(folder: &Path, number: i64, format: Option<&Format>) -> Result<Self, LogsError> {
        let path = folder.join(file_name(number));
        let staging = path.with_extension("parquet.tmp");
        let made = fs::create_dir_all(folder)
            .and_then(|()| folder.parent().map_or(Ok(()), sync_folder))
            .and_then(|()| File::create(&staging));
        let file = made.map_err(LogsError::io("write", &staging))?;
        let zstd = ZstdLevel::try_new(3).map_err(LogsError::columns("write", &staging))?;
        let properties = WriterProperties::builder()
            .set_created_by(concat!("weir ", env!("CARGO_PKG_VERSION")).into())
            .set_compression(Compression::ZSTD(zstd))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .build();
        let staging = Staging(staging);
        let writer = ArrowWriter::try_new(file, schema(format), Some(properties));
        let writer = writer.map_err(LogsError::columns("write", &staging.0))?;
        let summary = Summary {
            number,
            format: format.cloned(),
            rows: 0,
            stored_bytes: 0,
            positions: (u64::MAX, 0),
            times: (i64::MAX, i64::MIN),
        };
        Ok(Self { path, staging, writer, summary })
    }

    /// Appends events, which come behind those before.
    pub(super) fn write(&mut self, events: &Events) -> Result<(), LogsError> {
        self.writer.write(events.columns()).map_err(LogsError::columns("write", &self.staging.0))?;
        let summary = &mut self.summary;
        summary.rows += events.len() as u64;
        for position in events.positions() {
            summary.positions = (summary.positions.0.min(*position), summary.positions.1.max(*position));
        }
        for time in events.timestamps() {
            summary.times = (summary.times.0.min(*time), summary.times.1.max(*time));
        }
        Ok(())
    }

    /// Ends the segment; `stored_bytes` is what its messages count.
    pub(super) fn finish(self, stored_bytes: u64) -> Result<Summary, LogsError> {
        let Self { path, staging, writer, summary } = self;
        let write = || -> std::io::Result<()> {
            writer.into_inner().map_err(std::io::Error::other)?.sync_all()?;
            fs::rename(&staging.0, &path)?;
            path.parent().map_or(Ok(()), sync_folder)
        };
        match write() {
            Ok(()) => Ok(Summary { stored_bytes, ..summary }),
            Err(error) => Err(LogsError::io("write", &path)(error)),
        }
    }
}

/// The file of a segment that is being written. Gone when this is, unless it has its name by then.
struct Staging(PathBuf);

impl Drop for Staging {
    fn drop(&mut self) {
        // What stays is removed when the log groups are opened the next time.
        let _ = fs::remove_file(&self.0);
    }
}
