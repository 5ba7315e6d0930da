//! Objects made of lines: text and JSON.

use std::{collections::VecDeque, sync::Arc};

use arrow::{buffer::Buffer, datatypes::SchemaRef, record_batch::RecordBatch};
use memchr::{memchr, memchr_iter, memrchr};

use super::{Content, ReadError, ReadOptions, Source, json};
use crate::{
    Format, Refusals,
    text::{self, Mode, TextChunk, TextChunks, TextDecoder, TextOptions},
};

/// How much text is decoded at a time, in bytes.
const PIECE: usize = 1 << 20;

pub(super) struct Body {
    chunks: TextChunks<'static>,
    decoder: Decoder,
    /// What is left of the part of the object that was read last.
    chunk: TextChunk,
    batches: VecDeque<RecordBatch>,
}

enum Decoder {
    Text(TextDecoder),
    Json(json::Decoder),
}

impl Body {
    pub(super) fn new(
        object: &Arc<str>,
        source: &Source,
        options: &ReadOptions,
        refusals: &mut Refusals,
    ) -> Result<Self, ReadError> {
        let open = |source| ReadError::Open { object: Arc::clone(object), source };
        let mut chunks = source.chunks().map_err(open)?;
        let chunk = match chunks.next_chunk(object, refusals) {
            Some(Ok(chunk)) => chunk,
            Some(Err(source)) => return Err(ReadError::Damaged { object: Arc::clone(object), source }),
            None => TextChunk { text: Buffer::from(Vec::<u8>::new()), first_line: 1 },
        };
        let first = first_line(&chunk.text);
        let decoder = if first.trim_ascii_start().starts_with(b"{") {
            let columns = json::columns(object, source.chunks().map_err(open)?)?;
            Decoder::Json(json::Decoder::new(&columns, options))
        } else {
            let schema = text_schema(object, first, options)?;
            let mode = if options.strict { Mode::Strict } else { Mode::Query };
            let options = TextOptions { mode, batch_rows: options.batch_rows, ..TextOptions::default() };
            let decoder = TextDecoder::new(schema, None, options);
            Decoder::Text(decoder.map_err(|source| ReadError::Text { object: Arc::clone(object), source })?)
        };
        Ok(Self { chunks, decoder, chunk, batches: VecDeque::new() })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        match &self.decoder {
            Decoder::Text(decoder) => decoder.schema(),
            Decoder::Json(decoder) => decoder.schema(),
        }
    }

    pub(super) fn content(&self) -> Content {
        match &self.decoder {
            Decoder::Text(_) => Content::Text,
            Decoder::Json(_) => Content::Json,
        }
    }

    pub(super) fn next_batch(
        &mut self,
        object: &Arc<str>,
        refusals: &mut Refusals,
    ) -> Option<Result<RecordBatch, ReadError>> {
        loop {
            if let Some(batch) = self.batches.pop_front() {
                return Some(Ok(batch));
            }
            if self.chunk.text.is_empty() {
                match self.chunks.next_chunk(object, refusals)? {
                    Ok(chunk) => self.chunk = chunk,
                    Err(source) => return Some(Err(ReadError::Damaged { object: Arc::clone(object), source })),
                }
            }
            let TextChunk { text, first_line } = self.piece();
            match &self.decoder {
                Decoder::Text(decoder) => self.batches.extend(decoder.decode(object, text, first_line, refusals)),
                Decoder::Json(decoder) => self.batches.extend(decoder.decode(object, &text, first_line, refusals)),
            }
        }
    }

    /// Takes whole lines from the front of the part, about [`PIECE`] bytes.
    fn piece(&mut self) -> TextChunk {
        let TextChunk { text, first_line } = &mut self.chunk;
        let length = match text.get(..PIECE) {
            None => text.len(),
            Some(start) => match memrchr(b'\n', start) {
                Some(end) => end + 1,
                None => memchr(b'\n', &text[PIECE..]).map_or(text.len(), |end| PIECE + end + 1),
            },
        };
        let piece = TextChunk { text: text.slice_with_length(0, length), first_line: *first_line };
        *first_line += memchr_iter(b'\n', &piece.text).count() as u64;
        *text = text.slice(length);
        piece
    }
}

/// The first line that is not empty, without its end.
fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).find(|line| !line.is_empty()).unwrap_or_default()
}

/// The columns of a text object: its header's, those that were given, or the default format where
/// its first line looks like a record of it.
fn text_schema(object: &Arc<str>, first: &[u8], options: &ReadOptions) -> Result<SchemaRef, ReadError> {
    let line = std::str::from_utf8(first).unwrap_or_default();
    if let Ok(schema) = text::header_schema(line) {
        return Ok(schema);
    }
    let assumed = (first.is_empty() || is_default_record(line)).then(Format::default);
    if let Some(format) = options.format.clone().or(assumed) {
        return Ok(format.schema());
    }
    let shown: String = String::from_utf8_lossy(first).chars().take(60).flat_map(char::escape_debug).collect();
    let problem = format!(
        "no header line with field names, and no format given: the first line is `{shown}`; \
         give the fields as a format such as '${{version}} ${{account-id}} …' if this is a flow log"
    );
    Err(ReadError::Columns { object: Arc::clone(object), problem })
}

fn is_default_record(line: &str) -> bool {
    let cells: Vec<&str> = line.split(' ').collect();
    cells.len() == Format::default().fields().len()
        && cells.first() == Some(&"2")
        && matches!(cells.last(), Some(&("OK" | "NODATA" | "SKIPDATA")))
}
