use std::io::Write;

use ::parquet::arrow::ArrowWriter;
use arrow::{
    array::{ArrayRef, AsArray, BinaryArray, Int16Array, Int32Array, Int64Array, ListArray, StringArray},
    datatypes::{Int32Type, Int64Type},
};

use super::*;
use crate::{
    BatchBuilder, Field, FileFormat, Value,
    compression::Compression,
    write::{Options, Writer},
};

const LINE: &str = "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";

fn read(data: impl Into<Bytes>, options: &ReadOptions) -> (Vec<RecordBatch>, Option<ReadError>, Refusals) {
    let mut reader = match Reader::from_bytes("object", data, options) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error), Refusals::default()),
    };
    let (mut batches, mut error) = (Vec::new(), None);
    for batch in reader.by_ref() {
        match batch {
            Ok(batch) => {
                assert_eq!(batch.schema(), reader_schema(&batches, &batch));
                batches.push(batch);
            }
            Err(found) => error = Some(found),
        }
    }
    assert!(reader.next().is_none());
    (batches, error, reader.into_refusals())
}

fn reader_schema(batches: &[RecordBatch], batch: &RecordBatch) -> SchemaRef {
    batches.first().unwrap_or(batch).schema()
}

fn strict() -> ReadOptions {
    ReadOptions { strict: true, ..ReadOptions::default() }
}

fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// The records as text, header first.
fn text(batches: &[RecordBatch]) -> String {
    let Some(first) = batches.first() else { return String::new() };
    let options = Options { compression: Compression::None, ..Options::of(FileFormat::PlainText) };
    let mut writer = Writer::new(Vec::new(), &first.schema(), &options).expect("writer");
    for batch in batches {
        writer.write(batch).expect("written");
    }
    String::from_utf8(writer.finish().expect("finished")).expect("text")
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).expect("batch");
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).expect("writer");
    writer.write(&batch).expect("written");
    writer.into_inner().expect("finished")
}

fn compressed(text: &str, compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => text.into(),
        Compression::Zstd => zstd::encode_all(text.as_bytes(), 3).expect("zstd"),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(text.as_bytes()).expect("in memory");
            encoder.finish().expect("in memory")
        }
    }
}

#[test]
fn content_is_told_by_the_bytes() {
    let texts = format!("{}\n{LINE}\n", Format::default().header());
    let json = "\n {\"srcaddr\":\"10.0.0.1\"}\n".to_owned();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        for (object, content, columns) in [(&texts, Content::Text, 14), (&json, Content::Json, 1)] {
            let object = compressed(object, compression);
            let mut reader = Reader::from_bytes("object", object, &strict()).expect("readable");
            assert_eq!((reader.content(), reader.schema().fields().len()), (content, columns));
            assert_eq!(reader.next().expect("a batch").expect("read").num_rows(), 1);
            assert!(reader.next().is_none());
            assert_eq!(reader.refusals().lines, 1);
        }
    }
    let object = parquet(vec![("srcaddr", Arc::new(StringArray::from(vec!["10.0.0.1"])))]);
    assert_eq!(Reader::from_bytes("object", object, &strict()).expect("readable").content(), Content::Parquet);
}

#[test]
fn files_are_read_as_objects_are() {
    let directory = tempfile::tempdir().expect("directory");
    let parquet = parquet(vec![("bytes", Arc::new(Int64Array::from(vec![84])))]);
    for object in
        [b"bytes\n84\n".to_vec(), b"{\"bytes\":84}".to_vec(), compressed("bytes\n84", Compression::Gzip), parquet]
    {
        let path = directory.path().join("object");
        std::fs::write(&path, &object).expect("written");
        let reader = Reader::from_path(&path, &strict()).expect("readable");
        let batches: Vec<_> = reader.map(|batch| batch.expect("read")).collect();
        assert_eq!(batches, read(object, &strict()).0);
        assert_eq!(text(&batches), "bytes\n84\n");
    }
    let missing = Reader::from_path(&directory.path().join("none"), &strict()).err().expect("missing").to_string();
    assert!(missing.starts_with("cannot open ") && missing.contains("none"), "{missing}");
}

#[test]
fn text_without_a_header_needs_a_format() {
    let format: Format = "${srcaddr} ${bytes}".parse().expect("format");
    let given = ReadOptions { format: Some(format), ..strict() };
    assert_eq!(text(&read("10.0.0.1 84\n", &given).0), "srcaddr bytes\n10.0.0.1 84\n");
    // a header in the object goes before
    assert_eq!(text(&read("bytes srcaddr\n84 10.0.0.1\n", &given).0), "bytes srcaddr\n84 10.0.0.1\n");
    // what looks like the default format is taken for it
    assert_eq!(text(&read(LINE, &strict()).0), format!("{}\n{LINE}\n", Format::default().header()));
    let error = read("10.0.0.1 84\n", &strict()).1.expect("no columns").to_string();
    assert!(error.starts_with("object: no header line") && error.contains("`10.0.0.1 84`"), "{error}");
    let noise: Vec<u8> = (0..4096_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect();
    let error = read(noise, &strict()).1.expect("noise").to_string();
    assert!(error.len() < 700 && !error.contains('\u{0}'), "{error}");
}

#[test]
fn nothing_is_read_of_nothing() {
    for object in ["", "\n\n", "srcaddr bytes\n"] {
        let (batches, error, refusals) = read(object, &strict());
        assert!(batches.is_empty() && error.is_none() && refusals == Refusals::default());
    }
}

#[test]
fn lines_are_refused_one_by_one() {
    let (batches, error, refusals) = read("srcaddr bytes\n10.0.0.1 84\nx\ny z\n10.0.0.2 -\n", &strict());
    assert!(error.is_none());
    assert_eq!(text(&batches), "srcaddr bytes\n10.0.0.1 84\n10.0.0.2 -\n");
    assert_eq!((refusals.lines, refusals.refused), (4, 2));
    assert_eq!(refusals.samples.iter().map(|sample| sample.line).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(&*refusals.samples[0].object, "object");

    let (batches, _, refusals) = read("srcaddr bytes\ny z\n", &ReadOptions::default());
    assert_eq!(text(&batches), "srcaddr bytes\ny -\n");
    assert_eq!((refusals.refused, refusals.nulled), (0, 1));
}

/// An object of several pieces, so that line numbers and cuts between them are tried.
#[test]
fn long_objects_are_read_in_pieces() {
    let mut object = String::from("srcaddr bytes\n");
    for line in 2..=200_000_u32 {
        object.push_str(&if line % 50_000 == 0 { "broken\n".into() } else { format!("10.0.0.1 {line}\n") });
    }
    assert!(object.len() > 2 << 20);
    let (batches, error, refusals) = read(object.clone(), &strict());
    assert!(error.is_none());
    assert_eq!(rows(&batches), 199_999 - 4);
    assert!(batches.iter().all(|batch| batch.num_rows() <= 8192));
    assert_eq!(
        refusals.samples.iter().map(|sample| sample.line).collect::<Vec<_>>(),
        [50_000, 100_000, 150_000, 200_000]
    );
    assert!(text(&batches).lines().eq(object.lines().filter(|line| *line != "broken")));
}

#[test]
fn a_cut_object_gives_what_it_has_and_then_says_so() {
    let object: String =
        std::iter::once("bytes\n".to_owned()).chain((0..50_000).map(|line| format!("{line}\n"))).collect();
    let gzip = compressed(&object, Compression::Gzip);
    let (batches, error, _) = read(gzip[..gzip.len() / 2].to_vec(), &strict());
    assert!(rows(&batches) > 10_000);
    assert!(object.starts_with(&text(&batches)));
    let error = error.expect("cut").to_string();
    assert!(error.starts_with("object: ") && error.contains("cut off"), "{error}");

    let numbers = Int64Array::from_iter_values(0..50_000);
    let object = parquet(vec![("bytes", Arc::new(numbers))]);
    let error = read(object[..object.len() - 1].to_vec(), &strict()).1.expect("cut").to_string();
    assert!(error.starts_with("object: ") && error.contains("cut off") && error.contains("fetch"), "{error}");
}

#[test]
fn json_takes_names_numbers_and_strings_as_they_come() {
    let lines = [
        r#"{"version":2,"src-port":1,"srcport":"443","bytes":84.0,"account-id":123456789010,"mine":1}"#,
        r#"{"version":"-","pkt_srcaddr":null,"interface_id":"a\"b","bytes":"","mine":"x"}"#,
        r#"{"bytes":9223372036854775807,"action":true}"#,
        "",
        r#"{}"#,
    ];
    let (batches, error, refusals) = read(lines.join("\n"), &strict());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(refusals, Refusals { lines: 4, ..Refusals::default() });
    assert_eq!(
        text(&batches),
        "version pkt-srcaddr interface-id src-port srcport bytes action account-id mine\n\
         2 - - 1 443 84 - 123456789010 1\n\
         - - a\"b - - - - - x\n\
         - - - - - 9223372036854775807 true - -\n\
         - - - - - - - - -\n"
    );
}

#[test]
fn json_columns_keep_the_order_of_the_records() {
    let lines = "{\"version\":2,\"start\":1,\"log_status\":\"NODATA\"}\n{\"version\":2,\"srcaddr\":\"a\",\"bytes\":1,\"start\":1,\"log_status\":\"OK\"}\n";
    assert!(text(&read(lines, &strict()).0).starts_with("version srcaddr bytes start log-status\n"));
}

#[test]
fn json_that_does_not_fit_is_refused_with_its_place() {
    let lines = [
        r#"{"srcport":443}"#,
        r#"{"srcport":443"#,
        r#"{"bytes":1, "srcport":70000000000}"#,
        r#"{"srcport":"x"}"#,
        r#"{"srcaddr":["a"]}"#,
        r#"{"srcaddr":"a","srcaddr":"b"}"#,
        r#"{"srcport":1} {"srcport":2}"#,
        "[1]",
        "no json",
        r#"{"srcport":1.5}"#,
    ];
    let (batches, error, refusals) = read(lines.join("\n"), &strict());
    assert!(error.is_none());
    assert_eq!(rows(&batches), 1);
    let places: Vec<_> = refusals.samples.iter().map(|sample| (sample.line, sample.column)).collect();
    assert_eq!(&places[..3], [(2, 14), (3, 13), (4, 2)], "{refusals}");
    assert_eq!(refusals.refused, 9, "{refusals}");
    assert!(refusals.samples[1].reason.contains("`srcport` is 70000000000, which is out of range"));
    assert!(refusals.samples[3].reason.contains("is a list"));

    let (batches, _, refusals) = read(lines.join("\n"), &ReadOptions::default());
    assert_eq!((rows(&batches), refusals.refused, refusals.nulled), (6, 4, 5), "{refusals}");
}

#[test]
fn json_of_other_things_is_no_flow_log() {
    let error = read(r#"{"Records":[{"eventVersion":"1.08"}]}"#, &strict()).1.expect("other").to_string();
    assert!(error.contains("no line of this JSON"), "{error}");
    let many: String = (0..2000).map(|key| format!("{{\"k{key}\":1}}\n")).collect();
    assert!(read(many, &strict()).1.expect("many keys").to_string().contains("1000 different keys"));
}

#[test]
fn parquet_is_read_with_any_names_and_widths() {
    let object = parquet(vec![
        ("pkt-srcaddr", Arc::new(StringArray::from(vec![Some("10.0.0.1"), None]))),
        ("dst_port", Arc::new(Int16Array::from(vec![Some(-1), None]))),
        ("srcport", Arc::new(Int64Array::from(vec![443, 80]))),
        ("bytes", Arc::new(Int32Array::from(vec![Some(84), None]))),
        ("action", Arc::new(BinaryArray::from(vec![b"ACCEPT".as_ref(), b"-"]))),
        ("packets", Arc::new(StringArray::from(vec!["7", "-"]))),
    ]);
    let (batches, error, refusals) = read(object, &strict());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(refusals, Refusals { lines: 2, ..Refusals::default() });
    assert_eq!(
        text(&batches),
        "pkt-srcaddr dst_port srcport bytes action packets\n10.0.0.1 -1 443 84 ACCEPT 7\n- - 80 - - -\n"
    );
    let batch = &batches[0];
    assert_eq!(batch.column(0).as_string_view().value(1), "-");
    assert_eq!(batch.column(2).as_primitive::<Int32Type>().value(0), 443);
    assert_eq!(batch.column(3).as_primitive::<Int64Type>().value(0), 84);
}

#[test]
fn parquet_values_that_do_not_fit_are_counted_or_refused() {
    let object = || {
        parquet(vec![
            ("srcport", Arc::new(Int64Array::from(vec![Some(443), Some(1 << 40), None, Some(5)])) as ArrayRef),
            ("bytes", Arc::new(StringArray::from(vec![Some("1"), Some("x"), Some("-"), Some("y")]))),
        ])
    };
    let (batches, _, refusals) = read(object(), &ReadOptions::default());
    assert_eq!(text(&batches), "srcport bytes\n443 1\n- -\n- -\n5 -\n");
    assert_eq!((refusals.lines, refusals.refused, refusals.nulled), (4, 0, 3));
    let (batches, _, refusals) = read(object(), &strict());
    assert_eq!(text(&batches), "srcport bytes\n443 1\n- -\n");
    assert_eq!((refusals.lines, refusals.refused, refusals.nulled), (4, 2, 0));
    assert_eq!(refusals.samples.iter().map(|sample| sample.line).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn parquet_of_other_things_is_no_flow_log() {
    let object = parquet(vec![("name", Arc::new(StringArray::from(vec!["x"])))]);
    assert!(read(object, &strict()).1.expect("other").to_string().contains("none of the columns"));
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
    let object = parquet(vec![("srcaddr", Arc::new(list))]);
    assert!(read(object, &strict()).1.expect("nested").to_string().contains("column `srcaddr` is List"));
}

#[test]
fn what_every_format_holds_comes_back() {
    let mut builder = BatchBuilder::new(Format::default());
    for row in 0..20_000 {
        builder.push(|field| match field {
            Field::SrcPort if row % 3 == 0 => Value::Absent,
            Field::Action if row % 5 == 0 => Value::Absent,
            Field::Action => Value::Text("ACCEPT"),
            Field::LogStatus => Value::Text("OK"),
            _ if field.kind() == crate::Kind::Text => Value::Text("a-text-longer-than-a-view-holds"),
            _ => Value::Number(row),
        });
    }
    let records = builder.finish();
    for file_format in [FileFormat::PlainText, FileFormat::Json, FileFormat::Parquet] {
        let mut writer = Writer::new(Vec::new(), &records.schema(), &Options::of(file_format)).expect("writer");
        writer.write(&records).expect("written");
        let (batches, error, refusals) = read(writer.finish().expect("finished"), &strict());
        assert!(error.is_none() && refusals.is_empty());
        assert_eq!(refusals.lines, 20_000);
        let back = arrow::compute::concat_batches(&records.schema(), &batches).expect("one");
        assert_eq!(back, records, "{file_format:?}");
    }
}
