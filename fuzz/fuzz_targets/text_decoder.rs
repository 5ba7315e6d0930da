//! Any bytes as a text object: the first byte chooses how they are read, the rest is the object.
//!
//! Beside not panicking: every line is a row or refused, no column depends on which others are read,
//! and where an object is cut makes no difference.

#![no_main]

use std::sync::Arc;

use arrow::{array::RecordBatch, buffer::Buffer, compute::concat_batches};
use libfuzzer_sys::fuzz_target;
use weir_record::{
    Format, Refusals, compression,
    text::{Mode, TextChunks, TextDecoder, TextOptions},
};

fuzz_target!(|data: &[u8]| {
    let Some((choice, object)) = data.split_first() else { return };
    let mode = [Mode::Strict, Mode::Query, Mode::Hive][usize::from(choice % 3)];
    let batch_rows = [1, 7, 8192][usize::from(choice / 3 % 3)];
    let options = TextOptions { mode, batch_rows, header_lines: usize::from(choice / 9 % 2), ..TextOptions::default() };
    let all = decoder(None, options);

    let text = match compression::inflate(object) {
        Ok(text) => text,
        Err(damage) => damage.readable,
    };
    let (rows, refusals) = read(&all, &[&text]);
    assert_eq!(rows.num_rows() as u64 + refusals.refused, refusals.lines);

    if mode != Mode::Strict {
        let three = [3, 9, 12];
        let (some, fewer) = read(&decoder(Some(three.to_vec()), options), &[&text]);
        assert_eq!(some, rows.project(&three).expect("these columns"));
        assert_eq!((fewer.lines, fewer.refused), (refusals.lines, refusals.refused));
    }

    if let Some(end) = text.iter().position(|byte| *byte == b'\n') {
        let (first, second) = text.split_at(end + 1);
        let (cut, of_cut) = read(&all, &[first, second]);
        assert_eq!(cut, rows);
        assert_eq!((of_cut.lines, of_cut.refused, of_cut.nulled), (refusals.lines, refusals.refused, refusals.nulled));
    }

    if let Ok(mut chunks) = TextChunks::new(object) {
        let mut refusals = Refusals::default();
        while let Some(Ok(chunk)) = chunks.next_chunk(&"fuzz".into(), &mut refusals) {
            assert!(!chunk.text.is_empty());
        }
    }
});

fn decoder(projection: Option<Vec<usize>>, options: TextOptions) -> TextDecoder {
    TextDecoder::new(Format::default().schema(), projection, options).expect("valid options")
}

fn read(decoder: &TextDecoder, parts: &[&[u8]]) -> (RecordBatch, Refusals) {
    let mut refusals = Refusals::default();
    let mut batches = Vec::new();
    let mut line = 1;
    let object: Arc<str> = "fuzz".into();
    for part in parts {
        batches.extend(decoder.decode(&object, Buffer::from(*part), line, &mut refusals));
        line += part.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    (concat_batches(&decoder.schema(), &batches).expect("of one schema"), refusals)
}
