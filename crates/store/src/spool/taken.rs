//! Which windows from elsewhere were taken: the last number of each source.
//!
//! The name of a segment says where its window came from, so taking a window and remembering it is one step. Before
//! the segments of a delivered object go, what they say is written to `taken.json`.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{Origin, StoreError, durable::sync_folder};

const FILE: &str = "taken.json";

/// The last number that was taken, by source.
#[derive(Debug, Default)]
pub(super) struct Taken {
    path: PathBuf,
    known: BTreeMap<String, u64>,
    /// What the file says.
    kept: BTreeMap<String, u64>,
}

impl Taken {
    /// Reads what earlier runs kept in the folder of the spool.
    pub(super) fn read(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let kept = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| StoreError::io("read", &path)(error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::<String, u64>::new(),
            Err(error) => return Err(StoreError::io("read", path)(error)),
        };
        Ok(Self { path, known: kept.clone(), kept })
    }

    /// A window is on disk.
    pub(super) fn add(&mut self, origin: &Origin) {
        let last = self.known.entry(origin.source().to_owned()).or_default();
        *last = origin.sequence().max(*last);
    }

    /// Whether this window, or a later one of its source, is on disk or was.
    pub(super) fn contains(&self, origin: &Origin) -> bool {
        self.known.get(origin.source()).is_some_and(|last| *last >= origin.sequence())
    }

    /// Makes sure that these are still known when their segments are gone.
    pub(super) fn keep(&mut self, origins: &[Origin]) -> Result<(), StoreError> {
        let is_kept = |origin: &Origin| self.kept.get(origin.source()).is_some_and(|last| *last >= origin.sequence());
        if origins.iter().all(is_kept) {
            return Ok(());
        }
        self.write().map_err(StoreError::io("write", &self.path))?;
        self.kept.clone_from(&self.known);
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        let unfinished = self.path.with_extension("tmp");
        let mut file = File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec(&self.known)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, &self.path)?;
        self.path.parent().map_or(Ok(()), sync_folder)
    }
}
