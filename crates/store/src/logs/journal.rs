//! The append log: what was acknowledged, until segments have it.
//!
//! ```text
//! append/00000000000000000001.log     frames, from position 1 on
//! append/00000000000000052133.log     the file that is being written
//! ```
//!
//! A write is acknowledged when it is synced. One that fails is cut off again, so that the file ends with what was
//! acknowledged; until that has worked, nothing more is written.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use super::{
    LogsError,
    frame::{HEADER, Header, find_frame, read_frame},
};
use crate::durable::sync_folder;

/// Bytes that are collected before they go to the system in one call.
const CHUNK: usize = 1 << 20;

/// A stretch of the append log that was on disk and can no longer be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Where in it the stretch begins, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// The positions of the batches that it held, as far as the next sound frame tells.
    pub lost: Range<u64>,
}

/// A batch on its way into the log.
pub(super) struct Entry<'a> {
    pub body: &'a [u8],
    pub crc: u32,
}

/// The files of the append log. One writer.
pub(super) struct Journal {
    folder: PathBuf,
    /// A file is begun when the one before has this many bytes.
    file_bytes: u64,
    /// Oldest first; the last is being written.
    files: VecDeque<LogFile>,
    /// The open last file; none before the first write.
    open: Option<File>,
    /// How much of it is on disk.
    synced: u64,
    /// Something may stand behind that: it must be cut off before anything is written.
    torn: bool,
    /// The position of the next batch.
    next: u64,
}

struct LogFile {
    path: PathBuf,
    /// The position that the file begins with.
    first: u64,
}

impl Journal {
    /// Opens the log in this folder and gives each batch in it to `visit`, in order. Positions begin behind `floor`.
    ///
    /// A write that was cut short by a crash is cut off. What is damaged before that is passed over and told.
    ///
    /// # Errors
    /// When a file cannot be read or cut, and those of `visit`.
    pub(super) fn open(
        folder: PathBuf,
        file_bytes: u64,
        floor: u64,
        mut visit: impl FnMut(u64, &[u8]) -> Result<(), LogsError>,
    ) -> Result<(Self, Vec<Damage>), LogsError> {
        fs::create_dir_all(&folder).map_err(LogsError::io("make folder", &folder))?;
        let files = list(&folder)?;
        let mut journal = Self { folder, file_bytes, files, open: None, synced: 0, torn: false, next: 1 };
        let mut damage = Vec::new();
        for index in 0..journal.files.len() {
            journal.read_file(index, &mut damage, &mut visit)?;
        }
        if let Some(last) = journal.files.back() {
            let file = OpenOptions::new().write(true).open(&last.path).map_err(LogsError::io("open", &last.path))?;
            journal.open = Some(file);
            journal.torn = true;
            journal.cut_back()?;
        }
        journal.next = journal.next.max(floor.saturating_add(1));
        Ok((journal, damage))
    }

    /// The position that the next batch will have.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Writes batches and syncs them once: on success all are on disk, in these positions.
    ///
    /// # Errors
    /// When the disk refuses; then none of them is there.
    pub(super) fn write(&mut self, entries: &[Entry<'_>]) -> Result<Range<u64>, LogsError> {
        self.cut_back()?;
        if self.open.is_none() || self.synced >= self.file_bytes {
            self.begin_file()?;
        }
        let positions = self.next..self.next + entries.len() as u64;
        match self.write_frames(entries) {
            Ok(written) => {
                self.synced += written;
                self.next = positions.end;
                Ok(positions)
            }
            Err(error) => {
                self.torn = true;
                // When this fails too, the next write tries again.
                let _ = self.cut_back();
                Err(error)
            }
        }
    }

    /// Removes the files whose batches are all at or before this position, except the last.
    ///
    /// # Errors
    /// When a file cannot be removed; it is tried again with the next call.
    pub(super) fn release(&mut self, position: u64) -> Result<(), LogsError> {
        while self.files.len() > 1 && self.files[1].first <= position.saturating_add(1) {
            let path = &self.files[0].path;
            fs::remove_file(path).map_err(LogsError::io("remove", path))?;
            self.files.pop_front();
        }
        Ok(())
    }

    fn write_frames(&mut self, entries: &[Entry<'_>]) -> Result<u64, LogsError> {
        let Some((file, path)) = self.open.as_mut().zip(self.files.back().map(|file| &file.path)) else {
            return Err(LogsError::Interrupted);
        };
        let mut write = || {
            let mut chunk = Vec::with_capacity(CHUNK.min(entries.iter().map(|entry| HEADER + entry.body.len()).sum()));
            let mut written = 0;
            for (entry, position) in entries.iter().zip(self.next..) {
                let length = u32::try_from(entry.body.len()).map_err(std::io::Error::other)?;
                let header = Header { length, position, synced: self.synced, crc: entry.crc };
                chunk.extend_from_slice(&header.to_bytes());
                chunk.extend_from_slice(entry.body);
                if chunk.len() >= CHUNK {
                    file.write_all(&chunk)?;
                    written += chunk.len() as u64;
                    chunk.clear();
                }
            }
            file.write_all(&chunk)?;
            file.sync_data()?;
            Ok(written + chunk.len() as u64)
        };
        write().map_err(LogsError::io("write", path))
    }

    fn begin_file(&mut self) -> Result<(), LogsError> {
        let path = self.folder.join(format!("{:020}.log", self.next));
        let begin = || {
            let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
            sync_folder(&self.folder)?;
            Ok(file)
        };
        let file = begin().map_err(LogsError::io("write", &path))?;
        self.open = Some(file);
        self.synced = 0;
        // A file of this name is there already when nothing was ever written to it.
        if self.files.back().is_none_or(|last| last.path != path) {
            self.files.push_back(LogFile { path, first: self.next });
        }
        Ok(())
    }

    /// Cuts the file back to what was acknowledged.
    fn cut_back(&mut self) -> Result<(), LogsError> {
        let Some((file, last)) = self.open.as_mut().zip(self.files.back()).filter(|_| self.torn) else {
            return Ok(());
        };
        let mut cut = || {
            file.set_len(self.synced)?;
            file.seek(SeekFrom::Start(self.synced))?;
            file.sync_data()
        };
        cut().map_err(LogsError::io("cut back", &last.path))?;
        self.torn = false;
        Ok(())
    }

    /// Reads one file; leaves in `synced` how much of it counts, and in `next` the position behind it.
    fn read_file(
        &mut self,
        index: usize,
        damage: &mut Vec<Damage>,
        visit: &mut impl FnMut(u64, &[u8]) -> Result<(), LogsError>,
    ) -> Result<(), LogsError> {
        let LogFile { path, first } = &self.files[index];
        let bytes = fs::read(path).map_err(LogsError::io("read", path))?;
        let is_last = index + 1 == self.files.len();
        let mut lose = |offset: usize, end: usize, lost: Range<u64>| {
            damage.push(Damage { path: path.clone(), offset: offset as u64, bytes: (end - offset) as u64, lost });
        };
        if index > 0 && *first > self.next {
            lose(0, 0, self.next..*first);
        }
        let mut next = self.next.max(*first);
        let mut at = 0;
        while at < bytes.len() {
            if let Some((header, body)) = read_frame(&bytes[at..]).filter(|(header, _)| header.position >= next) {
                visit(header.position, body)?;
                next = header.position + 1;
                at += HEADER + body.len();
                continue;
            }
            match next_sound(&bytes, at, next) {
                Some((end, header)) if !is_last || was_synced(&bytes, at, next) => {
                    lose(at, end, next..header.position);
                    (at, next) = (end, header.position);
                }
                None if !is_last => {
                    let end = self.files[index + 1].first;
                    lose(at, bytes.len(), next..end.max(next));
                    (at, next) = (bytes.len(), end.max(next));
                }
                // The last write, cut short: none of it was acknowledged.
                _ => break,
            }
        }
        (self.synced, self.next) = (at as u64, next);
        Ok(())
    }
}

/// The next whole frame behind `at`.
fn next_sound(bytes: &[u8], mut at: usize, next: u64) -> Option<(usize, Header)> {
    loop {
        let (offset, header) = find_frame(&bytes[at..])?;
        at += offset;
        if header.position >= next {
            return Some((at, header));
        }
    }
}

/// Whether a later frame says that what is at `at` was on disk.
fn was_synced(bytes: &[u8], at: usize, next: u64) -> bool {
    let mut behind = at;
    while let Some((found, header)) = next_sound(bytes, behind, next) {
        if header.synced > at as u64 {
            return true;
        }
        behind = found;
    }
    false
}

fn list(folder: &Path) -> Result<VecDeque<LogFile>, LogsError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(LogsError::io("list", folder))? {
        let path = entry.map_err(LogsError::io("list", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let first = name.and_then(|name| name.strip_suffix(".log")?.parse().ok());
        files.extend(first.map(|first| LogFile { path, first }));
    }
    files.sort_by_key(|file| file.first);
    Ok(files.into())
}

#[cfg(test)]
#[path = "tests/journal.rs"]
mod tests;
