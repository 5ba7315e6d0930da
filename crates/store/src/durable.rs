//! Objects in a folder that are there after a power loss, and never half.
//!
//! [`LocalFileSystem`] writes an object under the name `key#1` and renames it, so a listing never shows half an
//! object. But it syncs nothing, so after a power loss the name may stand for an empty file; and what a crash leaves
//! under `key#1` stays for ever. [`DurableFolder`] keeps its naming, and adds what is missing: file and folders are
//! synced before a put is done, and an unfinished file is taken over by the next put of its key. Whether one is still
//! being written shows in its lock, which the system releases when the writer dies.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::UNIX_EPOCH,
};

use futures::stream::BoxStream;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart, local::LocalFileSystem,
    path::Path as Key,
};

/// A bucket in a folder.
#[derive(Debug)]
pub(crate) struct DurableFolder {
    root: PathBuf,
    inner: LocalFileSystem,
    told: Told,
}

/// Called with the key of each object that is put, once it is there, and whether it came in parts. On a thread that may wait.
#[derive(Clone)]
pub(crate) struct Told(Arc<Telling>);

type Telling = dyn Fn(&Key, bool) + Send + Sync;

impl Told {
    pub(crate) fn new(told: impl Fn(&Key, bool) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Told")
    }
}

impl DurableFolder {
    /// The bucket in this folder, which must exist.
    pub(crate) fn new(root: &Path) -> Result<Self> {
        let inner = LocalFileSystem::new_with_prefix(root)?;
        // Without links, as the paths of `inner` are.
        let root = fs::canonicalize(root).map_err(refused)?;
        Ok(Self { root, inner, told: Told::new(|_, _| ()) })
    }

    /// The same, but somebody is told of its objects.
    pub(crate) fn telling(self, told: Told) -> Self {
        Self { told, ..self }
    }

    fn stage(&self, location: &Key) -> Result<Staged> {
        // Refuses names that stand for unfinished objects.
        let path = self.inner.path_to_filesystem(location)?;
        if !self.root.is_dir() {
            let source = io::Error::from(io::ErrorKind::NotFound);
            return Err(Error::NotFound { path: self.root.display().to_string(), source: source.into() });
        }
        Staged::open(&self.root, path).map_err(refused)
    }
}

impl fmt::Display for DurableFolder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DurableFolder({})", self.root.display())
    }
}

#[async_trait::async_trait]
impl ObjectStore for DurableFolder {
    async fn put_opts(&self, location: &Key, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let (told, key) = (self.told.clone(), location.clone());
        if options.mode != object_store::PutMode::Overwrite {
            // Conditions are checked by the store below; its objects are synced afterwards.
            let result = self.inner.put_opts(location, payload, options).await?;
            let (root, path) = (self.root.clone(), self.inner.path_to_filesystem(location)?);
            blocking(move || {
                File::open(&path)?.sync_all()?;
                sync_folders(&root, &path)?;
                (told.0)(&key, false);
                Ok(())
            })
            .await?;
            return Ok(result);
        }
        let staged = self.stage(location)?;
        blocking(move || {
            staged.write(&payload, 0)?;
            let put = staged.commit()?;
            (told.0)(&key, false);
            Ok(put)
        })
        .await
    }

    async fn put_multipart_opts(&self, location: &Key, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let staged = self.stage(location)?;
        let (told, key) = (self.told.clone(), location.clone());
        Ok(Box::new(Upload { staged: Arc::new(Mutex::new(Some(staged))), length: 0, told, key }))
    }

    async fn get_opts(&self, location: &Key, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Key>>) -> BoxStream<'static, Result<Key>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Key, to: &Key, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

/// Whether a file name is that of an object still being written: `name#1`.
pub fn is_staged(name: &str) -> bool {
    let suffix = name.split_once('#').map_or("", |(_, suffix)| suffix);
    !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_digit())
}

/// Syncs a folder, so that the names in it are there after a power loss.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Syncs the folders from that of `path` up to `root`: all of them, since one may have been made by a writer that
/// died before it was synced.
fn sync_folders(root: &Path, path: &Path) -> io::Result<()> {
    for folder in path.ancestors().skip(1) {
        sync_folder(folder)?;
        if folder == root {
            break;
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?.map_err(refused)
}

fn refused(source: io::Error) -> Error {
    Error::Generic { store: "folder", source: source.into() }
}

/// An object being written. Dropped before its commit, it leaves nothing.
#[derive(Debug)]
struct Staged {
    root: PathBuf,
    path: PathBuf,
    staging: PathBuf,
    /// Locked as long as it is open.
    file: File,
    done: bool,
}

impl Staged {
    fn open(root: &Path, path: PathBuf) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut number = 1;
        loop {
            let mut staging = path.clone().into_os_string();
            staging.push(format!("#{number}"));
            let staging = PathBuf::from(staging);
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(&staging)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    number += 1;
                    continue;
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Its writer may have renamed it before it was locked here; then it is an object now.
            let ours = file.metadata()?;
            let still_there = fs::metadata(&staging).is_ok_and(|named| named.ino() == ours.ino());
            if still_there {
                file.set_len(0)?;
                return Ok(Self { root: root.into(), path, staging, file, done: false });
            }
        }
    }

    fn write(&self, payload: &PutPayload, mut offset: u64) -> io::Result<()> {
        for bytes in payload {
            self.file.write_all_at(bytes, offset)?;
            offset += bytes.len() as u64;
        }
        Ok(())
    }

    fn commit(mut self) -> io::Result<PutResult> {
        self.file.sync_all()?;
        let metadata = self.file.metadata()?;
        fs::rename(&self.staging, &self.path)?;
        self.done = true;
        sync_folders(&self.root, &self.path)?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        // The shape that `LocalFileSystem` gives when it reads.
        let e_tag = Some(format!("{:x}-{modified:x}-{:x}", metadata.ino(), metadata.len()));
        Ok(PutResult { e_tag, version: None })
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_file(&self.staging);
        }
    }
}

/// An object that comes in parts.
#[derive(Debug)]
struct Upload {
    staged: Arc<Mutex<Option<Staged>>>,
    /// Of the parts so far.
    length: u64,
    told: Told,
    key: Key,
}

#[async_trait::async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let staged = Arc::clone(&self.staged);
        let offset = self.length;
        self.length += data.content_length() as u64;
        Box::pin(blocking(move || {
            let staged = staged.lock().unwrap_or_else(PoisonError::into_inner);
            staged.as_ref().ok_or_else(ended)?.write(&data, offset)
        }))
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let staged = self.take();
        let (told, key) = (self.told.clone(), self.key.clone());
        blocking(move || {
            let put = staged.ok_or_else(ended)?.commit()?;
            (told.0)(&key, true);
            Ok(put)
        })
        .await
    }

    async fn abort(&mut self) -> Result<()> {
        drop(self.take());
        Ok(())
    }
}

impl Upload {
    fn take(&self) -> Option<Staged> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn ended() -> io::Error {
    io::Error::other("the upload has ended")
}

#[cfg(test)]
mod tests;
