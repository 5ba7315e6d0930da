//! Readers: objects and files of any known format to record batches.
//!
//! What an object holds is told by its content, not by its name: Parquet by its first bytes, JSON
//! lines by a brace, anything else is text; gzip and zstd are taken off first. Memory stays bounded:
//! a part of the text, or a row group's pages, at a time.
//!
//! ```
//! # use weir_record::read::{Reader, ReadOptions};
//! # fn main() -> Result<(), weir_record::read::ReadError> {
//! let mut reader = Reader::from_bytes("example.log", "srcaddr bytes\n10.0.0.1 84\nx y z\n", &ReadOptions::default())?;
//! let batch = reader.next().expect("a batch")?;
//! assert_eq!((batch.num_rows(), batch.num_columns()), (1, 2));
//! assert!(reader.next().is_none());
//! assert_eq!(reader.refusals().samples[0].line, 3);
//! # Ok(()) }
//! ```

mod json;
mod lines;
mod parquet;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use ::parquet::errors::ParquetError;
use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use bytes::Bytes;

use crate::{
    Format, Refusals,
    text::{TextChunks, TextError},
};

/// How an object is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether a value that does not fit its column refuses the whole record; else it reads as NULL
    /// and is counted.
    pub strict: bool,
    /// The columns of text that has no header line. A header line in the object goes before it.
    pub format: Option<Format>,
    /// Records of a batch, at most; at least 1.
    pub batch_rows: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { strict: false, format: None, batch_rows: 8192 }
    }
}

/// What an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Records as text.
    Text,
    /// A JSON object a line.
    Json,
    /// Parquet.
    Parquet,
}

/// Why an object, or the rest of it, cannot be read. Single records that do not fit go to [`Refusals`] instead.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be opened.
    #[error("cannot open {object}: {source}")]
    Open {
        /// The object or file.
        object: Arc<str>,
        /// Why.
        source: io::Error,
    },
    /// It is damaged or cut off; what stands before the damage has been given.
    #[error("{object}: {source}")]
    Damaged {
        /// The object or file.
        object: Arc<str>,
        /// Where, and what to do.
        source: io::Error,
    },
    /// Its columns cannot be told, or it is no flow log.
    #[error("{object}: {problem}")]
    Columns {
        /// The object or file.
        object: Arc<str>,
        /// What is missing and what to do.
        problem: String,
    },
    /// The options contradict the object.
    #[error("{object}: {source}")]
    Text {
        /// The object or file.
        object: Arc<str>,
        /// What is wrong.
        source: TextError,
    },
    /// A Parquet object is damaged or cut off; what stands before the damage has been given.
    #[error("{object}: damaged Parquet: {source}; fetch the object again")]
    Parquet {
        /// The object or file.
        object: Arc<str>,
        /// What is wrong.
        source: ParquetError,
    },
}

/// The batches of one object: an iterator. It ends after the first error.
pub struct Reader {
    object: Arc<str>,
    schema: SchemaRef,
    content: Content,
    refusals: Refusals,
    /// None when everything has been given.
    body: Option<Body>,
}

enum Body {
    Lines(Box<lines::Body>),
    Parquet(Box<parquet::Body>),
}

impl Reader {
    /// Reads an object in memory. `object` is what refusals and errors name it.
    ///
    /// # Errors
    /// When its columns cannot be told, or it is damaged from the start.
    pub fn from_bytes(
        object: impl Into<Arc<str>>,
        data: impl Into<Bytes>,
        options: &ReadOptions,
    ) -> Result<Self, ReadError> {
        Self::open(object.into(), &Source::Bytes(data.into()), options)
    }

    /// Reads a file. Files other than regular ones (pipes) are taken into memory.
    ///
    /// # Errors
    /// When it cannot be opened, its columns cannot be told, or it is damaged from the start.
    pub fn from_path(path: &Path, options: &ReadOptions) -> Result<Self, ReadError> {
        Self::from_named_path(path.display().to_string(), path, options)
    }

    /// Reads a file that has another name for people, such as a temporary copy of standard input.
    ///
    /// # Errors
    /// As [`from_path`](Self::from_path).
    pub fn from_named_path(object: impl Into<Arc<str>>, path: &Path, options: &ReadOptions) -> Result<Self, ReadError> {
        let object = object.into();
        let opened = || -> io::Result<Source> {
            let mut file = File::open(path)?;
            if file.metadata()?.is_file() {
                return Ok(Source::Path(path.to_owned()));
            }
            let mut data = Vec::new();
            file.read_to_end(&mut data)?;
            Ok(Source::Bytes(data.into()))
        };
        let source = opened().map_err(|source| ReadError::Open { object: Arc::clone(&object), source })?;
        Self::open(object, &source, options)
    }

    fn open(object: Arc<str>, source: &Source, options: &ReadOptions) -> Result<Self, ReadError> {
        let open = |error| ReadError::Open { object: Arc::clone(&object), source: error };
        let options = ReadOptions { batch_rows: options.batch_rows.max(1), ..options.clone() };
        let mut refusals = Refusals::default();
        if parquet::is_parquet(&source.start().map_err(open)?) {
            let body = parquet::Body::new(&object, source, &options)?;
            let (schema, body) = (body.schema(), Some(Body::Parquet(Box::new(body))));
            return Ok(Self { object, schema, content: Content::Parquet, refusals, body });
        }
        let body = lines::Body::new(&object, source, &options, &mut refusals)?;
        let (schema, content) = (body.schema(), body.content());
        Ok(Self { object, schema, content, refusals, body: Some(Body::Lines(Box::new(body))) })
    }

    /// The schema of the batches: fields of the table under their column names and with their types,
    /// other columns as they are.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// What the object holds.
    pub fn content(&self) -> Content {
        self.content
    }

    /// What has been read and refused so far.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// What has been read and refused.
    pub fn into_refusals(self) -> Refusals {
        self.refusals
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match self.body.as_mut()? {
            Body::Lines(body) => body.next_batch(&self.object, &mut self.refusals),
            Body::Parquet(body) => body.next_batch(&self.object, &mut self.refusals),
        };
        if !matches!(next, Some(Ok(_))) {
            self.body = None;
        }
        next
    }
}

/// Where an object is; it may have to be read twice.
enum Source {
    Bytes(Bytes),
    Path(PathBuf),
}

impl Source {
    /// The first bytes, as far as there are any.
    fn start(&self) -> io::Result<Vec<u8>> {
        const START: usize = 4;
        match self {
            Source::Bytes(data) => Ok(data.get(..START).unwrap_or(data).to_vec()),
            Source::Path(path) => {
                let mut start = Vec::with_capacity(START);
                File::open(path)?.take(START as u64).read_to_end(&mut start)?;
                Ok(start)
            }
        }
    }

    /// The text, from the start.
    fn chunks(&self) -> io::Result<TextChunks<'static>> {
        match self {
            Source::Bytes(data) => TextChunks::from_bytes(data.clone()),
            Source::Path(path) => TextChunks::new(File::open(path)?),
        }
    }
}

#[cfg(test)]
mod tests;
