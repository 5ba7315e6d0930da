//! Where the object of a key is as a plain file, if a file system can hold it there.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The folder of a bucket that holds what is not at its own place. No key's file is in it.
pub(super) const SYSTEM: &str = ".weir";

/// What no file system in use takes for one name.
const LONGEST_NAME: usize = 255;

/// The path of a key below its bucket's folder; none if there can be no file of that name, or the name means something
/// else: parts that are empty, `.`, `..`, too long, or those of files that are still being written.
pub(super) fn path_of(folder: &Path, key: &str) -> Option<PathBuf> {
    if key.split('/').next() == Some(SYSTEM) || key.contains('\0') {
        return None;
    }
    let holdable =
        |part: &str| !matches!(part, "" | "." | "..") && part.len() <= LONGEST_NAME && !weir_store::is_staged(part);
    key.split('/').all(holdable).then(|| folder.join(key))
}

/// The file at a path; none if there is none, or something else than a file: a link may lead anywhere, a pipe may wait for
/// ever.
///
/// # Errors
/// Those of the disk.
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    let missing = |error: &io::Error| {
        use io::ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, NotFound};
        matches!(error.kind(), NotFound | NotADirectory | IsADirectory | InvalidFilename)
    };
    let open = || if fs::symlink_metadata(path)?.is_file() { File::open(path).map(Some) } else { Ok(None) };
    match open() {
        Err(error) if missing(&error) => Ok(None),
        opened => opened,
    }
}

/// Whether two openings of a path gave the same file, in the same state.
///
/// # Errors
/// Those of the disk.
pub(super) fn is_same(one: Option<&File>, other: Option<&File>) -> io::Result<bool> {
    let state = |file: &File| {
        let file = file.metadata()?;
        Ok::<_, io::Error>((file.dev(), file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
    };
    Ok(one.map(state).transpose()? == other.map(state).transpose()?)
}

/// Makes room for a file: its folders are made, and empty folders in its place go.
///
/// # Errors
/// [`Held`](Room::Held) when a file is where a folder is needed, or a folder with objects where the file is.
pub(super) fn make_room(path: &Path) -> io::Result<Room> {
    if let Some(parent) = path.parent()
        && let Err(error) = fs::create_dir_all(parent)
    {
        let held = matches!(error.kind(), io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists);
        return if held { Ok(Room::Held) } else { Err(error) };
    }
    if !path.is_dir() || remove_empty(path)? {
        return Ok(Room::Free);
    }
    Ok(Room::Held)
}

/// Whether a file can be put at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It can.
    Free,
    /// Other objects are in the way.
    Held,
}

/// Removes a folder that has nothing but folders in it, and tells whether it did.
fn remove_empty(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() || !remove_empty(&entry.path())? {
            return Ok(false);
        }
    }
    match fs::remove_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the folders above a file that became empty, up to that of the bucket.
pub(super) fn tidy(folder: &Path, path: &Path) {
    for parent in path.ancestors().skip(1) {
        if parent == folder || !parent.starts_with(folder) || fs::remove_dir(parent).is_err() {
            break;
        }
    }
}

/// Syncs the folders from that of `path` up to that of the bucket: any of them may have been made just now.
///
/// # Errors
/// Those of the disk.
pub(super) fn sync_folders(folder: &Path, path: &Path) -> io::Result<()> {
    for parent in path.ancestors().skip(1) {
        File::open(parent)?.sync_all()?;
        if parent == folder {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_keys_are_their_own_path_and_others_have_none() {
        let folder = Path::new("/b");
        for key in ["a", "AWSLogs/1/x.log.gz", "a b/ä%20?&", "x#y", "_SUCCESS", "a/.hidden", "x.weir/.weir"] {
            assert_eq!(path_of(folder, key), Some(folder.join(key)), "{key}");
        }
        let long = "x".repeat(256);
        for key in ["a/", "/a", "a//b", ".", "a/../b", "..", "./a", "a#1", "a#1/b", ".weir/x", ".weir", "a\0", &long] {
            assert_eq!(path_of(folder, key), None, "{key}");
        }
    }

    #[test]
    fn a_link_and_a_folder_are_no_objects() {
        let dir = tempfile::tempdir().expect("made");
        fs::write(dir.path().join("file"), "x").expect("written");
        std::os::unix::fs::symlink("file", dir.path().join("link")).expect("linked");
        for (name, is_object) in [("file", true), ("link", false), (".", false), ("nothing", false), ("file/x", false)]
        {
            assert_eq!(open(&dir.path().join(name)).expect("looked").is_some(), is_object, "{name}");
        }
    }

    #[test]
    fn room_is_made_of_empty_folders_and_taken_from_no_object() {
        let dir = tempfile::tempdir().expect("made");
        let at = |path: &str| dir.path().join(path);
        fs::create_dir_all(at("a/b/c")).expect("made");
        assert_eq!(make_room(&at("a")).expect("made"), Room::Free);
        assert!(!at("a").exists());
        assert_eq!(make_room(&at("x/y")).expect("made"), Room::Free);
        fs::write(at("x/y"), "").expect("written");
        assert_eq!(make_room(&at("x")).expect("looked"), Room::Held);
        assert_eq!(make_room(&at("x/y/z")).expect("looked"), Room::Held);
        fs::remove_file(at("x/y")).expect("removed");
        tidy(dir.path(), &at("x/y"));
        assert!(!at("x").exists() && dir.path().exists());
    }
}
