//! Flow log records in events: lines to columns, once, and columns to lines.

use std::sync::Arc;

use arrow::{
    array::{Array, AsArray, StringArray, StringBuilder, UInt32Array},
    buffer::{BooleanBuffer, Buffer},
    compute::take_record_batch,
    datatypes::DataType,
    record_batch::RecordBatch,
};
use weir_record::{
    FileFormat, Format, Refusals,
    compression::Compression,
    text::{TextDecoder, TextOptions},
    write::{Options, WriteError, Writer},
};

use super::Records;

/// The messages that are records of this format, as columns; `None` when there is not one.
///
/// A message is a record when the columns that are read from it are written as the same text.
pub(super) fn records_of(messages: &StringArray, format: &Format) -> Option<Records> {
    let (candidates, text) = candidates(messages, format);
    let options = TextOptions { batch_rows: candidates.len().max(1), ..TextOptions::default() };
    let decoder = TextDecoder::new(format.schema(), None, options).ok()?;
    let mut refusals = Refusals::default();
    let batch = decoder.decode(&Arc::from("events"), text.clone(), 1, &mut refusals).next()?;
    let written = encode(&batch).ok()?;
    // The lines must be the candidates, one for one.
    if batch.num_rows() != candidates.len() {
        return None;
    }
    let all_the_same = written == text.as_slice();
    if all_the_same && candidates.len() == messages.len() {
        return Some(Records { format: format.clone(), batch, valid: None });
    }
    let mut rows = vec![None; messages.len()];
    let lines = written.split(|byte| *byte == b'\n');
    for ((row, line), place) in candidates.iter().zip(lines).zip(0_u32..) {
        if all_the_same || line == messages.value(*row).as_bytes() {
            rows[*row] = Some(place);
        }
    }
    let valid = BooleanBuffer::collect_bool(rows.len(), |row| rows[row].is_some());
    if valid.count_set_bits() == 0 {
        return None;
    }
    let batch = take_record_batch(&batch, &UInt32Array::from(rows)).ok()?;
    Some(Records { format: format.clone(), batch, valid: Some(valid) })
}

/// The lines of these records: no header, no line ends.
///
/// # Errors
/// When a column has a type that no record has.
pub(super) fn messages_of(batch: &RecordBatch) -> Result<StringArray, WriteError> {
    let text = encode(batch)?;
    let mut messages = StringBuilder::with_capacity(batch.num_rows(), text.len());
    // A value holds neither line ends nor anything that is not UTF-8.
    for line in String::from_utf8_lossy(&text).split_terminator('\n') {
        messages.append_value(line);
    }
    Ok(messages.finish())
}

/// Whether these columns are what would be read from their own lines.
pub(super) fn are_canonical(batch: &RecordBatch) -> bool {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte > b' ' && byte != 0x7f);
    batch
        .columns()
        .iter()
        .filter(|column| *column.data_type() == DataType::Utf8View)
        .all(|column| column.null_count() == 0 && column.as_string_view().iter().flatten().all(plain))
}

/// Which messages may be records, and their text as lines.
fn candidates(messages: &StringArray, format: &Format) -> (Vec<usize>, Buffer) {
    let spaces = format.fields().len() - 1;
    let header = format.fields()[0];
    let may_be = |message: &str| {
        let bytes = message.as_bytes();
        // The decoder passes headers over, and anything with control characters would be written otherwise.
        bytes.iter().filter(|byte| **byte == b' ').count() == spaces
            && bytes.iter().all(|byte| *byte >= b' ')
            && !bytes.is_empty()
            && message.split(' ').next().is_some_and(|cell| cell.replace('_', "-") != header.name())
    };
    let rows: Vec<usize> = (0..messages.len()).filter(|row| may_be(messages.value(*row))).collect();
    let mut text = Vec::with_capacity(messages.value_data().len() + rows.len());
    for row in &rows {
        text.extend_from_slice(messages.value(*row).as_bytes());
        text.push(b'\n');
    }
    (rows, Buffer::from_vec(text))
}

fn encode(batch: &RecordBatch) -> Result<Vec<u8>, WriteError> {
    let options =
        Options { file_format: FileFormat::PlainText, compression: Compression::None, cloud_provider: String::new() };
    let mut writer = Writer::new(Vec::new(), &batch.schema(), &options)?;
    writer.write(batch)?;
    let mut text = writer.finish()?;
    let header = text.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    text.drain(..header);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Int32Type;
    use proptest::prelude::*;

    use super::*;

    const LINE: &str = "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";
    const NODATA: &str = "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA";

    fn records(messages: &[&str]) -> Option<Records> {
        records_of(&StringArray::from(messages.to_vec()), &Format::default())
    }

    #[test]
    fn lines_of_records_become_columns_and_lines_again() {
        let records = records(&[LINE, NODATA, LINE]).expect("records");
        assert!(records.valid.is_none());
        assert_eq!(records.batch.column_by_name("dstport").expect("there").as_primitive::<Int32Type>().value(0), 22);
        let messages = messages_of(&records.batch).expect("written");
        assert_eq!(messages.iter().flatten().collect::<Vec<_>>(), [LINE, NODATA, LINE]);
        assert!(are_canonical(&records.batch));
    }

    #[test]
    fn what_would_be_written_otherwise_is_no_record() {
        let padded = LINE.replace("22 6", "022 6");
        let signed = LINE.replace("22 6", "+22 6");
        let word = LINE.replace("22 6", "ssh 6");
        let header = Format::default().header();
        let two = format!("{LINE}\n{LINE}");
        let end = format!("{LINE}\n");
        let carriage = format!("{LINE}\r");
        let texts =
            [&*padded, &signed, &word, &header, &header.replace('-', "_"), &two, &end, &carriage, "", "{}", "a b"];
        assert!(records(&texts).is_none());
        let mut mixed = texts.to_vec();
        mixed.insert(3, LINE);
        mixed.push(NODATA);
        let records = records(&mixed).expect("two");
        let valid = records.valid.expect("not all");
        assert_eq!(valid.set_indices().collect::<Vec<_>>(), [3, mixed.len() - 1]);
        assert_eq!(records.batch.num_rows(), mixed.len());
        assert!(records.batch.columns().iter().all(|column| column.null_count() >= mixed.len() - 2));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_record_is_its_columns(cells in proptest::collection::vec("[0-9]{1,3}|-|[a-zé]{1,3}|0{0,2}", 12..16), rows in 1_usize..4) {
            let line = cells.join(" ");
            let messages = StringArray::from(vec![line.as_str(); rows]);
            if let Some(records) = records_of(&messages, &Format::default()) {
                prop_assert!(records.valid.is_none());
                prop_assert_eq!(messages_of(&records.batch).expect("written"), messages);
            }
        }
    }
}
