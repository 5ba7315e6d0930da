//! The data directory of one running program.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use crate::StoreError;

/// The directory that a running program keeps its data in:
///
/// ```text
/// lock                the process that uses it
/// buckets/<bucket>/   objects
/// spool/<flow log>/   records that are not yet delivered
/// logs/               log groups
/// catalogue.sqlite    what is defined: log groups, metrics, alarms, topics
/// ```
///
/// Locked as long as this value lives, and no longer than the process does, however it ends.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Makes the directory if need be and locks it.
    ///
    /// # Errors
    /// When another process uses it, or it may not be written.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(StoreError::io("make folder", &path))?;
        let file = path.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&file)
            .map_err(StoreError::io("write", &file))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let _ = lock.read_to_string(&mut owner);
                return Err(StoreError::InUse { path, owner: owner.trim().parse().ok() });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::io("lock", file)(source)),
        }
        // Only for the message to others: a full disk is no reason not to start.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Self { path, _lock: lock })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its buckets are; for [`Buckets::with_root`](crate::Buckets::with_root).
    pub fn buckets(&self) -> PathBuf {
        self.path.join("buckets")
    }

    /// Where its log groups are.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// The database of what is defined; for [`Catalogue::open`](crate::Catalogue::open).
    pub fn catalogue(&self) -> PathBuf {
        self.path.join("catalogue.sqlite")
    }

    /// Where the records of a flow log wait.
    pub(crate) fn spool(&self, flow_log_id: &str) -> PathBuf {
        self.path.join("spool").join(flow_log_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let dir = tempfile::tempdir().expect("made");
        let path = dir.path().join("data");
        let first = DataDirectory::open(&path).expect("free");
        let refused = DataDirectory::open(&path).expect_err("in use").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        DataDirectory::open(&path).expect("free again");
    }
}
