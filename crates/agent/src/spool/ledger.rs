//! What a spool must not forget beside its batches: which numbers it has given, and what it owes for batches that it
//! dropped.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use serde::{Deserialize, Serialize};
use weir_uplink::{Epoch, Lost, Recording};

use super::segment::Segment;
use crate::{AgentError, durable};

/// So many numbers are taken at once, so that the ledger is not written for each batch.
const RESERVE: u64 = 1000;

/// `ledger.json`.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    path: PathBuf,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Content {
    epoch: String,
    /// Numbers up to this one may have been given.
    reserved: u64,
    /// Counts the debts: that of this number is not paid yet.
    pub debt: u64,
    /// The records that were dropped and for which no SKIPDATA was written.
    pub owed: Vec<Owed>,
    /// Batches that are counted as dropped. Their files may still be there after a crash.
    pub dropped: Vec<u64>,
    /// What was dropped so far.
    pub lost: Lost,
}

/// What was dropped of one flow log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Owed {
    pub recording: Recording,
    /// First second and first second after the windows that were dropped, by interface.
    pub interfaces: BTreeMap<String, (i64, i64)>,
}

impl Ledger {
    /// Reads the ledger; where there is none begins one with this epoch.
    pub(super) fn open(path: PathBuf, fresh: Epoch) -> Result<Self, AgentError> {
        let content = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|error| AgentError::Damaged { path: path.clone(), problem: error.to_string() })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Content {
                epoch: fresh.to_string(),
                reserved: 0,
                debt: 1,
                owed: Vec::new(),
                dropped: Vec::new(),
                lost: Lost::default(),
            },
            Err(error) => return Err(AgentError::io("read", path)(error)),
        };
        let ledger = Self { path, content };
        ledger.epoch()?;
        Ok(ledger)
    }

    pub(super) fn epoch(&self) -> Result<Epoch, AgentError> {
        let epoch = self.content.epoch.parse::<Epoch>();
        epoch.map_err(|error| AgentError::Damaged { path: self.path.clone(), problem: error.to_string() })
    }

    /// The first number that no run before has given.
    pub(super) fn first_free(&self) -> u64 {
        self.content.reserved + 1
    }

    /// Makes sure that a later run does not give this number again.
    pub(super) fn reserve(&mut self, sequence: u64) -> Result<(), AgentError> {
        if sequence <= self.content.reserved {
            return Ok(());
        }
        self.change(|content| content.reserved = sequence + RESERVE)
    }

    /// Begins to count anew: the server knows numbers of the present epoch that this spool never gave.
    pub(super) fn renew(&mut self, epoch: Epoch) -> Result<(), AgentError> {
        self.change(|content| content.epoch = epoch.to_string())
    }

    /// Counts batches as lost, before their files go.
    pub(super) fn drop_batches(&mut self, segments: &[Segment]) -> Result<(), AgentError> {
        self.change(|content| {
            content.dropped = segments.iter().map(|segment| segment.sequence).collect();
            segments.iter().for_each(|segment| content.owe(segment));
        })
    }

    /// Counts batches as lost that have no file. When the ledger cannot be written now, the next change writes it.
    pub(super) fn note(&mut self, segments: &[Segment]) {
        segments.iter().for_each(|segment| self.content.owe(segment));
        let _ = self.change(|_| {});
    }

    /// The oldest debt has been paid.
    pub(super) fn forget_debt(&mut self) -> Result<(), AgentError> {
        self.change(|content| {
            content.owed.drain(..content.owed.len().min(1));
            content.debt += 1;
        })
    }

    /// Changes the ledger on disk, or not at all.
    fn change(&mut self, change: impl FnOnce(&mut Content)) -> Result<(), AgentError> {
        let mut content = self.content.clone();
        change(&mut content);
        let text = serde_json::to_vec(&content).map_err(|error| AgentError::io("write", &self.path)(error.into()))?;
        durable::write(&self.path, &[&text]).map_err(AgentError::io("write", &self.path))?;
        self.content = content;
        Ok(())
    }
}

impl Owed {
    /// From the first window to the last.
    pub(super) fn window(&self) -> Option<(i64, i64)> {
        let start = self.interfaces.values().map(|window| window.0).min()?;
        let end = self.interfaces.values().map(|window| window.1).max()?;
        Some((start, end))
    }
}

impl Content {
    /// Takes a batch into what is owed.
    pub(super) fn owe(&mut self, segment: &Segment) {
        let header = &segment.header;
        self.lost.batches += 1;
        // The records of such a batch stand for a loss that has been counted.
        if header.settles.is_none() {
            self.lost.records += header.records;
        }
        let place = self.owed.iter().position(|owed| owed.recording == header.recording);
        let owed = match place {
            Some(place) => &mut self.owed[place],
            None => {
                self.owed.push(Owed { recording: header.recording.clone(), interfaces: BTreeMap::new() });
                let Some(last) = self.owed.last_mut() else { return };
                last
            }
        };
        for interface in &header.interfaces {
            let window = owed.interfaces.entry(interface.clone()).or_insert((header.start, header.end));
            *window = (window.0.min(header.start), window.1.max(header.end));
        }
    }
}
