//! Any bytes as an object, content told by the bytes: the first byte chooses how strictly, the rest
//! is the object. Every record read is given or refused, and what was read can be written and read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_record::{
    FileFormat, Format,
    read::{ReadOptions, Reader},
    write::{Options, Writer},
};

fuzz_target!(|data: &[u8]| {
    let Some((choice, object)) = data.split_first() else { return };
    let format = (choice & 2 != 0).then(Format::default);
    let options = ReadOptions { strict: choice & 1 != 0, format, batch_rows: 1 + usize::from(choice >> 4) };
    let Ok(mut reader) = Reader::from_bytes("object", object.to_vec(), &options) else { return };
    let batches: Vec<_> = reader.by_ref().map_while(Result::ok).collect();
    let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
    let refusals = reader.refusals();
    assert!(rows as u64 + refusals.refused <= refusals.lines);
    for format in [FileFormat::PlainText, FileFormat::Cef, FileFormat::Ocsf] {
        let mut writer = Writer::new(Vec::new(), &reader.schema(), &Options::of(format)).expect("writer");
        for batch in &batches {
            writer.write(batch).expect("written");
        }
        let written = writer.finish().expect("finished");
        if format == FileFormat::PlainText && batches.iter().all(|batch| batch.num_columns() > 0) {
            let _ = Reader::from_bytes("again", written, &ReadOptions { strict: true, ..ReadOptions::default() });
        }
    }
});
