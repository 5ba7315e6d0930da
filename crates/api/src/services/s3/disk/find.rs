//! Which versions of a key there are.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
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

/// What there is of a key at one moment.
struct Known {
    /// The file at the place of the key.
    plain: Option<File>,
    /// All versions and delete markers, the newest first. The first is that of the plain file, if there is one.
    versions: Vec<Version>,
}

/// How often a key is looked at again while others change it.
const ATTEMPTS: usize = 16;

impl Disk {
    /// The newest version of a key, or its delete marker.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn newest(&self, bucket: &Bucket, key: &str) -> S3Result<Option<Found>> {
        self.open_first(bucket, key, |_| true)
    }

    /// One version of a key, by its id.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn version(&self, bucket: &Bucket, key: &str, id: &str) -> S3Result<Option<Found>> {
        self.open_first(bucket, key, |version| version.version == id)
    }

    /// All versions of a key and its delete markers, the newest first.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn versions(&self, bucket: &Bucket, key: &str) -> S3Result<Vec<Version>> {
        Ok(self.known(bucket, key)?.versions)
    }

    /// What is known of the object of a key; none if there is none, or it is deleted.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn object(&self, bucket: &Bucket, key: &str) -> S3Result<Option<Version>> {
        Ok(self.versions(bucket, key)?.into_iter().next().filter(|newest| !newest.marker))
    }

    /// Changes the facts about a version, whatever they are by now.
    ///
    /// # Errors
    /// It is gone by now, or the disk refuses.
    pub(in super::super) fn describe(
        &self,
        bucket: &Bucket,
        version: &Version,
        change: impl FnOnce(&mut Facts),
    ) -> S3Result<()> {
        let _locked = self.lock(&bucket.name, &version.key);
        let versions = self.versions(bucket, &version.key)?;
        let is_same = |other: &Version| other.version == version.version && other.modified == version.modified;
        let mut now = versions.into_iter().find(is_same).ok_or_else(|| no_such_key(&version.key))?;
        change(&mut now.facts);
        self.change(|on| rows::put(on, &bucket.name, &now))
    }

    /// The newest version that is wanted. One whose file is gone was replaced in this moment: then the key is looked at again.
    fn open_first(&self, bucket: &Bucket, key: &str, is_wanted: impl Fn(&Version) -> bool) -> S3Result<Option<Found>> {
        for _ in 0..ATTEMPTS {
            let Known { plain, versions } = self.known(bucket, key)?;
            let Some((at, version)) = versions.into_iter().enumerate().find(|(_, version)| is_wanted(version)) else {
                return Ok(None);
            };
            if at == 0 && plain.is_some() {
                return Ok(Some(Found { version, file: plain, is_plain: true }));
            }
            let file = if version.marker { None } else { place::open(&bucket.aside(&version.file)).map_err(broke)? };
            if version.marker || file.is_some() {
                return Ok(Some(Found { version, file, is_plain: false }));
            }
        }
        Err(no_such_key(key))
    }

    /// The plain file and the rows of one moment: files are renamed beside the transactions that write rows, so the file must
    /// be the same before the rows were read and after.
    fn known(&self, bucket: &Bucket, key: &str) -> S3Result<Known> {
        let path = place::path_of(&bucket.folder, key);
        let open = || path.as_deref().map_or(Ok(None), place::open).map_err(broke);
        let mut plain = open()?;
        for _ in 1..ATTEMPTS {
            let rows = self.change(|on| rows::of_key(on, &bucket.name, key))?;
            let after = open()?;
            if place::is_same(plain.as_ref(), after.as_ref()).map_err(broke)? {
                return known(plain, key, rows).map_err(broke);
            }
            plain = after;
        }
        Err(broke(format!("{key} is changed all the time")))
    }

    /// Writes a row as it is, for tests of what a crash leaves.
    #[cfg(test)]
    pub(in super::super) fn put_row(&self, bucket: &Bucket, version: &Version) -> S3Result<()> {
        self.change(|on| rows::put(on, &bucket.name, version))
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
}

fn known(plain: Option<File>, key: &str, mut rows: Vec<Version>) -> io::Result<Known> {
    let Some(file) = plain else {
        rows.retain(Version::is_aside);
        return Ok(Known { plain: None, versions: rows });
    };
    let version = about(&file.metadata()?, key, &mut rows);
    rows.retain(|row| row.is_aside() && row.version != version.version);
    rows.insert(0, version);
    Ok(Known { plain: Some(file), versions: rows })
}

/// The row about a file, or what can be told of one that has none.
fn about(file: &fs::Metadata, key: &str, rows: &mut Vec<Version>) -> Version {
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
    ahead: Option<String>,
    /// The next keys that have something aside, in reverse.
    aside: Vec<String>,
    from: Vec<u8>,
    /// The last key that was asked for; none before the first time.
    asked: Option<String>,
}

/// A key, and whether it has a plain file.
pub(in super::super) type KeyAt = (String, bool);

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
        while self.ahead.as_ref().is_none_or(|key| key.as_bytes() < self.from.as_slice()) {
            self.ahead = self.walk.next().map_err(broke)?;
            if self.ahead.is_none() {
                break;
            }
        }
        self.fetch_aside()?;
        Ok(match (&self.ahead, self.aside.last()) {
            (Some(plain), Some(aside)) if aside < plain => self.aside.pop().map(|key| (key, false)),
            (Some(plain), aside) => {
                if aside == Some(plain) {
                    self.aside.pop();
                }
                self.ahead.take().map(|key| (key, true))
            }
            (None, _) => self.aside.pop().map(|key| (key, false)),
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
