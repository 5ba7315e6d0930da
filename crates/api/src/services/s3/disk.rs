//! Objects on disk: plain files in the folder of their bucket, and rows in the catalogue about them.
//!
//! The file at the place of a key is the key's newest version. Which row is about it shows in the file's length and
//! modification time, which no two versions of a key share; a file without a row is an object too, and what is not known
//! of it is derived. So a rename makes bytes and facts visible at once, and a crash leaves the old or the new object.
//!
//! What cannot be at its place is in the folder `.weir` of the bucket: earlier versions, keys that no file can have the
//! name of, parts of uploads, and what is still being written.

mod commit;
mod delete;
mod find;
mod known;
mod place;
mod rows;
mod settings;
mod stage;
mod sweep;
mod uploads;
mod walk;

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
};

use rusqlite::Transaction;
use s3s::S3Result;
use uuid::Uuid;
use weir_store::{BucketName, Buckets, Catalogue, CatalogueError};

use self::known::{Known, KnownBucket};
use super::error::{WithElement, broke, no_such_bucket, refuse};

pub(super) use commit::Committed;
pub(super) use delete::Deleted;
pub(super) use find::Found;
pub(super) use rows::Version;
pub(super) use settings::Versioning;
pub(super) use stage::{Filled, blocking, fill, open_for_reading};
pub(super) use uploads::{Part, PartDigests, Upload, UploadFacts};
pub(super) use walk::after;

/// So many writers of different keys at once.
const STRIPES: usize = 64;

/// All buckets of this machine.
pub(super) struct Disk {
    catalogue: Catalogue,
    known: Known,
    buckets: Buckets,
    /// Where a bucket is that nobody made through S3.
    region: String,
    keys: Vec<Mutex<()>>,
    hasher: RandomState,
    /// Written by whoever takes away a bucket.
    whole: RwLock<()>,
}

/// A bucket.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) region: String,
    /// Unix milliseconds.
    pub(super) created: i64,
    folder: PathBuf,
}

/// Kept while a key changes.
struct Locked<'a> {
    _bucket: RwLockReadGuard<'a, ()>,
    _key: MutexGuard<'a, ()>,
}

impl Disk {
    /// # Errors
    /// When the catalogue refuses.
    pub(super) fn open(catalogue: Catalogue, buckets: Buckets, region: &str) -> Result<Self, CatalogueError> {
        catalogue.provide(&rows::TABLES)?;
        let keys = (0..STRIPES).map(|_| Mutex::default()).collect();
        let (hasher, whole) = (RandomState::new(), RwLock::default());
        let known = Known::open(&catalogue)?;
        Ok(Self { catalogue, known, buckets, region: region.to_owned(), keys, hasher, whole })
    }

    /// A bucket.
    ///
    /// # Errors
    /// There is none of the name.
    pub(super) fn bucket(&self, name: &str) -> S3Result<Bucket> {
        self.find_bucket(name)?.ok_or_else(|| no_such_bucket(name))
    }

    /// All buckets, by name.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn all_buckets(&self) -> S3Result<Vec<Bucket>> {
        let names = self.buckets.names().map_err(broke)?;
        let buckets = names.iter().map(|name| self.find_bucket(name.as_str()));
        Ok(buckets.collect::<S3Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn find_bucket(&self, name: &str) -> S3Result<Option<Bucket>> {
        let parsed: Option<BucketName> = name.parse().ok();
        let folder = parsed.and_then(|name| self.buckets.folder(&name));
        let Some(folder) = folder.filter(|folder| folder.is_dir()) else { return Ok(None) };
        let known = self.known.read().get(name).map(|known| (known.region.clone(), known.created));
        let (region, created) = known.unwrap_or_else(|| (self.region.clone(), made_at(&folder)));
        Ok(Some(Bucket { name: name.to_owned(), region, created, folder }))
    }

    /// Makes a bucket; one that is there stays as it is.
    ///
    /// # Errors
    /// The name is none, or the disk refuses.
    pub(super) fn create_bucket(&self, name: &str, region: &str, now: i64) -> S3Result<()> {
        let invalid =
            |_| refuse("InvalidBucketName", 400, "The specified bucket is not valid.").with("BucketName", name);
        let parsed: BucketName = name.parse().map_err(invalid)?;
        let _whole = self.whole.write().unwrap_or_else(PoisonError::into_inner);
        if self.find_bucket(name)?.is_some() {
            return Ok(());
        }
        // The row first: a row without a folder is no bucket, and what an earlier one left goes.
        let mut known = self.known.write();
        self.change(|on| {
            rows::delete_bucket(on, name)?;
            rows::put_bucket(on, name, region, now)
        })?;
        known.insert(name.to_owned(), KnownBucket::new(region, now));
        drop(known);
        self.buckets.create(&parsed).map_err(broke)?;
        Ok(())
    }

    /// Takes away an empty bucket; gives false if it is not empty.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn delete_bucket(&self, bucket: &Bucket) -> S3Result<bool> {
        let _whole = self.whole.write().unwrap_or_else(PoisonError::into_inner);
        let mut walk = walk::Walk::new(&bucket.folder, "").map_err(broke)?;
        if walk.next().map_err(broke)?.is_some() || self.change(|on| rows::any_aside(on, &bucket.name))? {
            return Ok(false);
        }
        // One rename, so that a crash leaves the bucket or none. No bucket's name begins with a dot.
        let gone = bucket.folder.with_file_name(format!(".{}-{}", bucket.name, Uuid::new_v4()));
        fs::rename(&bucket.folder, &gone).map_err(broke)?;
        let parent = gone.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all());
        parent.map_err(broke)?;
        let mut known = self.known.write();
        self.change(|on| rows::delete_bucket(on, &bucket.name))?;
        known.remove(&bucket.name);
        drop(known);
        fs::remove_dir_all(&gone).map_err(broke)?;
        Ok(true)
    }

    fn change<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, CatalogueError>) -> S3Result<T> {
        self.catalogue.change(work).map_err(broke)
    }

    fn lock(&self, bucket: &str, key: &str) -> Locked<'_> {
        let stripe = usize::try_from(self.hasher.hash_one((bucket, key)) % STRIPES as u64).unwrap_or_default();
        let _bucket = self.whole.read().unwrap_or_else(PoisonError::into_inner);
        let _key = self.keys[stripe].lock().unwrap_or_else(PoisonError::into_inner);
        Locked { _bucket, _key }
    }
}

/// Whether a folder is one that [`Disk::delete_bucket`] took away.
fn is_deleted(folder: &str) -> bool {
    let Some((name, id)) = folder.strip_prefix('.').and_then(|name| name.split_at_checked(name.len().checked_sub(37)?))
    else {
        return false;
    };
    name.parse::<BucketName>().is_ok() && id.strip_prefix('-').is_some_and(|id| Uuid::parse_str(id).is_ok())
}

impl Bucket {
    /// A file of the system's folder, by its kind and name.
    fn system(&self, kind: &str, name: &str) -> PathBuf {
        self.folder.join(place::SYSTEM).join(kind).join(name)
    }

    /// The file of a version that is not at its own place.
    fn aside(&self, name: &str) -> PathBuf {
        self.system("objects", name)
    }
}

/// When a folder was made, in Unix milliseconds.
fn made_at(folder: &Path) -> i64 {
    let made = fs::metadata(folder).and_then(|folder| folder.created().or_else(|_| folder.modified()));
    let since = made.ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
