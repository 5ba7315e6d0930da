use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{Float64Type, Int8Type, Int16Type, Int32Type, Int64Type},
};

use super::*;
use crate::Format;

mod property;

/// The example records of the AWS guide: default format.
const EXAMPLES: &str = "\
2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK
2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK
2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA
2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - SKIPDATA
2 123456789010 eni-1235b8ca123456789 203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 ACCEPT OK
2 123456789010 eni-1235b8ca123456789 172.31.16.139 203.0.113.12 0 0 1 4 336 1432917094 1432917142 REJECT OK
2 123456789010 eni-1235b8ca123456789 2001:db8:1234:a100:8d6e:3477:df66:f105 2001:db8:1234:a102:3304:8879:34cf:4071 34892 22 6 54 8855 1477913708 1477913820 ACCEPT OK
2 unknown eni-1235b8ca123456789 10.0.0.1 10.0.0.2 1 65535 255 1 9223372036854775807 1477913708 1477913820 ACCEPT OK
";

fn options(mode: Mode) -> TextOptions {
    TextOptions { mode, ..TextOptions::default() }
}

fn read(decoder: &TextDecoder, text: impl AsRef<[u8]>) -> (Vec<Vec<Option<String>>>, Refusals) {
    let mut refusals = Refusals::default();
    let text = Buffer::from(text.as_ref());
    let rows = decoder.decode(&"o".into(), text, 1, &mut refusals).flat_map(|batch| cells(&batch)).collect();
    (rows, refusals)
}

fn read_default(mode: Mode, text: impl AsRef<[u8]>) -> (Vec<Vec<Option<String>>>, Refusals) {
    read(&TextDecoder::new(Format::default().schema(), None, options(mode)).expect("valid"), text)
}

/// The rows of a batch, as text.
fn cells(batch: &RecordBatch) -> Vec<Vec<Option<String>>> {
    let cell = |array: &dyn Array, row: usize| match array.data_type() {
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        other => panic!("{other} in a test"),
    };
    let row = |row| batch.columns().iter().map(|array| array.is_valid(row).then(|| cell(array, row))).collect();
    (0..batch.num_rows()).map(row).collect()
}

fn line(cells: &[Option<String>]) -> String {
    cells.iter().map(|cell| cell.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(" ") + "\n"
}

#[test]
fn examples_read_as_they_stand() {
    for mode in [Mode::Strict, Mode::Query, Mode::Hive] {
        let (rows, refusals) = read_default(mode, EXAMPLES);
        assert_eq!(rows.iter().map(|row| line(row)).collect::<String>(), EXAMPLES);
        assert_eq!(refusals, Refusals { lines: 8, ..Refusals::default() });
        assert_eq!(rows[2][3].as_deref(), Some("-"));
        assert_eq!(rows[2][5], None);
    }
}

#[test]
fn every_field_of_every_version_reads() {
    let format = Format::new(crate::Field::ALL.to_vec()).expect("valid");
    let decoder = TextDecoder::new(format.schema(), None, options(Mode::Strict)).expect("valid");
    let record = |text: &str, number: &str| -> String {
        let cell =
            |field: &crate::Field| if field.kind() == crate::Kind::Text { text.to_owned() } else { number.to_owned() };
        format.fields().iter().map(cell).collect::<Vec<_>>().join(" ") + "\n"
    };
    let text = record("a-text-longer-than-12-bytes", "2147483647") + &record("-", "-") + &record("x", "0");
    let (rows, refusals) = read(&decoder, format.header() + "\n" + &text);
    assert_eq!(rows.iter().map(|row| line(row)).collect::<String>(), text);
    assert!(refusals.is_empty());
}

#[test]
fn headers_and_empty_lines_are_no_records() {
    let header = Format::default().header();
    let underscores = header.replace('-', "_");
    let text = format!("{header}\n{EXAMPLES}\n\r\n{underscores}\r\n{EXAMPLES}{header}");
    for mode in [Mode::Strict, Mode::Query] {
        let (rows, refusals) = read_default(mode, &text);
        assert_eq!(rows.len(), 16);
        assert_eq!(refusals, Refusals { lines: 16, ..Refusals::default() });
    }
}

#[test]
fn line_ends_may_be_of_either_kind_and_the_last_may_be_missing() {
    for text in [EXAMPLES.replace('\n', "\r\n"), EXAMPLES.trim_end().to_owned(), EXAMPLES.replacen('\n', "\r\n", 3)] {
        for mode in [Mode::Strict, Mode::Query, Mode::Hive] {
            let (rows, refusals) = read_default(mode, &text);
            assert_eq!(rows.iter().map(|row| line(row)).collect::<String>(), EXAMPLES);
            assert!(refusals.is_empty());
        }
    }
}

#[test]
fn strict_refuses_lines_with_their_position() {
    let text = "\
2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1 2 ACCEPT OK
2 1 eni-1 10.0.0.1 10.0.0.2 1 http 6 1 40 1 x ACCEPT OK

2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1 2 ACCEPT
2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1 2 ACCEPT OK more
srcaddr dstaddr
2 1 eni-1 10.0.0.1 10.0.0.2 1 2147483648 6 1 40 1 2 ACCEPT OK
2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1 2 ACCEPT OK
";
    let (rows, refusals) = read_default(Mode::Strict, text);
    assert_eq!(rows.len(), 2);
    assert_eq!((refusals.lines, refusals.refused, refusals.nulled), (7, 5, 0));
    let mut samples: Vec<String> = refusals.samples.iter().map(ToString::to_string).collect();
    samples.sort();
    let expected = [
        "o, line 2, column 31: `dstport` holds `http`, expected Int32",
        "o, line 4, column 50: expected 14 cells, found 13",
        "o, line 5, column 54: expected 14 cells, found 15",
        "o, line 6, column 16: the header of another format; read objects of one format at a time",
        "o, line 7, column 31: `dstport` holds `2147483648`, expected Int32",
    ];
    assert_eq!(samples, expected);

    let (rows, refusals) = read_default(Mode::Query, text);
    assert_eq!(rows.len(), 4);
    assert_eq!((refusals.lines, refusals.refused, refusals.nulled), (7, 3, 3));
    assert_eq!(rows[1][6], None);
}

#[test]
fn hive_refuses_nothing() {
    let text = "h\nh\n2 1 eni-1\n\n2  \\N - x 1 2 6 1 40 1 2 ACCEPT OK more\n- - - a\n";
    let options = TextOptions { mode: Mode::Hive, header_lines: 2, ..TextOptions::default() };
    let decoder = TextDecoder::new(Format::default().schema(), Some(vec![0, 1, 2, 3, 5]), options).expect("valid");
    let (rows, refusals) = read(&decoder, text);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(rows[0], [some("2"), some("1"), some("eni-1"), None, None]);
    assert_eq!(rows[1], [None, some(""), None, None, None].map(|cell: Option<String>| cell.filter(|_| false)));
    assert_eq!(rows[2], [some("2"), some(""), None, some("-"), some("1")]);
    assert_eq!(rows[3], [None, some("-"), some("-"), some("a"), None]);
    assert_eq!((refusals.lines, refusals.refused), (4, 0));
}

#[test]
fn hive_reads_types_of_tables() {
    use DataType::{Boolean, Date32, Float32, Int8, Timestamp};
    let types = [Int8, Float32, Boolean, Date32, Timestamp(arrow::datatypes::TimeUnit::Millisecond, None)];
    let fields = types.iter().enumerate().map(|(index, kind)| Field::new(format!("c{index}"), kind.clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = TextOptions { delimiter: b'\t', ..options(Mode::Hive) };
    let decoder = TextDecoder::new(schema, None, options).expect("valid");
    let text = "127\t1.5\tTrue\t2026-01-15\t2026-01-15 12:34:56.789\n128\tx\t1\t2026\t2026-01-15\n";
    let mut refusals = Refusals::default();
    let batches: Vec<_> = decoder.decode(&"o".into(), text.as_bytes().into(), 1, &mut refusals).collect();
    let shown = arrow::util::display::array_value_to_string;
    for (column, expected) in ["127", "1.5", "true", "2026-01-15", "2026-01-15T12:34:56.789"].iter().enumerate() {
        let array = batches[0].column(column);
        assert_eq!(shown(array, 0).expect("shown"), *expected);
        assert!(array.is_null(1));
    }
    assert_eq!(refusals.nulled, 5);
}

#[test]
fn no_column_still_counts_rows() {
    for (mode, expected) in [(Mode::Strict, 8), (Mode::Query, 8), (Mode::Hive, 9)] {
        let decoder = TextDecoder::new(Format::default().schema(), Some(Vec::new()), options(mode)).expect("valid");
        let text = format!("{EXAMPLES}too few cells\n");
        let mut refusals = Refusals::default();
        let rows: usize =
            decoder.decode(&"o".into(), text.as_bytes().into(), 1, &mut refusals).map(|batch| batch.num_rows()).sum();
        assert_eq!(rows, expected);
        assert_eq!(refusals.refused as usize, 9 - expected);
    }
}

#[test]
fn bytes_that_are_no_text_refuse_their_line_only() {
    let text = [EXAMPLES.as_bytes(), b"2 1 eni-\xff a b 1 2 6 1 40 1 2 ACCEPT OK\n", EXAMPLES.as_bytes()].concat();
    for mode in [Mode::Strict, Mode::Query] {
        let (rows, refusals) = read_default(mode, &text);
        assert_eq!(rows.len(), 16);
        assert_eq!(refusals.samples[0].to_string(), "o, line 9, column 9: no UTF-8");
    }
    let (rows, refusals) = read_default(Mode::Hive, &text);
    assert_eq!(rows.len(), 17);
    assert_eq!(rows[8][2].as_deref(), Some("eni-\u{fffd}"));
    assert!(refusals.is_empty());
    let umlaut = "2 1 eni-ä a b 1 2 6 1 40 1 2 ACCEPT OK\n";
    assert_eq!(read_default(Mode::Strict, umlaut).0[0][2].as_deref(), Some("eni-ä"));
}

#[test]
fn long_lines_are_read_up_to_the_limit() {
    let record = |account: usize| format!("2 {} eni-1 a b 1 2 6 1 40 1 2 ACCEPT OK\n", "9".repeat(account));
    let text = [record(1), record(1 << 20), record(1), record(TextChunks::LONGEST_LINE), record(1)].concat()
        + &" ".repeat(1 << 20)
        + "\n"
        + &record(1);
    for (mode, refused) in [(Mode::Strict, 2), (Mode::Query, 2), (Mode::Hive, 1)] {
        let (rows, refusals) = read_default(mode, &text);
        assert_eq!((rows.len(), refusals.refused), (7 - refused, refused as u64));
        assert_eq!(rows[1][1].as_ref().map(String::len), Some(1 << 20));
        assert_eq!(refusals.samples[0].line, 4);
        assert!(refusals.samples[0].reason.contains("longer than"));
    }
}

#[test]
fn batches_are_no_larger_than_asked() {
    let text = EXAMPLES.repeat(1000);
    for batch_rows in [1, 1000, 8192] {
        let options = TextOptions { batch_rows, ..options(Mode::Query) };
        let decoder = TextDecoder::new(Format::default().schema(), None, options).expect("valid");
        let mut refusals = Refusals::default();
        let buffer = Buffer::from(text.as_bytes());
        let batches: Vec<_> = decoder.decode(&"o".into(), buffer, 1, &mut refusals).collect();
        let full = batches.len() - 1;
        assert!(batches[..full].iter().all(|batch| batch.num_rows() == batch_rows));
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 8000);
    }
}

#[test]
fn what_cannot_be_is_refused_beforehand() {
    let schema = Format::default().schema();
    let with = |options: TextOptions| TextDecoder::new(Arc::clone(&schema), None, options).map(|_| ());
    assert!(with(TextOptions { delimiter: b'\n', ..TextOptions::default() }).is_err());
    assert!(with(TextOptions { delimiter: 0xff, ..TextOptions::default() }).is_err());
    assert!(with(TextOptions { batch_rows: 0, ..TextOptions::default() }).is_err());
    assert!(TextDecoder::new(Arc::clone(&schema), Some(vec![14]), TextOptions::default()).is_err());
    assert!(TextDecoder::new(Arc::new(Schema::empty()), None, TextOptions::default()).is_err());
    let binary = Arc::new(Schema::new(vec![Field::new("b", DataType::Binary, true)]));
    let error = TextDecoder::new(binary, None, TextOptions::default()).expect_err("no such type");
    assert_eq!(error.to_string(), "column `b`: text is not read as Binary; declare it as a string");
}
