//! Buckets: plain folders, or S3.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, path::Path as Key};

use crate::{
    BucketName, Place, S3Settings, StoreError,
    durable::{DurableFolder, Told},
};

/// Where buckets are: `<root>/<name>/…` on this machine, folders given for single buckets, otherwise S3.
#[derive(Debug, Clone, Default)]
pub struct Buckets {
    root: Option<PathBuf>,
    folders: BTreeMap<BucketName, PathBuf>,
    s3: S3Settings,
    stores: BTreeMap<BucketName, Arc<dyn ObjectStore>>,
    news: News,
}

/// What wants to know of each object that is put into a folder: its bucket, its key, whether it came in parts.
type Listening = dyn Fn(&BucketName, &Key, bool) + Send + Sync;

/// Whoever is told of objects, shared by all copies.
#[derive(Clone, Default)]
struct News(Arc<Telling>);

#[derive(Default)]
struct Telling {
    listener: OnceLock<Box<Listening>>,
    /// What was put before there was a listener, if one will come.
    early: Mutex<Option<Vec<(BucketName, Key, bool)>>>,
}

impl fmt::Debug for News {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.listener.get().is_some() { "told" } else { "nobody listens" })
    }
}

impl News {
    fn tell(&self, bucket: &BucketName, key: &Key, is_of_parts: bool) {
        let mut early = self.0.early.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = self.0.listener.get() {
            drop(early);
            listener(bucket, key, is_of_parts);
        } else if let Some(early) = early.as_mut() {
            early.push((bucket.clone(), key.clone(), is_of_parts));
        }
    }

    fn listen(&self, listener: Box<Listening>) {
        let mut early = self.0.early.lock().unwrap_or_else(PoisonError::into_inner);
        let (listener, early) = (self.0.listener.get_or_init(|| listener), early.take());
        for (bucket, key, is_of_parts) in early.into_iter().flatten() {
            listener(&bucket, &key, is_of_parts);
        }
    }
}

impl Buckets {
    /// No buckets on this machine: every `s3://` is S3.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps buckets as folders below `root`, such as `weir-data/buckets`. The root need not exist yet.
    pub fn with_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = Some(root.into());
        self
    }

    /// Takes a folder as this bucket, whether or not one of the name is below the root.
    pub fn with_folder(mut self, bucket: BucketName, folder: impl Into<PathBuf>) -> Self {
        self.folders.insert(bucket, folder.into());
        self
    }

    /// Reaches S3 with these settings.
    pub fn with_s3(mut self, settings: S3Settings) -> Self {
        self.s3 = settings;
        self
    }

    /// Takes any object store as this bucket, before all else.
    pub fn with_store(mut self, bucket: BucketName, store: Arc<dyn ObjectStore>) -> Self {
        self.stores.insert(bucket, store);
        self
    }

    /// Remembers what is put into folders until somebody [`listen`](Self::listen)s.
    pub fn keeping_news(self) -> Self {
        self.news.0.early.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
        self
    }

    /// Tells `listener` of each object that this value, or a copy of it, puts into a folder: its bucket, its key, whether it
    /// came in parts. The object is there then, and whoever puts it waits. Only the first listener is told.
    pub fn listen(&self, listener: impl Fn(&BucketName, &Key, bool) + Send + Sync + 'static) {
        self.news.listen(Box::new(listener));
    }

    /// Makes the folder of a bucket, durably. One that is there already stays as it is.
    ///
    /// # Errors
    /// When there is no root, or the folder cannot be made.
    pub fn create(&self, bucket: &BucketName) -> Result<PathBuf, StoreError> {
        let Some(folder) = self.folder(bucket) else {
            let problem = "buckets of S3 are made there, not here".into();
            return Err(StoreError::Settings { bucket: bucket.to_string(), problem });
        };
        fs::create_dir_all(&folder).map_err(StoreError::io("make folder", &folder))?;
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            let synced = fs::File::open(parent).and_then(|parent| parent.sync_all());
            synced.map_err(StoreError::io("sync", parent))?;
        }
        Ok(folder)
    }

    /// The buckets of this machine, sorted. Folders whose name is none for a bucket are left out.
    ///
    /// # Errors
    /// When the root cannot be read; one that does not exist yet holds none.
    pub fn names(&self) -> Result<Vec<BucketName>, StoreError> {
        let mut names: Vec<BucketName> = self.folders.keys().cloned().collect();
        if let Some(root) = &self.root {
            let entries = match fs::read_dir(root) {
                Ok(entries) => Some(entries),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(StoreError::io("list", root)(error)),
            };
            for entry in entries.into_iter().flatten() {
                let entry = entry.map_err(StoreError::io("list", root))?;
                let name = entry.file_name().to_str().and_then(|name| name.parse().ok());
                names.extend(name.filter(|_| entry.path().is_dir()));
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The place that a text means: a path, `file:///path`, or `s3://bucket/prefix`.
    ///
    /// An `s3://` bucket is a folder of this machine if one is given for it or exists below the root, and
    /// S3 otherwise. `s3a://` and `s3n://` mean the same.
    ///
    /// # Errors
    /// When the text means no place, nothing is at a path, or the settings for S3 are incomplete. Whether
    /// there is something in S3 shows when it is listed.
    pub fn place(&self, text: &str) -> Result<Place, StoreError> {
        let bad = |problem: &str| StoreError::Place { place: text.into(), problem: problem.into() };
        match text.split_once("://") {
            Some(("s3" | "s3a" | "s3n", rest)) => {
                let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
                self.bucket_place(&bucket.parse()?, key, text)
            }
            Some(("file", path)) => {
                let path = path.strip_prefix("localhost").unwrap_or(path);
                if !path.starts_with('/') {
                    return Err(bad("give an absolute path, such as file:///tmp/logs"));
                }
                Place::local(Path::new(&percent_decoded(path).ok_or_else(|| bad("its %-escapes are not UTF-8"))?))
            }
            Some((scheme, _)) if is_scheme(scheme) => Err(bad("give a path, a file:// or an s3:// URL")),
            _ if text.is_empty() => Err(bad("give a path, a file:// or an s3:// URL")),
            _ => Place::local(Path::new(text)),
        }
    }

    /// Whether objects for this bucket go to a folder of this machine; otherwise to S3.
    ///
    /// # Errors
    /// When there is no such folder and nothing is known of S3.
    pub fn is_folder(&self, bucket: &BucketName) -> Result<bool, StoreError> {
        if self.stores.contains_key(bucket) {
            return Ok(false);
        }
        match self.folder(bucket) {
            Some(folder) if folder.is_dir() => Ok(true),
            Some(folder) if self.folders.contains_key(bucket) || self.s3.is_empty() => {
                Err(StoreError::NoBucket { bucket: bucket.to_string(), folder })
            }
            _ => Ok(false),
        }
    }

    /// A store to put objects in, as [`is_folder`](Self::is_folder) decided once. What is put there is there after a
    /// power loss.
    ///
    /// # Errors
    /// When the folder is gone, or the settings for S3 are incomplete.
    pub(crate) fn store(&self, bucket: &BucketName, is_folder: bool) -> Result<Arc<dyn ObjectStore>, StoreError> {
        if let Some(store) = self.stores.get(bucket) {
            return Ok(Arc::clone(store));
        }
        if !is_folder {
            return self.s3.client(bucket);
        }
        let folder = self.folder(bucket).unwrap_or_default();
        if !folder.is_dir() {
            return Err(StoreError::NoBucket { bucket: bucket.to_string(), folder });
        }
        let store = DurableFolder::new(&folder).map_err(StoreError::object("open", format!("s3://{bucket}")))?;
        let (news, bucket) = (self.news.clone(), bucket.clone());
        let told = Told::new(move |key, is_of_parts| news.tell(&bucket, key, is_of_parts));
        Ok(Arc::new(store.telling(told)))
    }

    /// Puts an object: whole or not at all, and there after a power loss.
    ///
    /// # Errors
    /// When there is no such bucket, the key is none, or the disk or S3 refuses.
    pub async fn put(&self, bucket: &BucketName, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        let name = format!("s3://{bucket}/{key}");
        let store = self.store(bucket, self.is_folder(bucket)?)?;
        let key = Key::parse(key).map_err(|error| StoreError::object("put", &name)(error.into()))?;
        store.put(&key, bytes.into()).await.map_err(StoreError::object("put", name))?;
        Ok(())
    }

    /// A store to put objects in. What is put there is there after a power loss, whole or not at all.
    ///
    /// # Errors
    /// When there is no such bucket, or the settings for S3 are incomplete.
    pub fn writer(&self, bucket: &BucketName) -> Result<Arc<dyn ObjectStore>, StoreError> {
        self.store(bucket, self.is_folder(bucket)?)
    }

    /// The folder of a bucket on this machine, whether it exists or not; none if buckets are only in S3.
    pub fn folder(&self, bucket: &BucketName) -> Option<PathBuf> {
        let below_root = || self.root.as_ref().map(|root| root.join(bucket.as_str()));
        self.folders.get(bucket).cloned().or_else(below_root)
    }

    fn bucket_place(&self, bucket: &BucketName, key: &str, text: &str) -> Result<Place, StoreError> {
        let prefix = Key::parse(key).map_err(|_| StoreError::Place {
            place: text.into(),
            problem: "a key must not hold `.`, `..` or empty parts, nor control characters".into(),
        })?;
        if let Some(store) = self.stores.get(bucket) {
            return Ok(Place::s3(Arc::clone(store), bucket.to_string(), prefix, key.ends_with('/')));
        }
        let mapped = self.folders.contains_key(bucket);
        match self.folder(bucket) {
            Some(folder) if folder.is_dir() => Place::folder(text.into(), &folder, prefix),
            Some(folder) if mapped => Err(StoreError::NoBucket { bucket: bucket.to_string(), folder }),
            _ => Ok(Place::s3(self.s3.client(bucket)?, bucket.to_string(), prefix, key.ends_with('/'))),
        }
    }
}

/// Whether this is the scheme of a URL and not the beginning of an odd path.
fn is_scheme(text: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(rest)
}

/// The text with `%2F` and the like replaced; none if that is not UTF-8. A `%` that escapes nothing stays.
fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = || {
            let digits = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
            u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        };
        match (byte, escaped()) {
            (b'%', Some(value)) => {
                decoded.push(value);
                rest = &after[2..];
            }
            _ => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests;
