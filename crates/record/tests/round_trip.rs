//! Records of random formats, through every encoder that has a decoder, and back.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use arrow::{compute::concat_batches, record_batch::RecordBatch};
use proptest::{prelude::*, sample::subsequence};
use weir_record::{
    BatchBuilder, Field, FileFormat, Format, Kind, Value,
    compression::Compression,
    read::{ReadOptions, Reader},
    write::{Options, Writer},
};

/// A cell of a record; the naive picture that decoders and encoders are held against.
#[derive(Debug, Clone)]
enum Cell {
    Absent,
    Number(i64),
    Text(String),
}

impl Cell {
    fn written(&self) -> String {
        match self {
            Cell::Absent => "-".into(),
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) => text.clone(),
        }
    }
}

fn cell(field: Field) -> BoxedStrategy<Cell> {
    let edges = |least: i64, most: i64| prop_oneof![Just(least), Just(-1), Just(0), Just(most), least..=most];
    let value = match field.kind() {
        Kind::Int32 => edges(i32::MIN.into(), i32::MAX.into()).prop_map(Cell::Number).boxed(),
        Kind::Int64 => edges(i64::MIN, i64::MAX).prop_map(Cell::Number).boxed(),
        // texts that lie in a view and texts that do not; what JSON escapes; more than one byte a character
        Kind::Text => prop_oneof![r#"[!-~]{1,12}"#, r#"[!-~éß日😀"\\]{13,60}"#]
            .prop_filter("`-` is absent", |text| text != "-")
            .prop_map(Cell::Text)
            .boxed(),
    };
    prop_oneof![1 => Just(Cell::Absent), 4 => value].boxed()
}

fn format() -> impl Strategy<Value = Format> {
    subsequence(Field::ALL.to_vec(), 1..=Field::ALL.len())
        .prop_shuffle()
        .prop_map(|fields| Format::new(fields).expect("no field twice"))
}

fn records() -> impl Strategy<Value = (Format, Vec<Vec<Cell>>)> {
    format().prop_flat_map(|format| {
        let record: Vec<_> = format.fields().iter().map(|field| cell(*field)).collect();
        (Just(format), proptest::collection::vec(record, 1..20))
    })
}

fn text(format: &Format, records: &[Vec<Cell>]) -> String {
    let line = |record: &Vec<Cell>| record.iter().map(Cell::written).collect::<Vec<_>>().join(" ") + "\n";
    format.header() + "\n" + &records.iter().map(line).collect::<String>()
}

fn batch(format: &Format, records: &[Vec<Cell>]) -> RecordBatch {
    let mut builder = BatchBuilder::new(format.clone());
    for record in records {
        let mut cells = record.iter();
        builder.push(|_| match cells.next() {
            Some(Cell::Number(number)) => Value::Number(*number),
            Some(Cell::Text(text)) => Value::Text(text),
            _ => Value::Absent,
        });
    }
    builder.finish()
}

fn read(data: Vec<u8>) -> RecordBatch {
    let options = ReadOptions { strict: true, batch_rows: 7, ..ReadOptions::default() };
    let mut reader = Reader::from_bytes("object", data, &options).expect("readable");
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn text_comes_back_byte_for_byte((format, records) in records()) {
        let text = text(&format, &records);
        let decoded = read(text.clone().into_bytes());
        prop_assert_eq!(&decoded, &batch(&format, &records));
        let written = write(&decoded, FileFormat::PlainText, Compression::None);
        prop_assert_eq!(String::from_utf8(written).expect("text"), text);
        prop_assert_eq!(read(write(&decoded, FileFormat::PlainText, Compression::Gzip)), decoded);
    }

    #[test]
    fn parquet_comes_back((format, records) in records()) {
        let batch = batch(&format, &records);
        for compression in [Compression::Gzip, Compression::Zstd] {
            prop_assert_eq!(&read(write(&batch, FileFormat::Parquet, compression)), &batch);
        }
    }

    #[test]
    fn json_says_the_same_as_text((format, mut records) in records()) {
        // absent columns are left out, so that a first record without gaps keeps the columns and their order
        let whole = |field: &Field| match field.kind() {
            Kind::Text => Cell::Text("x".into()),
            _ => Cell::Number(1),
        };
        records.insert(0, format.fields().iter().map(whole).collect());
        let batch = batch(&format, &records);
        let decoded = read(write(&batch, FileFormat::Json, Compression::Zstd));
        prop_assert_eq!(&decoded, &batch);
        let written = write(&decoded, FileFormat::PlainText, Compression::None);
        prop_assert_eq!(String::from_utf8(written).expect("text"), text(&format, &records));
    }

    /// CEF and OCSF have no decoder here: what can be asked of them is that a line stays a line,
    /// that OCSF is JSON, and that every text is in both.
    #[test]
    fn cef_and_ocsf_lose_nothing((format, records) in records()) {
        let batch = batch(&format, &records);
        let lines = |file_format| String::from_utf8(write(&batch, file_format, Compression::None)).expect("text");
        let (cef, ocsf) = (lines(FileFormat::Cef), lines(FileFormat::Ocsf));
        prop_assert_eq!(cef.lines().count(), records.len());
        prop_assert_eq!(ocsf.lines().count(), records.len());
        for ((cef, ocsf), record) in cef.lines().zip(ocsf.lines()).zip(&records) {
            prop_assert_eq!(cef.split('|').take(3).collect::<Vec<_>>(), ["CEF:0", "Weir", "Weir"]);
            prop_assert!(serde_json::from_str::<serde_json::Value>(ocsf).is_ok());
            for cell in record {
                let Cell::Text(text) = cell else { continue };
                prop_assert!(cef.contains(&text.replace('\\', "\\\\").replace('=', "\\=")), "{} not in {}", text, cef);
                let quoted = serde_json::to_string(text).expect("a string");
                prop_assert!(ocsf.contains(&quoted), "{} not in {}", text, ocsf);
            }
        }
    }

    /// Any bytes are answered with batches, refusals or an error, and never more records than lines.
    #[test]
    fn any_lines_are_answered(lines in proptest::collection::vec("[ -~\u{0}-\u{1f}é]{0,40}", 0..30), strict: bool, json: bool) {
        let start = if json { "{\"bytes\":1}\n" } else { "srcaddr bytes\n" };
        let object = start.to_owned() + &lines.join("\n");
        let options = ReadOptions { strict, ..ReadOptions::default() };
        let mut reader = Reader::from_bytes("object", object.clone(), &options).expect("readable");
        let rows: usize = reader.by_ref().map(|batch| batch.expect("whole").num_rows()).sum();
        let refusals = reader.into_refusals();
        prop_assert_eq!(rows as u64 + refusals.refused, refusals.lines);
        prop_assert!(refusals.lines <= object.lines().count() as u64);
    }
}
