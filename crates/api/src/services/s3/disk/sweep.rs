//! What a crash left behind goes.

use std::{fs, io, path::Path};

use s3s::S3Result;

use super::{Bucket, Disk, place::SYSTEM, rows};
use crate::services::s3::error::broke;

impl Disk {
    /// Removes files that no row means: unfinished ones, and those whose row was deleted before they were. To be called
    /// before the first request is answered.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn sweep(&self) -> S3Result<()> {
        for bucket in self.all_buckets()? {
            self.sweep_bucket(&bucket)?;
        }
        // Any name: buckets are beside each other.
        let beside = "any".parse().ok().and_then(|name| self.buckets.folder(&name));
        beside.as_deref().and_then(Path::parent).map_or(Ok(()), remove_deleted).map_err(broke)
    }

    fn sweep_bucket(&self, bucket: &Bucket) -> S3Result<()> {
        let system = bucket.folder.join(SYSTEM);
        if !system.is_dir() {
            return Ok(());
        }
        let known = self.change(|on| rows::files_aside(on, &bucket.name))?;
        for kind in ["temporary", "objects", "parts"] {
            remove_others(&system.join(kind), |name| known.contains(name)).map_err(broke)?;
        }
        Ok(())
    }
}

/// Removes what is left of buckets that were deleted.
fn remove_deleted(root: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(super::is_deleted) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn remove_others(folder: &Path, is_known: impl Fn(&str) -> bool) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(&is_known) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
