//! Finished windows, as capture hands them over.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, UInt32Array},
    compute::take_record_batch,
    datatypes::Int64Type,
    error::ArrowError,
    record_batch::RecordBatch,
};
use weir_record::{Field, publish_interval};

/// The records of one aggregation interval of one flow log.
#[derive(Debug, Clone)]
pub struct FinishedWindow {
    /// First second of the window, Unix time.
    pub start: i64,
    /// First second after the window, Unix time.
    pub end: i64,
    /// Its records in the flow log's format, in pieces of at most some ten thousand rows.
    pub batches: Vec<RecordBatch>,
}

impl FinishedWindow {
    /// How many records it has.
    pub fn records(&self) -> u64 {
        self.batches.iter().map(|batch| batch.num_rows() as u64).sum()
    }

    /// What it takes in memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.batches.iter().map(|batch| batch.get_array_memory_size() as u64).sum()
    }

    /// How many records each interface has, by `interface-id`; empty when the format has no such field.
    pub(crate) fn interfaces(&self) -> BTreeMap<String, u64> {
        let mut interfaces = BTreeMap::new();
        for batch in &self.batches {
            let Some(column) = batch.column_by_name(Field::InterfaceId.column()) else { continue };
            for id in column.as_string_view_opt().into_iter().flatten().flatten() {
                match interfaces.get_mut(id) {
                    Some(count) => *count += 1,
                    None => drop(interfaces.insert(id.to_owned(), 1)),
                }
            }
        }
        interfaces
    }

    /// Its records by the five-minute interval that their `end` lies in, in their order.
    ///
    /// A record without an `end`, or with one outside the window, is filed by the last second of the window.
    pub(crate) fn by_interval(&self) -> Result<Vec<(i64, RecordBatch)>, ArrowError> {
        let mut pieces = Vec::new();
        for batch in self.batches.iter().filter(|batch| batch.num_rows() > 0) {
            let rows = self.rows_by_interval(batch);
            if rows.len() == 1 {
                pieces.extend(rows.into_keys().map(|interval| (interval, batch.clone())));
                continue;
            }
            for (interval, rows) in rows {
                pieces.push((interval, compact(&take_record_batch(batch, &UInt32Array::from(rows))?)?));
            }
        }
        Ok(pieces)
    }

    fn rows_by_interval(&self, batch: &RecordBatch) -> BTreeMap<i64, Vec<u32>> {
        let fallback = publish_interval(self.end.saturating_sub(1));
        let ends = batch.column_by_name(Field::End.column()).and_then(|ends| ends.as_primitive_opt::<Int64Type>());
        let interval_of = |row: usize| {
            let end = ends.filter(|ends| ends.is_valid(row)).map(|ends| ends.value(row));
            end.filter(|end| (self.start..=self.end).contains(end)).map_or(fallback, publish_interval)
        };
        let mut rows: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        for row in 0..batch.num_rows() {
            #[allow(clippy::cast_possible_truncation, reason = "a batch of more than 4 billion rows fits no memory")]
            rows.entry(interval_of(row)).or_default().push(row as u32);
        }
        rows
    }
}

/// Without the texts of rows that are no longer in the batch.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let column = |column: &ArrayRef| match column.as_string_view_opt() {
        Some(texts) => Arc::new(texts.gc()) as ArrayRef,
        None => Arc::clone(column),
    };
    RecordBatch::try_new(batch.schema(), batch.columns().iter().map(column).collect())
}

#[cfg(test)]
mod tests {
    use weir_record::{BatchBuilder, Format, Value};

    use super::*;

    fn window(start: i64, end: i64, format: &str, ends: &[Option<i64>]) -> FinishedWindow {
        let mut builder = BatchBuilder::new(format.parse().expect("valid"));
        for (row, end) in ends.iter().enumerate() {
            let port = i64::try_from(row).expect("small");
            builder.push(|field| match field {
                Field::End => end.map_or(Value::Absent, Value::Number),
                Field::SrcPort => Value::Number(port),
                Field::InterfaceId => Value::Text(if port % 2 == 0 { "eni-0123456789abcdef0" } else { "eni-b" }),
                _ => Value::Absent,
            });
        }
        FinishedWindow { start, end, batches: vec![builder.finish()] }
    }

    fn ports(window: &FinishedWindow) -> Vec<(i64, Vec<i32>)> {
        let pieces = window.by_interval().expect("split");
        let column = |batch: &RecordBatch| {
            let ports = batch.column_by_name("srcport").expect("there");
            ports.as_primitive::<arrow::datatypes::Int32Type>().values().to_vec()
        };
        pieces.iter().map(|(interval, batch)| (*interval, column(batch))).collect()
    }

    #[test]
    fn a_long_window_is_split_by_the_end_of_each_record() {
        let ends = [Some(1_200), Some(1_499), Some(1_500), None, Some(1_205), Some(1_800), Some(7), Some(i64::MAX)];
        let split = ports(&window(1_200, 1_800, "${srcport} ${end} ${interface-id}", &ends));
        assert_eq!(split, [(1_200, vec![0, 1, 4]), (1_500, vec![2, 3, 6, 7]), (1_800, vec![5])]);
    }

    #[test]
    fn without_an_end_the_window_says_it() {
        assert_eq!(ports(&window(1_440, 1_500, "${srcport}", &[None, None])), [(1_200, vec![0, 1])]);
    }

    #[test]
    fn a_window_within_one_interval_is_not_copied() {
        let window = window(1_200, 1_260, &Format::default().to_string(), &[Some(1_210), Some(1_220)]);
        let pieces = window.by_interval().expect("split");
        assert!(Arc::ptr_eq(pieces[0].1.column(0), window.batches[0].column(0)));
        let interfaces = window.interfaces();
        assert_eq!(interfaces, BTreeMap::from([("eni-0123456789abcdef0".into(), 1), ("eni-b".into(), 1)]));
    }
}
