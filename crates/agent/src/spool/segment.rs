//! A segment: one batch on disk. A line of JSON that says what it is, and the body as it will be sent.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use weir_uplink::Recording;

use crate::{AgentError, durable};

/// Longest first line that is read: a flow log's format and some thousand interfaces fit.
const HEADER_LIMIT: u64 = 1 << 20;
/// Ending of the file of a batch.
const ENDING: &str = "batch";

/// What a batch is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Header {
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
    /// The debt of SKIPDATA records that it pays, if that is what it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles: Option<u64>,
}

impl Header {
    /// The first line of the file.
    pub(super) fn line(&self) -> Vec<u8> {
        // A header is made of texts and numbers alone, which JSON can always write.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// A batch that waits on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number in the spool.
    pub sequence: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// It was there when the spool was opened: an earlier run may have sent it.
    pub inherited: bool,
    pub(crate) header: Header,
}

impl Segment {
    /// The flow log that it is of: `fl-…`.
    pub fn flow_log_id(&self) -> &str {
        &self.header.recording.flow_log_id
    }

    /// First second of its window and first second after it, Unix time.
    pub fn window(&self) -> (i64, i64) {
        (self.header.start, self.header.end)
    }

    /// Records in it.
    pub fn records(&self) -> u64 {
        self.header.records
    }

    /// The file of a batch.
    pub(super) fn path(folder: &Path, sequence: u64) -> PathBuf {
        folder.join(format!("{sequence:012}.{ENDING}"))
    }

    /// The number in the name of a batch's file.
    pub(super) fn sequence_of(path: &Path) -> Option<u64> {
        let stem = path.file_name()?.to_str()?.strip_suffix(ENDING)?.strip_suffix('.')?;
        stem.parse().ok()
    }

    /// Puts a batch on disk.
    pub(super) fn write(folder: &Path, sequence: u64, header: Header, body: &[u8]) -> Result<Self, AgentError> {
        let path = Self::path(folder, sequence);
        let line = header.line();
        durable::write(&path, &[&line, body]).map_err(AgentError::io("write", path))?;
        Ok(Self { sequence, bytes: (line.len() + body.len()) as u64, inherited: false, header })
    }

    /// Reads what a file of an earlier run says it is.
    pub(super) fn read(path: &Path, sequence: u64) -> Result<Self, AgentError> {
        let (_, line) = open(path)?;
        let damaged = |error: serde_json::Error| AgentError::Damaged { path: path.into(), problem: error.to_string() };
        let header = serde_json::from_slice(&line).map_err(damaged)?;
        let bytes = fs::metadata(path).map_err(AgentError::io("open", path))?.len();
        Ok(Self { sequence, bytes, inherited: true, header })
    }

    /// The body, to be sent.
    pub(super) fn body(folder: &Path, sequence: u64) -> Result<Vec<u8>, AgentError> {
        let path = Self::path(folder, sequence);
        let (mut file, _) = open(&path)?;
        let mut body = Vec::new();
        file.read_to_end(&mut body).map_err(AgentError::io("read", path))?;
        Ok(body)
    }
}

/// A segment's file after its first line, and that line.
fn open(path: &Path) -> Result<(BufReader<File>, Vec<u8>), AgentError> {
    let mut file = BufReader::new(File::open(path).map_err(AgentError::io("open", path))?);
    let mut line = Vec::new();
    file.by_ref().take(HEADER_LIMIT).read_until(b'\n', &mut line).map_err(AgentError::io("read", path))?;
    Ok((file, line))
}
