//! What files say, read again when they change.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;

/// What tells one state of a file from another: device, inode, length, time of change in seconds and nanoseconds.
pub type Stamp = (u64, u64, u64, i64, i64);

/// The stamp of a file as it is now.
///
/// # Errors
/// When there is no such file, or it is out of reach.
pub fn stamp(path: &Path) -> io::Result<Stamp> {
    let data = fs::metadata(path)?;
    Ok((data.dev(), data.ino(), data.len(), data.ctime(), data.ctime_nsec()))
}

/// What was read of files, and is read anew when one of them has changed since.
pub struct Fresh<T> {
    /// In words, such as `the certificate`.
    what: &'static str,
    files: Vec<PathBuf>,
    read: Box<dyn Fn() -> Result<T> + Send + Sync>,
    current: Mutex<Current<T>>,
}

struct Current<T> {
    stamps: Vec<Option<Stamp>>,
    value: Arc<T>,
}

impl<T> Fresh<T> {
    /// What `read` makes of the files.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn open(
        what: &'static str,
        files: Vec<PathBuf>,
        read: impl Fn() -> Result<T> + Send + Sync + 'static,
    ) -> Result<Self> {
        let stamps = stamps(&files);
        let value = Arc::new(read()?);
        Ok(Self { what, files, read: Box::new(read), current: Mutex::new(Current { stamps, value }) })
    }

    /// As the files are now. While they cannot be read, such as in the midst of their replacement, what they said before
    /// stays.
    pub fn now(&self) -> Arc<T> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = stamps(&self.files);
        if stamps != current.stamps {
            current.stamps = stamps;
            match (self.read)() {
                Ok(value) => current.value = Arc::new(value),
                Err(error) => tracing::warn!("{} stays as it was: {}", self.what, crate::sentence(&error)),
            }
        }
        Arc::clone(&current.value)
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|path| stamp(path).ok()).collect()
}

#[cfg(test)]
mod tests {
    use anyhow::ensure;

    use super::*;

    fn words(files: &[PathBuf]) -> Result<Vec<String>> {
        let words: Vec<_> = files.iter().map(fs::read_to_string).collect::<io::Result<_>>()?;
        ensure!(!words.iter().any(String::is_empty), "half written");
        Ok(words)
    }

    #[test]
    fn files_are_read_again_when_one_changes_and_what_cannot_be_read_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![folder.path().join("one"), folder.path().join("two")];
        let open = || {
            let read = files.clone();
            Fresh::open("the files", files.clone(), move || words(&read))
        };
        assert!(open().is_err(), "they are not there");
        files.iter().for_each(|path| fs::write(path, "old").unwrap());
        let fresh = open().unwrap();
        assert!(Arc::ptr_eq(&fresh.now(), &fresh.now()), "nothing is read without need");
        fs::write(&files[1], "").unwrap();
        assert_eq!(*fresh.now(), ["old", "old"]);
        fs::write(&files[1], "new").unwrap();
        assert_eq!(*fresh.now(), ["old", "new"]);
        fs::remove_file(&files[0]).unwrap();
        assert_eq!(*fresh.now(), ["old", "new"]);
    }
}
