//! Which partitions a query needs: the filters that speak of partition columns only, evaluated on
//! the partitions' values.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, BooleanArray};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result, ScalarValue, cast::as_boolean_array};
use datafusion::logical_expr::Expr;

/// For each row of values whether it passes every filter that only uses these columns.
pub(super) fn keep(
    session: &dyn Session,
    columns: &[Field],
    rows: &[Arc<[ScalarValue]>],
    filters: &[Expr],
) -> Result<Vec<bool>> {
    let names: BTreeSet<&str> = columns.iter().map(|column| column.name().as_str()).collect();
    let speaks_of_partitions = |filter: &&Expr| {
        let used = filter.column_refs();
        !used.is_empty() && used.iter().all(|column| names.contains(column.name.as_str()))
    };
    let filters: Vec<&Expr> = filters.iter().filter(speaks_of_partitions).collect();
    let mut keep = vec![true; rows.len()];
    if filters.is_empty() || rows.is_empty() {
        return Ok(keep);
    }
    let schema = Arc::new(Schema::new(columns.to_vec()));
    let arrays = (0..columns.len())
        .map(|column| ScalarValue::iter_to_array(rows.iter().map(|row| row[column].clone())))
        .collect::<Result<Vec<_>>>()?;
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
    let schema = DFSchema::try_from(schema)?;
    for filter in filters {
        let passes = session.create_physical_expr(filter.clone(), &schema)?.evaluate(&batch)?;
        let passes = passes.into_array(batch.num_rows())?;
        and(&mut keep, as_boolean_array(&passes)?);
    }
    Ok(keep)
}

fn and(keep: &mut [bool], passes: &BooleanArray) {
    for (row, keep) in keep.iter_mut().enumerate() {
        *keep &= passes.is_valid(row) && passes.value(row);
    }
}
