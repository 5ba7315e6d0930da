//! Hidden columns: what is known of the object of a row. A query has them when it names one; `*` has none.

use datafusion::arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};
use datafusion::common::ScalarValue;

use super::Unit;
use crate::hive::NULL_PARTITION;

const PATH: &str = "$path";
/// Bytes, as the object lies in the store.
const SIZE: &str = "$file_size";
const MODIFIED: &str = "$file_modified_time";
/// `dt=2026-11-22/hour=08`; empty for a table without partitions.
const PARTITION: &str = "$partition";

/// All of them.
pub(crate) const HIDDEN: [&str; 4] = [PATH, SIZE, MODIFIED, PARTITION];

/// As columns of a table, behind those of the partitions.
pub(super) fn fields() -> [Field; 4] {
    let time = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    [(PATH, DataType::Utf8View), (SIZE, DataType::Int64), (MODIFIED, time), (PARTITION, DataType::Utf8View)]
        .map(|(name, kind)| Field::new(name, kind, false))
}

impl Unit {
    /// What a hidden column has for this object; `None` when the column is none of them. `table` is the whole table,
    /// of which the first `data_columns` columns are in the objects.
    pub(super) fn hidden(&self, column: &str, table: &SchemaRef, data_columns: usize) -> Option<ScalarValue> {
        let meta = &self.object.meta;
        Some(match column {
            PATH => ScalarValue::Utf8View(Some(self.path())),
            SIZE => ScalarValue::Int64(i64::try_from(self.object.size()).ok()),
            MODIFIED => {
                ScalarValue::TimestampMillisecond(Some(meta.last_modified.timestamp_millis()), Some("UTC".into()))
            }
            PARTITION => {
                let columns = table.fields().iter().skip(data_columns).map(|field| field.name());
                let pairs = columns.zip(self.values.iter()).map(|(name, value)| match value {
                    value if value.is_null() => format!("{name}={NULL_PARTITION}"),
                    value => format!("{name}={value}"),
                });
                ScalarValue::Utf8View(Some(pairs.collect::<Vec<_>>().join("/")))
            }
            _ => return None,
        })
    }

    /// Where the object is as tables say it: that a bucket is a folder of this machine is nothing to a query.
    fn path(&self) -> String {
        let bucket = self.place.name().strip_prefix("s3://").and_then(|rest| rest.split('/').next());
        match bucket {
            Some(bucket) => format!("s3://{bucket}/{}", self.object.meta.location),
            None => self.object.name.to_string(),
        }
    }
}
