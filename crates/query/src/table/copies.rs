//! Columnar copies of text objects.
//!
//! Each query over text inflates it and takes it apart anew. A copy holds the same rows in columns, as Parquet, so that
//! a later query reads only the columns that it asks for. Copies are in a folder of their own; one that is deleted, at
//! any time, is made again.
//!
//! A copy belongs to an object's name and ETag and to how its lines are read: a changed object has another copy. An
//! object of which a line or a cell is refused has none, since each query has to report that.

use std::collections::{HashSet, VecDeque};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use datafusion::arrow::datatypes::SchemaRef;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use weir_record::text::TextOptions;
use weir_store::{Object, Place};

mod make;
mod read;

pub(super) use read::CopyReader;

use super::RowReading;

/// Changes when copies are made in another way: those of before are not found any more.
const LAYOUT: u32 = 1;
/// A copy that was used so recently does not make room for another one.
const IN_USE: Duration = Duration::from_secs(600);
/// Names of copies that are whole end in this.
const WHOLE: &str = "parquet";

/// How the lines of an object are read: all their columns, in order, and the rules.
#[derive(Debug, Clone)]
pub(super) struct LineFormat {
    pub(super) columns: SchemaRef,
    pub(super) rules: LineRules,
}

/// Which rules take lines apart.
#[derive(Debug, Clone)]
pub(super) enum LineRules {
    Plain(TextOptions),
    /// Those of a SerDe.
    Rows(RowReading),
}

impl LineFormat {
    /// A text that is the same for the same format only.
    fn identity(&self) -> String {
        match &self.rules {
            LineRules::Plain(options) => format!("{:?} {options:?}", self.columns),
            LineRules::Rows(rows) => format!("{:?} {}", self.columns, rows.identity()),
        }
    }
}

/// An object to make a copy of.
#[derive(Debug)]
pub(super) struct Original {
    pub(super) place: Arc<Place>,
    pub(super) object: Object,
    pub(super) format: LineFormat,
}

/// What came of making a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    Copy,
    /// Lines or cells of the object are refused.
    Unsound,
    /// All copies are in use.
    NoRoom,
}

/// The copies in a folder. Several processes may share it.
#[derive(Debug)]
pub struct Copies {
    folder: PathBuf,
    /// Bytes that all copies may take.
    most: u64,
    wanted: Mutex<Wanted>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Wanted {
    waiting: VecDeque<Original>,
    /// Names of copies that wait, or that could not be made.
    known: HashSet<String>,
}

impl Copies {
    /// The copies in `folder`, which is made if need be. They take at most `most` bytes: what was not used for longest
    /// is deleted for new ones.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path, most: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        sweep(folder)?;
        Ok(Self { folder: folder.to_owned(), most, wanted: Mutex::default(), more: Notify::new() })
    }

    /// Makes copies of what queries have read, and will read. Never ends.
    pub async fn keep_up(&self) {
        loop {
            self.more.notified().await;
            self.catch_up().await;
        }
    }

    /// Makes copies of what queries have read so far.
    pub async fn catch_up(&self) {
        while let Some(original) = self.next() {
            let name = name_of(&original.object, &original.format);
            match self.make(original, &name).await {
                // It stays known, so that it is not tried again.
                Ok(Made::Unsound) => continue,
                Ok(Made::Copy | Made::NoRoom) => {}
                Err(error) => tracing::warn!("no columnar copy in {}: {error}", self.folder.display()),
            }
            self.wanted().known.remove(&name);
        }
    }

    async fn make(&self, original: Original, name: &str) -> io::Result<Made> {
        if !self.make_room(original.object.size())? {
            return Ok(Made::NoRoom);
        }
        let content = make::Content::of(&original).await?;
        let (staged, whole) = (self.folder.join(format!("{name}.{}", process::id())), self.file(name));
        let made = spawn_blocking(move || {
            let made = make::write(&original, content, &staged);
            if matches!(made, Ok(Made::Copy)) {
                fs::rename(&staged, whole)?;
            } else {
                fs::remove_file(&staged)?;
            }
            made
        });
        let made = made.await.map_err(io::Error::other)??;
        self.make_room(0)?;
        Ok(made)
    }

    /// The copy of an object, if there is one that can be read.
    pub(super) fn reader(&self, object: &Object, format: &LineFormat) -> Option<CopyReader> {
        let file = self.file(&name_of(object, format));
        let copy = File::open(&file).ok()?;
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        // Only the order of deletion hangs on it.
        let _ = futimens(&copy, &Timestamps { last_access: now, last_modification: now });
        let reader = CopyReader::new(copy);
        if let Err(error) = &reader {
            tracing::warn!("the columnar copy {} is damaged, and deleted: {error}", file.display());
            let _ = fs::remove_file(&file);
        }
        reader.ok()
    }

    /// A query has read an object to its end, and there was no copy.
    pub(super) fn want(&self, original: Original) {
        let name = name_of(&original.object, &original.format);
        let mut wanted = self.wanted();
        if original.object.meta.e_tag.is_some() && wanted.known.insert(name) {
            wanted.waiting.push_back(original);
            self.more.notify_one();
        }
    }

    fn next(&self) -> Option<Original> {
        self.wanted().waiting.pop_front()
    }

    fn wanted(&self) -> std::sync::MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension(WHOLE)
    }

    /// Deletes what was not used for longest, until so many bytes more have room; says whether they have.
    fn make_room(&self, bytes: u64) -> io::Result<bool> {
        let mut copies = self.list()?;
        copies.sort_by_key(|copy| copy.used);
        let mut taken: u64 = copies.iter().map(|copy| copy.bytes).sum();
        let newest = copies.last().map_or(SystemTime::UNIX_EPOCH, |copy| copy.used);
        for copy in copies {
            let in_use = newest.duration_since(copy.used).is_ok_and(|age| age < IN_USE);
            if taken.saturating_add(bytes) <= self.most || (in_use && taken <= self.most) {
                break;
            }
            fs::remove_file(&copy.file)?;
            taken -= copy.bytes;
        }
        Ok(taken.saturating_add(bytes) <= self.most)
    }

    fn list(&self) -> io::Result<Vec<Copy>> {
        let mut copies = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let file = entry?.path();
            // Another process may have deleted it.
            let Ok(found) = fs::metadata(&file) else { continue };
            if file.extension().is_some_and(|end| end == WHOLE) {
                copies.push(Copy { used: found.modified()?, bytes: found.len(), file });
            }
        }
        Ok(copies)
    }
}

struct Copy {
    file: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// Deletes what processes left that ended while they made a copy: its name ends in the number of the process.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let maker = file.extension().and_then(|end| end.to_str()).and_then(|end| end.parse::<u32>().ok());
        if maker.is_some_and(|maker| maker == process::id() || !Path::new("/proc").join(maker.to_string()).exists()) {
            // Another process may have been quicker.
            let _ = fs::remove_file(&file);
        }
    }
    Ok(())
}

/// The name of the copy of an object that is read in this way.
fn name_of(object: &Object, format: &LineFormat) -> String {
    let mut digest = Sha256::new();
    let tag = object.meta.e_tag.as_deref().unwrap_or_default();
    for part in [&LAYOUT.to_string(), object.name.as_ref(), tag, &format.identity()] {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().take(16).fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}
