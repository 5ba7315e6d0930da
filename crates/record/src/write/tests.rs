use std::io::Read;

use super::*;
use crate::{BatchBuilder, Field, Format, Value};

/// A record of these values, the rest absent.
fn record(format: &str, values: &[(Field, Value<'static>)]) -> RecordBatch {
    let format: Format = format.parse().expect("format");
    let mut builder = BatchBuilder::new(format);
    let value = |field| values.iter().find(|(known, _)| *known == field).map_or(Value::Absent, |(_, value)| *value);
    builder.push(value);
    builder.finish()
}

fn lines(file_format: FileFormat, batch: &RecordBatch) -> String {
    let options = Options { compression: Compression::None, ..Options::of(file_format) };
    let mut writer = Writer::new(Vec::new(), &batch.schema(), &options).expect("writer");
    writer.write(batch).expect("written");
    assert_eq!(writer.rows(), batch.num_rows() as u64);
    String::from_utf8(writer.finish().expect("finished")).expect("text")
}

const NUMBERS: &str = "${srcport} ${bytes} ${instance-tag}";

#[test]
fn numbers_are_written_to_their_ends() {
    for number in [0, 9, 10, -1, 65_535, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN] {
        let batch = record(NUMBERS, &[(Field::Bytes, Value::Number(number))]);
        assert_eq!(lines(FileFormat::PlainText, &batch), format!("srcport bytes instance-tag\n- {number} -\n"));
        assert_eq!(lines(FileFormat::Json, &batch), format!("{{\"bytes\":{number}}}\n"));
    }
}

#[test]
fn text_values_cannot_break_a_line() {
    let batch = record(NUMBERS, &[(Field::InstanceTag, Value::Text("a b\nc\u{7f}é%20"))]);
    assert_eq!(lines(FileFormat::PlainText, &batch), "srcport bytes instance-tag\n- - a%20b%0Ac%7Fé%20\n");
}

#[test]
fn json_strings_are_escaped() {
    let nasty = "a\"b\\c\nd\te\u{1}f\u{1f}é\u{2028}😀";
    let batch = record(NUMBERS, &[(Field::InstanceTag, Value::Text(nasty))]);
    for format in [FileFormat::Json, FileFormat::Ocsf] {
        let line = lines(format, &batch);
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let found = value.get("instance_tag").or_else(|| value.get("unmapped").and_then(|u| u.get("instance_tag")));
        assert_eq!(found.and_then(|found| found.as_str()), Some(nasty));
    }
}

#[test]
fn cef_escapes_what_its_parsers_split_at() {
    let format = "${srcaddr} ${dstaddr} ${protocol} ${instance-tag} ${flow-direction} ${next-hop-vpc-id}";
    let batch = record(
        format,
        &[
            (Field::SrcAddr, Value::Text("2001:db8::1")),
            (Field::DstAddr, Value::Text("10.0.0.1")),
            (Field::Protocol, Value::Number(200)),
            (Field::InstanceTag, Value::Text("a=b|c\\d\ne")),
            (Field::FlowDirection, Value::Text("egress")),
            (Field::NextHopVpcId, Value::Text("vpc-1")),
        ],
    );
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        lines(FileFormat::Cef, &batch),
        format!(
            "CEF:0|Weir|Weir|{version}|flow|Flow|1|c6a2=2001:db8::1 c6a2Label=Source IPv6 Address dst=10.0.0.1 \
             proto=200 WeirFlowInstanceTag=a\\=b|c\\\\d\\ne deviceDirection=1 WeirFlowNextHopVpcId=vpc-1\n"
        )
    );
}

#[test]
fn every_field_has_a_cef_key_of_its_own() {
    let format = Format::new(Field::ALL.to_vec()).expect("format");
    let mut builder = BatchBuilder::new(format);
    builder.push(|field| match field.kind() {
        crate::Kind::Text => Value::Text("x"),
        _ => Value::Number(1),
    });
    let line = lines(FileFormat::Cef, &builder.finish());
    let extension = line.splitn(8, '|').nth(7).expect("extension").trim_end();
    let mut keys: Vec<_> = extension.split(' ').filter_map(|pair| pair.split_once('=')).map(|(key, _)| key).collect();
    let labels = keys.iter().filter(|key| key.ends_with("Label")).count();
    assert_eq!(keys.len() - labels, Field::ALL.len());
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len() - labels, Field::ALL.len());
    assert!(keys.iter().all(|key| key.bytes().all(|byte| byte.is_ascii_alphanumeric())));
}

/// Nothing of a record is lost on the way to OCSF: each value stands somewhere.
#[test]
fn every_field_stands_in_ocsf() {
    let format = Format::new(Field::ALL.to_vec()).expect("format");
    let names: Vec<String> = Field::ALL.iter().map(|field| format!("value of {}", field.name())).collect();
    let mut builder = BatchBuilder::new(format);
    builder.push(|field| match field.kind() {
        crate::Kind::Text => Value::Text(&names[field as usize]),
        _ => Value::Number(1_000_000 + field as i64),
    });
    let line = lines(FileFormat::Ocsf, &builder.finish());
    let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(value["class_uid"], 4001);
    assert_eq!(value["type_uid"], 400_106);
    for field in Field::ALL {
        let written = match field {
            Field::Start | Field::End => format!(":{}", (1_000_000 + *field as i64) * 1000),
            _ if field.kind() == crate::Kind::Text => format!("\"{}\"", names[*field as usize]),
            _ => (1_000_000 + *field as i64).to_string(),
        };
        assert!(line.contains(&written), "{} is lost: {line}", field.name());
    }
}

#[test]
fn ocsf_has_what_the_schema_requires_even_of_an_empty_record() {
    let line = lines(FileFormat::Ocsf, &record(NUMBERS, &[]));
    let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    for required in ["activity_id", "category_uid", "class_uid", "severity_id", "time", "type_uid", "metadata", "cloud"]
    {
        assert!(!value[required].is_null(), "{required}: {line}");
    }
    assert_eq!(value["connection_info"]["direction_id"], 0);
    assert!(value.get("traffic").is_none() && value.get("unmapped").is_none() && value.get("action_id").is_none());
}

#[test]
fn each_compression_is_read_back() {
    let batch = record(NUMBERS, &[(Field::Bytes, Value::Number(84))]);
    let write = |compression| {
        let options = Options { compression, ..Options::of(FileFormat::PlainText) };
        let mut writer = Writer::new(Vec::new(), &batch.schema(), &options).expect("writer");
        writer.write(&batch).expect("written");
        writer.finish().expect("finished")
    };
    let plain = write(Compression::None);
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(write(Compression::Gzip).as_slice()).read_to_end(&mut text).expect("gzip");
    assert_eq!(text, plain);
    assert_eq!(zstd::decode_all(write(Compression::Zstd).as_slice()).expect("zstd"), plain);
}

#[test]
fn size_follows_what_is_written() {
    let format = Format::default();
    for file_format in FileFormat::ALL {
        let mut writer = Writer::new(Vec::new(), &format.schema(), &Options::of(file_format)).expect("writer");
        let mut builder = BatchBuilder::new(format.clone());
        let mut state = 1_u64;
        let mut sizes = Vec::new();
        for _ in 0..20 {
            for _ in 0..1_000 {
                builder.push(|field| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    match field.kind() {
                        crate::Kind::Text => Value::Text("ACCEPT"),
                        _ => Value::Number((state >> 40).cast_signed()),
                    }
                });
            }
            writer.write(&builder.finish()).expect("written");
            sizes.push(writer.size());
        }
        assert!(sizes.is_sorted(), "{file_format:?}: {sizes:?}");
        let told = writer.size();
        let object = writer.finish().expect("finished").len() as u64;
        // the open row group of Parquet is told before it is compressed
        let (least, most) =
            if file_format == FileFormat::Parquet { (object, object * 2) } else { (object / 2, object) };
        assert!((least..=most).contains(&told), "{file_format:?}: told {told}, is {object}");
    }
}

#[test]
fn a_batch_of_other_columns_is_refused() {
    let mut writer =
        Writer::new(Vec::new(), &Format::default().schema(), &Options::of(FileFormat::Json)).expect("writer");
    let error = writer.write(&record(NUMBERS, &[])).expect_err("other columns");
    assert!(error.to_string().contains("expected 14 columns, found 3"), "{error}");
}

#[test]
fn a_failing_destination_is_reported() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let batch = record(NUMBERS, &[]);
    for file_format in FileFormat::ALL {
        let written = Writer::new(Full, &batch.schema(), &Options::of(file_format)).and_then(|mut writer| {
            writer.write(&batch)?;
            writer.finish()
        });
        assert!(written.is_err(), "{file_format:?}");
    }
}
