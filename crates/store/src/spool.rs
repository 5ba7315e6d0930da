//! Records on disk until they are delivered.
//!
//! ```text
//! <data>/spool/<flow log>/
//!   1529511600-fe123456/             an object to be: start of its interval, and the hash of its name
//!     object                         where it goes: bucket, and key; fixed from the beginning
//!     000000000007-1024.arrow        a segment: number of the window, and its records that go here, as an Arrow file
//!     000000000008-512.arrow.tmp     a segment being written
//!     000000000009-64-i-0a1b…-42.arrow   a segment of a window from elsewhere: its source, and its number there
//!   1529511300-0c0ffee0.delivered/   an object that is in its bucket; about to be removed
//!   taken.json                       the last number of each source that a delivered segment had
//! ```
//!
//! **A window is acknowledged** when its segments are synced, have their names, and the names are synced. One that
//! spans several intervals has several segments with the same number; all are written under `.tmp` names first, so
//! if one of them has its name after a crash, the others are whole and get theirs: a window is there with all of its
//! records or with none.
//!
//! **An object is delivered once**: its key is fixed by its folder, and nothing is added to a folder once the put has
//! begun, or after a restart. A crash after the put leads to a second put of the same records to the same key. A
//! delivered folder is renamed before its segments are removed, so no put ever sees half of them.
//!
//! **A window from elsewhere is taken once**: its name becomes durable in the same step as its records, and is kept
//! when they go.

mod taken;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufWriter},
    path::{Path, PathBuf},
};

use arrow::{datatypes::Schema, ipc::writer::FileWriter, record_batch::RecordBatch};
use serde::{Deserialize, Serialize};

use self::taken::Taken;
use crate::{BucketName, Origin, StoreError, durable::sync_folder};

/// Where an object goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// The bucket.
    pub bucket: BucketName,
    /// Whether the bucket is a folder of this machine; otherwise it is in S3.
    pub folder: bool,
    /// The object's key.
    pub key: String,
}

/// An object to be: a folder of segments.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub path: PathBuf,
    pub target: Target,
    /// Records in its segments.
    pub records: u64,
    /// Bytes of its segments.
    pub bytes: u64,
}

impl Pending {
    /// The segments in the order of their windows.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn segments(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut segments: Vec<_> = entries(&self.path)?
            .into_iter()
            .filter_map(|path| Some((Segment::of(&path).filter(|segment| segment.named)?.number, path)))
            .collect();
        segments.sort();
        Ok(segments.into_iter().map(|(_, path)| path).collect())
    }
}

/// The spool of one flow log.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    next_window: u64,
    taken: Taken,
}

/// Records of one window that go to one object.
pub(crate) struct Part<'a> {
    pub path: &'a Path,
    pub batches: Vec<RecordBatch>,
}

const OBJECT: &str = "object";
const DELIVERED: &str = ".delivered";

impl Spool {
    /// Opens the spool in this folder, making it if need be, and brings it in order after a crash.
    ///
    /// Returns the objects to be that a previous run left; nothing may be added to them.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub(crate) fn open(folder: PathBuf) -> Result<(Self, Vec<Pending>), StoreError> {
        fs::create_dir_all(&folder).map_err(StoreError::io("make folder", &folder))?;
        if let Some(parent) = folder.parent() {
            sync_folder(parent).map_err(StoreError::io("sync", parent))?;
        }
        let mut folders = Vec::new();
        for path in entries(&folder)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with(DELIVERED) {
                fs::remove_dir_all(&path).map_err(StoreError::io("remove", &path))?;
            } else if is_pending(name) {
                folders.push(path);
            }
        }
        let next_window = finish_segments(&folders)?;
        let mut taken = Taken::read(&folder)?;
        let mut left = Vec::new();
        for path in folders {
            origins(&path)?.iter().for_each(|origin| taken.add(origin));
            left.extend(read_pending(path)?);
        }
        sync_folder(&folder).map_err(StoreError::io("sync", &folder))?;
        Ok((Self { folder, next_window, taken }, left))
    }

    /// Makes the folder of a new object.
    ///
    /// # Errors
    /// When it cannot be written; then there is none.
    pub(crate) fn create(&self, interval: i64, hash: u32, target: Target) -> Result<Pending, StoreError> {
        let path = self.folder.join(format!("{interval}-{hash:08x}"));
        fs::create_dir(&path).map_err(StoreError::io("make folder", &path))?;
        let write = || {
            let file = path.join(OBJECT);
            fs::write(&file, serde_json::to_vec(&target)?)?;
            File::open(&file)?.sync_all()?;
            sync_folder(&path)?;
            sync_folder(&self.folder)
        };
        match write() {
            Ok(()) => Ok(Pending { path, target, records: 0, bytes: 0 }),
            Err(error) => {
                let _ = fs::remove_dir_all(&path);
                Err(StoreError::io("write", path)(error))
            }
        }
    }

    /// Whether a window from elsewhere was taken before.
    pub(crate) fn has(&self, origin: &Origin) -> bool {
        self.taken.contains(origin)
    }

    /// Writes a window: returns the bytes of each part when all of them are on disk. One from elsewhere is known from
    /// then on.
    ///
    /// # Errors
    /// When one of them cannot be written; then none is there.
    pub(crate) fn append(&mut self, parts: &[Part<'_>], origin: Option<&Origin>) -> Result<Vec<u64>, StoreError> {
        let window = self.next_window;
        let named: Vec<PathBuf> = parts.iter().map(|part| part.path.join(segment_name(window, part, origin))).collect();
        let unnamed: Vec<PathBuf> = named.iter().map(|path| path.with_extension("arrow.tmp")).collect();
        let result = write_parts(parts, &unnamed, &named);
        // Never used again: what cannot be removed below must not be taken for a part of another window.
        self.next_window += 1;
        if result.is_err() {
            for path in unnamed.iter().chain(&named) {
                let _ = fs::remove_file(path);
            }
        } else if let Some(origin) = origin {
            self.taken.add(origin);
        }
        result
    }

    /// An object is in its bucket: forgets its segments.
    ///
    /// # Errors
    /// When the folder cannot be renamed, or what it was made of cannot be remembered. The object may be put again.
    pub(crate) fn delivered(&mut self, pending: &Pending) -> Result<(), StoreError> {
        if pending.path.exists() {
            self.taken.keep(&origins(&pending.path)?)?;
        }
        let mut name = pending.path.clone().into_os_string();
        name.push(DELIVERED);
        let name = PathBuf::from(name);
        match fs::rename(&pending.path, &name) {
            Ok(()) => {}
            // Renamed in an attempt before, whose sync failed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("rename", &pending.path)(error)),
        }
        sync_folder(&self.folder).map_err(StoreError::io("sync", &self.folder))?;
        // What stays here is removed when the spool is opened the next time.
        let _ = fs::remove_dir_all(&name);
        Ok(())
    }
}

/// What a segment's file name says.
struct Segment {
    number: u64,
    records: u64,
    /// Where its window comes from, when that is elsewhere.
    origin: Option<Origin>,
    /// Whether the file has its name; otherwise it is still being written.
    named: bool,
}

impl Segment {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (stem, named) = match name.strip_suffix(".arrow.tmp") {
            Some(stem) => (stem, false),
            None => (name.strip_suffix(".arrow")?, true),
        };
        let (number, rest) = stem.split_once('-')?;
        let (records, origin) = match rest.split_once('-') {
            Some((records, origin)) => (records, Some(origin.parse().ok()?)),
            None => (rest, None),
        };
        Some(Self { number: number.parse().ok()?, records: records.parse().ok()?, origin, named })
    }
}

fn segment_name(window: u64, part: &Part<'_>, origin: Option<&Origin>) -> String {
    let records: usize = part.batches.iter().map(RecordBatch::num_rows).sum();
    let origin = origin.map_or(String::new(), |origin| format!("-{origin}"));
    format!("{window:012}-{records}{origin}.arrow")
}

/// Where the windows in a folder come from, those from elsewhere.
fn origins(folder: &Path) -> Result<Vec<Origin>, StoreError> {
    let named = |path: PathBuf| Segment::of(&path).filter(|segment| segment.named)?.origin;
    Ok(entries(folder)?.into_iter().filter_map(named).collect())
}

fn write_parts(parts: &[Part<'_>], unnamed: &[PathBuf], named: &[PathBuf]) -> Result<Vec<u64>, StoreError> {
    let mut bytes = Vec::with_capacity(parts.len());
    for (part, path) in parts.iter().zip(unnamed) {
        bytes.push(write_segment(path, &part.batches).map_err(StoreError::io("write", path))?);
    }
    for (unnamed, named) in unnamed.iter().zip(named) {
        fs::rename(unnamed, named).map_err(StoreError::io("rename", unnamed))?;
    }
    for part in parts {
        sync_folder(part.path).map_err(StoreError::io("sync", part.path))?;
    }
    Ok(bytes)
}

fn write_segment(path: &Path, batches: &[RecordBatch]) -> io::Result<u64> {
    let schema = batches.first().map_or_else(|| Schema::empty().into(), RecordBatch::schema);
    let file = BufWriter::with_capacity(1 << 18, File::create(path)?);
    let mut writer = FileWriter::try_new(file, &schema).map_err(io_error)?;
    for batch in batches {
        writer.write(batch).map_err(io_error)?;
    }
    let file = writer.into_inner().map_err(io_error)?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// The I/O error inside an Arrow error, for a message that says what the system said.
fn io_error(error: arrow::error::ArrowError) -> io::Error {
    match error {
        arrow::error::ArrowError::IoError(_, source) => source,
        other => io::Error::other(other),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
    let mut paths = read().map_err(StoreError::io("list", folder))?;
    paths.sort();
    Ok(paths)
}

fn is_pending(name: &str) -> bool {
    let parts = name.rsplit_once('-');
    parts.is_some_and(|(interval, hash)| {
        interval.parse::<i64>().is_ok() && hash.len() == 8 && u32::from_str_radix(hash, 16).is_ok()
    })
}

/// Gives the segments of a half-named window their names and removes those of windows that were never acknowledged.
/// Returns a window number that is in no use.
fn finish_segments(folders: &[PathBuf]) -> Result<u64, StoreError> {
    let mut named = BTreeSet::new();
    let mut unnamed = Vec::new();
    let mut next = 0;
    for folder in folders {
        for path in entries(folder)? {
            let Some(segment) = Segment::of(&path) else { continue };
            next = next.max(segment.number + 1);
            if segment.named {
                named.insert(segment.number);
            } else {
                unnamed.push((segment.number, path));
            }
        }
    }
    for (number, path) in unnamed {
        if named.contains(&number) {
            fs::rename(&path, path.with_extension("")).map_err(StoreError::io("rename", &path))?;
        } else {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    for folder in folders {
        sync_folder(folder).map_err(StoreError::io("sync", folder))?;
    }
    Ok(next)
}

/// The object that a folder is; none if no window was ever acknowledged in it.
fn read_pending(path: PathBuf) -> Result<Option<Pending>, StoreError> {
    let (mut records, mut bytes, mut segments) = (0, 0, 0);
    for file in entries(&path)? {
        let Some(segment) = Segment::of(&file) else { continue };
        segments += 1;
        records += segment.records;
        bytes += fs::metadata(&file).map_err(StoreError::io("open", &file))?.len();
    }
    if segments == 0 {
        fs::remove_dir_all(&path).map_err(StoreError::io("remove", &path))?;
        return Ok(None);
    }
    let file = path.join(OBJECT);
    let text = fs::read(&file).map_err(StoreError::io("read", &file))?;
    let target = serde_json::from_slice(&text).map_err(|error| StoreError::io("read", file)(error.into()))?;
    Ok(Some(Pending { path, target, records, bytes }))
}

#[cfg(test)]
mod tests;
