//! Every example record that AWS documents, through every encoder.
//!
//! `data/<name>.log` holds the records as text; beside it lie the same records in the other formats,
//! byte for byte as we write them. Where an encoder changes on purpose, the failing test says where
//! it put what it wrote: look at the difference and copy the file.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use arrow::{
    array::AsArray,
    compute::concat_batches,
    datatypes::{DataType, Int32Type, Int64Type},
    record_batch::RecordBatch,
};
use parquet::{
    basic::{ConvertedType, Type},
    file::reader::{FileReader, SerializedFileReader},
};
use weir_record::{
    Field, FileFormat, Kind,
    compression::Compression,
    read::{ReadOptions, Reader},
    write::{Options, Writer},
};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(DATA)
        .expect("data")
        .filter_map(|entry| entry.expect("entry").file_name().to_str()?.strip_suffix(".log").map(str::to_owned))
        .collect();
    names.sort();
    names
}

fn read(object: &str, data: Vec<u8>) -> RecordBatch {
    let options = ReadOptions { strict: true, ..ReadOptions::default() };
    let mut reader = Reader::from_bytes(object, data, &options).expect("readable");
    let batches: Vec<_> = reader.by_ref().map(|batch| batch.expect("whole")).collect();
    assert!(reader.refusals().is_empty(), "{}", reader.refusals());
    concat_batches(&reader.schema(), &batches).expect("one batch")
}

fn write(batch: &RecordBatch, file_format: FileFormat, compression: Compression) -> Vec<u8> {
    let options = Options { compression, ..Options::of(file_format) };
    let mut writer = Writer::new(Vec::new(), &batch.schema(), &options).expect("writer");
    writer.write(batch).expect("written");
    writer.finish().expect("finished")
}

fn example(name: &str) -> RecordBatch {
    read(name, fs::read(Path::new(DATA).join(format!("{name}.log"))).expect("example"))
}

fn compare_all(file_format: FileFormat, extension: &str) {
    let wrong: Vec<_> = names().iter().filter_map(|name| compare(name, file_format, extension)).collect();
    assert!(wrong.is_empty(), "not what is written now: {}", wrong.join(" "));
}

/// None when the file is what is written; else where what is written lies.
fn compare(name: &str, file_format: FileFormat, extension: &str) -> Option<String> {
    let file = format!("{name}.{extension}");
    let expected = fs::read_to_string(Path::new(DATA).join(&file)).unwrap_or_default();
    let written = String::from_utf8(write(&example(name), file_format, Compression::None)).expect("text");
    // the program's version stands in CEF and OCSF; the examples hold it open
    let written = match file_format {
        FileFormat::Cef => written.replace(concat!("|", env!("CARGO_PKG_VERSION"), "|"), "|VERSION|"),
        FileFormat::Ocsf => written.replace(concat!("\"", env!("CARGO_PKG_VERSION"), "\""), "\"VERSION\""),
        _ => written,
    };
    if written == expected {
        return None;
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&file);
    fs::write(&kept, &written).expect("kept");
    Some(kept.display().to_string())
}

#[test]
fn text() {
    assert!(names().len() >= 7);
    compare_all(FileFormat::PlainText, "log");
}

#[test]
fn json() {
    compare_all(FileFormat::Json, "json");
    for name in names() {
        let written = write(&example(&name), FileFormat::Json, Compression::Gzip);
        let (back, example) = (read(&name, written), example(&name));
        // columns that are absent in every record are not in the JSON
        let columns: Vec<_> = back
            .schema()
            .fields()
            .iter()
            .map(|field| example.schema().index_of(field.name()).expect("known"))
            .collect();
        assert_eq!(back, example.project(&columns).expect("columns"), "{name}");
    }
}

#[test]
fn cef() {
    compare_all(FileFormat::Cef, "cef");
}

#[test]
fn ocsf() {
    compare_all(FileFormat::Ocsf, "ocsf.json");
}

#[test]
fn parquet() {
    for name in names() {
        let example = example(&name);
        for compression in [Compression::Gzip, Compression::Zstd, Compression::None] {
            let object = write(&example, FileFormat::Parquet, compression);
            assert_eq!(read(&name, object), example, "{name}");
        }
        let object = write(&example, FileFormat::Parquet, Compression::Gzip);
        let file = SerializedFileReader::new(bytes::Bytes::from(object)).expect("Parquet");
        let schema = file.metadata().file_metadata().schema_descr();
        for (index, column) in schema.columns().iter().enumerate() {
            let field = Field::from_name(column.name()).expect("a field");
            assert_eq!(column.name(), field.column());
            let (physical, converted) = match field.kind() {
                Kind::Int32 => (Type::INT32, ConvertedType::NONE),
                Kind::Int64 => (Type::INT64, ConvertedType::NONE),
                Kind::Text => (Type::BYTE_ARRAY, ConvertedType::UTF8),
            };
            assert_eq!((column.physical_type(), column.converted_type()), (physical, converted), "{}", field.name());
            let chunk = file.metadata().row_group(0).column(index);
            assert!(matches!(chunk.compression(), parquet::basic::Compression::GZIP(_)));
        }
        assert!(file.metadata().file_metadata().key_value_metadata().is_none());
    }
}

/// What the decoder makes of the records, told apart from the encoders.
#[test]
fn batches() {
    let batch = example("default");
    let number = |name: &str, row: usize| {
        let column = batch.column_by_name(name).expect("column");
        match column.data_type() {
            DataType::Int32 => column.is_valid(row).then(|| i64::from(column.as_primitive::<Int32Type>().value(row))),
            _ => column.is_valid(row).then(|| column.as_primitive::<Int64Type>().value(row)),
        }
    };
    let text =
        |name: &str, row: usize| batch.column_by_name(name).expect("column").as_string_view().value(row).to_owned();
    assert_eq!(batch.num_rows(), 8);
    assert_eq!(
        (number("bytes", 0), number("dstport", 1), number("start", 4)),
        (Some(4249), Some(3389), Some(1_432_917_027))
    );
    assert_eq!(
        (text("action", 1), text("srcaddr", 6)),
        ("REJECT".into(), "2001:db8:1234:a100:8d6e:3477:df66:f105".into())
    );
    // NODATA and SKIPDATA: numbers NULL, texts `-`, the window and the status there
    for row in [2, 3] {
        for name in ["srcport", "dstport", "protocol", "packets", "bytes"] {
            assert_eq!(number(name, row), None, "{name}");
        }
        assert_eq!((text("srcaddr", row), text("action", row)), ("-".into(), "-".into()));
        assert_eq!((number("start", row), number("end", row)), (Some(1_431_280_876), Some(1_431_280_934)));
    }
    assert_eq!((text("log_status", 2), text("log_status", 3)), ("NODATA".into(), "SKIPDATA".into()));
    assert_eq!(text("account_id", 7), "unknown");
}
