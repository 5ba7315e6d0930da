//! Keeps two Weirs out of one network namespace.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use crate::{EnforceError, nft::Namespace};

/// Where lock files are. It is the same for all network namespaces of a host, so the file has the namespace's number.
const FOLDER: &str = "/run/weir";

/// Held for as long as this lives; the kernel lets go of it when the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a network namespace.
    pub(crate) fn take(namespace: &Namespace) -> Result<Self, EnforceError> {
        let path = path(namespace)?;
        let failed = |source: io::Error| failure(&path, source);
        fs::create_dir_all(FOLDER).map_err(failed)?;
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(EnforceError::Busy { pid: written(&mut file) }),
            Err(errno) => return Err(failed(errno.into())),
        }
        write_down(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn path(namespace: &Namespace) -> Result<PathBuf, EnforceError> {
    let file = namespace.file();
    let number = fs::metadata(&file).map_err(|source| failure(&file, source))?.ino();
    Ok(Path::new(FOLDER).join(format!("enforce-{number}.lock")))
}

fn failure(path: &Path, source: io::Error) -> EnforceError {
    if source.kind() == io::ErrorKind::PermissionDenied {
        return EnforceError::Forbidden;
    }
    EnforceError::Lock { path: path.display().to_string(), source }
}

fn write_down(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

/// The process that holds it.
fn written(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
