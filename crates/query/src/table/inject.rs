//! Partition columns whose values only the query knows. Source: athena.md §1.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, expr::InList};

use super::{Partitions, Table, projection};
use crate::error::{Code, Error};

/// Most partitions that the values of a query may make.
const MOST: usize = 100_000;

impl Table {
    /// The table with a partition for each value that the filters name; itself when it needs none.
    ///
    /// # Errors
    /// When no filter says what the value of such a column is.
    pub(super) fn injected(self: &Arc<Self>, filters: &[Expr]) -> Result<Arc<Self>, Error> {
        let Partitions::Locations { reading, locations, injected } = &self.partitions else {
            return Ok(Arc::clone(self));
        };
        let mut locations = match injected.as_slice() {
            [] => return Ok(Arc::clone(self)),
            _ => locations.clone(),
        };
        for place in injected {
            let column = self.partition_columns[*place].name();
            let values = filters.iter().find_map(|filter| values_of(column, filter)).ok_or_else(|| unsaid(column))?;
            if locations.len().saturating_mul(values.len()) > MOST {
                let message = format!("the values of the query make more than {MOST} partitions");
                return Err(Error::new(Code::NotSupported, message));
            }
            let with = |(folder, row): &(String, Arc<[ScalarValue]>), value: &String| {
                let mut row = row.to_vec();
                row[*place] = ScalarValue::Utf8View(Some(value.clone()));
                (folder.replace(&projection::place_of(column), value), Arc::from(row))
            };
            locations = locations
                .iter()
                .flat_map(|one| values.iter().map(|value| with(one, value)).collect::<Vec<_>>())
                .collect();
        }
        Ok(Arc::new(Table {
            columns: Arc::clone(&self.columns),
            partition_columns: self.partition_columns.clone(),
            partitions: Partitions::Locations { reading: reading.clone(), locations, injected: Vec::new() },
            bad: self.bad.clone(),
        }))
    }
}

/// The values that a filter leaves to a column: by `=`, by IN, and by OR between these.
fn values_of(column: &str, filter: &Expr) -> Option<Vec<String>> {
    let is_column = |expr: &Expr| matches!(expr, Expr::Column(found) if found.name == column);
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let value = match (left.as_ref(), right.as_ref()) {
                (left, value) if is_column(left) => value,
                (value, right) if is_column(right) => value,
                _ => return None,
            };
            Some(vec![text(value)?])
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let mut values = values_of(column, left)?;
            for value in values_of(column, right)? {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            Some(values)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            values_of(column, left).or_else(|| values_of(column, right))
        }
        Expr::InList(InList { expr, list, negated: false }) if is_column(expr) => list.iter().map(text).collect(),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
        _ => None,
    }
}

fn unsaid(column: &str) -> Error {
    let message = format!(
        "For the injected projected partition column {column}, the WHERE clause must contain only static equality \
         conditions, and at least one such condition must be present."
    );
    Error::new(Code::ConstraintViolation, message)
}
