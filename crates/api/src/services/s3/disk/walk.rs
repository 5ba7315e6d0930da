//! The plain files of a bucket, in the order of their keys.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::place::SYSTEM;

/// Walks the files whose keys begin with a prefix, in the order of S3: that of the bytes of UTF-8.
///
/// A folder sorts as its name with a slash, since that is what the keys below it go on with. Of each folder on the way
/// the names are held in memory.
pub(super) struct Walk {
    prefix: String,
    /// Nothing before it is wanted.
    from: Vec<u8>,
    /// The rest of each folder on the way, in reverse.
    open: Vec<Vec<Entry>>,
}

struct Entry {
    /// Ends in a slash if it is a folder.
    key: String,
    path: PathBuf,
}

impl Walk {
    /// # Errors
    /// Those of the disk.
    pub(super) fn new(folder: &Path, prefix: &str) -> io::Result<Self> {
        let mut walk = Self { prefix: prefix.to_owned(), from: Vec::new(), open: Vec::new() };
        walk.enter(folder, "")?;
        Ok(walk)
    }

    /// Passes over everything before these bytes. Only forward.
    pub(super) fn seek(&mut self, from: &[u8]) {
        if from > self.from.as_slice() {
            self.from = from.to_vec();
        }
    }

    /// The next key.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn next(&mut self) -> io::Result<Option<String>> {
        while let Some(entries) = self.open.last_mut() {
            let Some(entry) = entries.pop() else {
                self.open.pop();
                continue;
            };
            if self.is_passed(&entry.key) {
                continue;
            }
            if entry.key.ends_with('/') {
                self.enter(&entry.path, &entry.key)?;
            } else {
                return Ok(Some(entry.key));
            }
        }
        Ok(None)
    }

    /// Whether neither a key nor anything that goes on with it is wanted any more.
    fn is_passed(&self, key: &str) -> bool {
        let bytes = key.as_bytes();
        bytes < self.from.as_slice() && !(key.ends_with('/') && self.from.starts_with(bytes))
    }

    fn is_wanted(&self, key: &str) -> bool {
        let under_way = key.ends_with('/') && self.prefix.starts_with(key);
        (key.starts_with(&self.prefix) || under_way) && !self.is_passed(key)
    }

    fn enter(&mut self, folder: &Path, above: &str) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            // It went while we were on the way.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut wanted = Vec::new();
        for entry in entries {
            let entry = entry?;
            let (kind, name) = (entry.file_type()?, entry.file_name());
            // A name that is no UTF-8 is no key; a link may lead anywhere.
            let Some(name) = name.to_str() else { continue };
            let is_hidden = above.is_empty() && name == SYSTEM;
            let key = match (kind.is_dir(), kind.is_file()) {
                (true, _) if !is_hidden => format!("{above}{name}/"),
                (_, true) if !weir_store::is_staged(name) => format!("{above}{name}"),
                _ => continue,
            };
            if self.is_wanted(&key) {
                wanted.push(Entry { key, path: entry.path() });
            }
        }
        wanted.sort_unstable_by(|one, other| other.key.cmp(&one.key));
        self.open.push(wanted);
        Ok(())
    }
}

/// The first bytes after everything that begins with `prefix`.
pub(in super::super) fn after(prefix: &str) -> Vec<u8> {
    let mut bytes = prefix.as_bytes().to_vec();
    // UTF-8 has no byte 0xFF.
    if let Some(last) = bytes.last_mut() {
        *last += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(walk: &mut Walk) -> Vec<String> {
        std::iter::from_fn(|| walk.next().expect("read")).collect()
    }

    #[test]
    fn keys_come_in_the_order_of_their_bytes_whatever_folders_they_are_in() {
        let dir = tempfile::tempdir().expect("made");
        let mut all = vec!["a-b", "a/b", "a/b-", "a/c/d", "a0", "a.x/y", "ä", "z/y/x", "z/y-"];
        for key in &all {
            let path = dir.path().join(key);
            fs::create_dir_all(path.parent().expect("has one")).expect("made");
            fs::write(path, key).expect("written");
        }
        for hidden in ["a/b#1", ".weir/objects/1"] {
            let path = dir.path().join(hidden);
            fs::create_dir_all(path.parent().expect("has one")).expect("made");
            fs::write(path, "").expect("written");
        }
        fs::create_dir_all(dir.path().join("empty/empty")).expect("made");
        all.sort_unstable();
        assert_eq!(keys(&mut Walk::new(dir.path(), "").expect("read")), all);
        for prefix in ["a", "a/", "a/c/", "z/y", "nothing"] {
            let expected: Vec<_> = all.iter().filter(|key| key.starts_with(prefix)).collect();
            assert_eq!(keys(&mut Walk::new(dir.path(), prefix).expect("read")).iter().collect::<Vec<_>>(), expected);
        }
        for from in ["a/b", "a/c/d\0", "a/z", "b"] {
            let mut walk = Walk::new(dir.path(), "").expect("read");
            walk.seek(from.as_bytes());
            let expected: Vec<_> = all.iter().filter(|key| **key >= from).collect();
            assert_eq!(keys(&mut walk).iter().collect::<Vec<_>>(), expected, "{from}");
        }
        let mut walk = Walk::new(dir.path(), "").expect("read");
        walk.seek(&after("a/"));
        assert_eq!(keys(&mut walk), ["a0", "z/y-", "z/y/x", "ä"]);
    }
}
