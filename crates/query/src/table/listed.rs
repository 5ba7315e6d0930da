//! `"t$partitions"`: the partitions of a table as rows.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Result, ScalarValue};

use super::Table;

/// How the name of such a table ends.
pub(crate) const PARTITIONS: &str = "$partitions";

impl Table {
    /// A row for each partition, with its values; `None` for a table without partitions.
    ///
    /// # Errors
    /// When a value is not of its column's type.
    pub(crate) fn partition_rows(&self) -> Result<Option<RecordBatch>> {
        if self.partition_columns.is_empty() {
            return Ok(None);
        }
        let schema = Arc::new(Schema::new(self.partition_columns.clone()));
        let mut seen = HashSet::new();
        let rows: Vec<_> =
            self.partition_values().into_iter().filter(|values| seen.insert(Arc::clone(values))).collect();
        if rows.is_empty() {
            return Ok(Some(RecordBatch::new_empty(schema)));
        }
        let column = |place: usize| {
            ScalarValue::iter_to_array(
                rows.iter().map(|values| values.get(place).cloned().unwrap_or(ScalarValue::Null)),
            )
        };
        let columns = (0..self.partition_columns.len()).map(column).collect::<Result<Vec<_>>>()?;
        Ok(Some(RecordBatch::try_new(schema, columns)?))
    }
}
