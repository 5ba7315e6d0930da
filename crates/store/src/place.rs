//! Places to read objects from: a file, a folder, or a prefix of a bucket.

use std::{
    collections::BTreeSet,
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path as Key};

use weir_record::is_hidden;

use crate::{StoreError, durable::is_staged};

/// Where objects are read from. Made by [`Buckets::place`](crate::Buckets::place); cheap to clone.
///
/// The methods need a tokio runtime around them.
#[derive(Debug, Clone)]
pub struct Place {
    /// As people write it, such as `s3://flow-logs/AWSLogs` or `/tmp/x.log.gz`.
    shown: String,
    store: Arc<dyn ObjectStore>,
    /// Where the place is in the store; the root of the store for a whole folder or bucket.
    prefix: Key,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// One local file below this folder.
    File { root: PathBuf },
    /// A local folder: the prefix below this one.
    Folder { root: PathBuf },
    /// A prefix of a bucket in S3, or one object there. `folder` when it was written with a `/` at its end.
    S3 { bucket: String, folder: bool },
}

/// An object that was found at a place.
#[derive(Debug, Clone)]
pub struct Object {
    /// Location in the place's store, size in bytes, time of the last change, ETag.
    pub meta: ObjectMeta,
    /// Full name as people write it: a path, or `s3://bucket/key`.
    pub name: Arc<str>,
    /// The file, when it is a local one, for readers that map or seek.
    pub file: Option<PathBuf>,
}

impl Object {
    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.meta.size
    }

    /// When it was last changed.
    pub fn modified(&self) -> SystemTime {
        self.meta.last_modified.into()
    }
}

impl Place {
    /// A file or folder of this machine.
    ///
    /// # Errors
    /// When nothing is there, or it may not be looked at.
    pub(crate) fn local(path: &Path) -> Result<Self, StoreError> {
        let shown = path.display().to_string();
        let found = fs::metadata(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StoreError::NotFound { place: shown.clone() },
            _ => StoreError::Io { doing: "open", path: path.into(), source },
        })?;
        if found.is_dir() {
            return Self::folder(shown, path, Key::ROOT);
        }
        let bad = |problem: &str| StoreError::Place { place: shown.clone(), problem: problem.into() };
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| bad("its name is not UTF-8"))?;
        let key = Key::parse(name).map_err(|_| bad("its name holds control characters"))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (store, root) = open(parent)?;
        Ok(Self { shown, store, prefix: key, kind: Kind::File { root } })
    }

    /// A folder of this machine, or what is below `prefix` in it; nothing has to be there yet below it.
    pub(crate) fn folder(shown: String, root: &Path, prefix: Key) -> Result<Self, StoreError> {
        let (store, root) = open(root)?;
        Ok(Self { shown, store, prefix, kind: Kind::Folder { root } })
    }

    /// A prefix of a bucket in S3.
    pub(crate) fn s3(store: Arc<dyn ObjectStore>, bucket: String, key: Key, folder: bool) -> Self {
        let shown = format!("s3://{bucket}/{key}");
        Self { shown, store, prefix: key, kind: Kind::S3 { bucket, folder } }
    }

    /// The place as people write it; for messages.
    pub fn name(&self) -> &str {
        &self.shown
    }

    /// The store that the [locations](Object::meta) of this place's objects are in.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Where in the store the place is.
    pub fn prefix(&self) -> &Key {
        &self.prefix
    }

    /// Everything below the place at any depth, sorted by location; the file itself for a file.
    ///
    /// Names and folders below the place that begin with `_` or `.` are passed over, as Hive and Athena do,
    /// and so is what is still being written. Links are followed, each folder once.
    ///
    /// # Errors
    /// When the folder, or one below it, may not be read, or S3 refuses. An empty place is no error.
    pub async fn list(&self) -> Result<Vec<Object>, StoreError> {
        let mut objects = match &self.kind {
            Kind::File { .. } => vec![self.head(&self.prefix).await?],
            Kind::Folder { root } => {
                let (root, prefix) = (root.clone(), self.prefix.clone());
                let walk = tokio::task::spawn_blocking(move || Walk::new(root).run(&prefix));
                walk.await.map_err(|error| StoreError::Interrupted { problem: error.to_string() })??
            }
            Kind::S3 { folder, .. } => self.list_s3(*folder).await?,
        };
        objects.sort_by(|a, b| a.meta.location.cmp(&b.meta.location));
        Ok(objects)
    }

    /// The whole object.
    ///
    /// # Errors
    /// When it is gone or may not be read.
    pub async fn read(&self, object: &Object) -> Result<Bytes, StoreError> {
        let refused = || StoreError::object("read", object.name.as_ref());
        let answer = self.store.get(&object.meta.location).await.map_err(refused())?;
        answer.bytes().await.map_err(refused())
    }

    /// A part of the object, by byte positions.
    ///
    /// # Errors
    /// When it is gone, may not be read, or is shorter.
    pub async fn read_range(&self, object: &Object, range: Range<u64>) -> Result<Bytes, StoreError> {
        let refused = StoreError::object("read", object.name.as_ref());
        self.store.get_range(&object.meta.location, range).await.map_err(refused)
    }

    async fn list_s3(&self, folder: bool) -> Result<Vec<Object>, StoreError> {
        let found: Vec<ObjectMeta> =
            self.store.list(Some(&self.prefix)).try_collect().await.map_err(StoreError::object("list", &self.shown))?;
        let visible = |meta: &ObjectMeta| {
            let rest = meta.location.as_ref().strip_prefix(self.prefix.as_ref()).unwrap_or_default();
            !is_hidden(rest.trim_start_matches('/'))
        };
        let objects: Vec<_> = found.into_iter().filter(visible).map(|meta| self.object(meta)).collect();
        if !objects.is_empty() || folder || self.prefix.is_root() {
            return Ok(objects);
        }
        match self.head(&self.prefix).await {
            Ok(object) => Ok(vec![object]),
            Err(StoreError::Object { source: object_store::Error::NotFound { .. }, .. }) => Ok(objects),
            Err(error) => Err(error),
        }
    }

    async fn head(&self, key: &Key) -> Result<Object, StoreError> {
        let meta = self.store.head(key).await.map_err(StoreError::object("open", &self.shown))?;
        Ok(self.object(meta))
    }

    fn object(&self, meta: ObjectMeta) -> Object {
        match &self.kind {
            Kind::File { root } | Kind::Folder { root } => local_object(root, meta),
            Kind::S3 { bucket, .. } => {
                let name = format!("s3://{bucket}/{}", meta.location).into();
                Object { meta, name, file: None }
            }
        }
    }
}

fn local_object(root: &Path, meta: ObjectMeta) -> Object {
    let file = root.join(meta.location.as_ref());
    Object { name: file.display().to_string().into(), file: Some(file), meta }
}

fn open(root: &Path) -> Result<(Arc<dyn ObjectStore>, PathBuf), StoreError> {
    let root = fs::canonicalize(root).map_err(StoreError::io("open", root))?;
    let store =
        LocalFileSystem::new_with_prefix(&root).map_err(StoreError::object("open", root.display().to_string()))?;
    Ok((Arc::new(store), root))
}

/// A walk through a folder. Our own, since the one of `object_store` stops at a name it cannot express.
struct Walk {
    root: PathBuf,
    /// Folders seen, by device and inode: links may lead in circles.
    seen: BTreeSet<(u64, u64)>,
    objects: Vec<Object>,
}

impl Walk {
    fn new(root: PathBuf) -> Self {
        Self { root, seen: BTreeSet::new(), objects: Vec::new() }
    }

    fn run(mut self, prefix: &Key) -> Result<Vec<Object>, StoreError> {
        let mut folders = vec![prefix.clone()];
        while let Some(folder) = folders.pop() {
            let path = self.root.join(folder.as_ref());
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() => {
                    if self.seen.insert(identity(&found)) {
                        self.enter(&folder, &path, &mut folders)?;
                    }
                }
                Ok(found) => self.add(folder, &found),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(StoreError::io("open", path)(error)),
            }
        }
        Ok(self.objects)
    }

    /// Adds the files of a folder, and its folders to those still to be visited.
    fn enter(&mut self, folder: &Key, path: &Path, folders: &mut Vec<Key>) -> Result<(), StoreError> {
        for entry in fs::read_dir(path).map_err(StoreError::io("list", path))? {
            let entry = entry.map_err(StoreError::io("list", path))?;
            let name = entry.file_name();
            if is_hidden(&name.to_string_lossy()) {
                continue;
            }
            let unfit = || StoreError::Place {
                place: entry.path().display().to_string(),
                problem: "its name is not UTF-8 or holds control characters: rename it".into(),
            };
            let name = name.to_str().ok_or_else(unfit)?;
            if is_staged(name) {
                continue;
            }
            let part = object_store::path::PathPart::parse(name).map_err(|_| unfit())?;
            let key = if folder.is_root() { part.as_ref().to_owned() } else { format!("{folder}/{}", part.as_ref()) };
            let key = Key::parse(key).map_err(|_| unfit())?;
            // A link to nothing, or a file that has just gone, is no object.
            let Ok(found) = fs::metadata(entry.path()) else { continue };
            if found.is_dir() {
                folders.push(key);
            } else {
                self.add(key, &found);
            }
        }
        Ok(())
    }

    fn add(&mut self, location: Key, found: &fs::Metadata) {
        if !found.is_file() {
            return;
        }
        let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let micros = modified.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_micros());
        // The shape that `LocalFileSystem` gives, so that listing and reading agree.
        let e_tag = format!("{:x}-{micros:x}-{:x}", identity(found).1, found.len());
        let last_modified = modified.into();
        let meta = ObjectMeta { location, last_modified, size: found.len(), e_tag: Some(e_tag), version: None };
        self.objects.push(local_object(&self.root, meta));
    }
}

fn identity(found: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino())
}

#[cfg(test)]
mod tests;
