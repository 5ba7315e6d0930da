//! The network file, read again when it changes.

use std::{
    ffi::OsStr,
    fs, io,
    mem::MaybeUninit,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context as _, Result};
use rustix::{
    fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags},
    io::Errno,
};
use weir_network::{Network, Owner};

use crate::fresh::{Stamp, stamp};

/// A network file, and what of it was read last.
pub struct NetworkFile {
    path: PathBuf,
    owner: Owner,
    read: Option<Stamp>,
}

impl NetworkFile {
    /// The file at this path; `owner` owns what it gives no owner.
    pub fn new(path: &Path, owner: Owner) -> Self {
        Self { path: path.to_owned(), owner, read: None }
    }

    /// The network, if the file has changed since it was last read, or never was.
    pub fn poll(&mut self) -> Option<Result<Network>> {
        let stamp = stamp(&self.path).ok();
        if self.read.is_some() && self.read == stamp {
            return None;
        }
        // Also when it is gone: that is said once.
        let gone = (0, 0, 0, 0, 0);
        if self.read == Some(stamp.unwrap_or(gone)) {
            return None;
        }
        self.read = Some(stamp.unwrap_or(gone));
        Some(self.network())
    }

    /// Has `tell` called when someone has written to the file, or another takes its name, until it answers `false`. There are
    /// changes of which nobody hears, such as of a link on the way to it: [`poll`](Self::poll) sees all.
    ///
    /// # Errors
    /// When the kernel does not watch its folder.
    pub fn watch(&self, mut tell: impl FnMut() -> bool + Send + 'static) -> io::Result<()> {
        let name = self.path.file_name().unwrap_or_default().to_owned();
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let inotify = inotify::init(CreateFlags::CLOEXEC)?;
        inotify::add_watch(&inotify, folder, WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO)?;
        thread::spawn(move || {
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut events = inotify::Reader::new(inotify, &mut buffer);
            loop {
                let is_ours = match events.next() {
                    Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => true,
                    Ok(event) => event.file_name().is_some_and(|it| OsStr::from_bytes(it.to_bytes()) == name),
                    Err(Errno::INTR) => false,
                    Err(_) => return,
                };
                if is_ours && !tell() {
                    return;
                }
            }
        });
        Ok(())
    }

    fn network(&self) -> Result<Network> {
        let name = self.path.display();
        let text = fs::read_to_string(&self.path).with_context(|| format!("{name}: cannot read the network file"))?;
        Network::parse(&text, &self.owner).with_context(|| name.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::{self, RecvTimeoutError},
        time::Duration,
    };

    use super::*;

    #[test]
    fn who_watches_hears_of_a_whole_write_and_of_another_file_with_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.toml");
        let (told, heard) = mpsc::channel();
        NetworkFile::new(&path, Owner::default()).watch(move || told.send(()).is_ok()).unwrap();
        let other = folder.path().join("other");
        fs::write(&other, "").unwrap();
        assert_eq!(heard.recv_timeout(Duration::from_millis(200)), Err(RecvTimeoutError::Timeout), "of another file");
        fs::write(&path, "").unwrap();
        heard.recv_timeout(Duration::from_secs(60)).unwrap();
        fs::rename(&other, &path).unwrap();
        heard.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(NetworkFile::new(&folder.path().join("none/net.toml"), Owner::default()).watch(|| true).is_err());
    }
}
