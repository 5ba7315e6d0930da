//! Which versions of a key there are.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

use s3s::{
    S3Result,
    crypto::{Checksum as _, Md5},
};

use super::{Bucket, Disk, place, rows, rows::Version, walk::Walk};
use crate::services::s3::{
    checksum::hex,
    error::{broke, no_such_key},
    facts::Facts,
};

/// A version and its bytes.
#[derive(Debug)]
pub(in super::super) struct Found {
    pub(in super::super) version: Version,
    /// None of a delete marker.
    pub(in super::super) file: Option<File>,
    /// Whether the file is at the place of its key.
    pub(super) is_plain: bool,
}

impl Disk {
    /// The newest version of a key, or its delete marker.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn newest(&self, bucket: &Bucket, key: &str) -> S3Result<Option<Found>> {
        let plain = self.plain(bucket, key)?;
        let mut rows = self.change(|on| rows::of_key(on, &bucket.name, key))?;
        if let Some(file) = plain {
            let version = about(&file, key, &mut rows).map_err(broke)?;
            return Ok(Some(Found { version, file: Some(file), is_plain: true }));
        }
        let newest = rows.into_iter().find(Version::is_aside);
        newest.map(|version| self.open_aside(bucket, version)).transpose()
    }

    /// All versions of a key and its delete markers, the newest first.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn versions(&self, bucket: &Bucket, key: &str) -> S3Result<Vec<Version>> {
        let mut rows = self.change(|on| rows::of_key(on, &bucket.name, key))?;
        let plain = match self.plain(bucket, key)? {
            Some(file) => Some(about(&file, key, &mut rows).map_err(broke)?),
            None => None,
        };
        let is_other = |row: &Version| plain.as_ref().is_none_or(|plain| plain.version != row.version);
        rows.retain(|row| row.is_aside() && is_other(row));
        rows.splice(0..0, plain);
        Ok(rows)
    }

    /// One version of a key, by its id.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn version(&self, bucket: &Bucket, key: &str, id: &str) -> S3Result<Option<Found>> {
        if let Some(newest) = self.newest(bucket, key)?.filter(|newest| newest.version.version == id) {
            return Ok(Some(newest));
        }
        let found = self.versions(bucket, key)?.into_iter().find(|version| version.version == id);
        found.map(|version| self.open_aside(bucket, version)).transpose()
    }

    /// Writes down other facts about a version.
    ///
    /// # Errors
    /// It is gone by now, or the disk refuses.
    pub(in super::super) fn describe(&self, bucket: &Bucket, version: &Version) -> S3Result<()> {
        let _locked = self.lock(&bucket.name, &version.key);
        let found = self.version(bucket, &version.key, &version.version)?;
        if found.is_none_or(|found| found.version.modified != version.modified) {
            return Err(no_such_key(&version.key));
        }
        self.change(|on| rows::put(on, &bucket.name, version))
    }

    /// Writes a row as it is, for tests of what a crash leaves.
    #[cfg(test)]
    pub(in super::super) fn put_row(&self, bucket: &Bucket, version: &Version) -> S3Result<()> {
        self.change(|on| rows::put(on, &bucket.name, version))
    }

    fn plain(&self, bucket: &Bucket, key: &str) -> S3Result<Option<File>> {
        let Some(path) = place::path_of(&bucket.folder, key) else { return Ok(None) };
        place::open(&path).map_err(broke)
    }

    fn open_aside(&self, bucket: &Bucket, version: Version) -> S3Result<Found> {
        let file = if version.marker {
            None
        } else {
            let file = place::open(&bucket.aside(&version.file)).map_err(broke)?;
            Some(file.ok_or_else(|| no_such_key(&version.key))?)
        };
        Ok(Found { version, file, is_plain: false })
    }

    /// All keys of a bucket that begin with a prefix and may have versions.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn keys(&self, bucket: &Bucket, prefix: &str) -> S3Result<Keys<'_>> {
        let walk = Walk::new(&bucket.folder, prefix).map_err(broke)?;
        let bucket = bucket.clone();
        Ok(Keys {
            disk: self,
            bucket,
            walk,
            prefix: prefix.to_owned(),
            ahead: None,
            aside: Vec::new(),
            from: Vec::new(),
            asked: None,
        })
    }

    /// What is known of the object in a plain file; none if it is gone by now.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn look(&self, bucket: &Bucket, key: &str, path: &Path) -> S3Result<Option<Version>> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broke(error)),
        };
        let mut rows = self.change(|on| rows::of_key(on, &bucket.name, key))?;
        Ok(Some(about_one(&metadata, key, &mut rows)))
    }
}

/// The row about a file, or what can be told of one that has none.
fn about(file: &File, key: &str, rows: &mut Vec<Version>) -> io::Result<Version> {
    Ok(about_one(&file.metadata()?, key, rows))
}

fn about_one(file: &fs::Metadata, key: &str, rows: &mut Vec<Version>) -> Version {
    let (size, modified) = (file.len(), modified(file));
    let row = rows.iter().position(|row| !row.marker && row.size == size && row.modified == modified);
    row.map_or_else(|| derived(key, size, modified), |row| rows.remove(row))
}

/// Unix nanoseconds.
pub(super) fn modified(file: &fs::Metadata) -> i64 {
    file.mtime().saturating_mul(1_000_000_000).saturating_add(file.mtime_nsec())
}

/// An object that did not come through S3. Its tag ends in a number of parts, as of every object whose tag is not the
/// MD5 of its bytes.
fn derived(key: &str, size: u64, modified: i64) -> Version {
    let etag = format!("{}-1", hex(Md5::checksum(format!("{size} {modified}").as_bytes())));
    let facts = Facts { etag, ..Facts::default() };
    let (version, file) = ("null".to_owned(), String::new());
    Version { key: key.to_owned(), modified, size, version, marker: false, file, facts }
}

/// So many keys that have something aside are asked for at once.
const BATCH: u32 = 1000;

/// The keys of a bucket in order: of its plain files, and of what is aside.
pub(in super::super) struct Keys<'a> {
    disk: &'a Disk,
    bucket: Bucket,
    walk: Walk,
    prefix: String,
    /// The next plain file.
    ahead: Option<(String, std::path::PathBuf)>,
    /// The next keys that have something aside, in reverse.
    aside: Vec<String>,
    from: Vec<u8>,
    /// The last key that was asked for; none before the first time.
    asked: Option<String>,
}

/// A key, and its plain file if it has one.
pub(in super::super) type KeyAt = (String, Option<std::path::PathBuf>);

impl Keys<'_> {
    /// Passes over everything before these bytes. Only forward.
    pub(in super::super) fn seek(&mut self, from: &[u8]) {
        self.walk.seek(from);
        if from > self.from.as_slice() {
            self.from = from.to_vec();
        }
    }

    /// The next key.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn next(&mut self) -> S3Result<Option<KeyAt>> {
        while self.ahead.as_ref().is_none_or(|(key, _)| key.as_bytes() < self.from.as_slice()) {
            self.ahead = self.walk.next().map_err(broke)?;
            if self.ahead.is_none() {
                break;
            }
        }
        self.fetch_aside()?;
        Ok(match (&self.ahead, self.aside.last()) {
            (Some((plain, _)), Some(aside)) if aside < plain => self.aside.pop().map(|key| (key, None)),
            (Some((plain, _)), aside) => {
                if aside == Some(plain) {
                    self.aside.pop();
                }
                self.ahead.take().map(|(key, path)| (key, Some(path)))
            }
            (None, _) => self.aside.pop().map(|key| (key, None)),
        })
    }

    fn fetch_aside(&mut self) -> S3Result<()> {
        loop {
            while self.aside.last().is_some_and(|key| key.as_bytes() < self.from.as_slice()) {
                self.aside.pop();
            }
            let is_done = self.asked.as_ref().is_some_and(|last| last.is_empty());
            if !self.aside.is_empty() || is_done {
                return Ok(());
            }
            let start = match &self.asked {
                None => self.prefix.clone(),
                // The next key in order.
                Some(last) => format!("{last}\0"),
            };
            // Bytes after a prefix may be no text; then the keys between are passed over above.
            let start = std::str::from_utf8(&self.from)
                .ok()
                .filter(|from| **from > *start)
                .map_or(start.clone(), str::to_owned);
            let mut keys = self.disk.change(|on| rows::keys_aside(on, &self.bucket.name, &start, BATCH))?;
            let is_last = keys.len() < BATCH as usize || keys.last().is_some_and(|key| !key.starts_with(&self.prefix));
            keys.retain(|key| key.starts_with(&self.prefix));
            self.asked = Some(if is_last { String::new() } else { keys.last().cloned().unwrap_or_default() });
            keys.reverse();
            self.aside = keys;
        }
    }
}
