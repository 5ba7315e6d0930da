//! The network file, read again when it changes.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use weir_network::{Network, Owner};

/// A network file, and what of it was read last.
pub struct NetworkFile {
    path: PathBuf,
    owner: Owner,
    read: Option<Stamp>,
}

/// What tells one state of a file from another: device, inode, length, time of change in seconds and nanoseconds.
type Stamp = (u64, u64, u64, i64, i64);

impl NetworkFile {
    /// The file at this path; `owner` owns what it gives no owner.
    pub fn new(path: &Path, owner: Owner) -> Self {
        Self { path: path.to_owned(), owner, read: None }
    }

    /// The network, if the file has changed since it was last read, or never was.
    pub fn poll(&mut self) -> Option<Result<Network>> {
        let stamp = stamp(&self.path).ok();
        if self.read.is_some() && self.read == stamp {
            return None;
        }
        // Also when it is gone: that is said once.
        let gone = (0, 0, 0, 0, 0);
        if self.read == Some(stamp.unwrap_or(gone)) {
            return None;
        }
        self.read = Some(stamp.unwrap_or(gone));
        Some(self.network())
    }

    fn network(&self) -> Result<Network> {
        let name = self.path.display();
        let text = fs::read_to_string(&self.path).with_context(|| format!("{name}: cannot read the network file"))?;
        Network::parse(&text, &self.owner).with_context(|| name.to_string())
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let data = fs::metadata(path)?;
    Ok((data.dev(), data.ino(), data.len(), data.ctime(), data.ctime_nsec()))
}
