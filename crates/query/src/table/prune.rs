//! Which partitions a query needs: the filters that speak of partition columns only, evaluated on
//! the partitions' values.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::{Result, ScalarValue, cast::as_boolean_array};
use datafusion::logical_expr::Expr;

use crate::lazy;

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
    let filters: Vec<Expr> = filters.iter().filter(speaks_of_partitions).cloned().collect();
    let schema = Arc::new(Schema::new(columns.to_vec()));
    let predicate = match super::predicate(session, &schema, &filters)? {
        Some(predicate) if !rows.is_empty() => predicate,
        _ => return Ok(vec![true; rows.len()]),
    };
    let arrays = (0..columns.len())
        .map(|column| ScalarValue::iter_to_array(rows.iter().map(|row| row[column].clone())))
        .collect::<Result<Vec<_>>>()?;
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
    let passes = lazy::condition(&predicate, &schema)?.evaluate(&batch)?.into_array(rows.len())?;
    Ok(as_boolean_array(&passes)?.iter().map(|passes| passes == Some(true)).collect())
}
