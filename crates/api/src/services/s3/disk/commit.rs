//! A new version of a key becomes the newest.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use s3s::S3Result;
use uuid::Uuid;

use super::{
    Bucket, Disk,
    find::{self, Found},
    place::{self, Room},
    rows::{self, Version},
    settings::Versioning,
    stage::Staged,
};
use crate::services::s3::{error::broke, facts::Facts};

/// What the newest version must be for a change to be made.
pub(in super::super) type Guard<'a> = &'a dyn Fn(Option<&Version>) -> S3Result<()>;

/// A version that was written.
#[derive(Debug)]
pub(in super::super) struct Committed {
    /// Its id, if the bucket gives ids.
    pub(in super::super) version: Option<String>,
    /// Unix nanoseconds.
    pub(in super::super) modified: i64,
}

/// How often room is made for a file while others remove folders.
const ATTEMPTS: usize = 8;

impl Disk {
    /// Makes a staged file the newest version of a key.
    ///
    /// # Errors
    /// Those of the guard, or the disk's; then nothing has changed.
    pub(in super::super) fn commit(
        &self,
        bucket: &str,
        key: &str,
        staged: Staged,
        facts: Facts,
        guard: Guard<'_>,
        now: i64,
    ) -> S3Result<Committed> {
        // Bytes go to the disk before others have to wait.
        staged.file.sync_all().map_err(broke)?;
        let _locked = self.lock(bucket, key);
        let bucket = &self.bucket(bucket)?;
        let newest = self.newest(bucket, key)?;
        guard(newest.as_ref().map(|found| &found.version).filter(|version| !version.marker))?;
        let versioning = self.versioning(&bucket.name)?;
        let version = new_version(versioning);
        let rows = self.change(|on| rows::of_key(on, &bucket.name, key))?;
        let modified = stamp(&staged, later_than(&rows, newest.as_ref(), now)).map_err(broke)?;
        let file = String::new();
        let new = Version { key: key.to_owned(), modified, size: staged.size, version, marker: false, file, facts };
        match self.room(bucket, key)? {
            Some(path) => self.commit_plain(bucket, &path, staged, &new, newest.as_ref(), &rows)?,
            None => self.commit_aside(bucket, staged, &new, &rows)?,
        }
        Ok(Committed { version: (versioning == Versioning::Enabled).then_some(new.version), modified })
    }

    /// Where the file of a key goes; none if it cannot be at its own place.
    fn room(&self, bucket: &Bucket, key: &str) -> S3Result<Option<PathBuf>> {
        let Some(path) = place::path_of(&bucket.folder, key) else { return Ok(None) };
        let room = place::make_room(&path).map_err(broke)?;
        Ok((room == Room::Free).then_some(path))
    }

    /// The rename is what makes it so: rows are written before it, and tell by length and time which file they mean.
    fn commit_plain(
        &self,
        bucket: &Bucket,
        path: &Path,
        mut staged: Staged,
        new: &Version,
        newest: Option<&Found>,
        rows: &[Version],
    ) -> S3Result<()> {
        let kept = self.keep_aside(bucket, newest.filter(|newest| newest.version.version != new.version))?;
        let plain = newest.filter(|newest| newest.is_plain).map(|newest| newest.version.modified);
        // The row of the file that is there until the rename stays until the next change of the key.
        let stale = |row: &&Version| Some(row.modified) != plain && (!row.is_aside() || row.version == new.version);
        // What is seen now because no plain file hides it goes after the rename.
        let (after, before): (Vec<&Version>, Vec<&Version>) =
            rows.iter().filter(stale).partition(|row| plain.is_none() && row.is_aside());
        self.change(|on| {
            for row in &before {
                rows::delete(on, &bucket.name, row)?;
            }
            if let Some(kept) = &kept {
                rows::put(on, &bucket.name, kept)?;
            }
            rows::put(on, &bucket.name, new)
        })?;
        rename(&staged.path, path).map_err(broke)?;
        staged.kept = true;
        place::sync_folders(&bucket.folder, path).map_err(broke)?;
        if !after.is_empty() {
            self.change(|on| after.iter().try_for_each(|row| rows::delete(on, &bucket.name, row)))?;
        }
        remove_files(bucket, before.into_iter().chain(after));
        Ok(())
    }

    /// The transaction is what makes it so: the file is there before it.
    fn commit_aside(&self, bucket: &Bucket, mut staged: Staged, new: &Version, rows: &[Version]) -> S3Result<()> {
        let file = Uuid::new_v4().simple().to_string();
        move_aside(bucket, &staged.path, &file).map_err(broke)?;
        staged.kept = true;
        let replaced: Vec<&Version> = rows.iter().filter(|row| row.version == new.version || !row.is_aside()).collect();
        let new = Version { file, ..new.clone() };
        self.change(|on| {
            for row in &replaced {
                rows::delete(on, &bucket.name, row)?;
            }
            rows::put(on, &bucket.name, &new)
        })?;
        remove_files(bucket, replaced.into_iter());
        Ok(())
    }

    /// Gives the plain file of a version a second name aside, and the row that says so. A version that is not plain has
    /// its file there already.
    pub(super) fn keep_aside(&self, bucket: &Bucket, newest: Option<&Found>) -> S3Result<Option<Version>> {
        let Some(found) = newest.filter(|newest| newest.is_plain) else { return Ok(None) };
        if self.versioning(&bucket.name)? == Versioning::Never {
            return Ok(None);
        }
        let Some(path) = place::path_of(&bucket.folder, &found.version.key) else { return Ok(None) };
        let file = Uuid::new_v4().simple().to_string();
        let aside = bucket.aside(&file);
        let linked = make_parent(&aside).and_then(|()| fs::hard_link(&path, &aside));
        linked.and_then(|()| place::sync_folders(&bucket.folder, &aside)).map_err(broke)?;
        Ok(Some(Version { file, ..found.version.clone() }))
    }
}

/// The id of a new version.
pub(super) fn new_version(versioning: Versioning) -> String {
    if versioning == Versioning::Enabled { Uuid::new_v4().simple().to_string() } else { "null".to_owned() }
}

/// Unix nanoseconds that no version of the key has yet, and not before them.
pub(super) fn later_than(rows: &[Version], newest: Option<&Found>, now: i64) -> i64 {
    let known = rows.iter().map(|row| row.modified).chain(newest.map(|found| found.version.modified)).max();
    now.saturating_mul(1_000_000).max(known.map_or(i64::MIN, |known| known.saturating_add(1)))
}

/// Makes the time of a file the one of its row, and it last. Gives the time as the file system has it.
fn stamp(staged: &Staged, modified: i64) -> io::Result<i64> {
    let time = UNIX_EPOCH + Duration::from_nanos(modified.unsigned_abs());
    staged.file.set_modified(time)?;
    staged.file.sync_all()?;
    Ok(find::modified(&staged.file.metadata()?))
}

/// Folders that became empty are removed by others, perhaps the one that was just made.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 1..ATTEMPTS {
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && from.exists() => make_parent(to)?,
            done => return done,
        }
    }
    fs::rename(from, to)
}

pub(super) fn move_aside(bucket: &Bucket, from: &Path, file: &str) -> io::Result<()> {
    let aside = bucket.aside(file);
    make_parent(&aside)?;
    fs::rename(from, &aside)?;
    place::sync_folders(&bucket.folder, &aside)
}

pub(super) fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Removes what no row means any more. What is left by a crash goes with the next sweep.
pub(super) fn remove_files<'a>(bucket: &Bucket, versions: impl Iterator<Item = &'a Version>) {
    for version in versions.filter(|version| !version.file.is_empty()) {
        let _ = fs::remove_file(bucket.aside(&version.file));
    }
}
