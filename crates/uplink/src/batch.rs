//! A batch: records of one window of one flow log, as an Arrow IPC stream in zstd, and its identity.
//!
//! What comes from the network is looked at from the outside in. [`decode`] bounds what the body may grow to, walks
//! the frames of the stream and checks the length that each one claims before anything is allocated for it, refuses
//! what our encoder never writes (dictionaries, compressed buffers), and takes the columns only when they are those of
//! the flow log's format and their texts could stand in a record.

mod frames;

use std::{
    fmt,
    io::{Cursor, Read as _, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    str::FromStr,
};

use arrow::{
    array::{Array as _, AsArray as _},
    error::ArrowError,
    ipc::{reader::StreamReader, writer::StreamWriter},
    record_batch::RecordBatch,
};
use weir_record::Format;

use crate::{UplinkError, hex};

/// Most bytes of a body, compressed.
pub const BODY_LIMIT: usize = 16 << 20;
/// Most bytes that a body may decompress to.
pub const DECODED_LIMIT: u64 = 64 << 20;
/// Most records of a batch.
pub const ROWS_LIMIT: u64 = 65_536;
/// Most bytes of one text in a record.
const TEXT_LIMIT: usize = 1024;
/// The largest zstd window that is taken, as a power of two: 8 MiB, what every zstd must offer.
const WINDOW_LOG: u32 = 23;

/// Stands for one spool of one agent: a new spool counts its batches anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch([u8; 8]);

impl Epoch {
    /// An epoch of random bytes.
    pub const fn new(random: [u8; 8]) -> Self {
        Self(random)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for Epoch {
    type Err = UplinkError;

    fn from_str(text: &str) -> Result<Self, UplinkError> {
        hex::decode(text).map(Self).ok_or_else(|| UplinkError::BatchId { what: "epoch", text: text.into() })
    }
}

/// Which batch of an agent it is. Numbers grow, but some may be left out: those of batches that were dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchId {
    /// The agent's spool.
    pub epoch: Epoch,
    /// Its number in that spool, from 1.
    pub sequence: u64,
}

/// The window that a batch is of, as a header writes it: `start-end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First second, Unix time.
    pub start: i64,
    /// First second after it.
    pub end: i64,
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.start, self.end)
    }
}

impl FromStr for Span {
    type Err = UplinkError;

    fn from_str(text: &str) -> Result<Self, UplinkError> {
        let wrong = || UplinkError::BatchId { what: "window", text: text.into() };
        let (start, end) = text.split_once('-').ok_or_else(wrong)?;
        let number = |text: &str| u32::try_from(text.parse::<u64>().ok()?).ok().map(i64::from);
        let (start, end) = number(start).zip(number(end)).ok_or_else(wrong)?;
        if end < start { Err(wrong()) } else { Ok(Self { start, end }) }
    }
}

/// The body of a batch.
///
/// # Errors
/// When Arrow refuses, which it does for no batch that a window makes.
pub fn encode(batches: &[RecordBatch]) -> Result<Vec<u8>, UplinkError> {
    let first = batches.first().ok_or_else(|| UplinkError::batch("it is empty"))?;
    let mut zstd = zstd::Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL).map_err(UplinkError::batch)?;
    // What a disk did to it while it waited is found before it is taken for records.
    zstd.include_checksum(true).map_err(UplinkError::batch)?;
    let mut stream = StreamWriter::try_new(zstd, first.schema_ref()).map_err(UplinkError::batch)?;
    for batch in batches {
        stream.write(batch).map_err(UplinkError::batch)?;
    }
    let mut zstd = stream.into_inner().map_err(UplinkError::batch)?;
    zstd.flush().map_err(UplinkError::batch)?;
    zstd.finish().map_err(UplinkError::batch)
}

/// The records of a body that came from the network, all of them, in this format.
///
/// # Errors
/// When it is not such a body, or larger than the limits of this module.
pub fn decode(body: &[u8], format: &Format) -> Result<Vec<RecordBatch>, UplinkError> {
    let stream = decompress(body)?;
    frames::check(&stream)?;
    // The checks above leave nothing known that Arrow's reader would panic at. Should there be such a thing, it is one
    // refused batch and not the end of a server.
    let read = catch_unwind(AssertUnwindSafe(|| read(stream, format)));
    let batches = read.unwrap_or_else(|_| Err(UplinkError::batch("its columns contradict each other")))?;
    check_texts(&batches)?;
    Ok(batches)
}

fn decompress(body: &[u8]) -> Result<Vec<u8>, UplinkError> {
    if body.len() > BODY_LIMIT {
        return Err(UplinkError::TooLarge { what: "bytes", limit: BODY_LIMIT as u64 });
    }
    let wrong = |error| UplinkError::batch(format_args!("its zstd is damaged: {error}"));
    let mut decoder = zstd::Decoder::new(body).map_err(wrong)?;
    decoder.window_log_max(WINDOW_LOG).map_err(wrong)?;
    let mut stream = Vec::new();
    decoder.take(DECODED_LIMIT + 1).read_to_end(&mut stream).map_err(wrong)?;
    if stream.len() as u64 > DECODED_LIMIT {
        return Err(UplinkError::TooLarge { what: "decompressed bytes", limit: DECODED_LIMIT });
    }
    Ok(stream)
}

fn read(stream: Vec<u8>, format: &Format) -> Result<Vec<RecordBatch>, UplinkError> {
    let reader = StreamReader::try_new(Cursor::new(stream), None).map_err(UplinkError::batch)?;
    let expected = format.schema();
    let same = reader.schema().fields().len() == expected.fields().len()
        && reader.schema().fields().iter().zip(expected.fields()).all(|(found, expected)| {
            (found.name(), found.data_type(), found.is_nullable())
                == (expected.name(), expected.data_type(), expected.is_nullable())
        });
    if !same {
        return Err(UplinkError::batch("its columns are not those of the flow log's format"));
    }
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, ArrowError>>().map_err(UplinkError::batch)?;
    let rows: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    match rows {
        0 => Err(UplinkError::batch("it is empty")),
        1..=ROWS_LIMIT => batches.into_iter().map(|batch| with_schema(&batch, format)).collect(),
        _ => Err(UplinkError::TooLarge { what: "records", limit: ROWS_LIMIT }),
    }
}

/// The same columns under our own schema, without what the other side wrote beside the names.
fn with_schema(batch: &RecordBatch, format: &Format) -> Result<RecordBatch, UplinkError> {
    RecordBatch::try_new(format.schema(), batch.columns().to_vec()).map_err(UplinkError::batch)
}

/// A text with a space or a line end in it would make other fields, or other records, of a line.
fn check_texts(batches: &[RecordBatch]) -> Result<(), UplinkError> {
    let good = |text: &str| {
        (1..=TEXT_LIMIT).contains(&text.len())
            && !text.chars().any(|letter| letter.is_whitespace() || letter.is_control())
    };
    for batch in batches {
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let Some(texts) = column.as_string_view_opt() else { continue };
            if texts.null_count() > 0 || texts.iter().flatten().any(|text| !good(text)) {
                let problem = format_args!("`{}` holds what no record can", field.name());
                return Err(UplinkError::batch(problem));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
