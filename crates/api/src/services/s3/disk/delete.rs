//! Versions go, and delete markers come.

use std::{fs, io, path::Path};

use s3s::S3Result;

use super::{
    Bucket, Disk,
    commit::{Guard, later_than, make_parent, new_version, remove_files},
    find::Found,
    place::{self, Room},
    rows::{self, Version},
    settings::Versioning,
};
use crate::services::s3::{error::broke, facts::Facts};

/// What became of a deletion.
#[derive(Debug, Default)]
pub(in super::super) struct Deleted {
    /// The version that is gone, or the marker that was made.
    pub(in super::super) version: Option<String>,
    /// Whether that is a delete marker.
    pub(in super::super) marker: bool,
}

impl Disk {
    /// Deletes a key: for good, or where the bucket has versions by a delete marker.
    ///
    /// # Errors
    /// Those of the guard, or the disk's.
    pub(in super::super) fn delete(&self, bucket: &str, key: &str, guard: Guard<'_>, now: i64) -> S3Result<Deleted> {
        let _locked = self.lock(bucket, key);
        let bucket = &self.bucket(bucket)?;
        let newest = self.newest(bucket, key)?;
        guard(newest.as_ref().map(|found| &found.version).filter(|version| !version.marker))?;
        let rows = self.change(|on| rows::of_key(on, &bucket.name, key))?;
        let versioning = self.versioning(&bucket.name)?;
        if versioning == Versioning::Never {
            self.remove_plain(bucket, newest.as_ref())?;
            if !rows.is_empty() {
                self.change(|on| rows.iter().try_for_each(|row| rows::delete(on, &bucket.name, row)))?;
            }
            remove_files(bucket, rows.iter());
            return Ok(Deleted::default());
        }
        let version = new_version(versioning);
        let kept = self.keep_aside(bucket, newest.as_ref().filter(|newest| newest.version.version != version))?;
        let marker = Version {
            key: key.to_owned(),
            modified: later_than(&rows, newest.as_ref(), now),
            size: 0,
            version,
            marker: true,
            file: String::new(),
            facts: Facts::default(),
        };
        // The row of the file that is there until it is removed stays until the next change of the key.
        let plain = newest.as_ref().filter(|newest| newest.is_plain).map(|newest| newest.version.modified);
        let is_stale =
            |row: &&Version| Some(row.modified) != plain && (row.version == marker.version || !row.is_aside());
        let stale: Vec<&Version> = rows.iter().filter(is_stale).collect();
        self.change(|on| {
            for row in &stale {
                rows::delete(on, &bucket.name, row)?;
            }
            if let Some(kept) = &kept {
                rows::put(on, &bucket.name, kept)?;
            }
            rows::put(on, &bucket.name, &marker)
        })?;
        self.remove_plain(bucket, newest.as_ref())?;
        remove_files(bucket, stale.into_iter());
        Ok(Deleted { version: Some(marker.version), marker: true })
    }

    /// Deletes one version for good. The one before it becomes the newest, if it was the newest.
    ///
    /// # Errors
    /// Those of the guard, or the disk's.
    pub(in super::super) fn delete_version(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        guard: Guard<'_>,
    ) -> S3Result<Deleted> {
        let _locked = self.lock(bucket, key);
        let bucket = &self.bucket(bucket)?;
        let Some(found) = self.version(bucket, key, id)? else {
            guard(None)?;
            return Ok(Deleted { version: Some(id.to_owned()), marker: false });
        };
        guard(Some(&found.version))?;
        self.remove_plain(bucket, Some(&found))?;
        self.change(|on| rows::delete(on, &bucket.name, &found.version))?;
        remove_files(bucket, std::iter::once(&found.version));
        self.promote(bucket, key)?;
        Ok(Deleted { version: Some(id.to_owned()), marker: found.version.marker })
    }

    fn remove_plain(&self, bucket: &Bucket, found: Option<&Found>) -> S3Result<()> {
        let Some(found) = found.filter(|found| found.is_plain) else { return Ok(()) };
        let Some(path) = place::path_of(&bucket.folder, &found.version.key) else { return Ok(()) };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(broke(error)),
            _ => {}
        }
        let synced = path.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all());
        match synced {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(broke(error)),
            _ => {}
        }
        place::tidy(&bucket.folder, &path);
        Ok(())
    }

    /// Puts the newest version at its own place, if it can be there and is not.
    fn promote(&self, bucket: &Bucket, key: &str) -> S3Result<()> {
        let Some(newest) = self.newest(bucket, key)?.filter(|newest| !newest.is_plain && !newest.version.marker) else {
            return Ok(());
        };
        let Some(path) = place::path_of(&bucket.folder, key) else { return Ok(()) };
        if place::make_room(&path).map_err(broke)? == Room::Held {
            return Ok(());
        }
        let aside = bucket.aside(&newest.version.file);
        move_back(bucket, &aside, &path).map_err(broke)?;
        let version = Version { file: String::new(), ..newest.version };
        self.change(|on| rows::put(on, &bucket.name, &version))
    }
}

fn move_back(bucket: &Bucket, aside: &Path, path: &Path) -> io::Result<()> {
    make_parent(path)?;
    fs::rename(aside, path)?;
    place::sync_folders(&bucket.folder, path)
}
