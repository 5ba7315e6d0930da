//! Batches on disk until the server has taken them.
//!
//! ```text
//! <data>/spool/
//!   ledger.json                the epoch, the numbers that were given, what is owed for batches that were dropped
//!   000000000042.batch         what it is in a line of JSON, then the body as it will be sent
//!   000000000043.batch.tmp     a batch being written
//! ```
//!
//! **A batch is spooled** when its file is synced, has its name, and the name is synced. What a crash left half written
//! is removed at the next start, which says so.
//!
//! **Order** is that of the numbers. The first batch is sent until the server has it; then its file is removed.
//!
//! **The spool is bounded.** When a batch does not fit, the oldest go: all but the very first, which the server may
//! have taken although its answer was lost. What goes is counted in the ledger before its file is removed, and becomes
//! SKIPDATA records, one for each interface and stretch of time, once the server answers again.

mod ledger;
mod segment;

use std::{
    collections::{BTreeSet, VecDeque},
    fs, io,
    path::{Path, PathBuf},
};

use weir_uplink::{BatchId, Epoch, Lost, Recording, Spooled};

pub use self::segment::Segment;
use self::{ledger::Ledger, segment::Header};
use crate::{AgentError, batches, durable};

/// A batch that is not on disk yet.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// The flow log that it is of.
    pub recording: Recording,
    /// First second of its window, Unix time.
    pub start: i64,
    /// First second after its window, Unix time.
    pub end: i64,
    /// Records in it.
    pub records: u64,
    /// Interfaces whose traffic is in its window.
    pub interfaces: BTreeSet<String>,
    /// What will be sent.
    pub body: Vec<u8>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is on disk. So many older ones were dropped for it.
    Spooled {
        /// How many.
        dropped: usize,
    },
    /// There is no room for it even without the older ones: it is lost, and counted.
    Lost,
}

/// Something that was put right when a spool was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// A batch was half written when the run before ended; it was removed.
    HalfWritten(PathBuf),
    /// A file says nothing that could be understood; it was set aside under another name.
    SetAside(PathBuf, String),
}

/// The batches of one host.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    limit: u64,
    ledger: Ledger,
    next: u64,
    segments: VecDeque<Segment>,
}

impl Spool {
    /// Opens the spool in this folder, making it if need be, and brings it in order after a crash. A new one gets the
    /// epoch `fresh`. `limit` bounds the bytes of its batches.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or its ledger is damaged.
    pub fn open(folder: PathBuf, limit: u64, fresh: Epoch) -> Result<(Self, Vec<Repair>), AgentError> {
        fs::create_dir_all(&folder).map_err(AgentError::io("make folder", &folder))?;
        let ledger = Ledger::open(folder.join("ledger.json"), fresh)?;
        let mut spool = Self { next: ledger.first_free(), folder, limit, ledger, segments: VecDeque::new() };
        let repairs = spool.read_folder()?;
        let debt = spool.ledger.content.debt;
        if spool.segments.iter().any(|segment| segment.header.settles == Some(debt)) {
            spool.ledger.forget_debt()?;
        }
        spool.next = spool.next.max(spool.segments.back().map_or(0, |last| last.sequence) + 1);
        let next = spool.next;
        spool.ledger.reserve(next)?;
        Ok((spool, repairs))
    }

    /// Puts a batch on disk, and drops old ones if it would not fit.
    ///
    /// # Errors
    /// When the disk refuses; then the batch is lost, and counted.
    pub fn append(&mut self, batch: NewBatch) -> Result<Appended, AgentError> {
        let NewBatch { recording, start, end, records, interfaces, body } = batch;
        let header = Header { recording, start, end, records, interfaces, settles: None };
        let result = self.write(&header, &body);
        if !matches!(result, Ok(Appended::Spooled { .. })) {
            self.lose(header);
        }
        result
    }

    /// The batch that is to be sent now.
    pub fn first(&self) -> Option<&Segment> {
        self.segments.front()
    }

    /// Its identity.
    ///
    /// # Errors
    /// When the ledger is damaged.
    pub fn id_of(&self, segment: &Segment) -> Result<BatchId, AgentError> {
        Ok(BatchId { epoch: self.ledger.epoch()?, sequence: segment.sequence })
    }

    /// The body of a batch.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn body(&self, segment: &Segment) -> Result<Vec<u8>, AgentError> {
        Segment::body(&self.folder, segment.sequence)
    }

    /// The server has a batch: forgets it.
    ///
    /// # Errors
    /// When its file cannot be removed; it is sent once more after the next start, and the server knows it.
    pub fn taken(&mut self, sequence: u64) -> Result<(), AgentError> {
        self.segments.retain(|segment| segment.sequence != sequence);
        self.remove(sequence)
    }

    /// The server will never take a batch: it is lost.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn refused(&mut self, sequence: u64) -> Result<(), AgentError> {
        let Some(at) = self.segments.iter().position(|segment| segment.sequence == sequence) else { return Ok(()) };
        let Some(segment) = self.segments.remove(at) else { return Ok(()) };
        if segment.header.settles.is_some() {
            // A server that refuses this will refuse the next one that says the same.
            return self.remove(sequence);
        }
        self.ledger.drop_batches(&[segment])?;
        self.remove(sequence)
    }

    /// The server said that it has a batch that it cannot have: its memory is of another life of this spool. All
    /// batches get names that it does not know.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn renew(&mut self, epoch: Epoch) -> Result<(), AgentError> {
        self.ledger.renew(epoch)
    }

    /// Writes SKIPDATA records for what was dropped, as batches of their own. Returns how many records.
    ///
    /// # Errors
    /// When the disk refuses; what is owed stays owed.
    pub fn settle(&mut self) -> Result<u64, AgentError> {
        let mut written = 0;
        while let Some(owed) = self.ledger.content.owed.first().cloned() {
            let Some((start, end)) = owed.window() else {
                self.ledger.forget_debt()?;
                continue;
            };
            let body = batches::skipdata(&owed.recording, &owed.interfaces)?;
            let records = owed.interfaces.len() as u64;
            let interfaces = owed.interfaces.into_keys().collect();
            let settles = Some(self.ledger.content.debt);
            self.put(Header { recording: owed.recording, start, end, records, interfaces, settles }, &body)?;
            self.ledger.forget_debt()?;
            written += records;
        }
        Ok(written)
    }

    /// What waits.
    pub fn spooled(&self) -> Spooled {
        Spooled {
            batches: self.segments.len() as u64,
            records: self.segments.iter().map(Segment::records).sum(),
            bytes: self.bytes(),
            limit: self.limit,
        }
    }

    /// What was dropped since the spool was made.
    pub fn lost(&self) -> Lost {
        self.ledger.content.lost
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Makes room, and writes.
    fn write(&mut self, header: &Header, body: &[u8]) -> Result<Appended, AgentError> {
        let bytes = header.line().len() as u64 + body.len() as u64;
        let mut dropped = self.make_room(bytes)?;
        if self.bytes() + bytes > self.limit {
            return Ok(Appended::Lost);
        }
        loop {
            match self.put(header.clone(), body) {
                Ok(()) => return Ok(Appended::Spooled { dropped }),
                // The disk is smaller than the limit, or others filled it.
                Err(error) if is_full(&error) && self.segments.len() > 1 => {
                    self.drop_oldest(1)?;
                    dropped += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn put(&mut self, header: Header, body: &[u8]) -> Result<(), AgentError> {
        let sequence = self.next;
        self.ledger.reserve(sequence)?;
        let segment = Segment::write(&self.folder, sequence, header, body)?;
        self.next += 1;
        self.segments.push_back(segment);
        Ok(())
    }

    /// Drops as many of the oldest batches as it takes; the very first stays.
    fn make_room(&mut self, needed: u64) -> Result<usize, AgentError> {
        let mut bytes = self.bytes();
        let mut count = 0;
        for segment in self.segments.iter().skip(1) {
            if bytes + needed <= self.limit {
                break;
            }
            bytes -= segment.bytes;
            count += 1;
        }
        if bytes + needed > self.limit {
            // Not even then: keep what is there.
            return Ok(0);
        }
        self.drop_oldest(count)?;
        Ok(count)
    }

    fn drop_oldest(&mut self, count: usize) -> Result<(), AgentError> {
        if count == 0 {
            return Ok(());
        }
        let victims: Vec<Segment> = self.segments.iter().skip(1).take(count).cloned().collect();
        let full = match self.ledger.drop_batches(&victims) {
            Ok(()) => false,
            Err(error) if is_full(&error) => true,
            Err(error) => return Err(error),
        };
        self.segments.drain(1..=victims.len());
        victims.iter().try_for_each(|victim| self.remove(victim.sequence))?;
        if full {
            // Only now is there room for the ledger. A crash in between forgets this loss.
            self.ledger.note(&victims);
        }
        Ok(())
    }

    /// Counts a batch that never was on disk.
    fn lose(&mut self, header: Header) {
        self.ledger.note(&[Segment { sequence: 0, bytes: 0, inherited: false, header }]);
    }

    fn remove(&self, sequence: u64) -> Result<(), AgentError> {
        let path = Segment::path(&self.folder, sequence);
        fs::remove_file(&path).map_err(AgentError::io("remove", path))
    }

    fn read_folder(&mut self) -> Result<Vec<Repair>, AgentError> {
        let mut repairs = Vec::new();
        let mut segments = Vec::new();
        for path in entries(&self.folder)? {
            if path.extension().is_some_and(|ending| ending == durable::UNFINISHED) {
                fs::remove_file(&path).map_err(AgentError::io("remove", &path))?;
                repairs.push(Repair::HalfWritten(path));
                continue;
            }
            let Some(sequence) = Segment::sequence_of(&path) else { continue };
            if self.ledger.content.dropped.contains(&sequence) {
                self.remove(sequence)?;
                continue;
            }
            match Segment::read(&path, sequence) {
                Ok(segment) => segments.push(segment),
                Err(error) => repairs.push(set_aside(&path, &error)?),
            }
        }
        segments.sort_by_key(|segment| segment.sequence);
        self.segments = segments.into();
        durable::sync_folder(&self.folder).map_err(AgentError::io("sync", &self.folder))?;
        Ok(repairs)
    }
}

fn set_aside(path: &Path, error: &AgentError) -> Result<Repair, AgentError> {
    let aside = path.with_added_extension("damaged");
    fs::rename(path, &aside).map_err(AgentError::io("rename", path))?;
    Ok(Repair::SetAside(aside, error.to_string()))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, AgentError> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
    read().map_err(AgentError::io("list", folder))
}

fn is_full(error: &AgentError) -> bool {
    let kinds = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
    matches!(error, AgentError::Io { source, .. } if kinds.contains(&source.kind()))
}

#[cfg(test)]
mod tests;
