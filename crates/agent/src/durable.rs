//! Files that are there after a power loss, whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Ending of a file that is being written.
pub(crate) const UNFINISHED: &str = "tmp";

/// Writes the parts one after another under an unfinished name, syncs, renames, and syncs the folder. Only its owner
/// may read the file.
pub(crate) fn write(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let unfinished = path.with_added_extension(UNFINISHED);
    let result = write_parts(&unfinished, parts).and_then(|()| fs::rename(&unfinished, path));
    if result.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    result?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn write_parts(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()
}

/// Syncs a folder, so that the names in it are there after a power loss.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
