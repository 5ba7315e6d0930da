//! Reading delivered objects back, without the code that wrote them.

use std::io::Read;

use arrow::{
    array::AsArray,
    compute::cast,
    datatypes::{DataType, Int64Type},
};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value as Json;

use super::*;

/// One object of the bucket.
#[derive(Debug, Clone)]
pub(super) struct Delivered {
    pub key: ObjectKey,
    pub bytes: Bytes,
    /// The field `bytes` of its records, in order.
    pub numbers: Vec<i64>,
    /// The field `end` of its records, in seconds, where there is one.
    pub ends: Vec<i64>,
}

pub(super) async fn read_bucket(buckets: &Buckets) -> Vec<Delivered> {
    let place = buckets.place("s3://flow-logs").expect("there");
    let mut objects = Vec::new();
    for object in place.list().await.expect("listed") {
        let key: ObjectKey = object.meta.location.as_ref().parse().expect("a key of a flow log");
        let bytes = place.read(&object).await.expect("read");
        let (numbers, ends) = match key.file_format() {
            FileFormat::Parquet => parquet_columns(bytes.clone()),
            format => text_columns(format, &bytes),
        };
        objects.push(Delivered { key, bytes, numbers, ends });
    }
    objects
}

fn parquet_columns(bytes: Bytes) -> (Vec<i64>, Vec<i64>) {
    let (mut numbers, mut ends) = (Vec::new(), Vec::new());
    for batch in ParquetRecordBatchReaderBuilder::try_new(bytes).expect("whole").build().expect("readable") {
        let batch = batch.expect("whole");
        let column = |name| {
            let column = cast(batch.column_by_name(name).expect("there"), &DataType::Int64).expect("numbers");
            column.as_primitive::<Int64Type>().iter().flatten().collect::<Vec<_>>()
        };
        numbers.extend(column("bytes"));
        ends.extend(column("end"));
    }
    (numbers, ends)
}

fn text_columns(format: FileFormat, bytes: &[u8]) -> (Vec<i64>, Vec<i64>) {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).expect("a whole gzip member");
    assert!(text.ends_with('\n'), "ends with a whole line");
    let mut lines = text.lines();
    let header: Vec<&str> = match format {
        FileFormat::PlainText => lines.next().expect("a header").split(' ').collect(),
        _ => Vec::new(),
    };
    let (mut numbers, mut ends) = (Vec::new(), Vec::new());
    for line in lines {
        let json = || serde_json::from_str::<Json>(line).expect("an object");
        let text = |name: &str| line.split(' ').nth(header.iter().position(|column| *column == name)?)?.parse().ok();
        let extension = |key: &str| line.split(['|', ' ']).find_map(|part| part.strip_prefix(key))?.parse().ok();
        let (number, end): (Option<i64>, Option<i64>) = match format {
            FileFormat::PlainText => (text("bytes"), text("end")),
            FileFormat::Json => (json()["bytes"].as_i64(), json()["end"].as_i64()),
            FileFormat::Ocsf => (
                json()["traffic"]["bytes"].as_i64(),
                json()["end_time"].as_i64().map(|milliseconds| milliseconds / 1000),
            ),
            FileFormat::Cef => (
                extension("in=").or(extension("bytes=")),
                extension("end=").map(|milliseconds: i64| milliseconds / 1000),
            ),
            FileFormat::Parquet => unreachable!("not text"),
        };
        numbers.push(number.unwrap_or_else(|| panic!("no bytes in: {line}")));
        ends.extend(end);
    }
    (numbers, ends)
}
