//! The log groups: opening, and what all operations share.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use super::{
    Committed, Damage, LogsError, Owner, Records, Tap,
    expiry::SteadyClock,
    frame::Body,
    groups::{Group, Groups},
    journal::Journal,
    lines::records_of,
    listen::Listeners,
    queue::{Queue, lock},
    segment::file_name,
    tables::{TABLES, next_segment, read_groups},
};
use crate::{Catalogue, durable::sync_folder};

/// How log groups are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogOptions {
    /// Whose they are; for ARNs.
    pub owner: Owner,
    /// A file of the append log is begun when the one before has this many bytes.
    pub append_file_bytes: u64,
    /// What a group's batches take in memory when a segment is made of them, in bytes.
    pub segment_memory: usize,
    /// How long a batch is in memory at most before a segment is made of it, in milliseconds.
    pub segment_age: i64,
    /// What all batches that are in no segment may take in memory, in bytes. Appends that pass it make segments
    /// themselves before they are answered.
    pub memory_limit: usize,
    /// How many segments of about the same size become one.
    pub merge_segments: usize,
    /// Segments are merged until they have this many events.
    pub merge_rows: u64,
}

impl LogOptions {
    /// 16 MiB of a group or a minute make a segment; 64 MiB in memory; eight segments become one, up to 4 million events.
    pub fn new(owner: Owner) -> Self {
        Self {
            owner,
            append_file_bytes: 32 << 20,
            segment_memory: 16 << 20,
            segment_age: 60_000,
            memory_limit: 64 << 20,
            merge_segments: 8,
            merge_rows: 4_000_000,
        }
    }
}

/// What was counted since the log groups were opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogCounters {
    /// Events that were acknowledged.
    pub events: u64,
    /// The bytes of their messages, and 26 for each event.
    pub bytes: u64,
    /// Batches that they came in.
    pub batches: u64,
    /// Writes to disk that acknowledged them: each serves all who wait.
    pub writes: u64,
    /// Events that were too old, too new or expired.
    pub rejected_events: u64,
    /// Batches that were refused because the disk refused.
    pub refused_batches: u64,
    /// Segments made, also by merging.
    pub segments: u64,
    /// Events whose time was over.
    pub expired_events: u64,
    /// Why the last append, or else the last upkeep, failed; none once that was done again.
    pub last_failure: Option<String>,
}

/// What failed when it was tried last.
#[derive(Debug, Clone, Default)]
pub(super) struct Failures {
    pub(super) append: Option<String>,
    pub(super) upkeep: Option<String>,
}

/// The log groups of one owner.
///
/// All methods may be called from any thread, and block: an append returns when its events are on disk.
pub struct LogStore {
    pub(super) folder: PathBuf,
    pub(super) options: LogOptions,
    pub(super) catalogue: Catalogue,
    pub(super) tap: Arc<dyn Tap>,
    /// Held while the catalogue and `groups` are changed together.
    pub(super) definitions: Mutex<()>,
    pub(super) groups: Mutex<Groups>,
    pub(super) queue: Queue,
    pub(super) listeners: Listeners,
    pub(super) journal: Mutex<Journal>,
    /// Held by who makes segments.
    pub(super) segmenting: Mutex<()>,
    /// Held by who merges or drops segments.
    pub(super) merging: Mutex<SteadyClock>,
    pub(super) next_segment: Mutex<i64>,
    pub(super) counters: Mutex<LogCounters>,
    pub(super) failures: Mutex<Failures>,
    damage: Vec<Damage>,
}

impl LogStore {
    /// Opens the log groups in this folder. What a crash left is brought in order, and each batch that `tap` has not
    /// settled is told to it again.
    ///
    /// The caller holds the [`DataDirectory`](crate::DataDirectory) that the folder is in.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or the catalogue refuses. Damage is no error: see
    /// [`damage`](Self::damage).
    pub fn open(
        folder: &Path,
        catalogue: Catalogue,
        options: LogOptions,
        tap: Arc<dyn Tap>,
    ) -> Result<Self, LogsError> {
        catalogue.provide(&TABLES)?;
        for part in [folder, &folder.join("segments")] {
            fs::create_dir_all(part).map_err(LogsError::io("make folder", part))?;
        }
        sync_folder(folder).map_err(LogsError::io("sync", folder))?;
        let (rows, next_segment) = catalogue
            .change(|transaction| Ok::<_, LogsError>((read_groups(transaction)?, next_segment(transaction)?)))?;
        let mut groups = Groups::default();
        for row in rows {
            let segments = group_folder(folder, row.id);
            groups.insert(Group::from_row(row, &segments)?);
        }
        remove_unknown(folder, &groups)?;
        let floor = groups.iter().map(|group| group.segmented).fold(tap.settled(), u64::max);
        let replay = Replay { groups: Mutex::new(groups), tap: tap.as_ref(), settled: tap.settled() };
        let (journal, damage) =
            Journal::open(folder.join("append"), options.append_file_bytes, floor, |position, body| {
                replay.batch(position, body)
            })?;
        Ok(Self {
            folder: folder.to_owned(),
            options,
            catalogue,
            definitions: Mutex::default(),
            groups: replay.groups,
            tap,
            queue: Queue::default(),
            listeners: Listeners::default(),
            journal: Mutex::new(journal),
            segmenting: Mutex::default(),
            merging: Mutex::default(),
            next_segment: Mutex::new(next_segment),
            counters: Mutex::default(),
            failures: Mutex::default(),
            damage,
        })
    }

    /// Whose log groups they are.
    pub fn owner(&self) -> &Owner {
        &self.options.owner
    }

    /// What was counted.
    pub fn counters(&self) -> LogCounters {
        let Failures { append, upkeep } = lock(&self.failures).clone();
        LogCounters { last_failure: append.or(upkeep), ..lock(&self.counters).clone() }
    }

    /// What of the append log could not be read when it was opened: acknowledged batches that are lost.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// What batches that are in no segment take in memory, in bytes.
    pub fn memory(&self) -> usize {
        lock(&self.groups).memory
    }

    pub(super) fn group_folder(&self, group: i64) -> PathBuf {
        group_folder(&self.folder, group)
    }
}

fn group_folder(folder: &Path, group: i64) -> PathBuf {
    folder.join("segments").join(group.to_string())
}

/// Takes in what the append log has.
struct Replay<'a> {
    groups: Mutex<Groups>,
    tap: &'a dyn Tap,
    settled: u64,
}

impl Replay<'_> {
    fn batch(&self, position: u64, body: &[u8]) -> Result<(), LogsError> {
        let decode = || Body::decode(body);
        let body = decode().ok_or_else(|| {
            LogsError::columns("read", format!("batch {position} of the append log"))("it is of a newer program")
        })?;
        let mut groups = lock(&self.groups);
        // Those of a group or stream that was deleted are nobody's.
        let Some(group) = groups.by_id(body.group).filter(|group| !group.deleted_streams.had(&body.stream, position))
        else {
            return Ok(());
        };
        let segmented = position <= group.segmented;
        if segmented && position <= self.settled {
            return Ok(());
        }
        let group_id = body.group;
        let batch = Arc::new(committed(position, Arc::clone(&group.name), body));
        if !segmented {
            groups.publish(group_id, Arc::clone(&batch));
        }
        drop(groups);
        if position > self.settled {
            self.tap.appended(&batch);
        }
        Ok(())
    }
}

/// The batch that a body was written from.
pub(super) fn committed(position: u64, group: Arc<str>, body: Body) -> Committed {
    let records: Option<Records> = body.format.as_ref().and_then(|format| records_of(&body.messages, format));
    Committed {
        position,
        group,
        stream: body.stream,
        ingestion_time: body.ingestion_time,
        timestamps: body.timestamps,
        messages: body.messages,
        records,
    }
}

/// Removes the files of segments that the catalogue does not know: half written, or replaced.
fn remove_unknown(folder: &Path, groups: &Groups) -> Result<(), LogsError> {
    let segments = folder.join("segments");
    for group_folder in paths(&segments)? {
        let id = group_folder.file_name().and_then(|name| name.to_str()?.parse().ok());
        let Some(group) = id.and_then(|id: i64| groups.by_id(id)) else {
            fs::remove_dir_all(&group_folder).map_err(LogsError::io("remove", &group_folder))?;
            continue;
        };
        let known: BTreeSet<String> = group.segments.iter().map(|segment| file_name(segment.summary.number)).collect();
        for path in paths(&group_folder)? {
            if !path.file_name().and_then(|name| name.to_str()).is_some_and(|name| known.contains(name)) {
                fs::remove_file(&path).map_err(LogsError::io("remove", &path))?;
            }
        }
    }
    Ok(())
}

fn paths(folder: &Path) -> Result<Vec<PathBuf>, LogsError> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    read().map_err(LogsError::io("list", folder))
}
