//! The expression of GetPartitions: a condition over partition columns, as SQL has it.

use std::cmp::Ordering;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::glue::{Done, MetastoreError};
use crate::catalogue::StoredTable;
use crate::definitions::glob;
use crate::hive::HiveType;

/// A condition over the partition columns of a table.
pub(super) struct Condition<'a> {
    expr: Expr,
    table: &'a StoredTable,
}

impl<'a> Condition<'a> {
    /// # Errors
    /// When the text is no expression.
    pub(super) fn new(text: &str, table: &'a StoredTable) -> Done<Self> {
        let parsed = Parser::new(&GenericDialect {}).try_with_sql(text).and_then(|mut parser| parser.parse_expr());
        let expr = parsed.map_err(|error| invalid(&format!("{text}: {error}")))?;
        Ok(Self { expr, table })
    }

    /// Whether it holds for a partition with these values.
    pub(super) fn holds(&self, values: &[String]) -> Done<bool> {
        self.test(&self.expr, values)
    }

    fn test(&self, expr: &Expr, values: &[String]) -> Done<bool> {
        match expr {
            Expr::Nested(inner) => self.test(inner, values),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(!self.test(expr, values)?),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                Ok(self.test(left, values)? && self.test(right, values)?)
            }
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                Ok(self.test(left, values)? || self.test(right, values)?)
            }
            Expr::BinaryOp { left, op, right } => {
                let ordering = self.compare(left, right, values)?;
                fits(op, ordering).ok_or_else(|| invalid(&format!("operator {op} is not supported")))
            }
            Expr::InList { expr, list, negated } => {
                let mut found = false;
                for item in list {
                    found |= self.compare(expr, item, values)?.is_eq();
                }
                Ok(found != *negated)
            }
            Expr::Between { expr, negated, low, high } => {
                let inside = self.compare(expr, low, values)?.is_ge() && self.compare(expr, high, values)?.is_le();
                Ok(inside != *negated)
            }
            Expr::Like { expr, pattern, negated, .. } => {
                let (text, pattern) = (self.text(expr, values)?.0, self.text(pattern, values)?.0);
                Ok(glob(&pattern.replace('%', "*"), &text) != *negated)
            }
            other => Err(invalid(&format!("'{other}' is no condition over partitions"))),
        }
    }

    fn compare(&self, left: &Expr, right: &Expr, values: &[String]) -> Done<Ordering> {
        let ((left, one), (right, other)) = (self.text(left, values)?, self.text(right, values)?);
        if one || other {
            let numbers = left.parse::<f64>().ok().zip(right.parse::<f64>().ok());
            if let Some(ordering) = numbers.and_then(|(left, right)| left.partial_cmp(&right)) {
                return Ok(ordering);
            }
        }
        Ok(left.cmp(&right))
    }

    /// A literal, or the value of a column, and whether it is a number.
    fn text(&self, expr: &Expr, values: &[String]) -> Done<(String, bool)> {
        match expr {
            Expr::Nested(inner) => self.text(inner, values),
            Expr::Value(value) => Ok(match &value.value {
                Value::Number(number, _) => (number.clone(), true),
                Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => (text.clone(), false),
                other => (other.to_string(), false),
            }),
            Expr::TypedString(typed) => self.text(&Expr::Value(typed.value.clone()), values),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                self.text(expr, values).map(|(text, number)| (format!("-{text}"), number))
            }
            Expr::Identifier(name) => {
                let columns = &self.table.definition.partitioned_by;
                let at = columns.iter().position(|column| column.name.eq_ignore_ascii_case(&name.value));
                let at = at.ok_or_else(|| invalid(&format!("'{}' is no partition column", name.value)))?;
                let number = !matches!(columns[at].kind, HiveType::String | HiveType::Date | HiveType::Timestamp);
                Ok((values.get(at).cloned().unwrap_or_default(), number))
            }
            other => Err(invalid(&format!("'{other}' is neither a partition column nor a value"))),
        }
    }
}

fn fits(op: &BinaryOperator, ordering: Ordering) -> Option<bool> {
    Some(match op {
        BinaryOperator::Eq => ordering.is_eq(),
        BinaryOperator::NotEq => ordering.is_ne(),
        BinaryOperator::Lt => ordering.is_lt(),
        BinaryOperator::LtEq => ordering.is_le(),
        BinaryOperator::Gt => ordering.is_gt(),
        BinaryOperator::GtEq => ordering.is_ge(),
        _ => return None,
    })
}

fn invalid(problem: &str) -> MetastoreError {
    MetastoreError::Invalid(format!("Unsupported expression: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::{ColumnDefinition, TableDefinition, TableFormat};

    #[test]
    fn conditions_pick_partitions() {
        let column = |name: &str, kind| ColumnDefinition { name: name.to_owned(), kind, comment: None };
        let definition = TableDefinition {
            columns: Vec::new(),
            partitioned_by: vec![column("dt", HiveType::String), column("hour", HiveType::Int)],
            comment: None,
            format: TableFormat::Parquet,
            location: String::new(),
            properties: Vec::new(),
        };
        let table = StoredTable::new(definition, 0);
        let values = ["2026-11-21".to_owned(), "9".to_owned()];
        for (text, expected) in [
            ("dt = '2026-11-21'", true),
            ("dt >= '2026-11-01' AND hour < 10", true),
            ("hour > 10 OR dt IN ('2026-11-20', '2026-11-21')", true),
            ("NOT (dt LIKE '2026-11-%')", false),
            ("hour BETWEEN 8 AND 9", true),
            ("hour = 10", false),
        ] {
            assert_eq!(Condition::new(text, &table).unwrap().holds(&values), Ok(expected), "{text}");
        }
        assert!(Condition::new("day = 1", &table).unwrap().holds(&values).is_err());
        assert!(Condition::new("dt =", &table).is_err());
    }
}
