//! The expression of GetPartitions: a condition over partition columns, as SQL has it. What a value is compared as
//! follows from the column's type; of those that Glue knows, each has its own words for a value that is none.

use std::cmp::Ordering;

use chrono::{NaiveDate, NaiveDateTime};
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use regex::Regex;

use super::glue::{Done, MetastoreError};
use crate::catalogue::StoredTable;
use crate::hive::NULL_PARTITION;

/// A condition over the partition columns of a table.
#[derive(Debug)]
pub(super) enum Condition {
    All(Box<Condition>, Box<Condition>),
    Any(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Column, fn(Ordering) -> bool, Key),
    In(Column, Vec<Key>),
    Between(Column, Key, Key),
    Like(Column, Regex),
    Absent(Column),
}

/// A partition column: its place, and what its values are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    place: usize,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integral,
    Decimal,
    Text,
    Date,
    Timestamp,
}

/// A value as it compares.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(super) enum Key {
    Integral(i128),
    Decimal(f64),
    Text(String),
    Date(NaiveDate),
    Timestamp(NaiveDateTime),
}

impl Condition {
    /// Reads a condition over the partition columns of a table.
    ///
    /// # Errors
    /// When the text is no condition, names another column, or compares with a value that the column cannot have.
    pub(super) fn new(text: &str, table: &StoredTable) -> Done<Self> {
        let parsed = Parser::new(&GenericDialect {}).try_with_sql(text).and_then(|mut parser| parser.parse_expr());
        read(&parsed.map_err(|error| unsupported(&format!("{text}: {error}")))?, table)
    }

    /// Whether it holds for a partition with these values.
    ///
    /// # Errors
    /// When a value of the partition is none of its column's type.
    pub(super) fn holds(&self, values: &[String]) -> Done<bool> {
        Ok(match self {
            Self::All(left, right) => left.holds(values)? && right.holds(values)?,
            Self::Any(left, right) => left.holds(values)? || right.holds(values)?,
            Self::Not(inner) => !inner.holds(values)?,
            Self::Compare(column, fits, key) => {
                column.key(values)?.and_then(|value| value.partial_cmp(key)).is_some_and(fits)
            }
            Self::In(column, keys) => column.key(values)?.is_some_and(|value| keys.contains(&value)),
            Self::Between(column, low, high) => {
                column.key(values)?.is_some_and(|value| value >= *low && value <= *high)
            }
            Self::Like(column, pattern) => column.text(values).is_some_and(|text| pattern.is_match(text)),
            Self::Absent(column) => column.text(values).is_none(),
        })
    }

    fn negated_if(self, negated: bool) -> Self {
        if negated { Self::Not(Box::new(self)) } else { self }
    }
}

impl Column {
    fn text(self, values: &[String]) -> Option<&str> {
        values.get(self.place).map(String::as_str).filter(|value| *value != NULL_PARTITION)
    }

    fn key(self, values: &[String]) -> Done<Option<Key>> {
        self.text(values).map(|text| self.kind.key(text)).transpose()
    }
}

impl Kind {
    /// By the type's name in Glue.
    fn of(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        Some(match name.split('(').next().unwrap_or_default() {
            "tinyint" | "smallint" | "int" | "integer" | "bigint" | "long" => Kind::Integral,
            "decimal" => Kind::Decimal,
            "string" | "varchar" | "char" => Kind::Text,
            "date" => Kind::Date,
            "timestamp" => Kind::Timestamp,
            _ => return None,
        })
    }

    /// The value that a text is.
    fn key(self, text: &str) -> Done<Key> {
        let key = match self {
            Kind::Integral => text.parse().ok().map(Key::Integral),
            Kind::Decimal => text.parse().ok().map(Key::Decimal),
            Kind::Text => Some(Key::Text(text.to_owned())),
            Kind::Date => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Key::Date),
            Kind::Timestamp => timestamp(text).map(Key::Timestamp),
        };
        let what = match self {
            Kind::Integral => "an integer",
            Kind::Decimal => "a decimal",
            Kind::Text => "a string",
            Kind::Date => "a date",
            Kind::Timestamp => "a timestamp",
        };
        key.ok_or_else(|| MetastoreError::Invalid(format!("\"{text}\" is not {what}")))
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Integral => "Integral",
            Kind::Decimal => "Decimal",
            Kind::Text => "String",
            Kind::Date => "Date",
            Kind::Timestamp => "Timestamp",
        }
    }
}

/// `2026-11-21 08:00:00`, with a fraction or without.
fn timestamp(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok().filter(|_| !text.ends_with('.'))
}

fn read(expr: &Expr, table: &StoredTable) -> Done<Condition> {
    let boxed = |expr: &Expr| read(expr, table).map(Box::new);
    Ok(match expr {
        Expr::Nested(inner) => read(inner, table)?,
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => Condition::Not(boxed(expr)?),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => Condition::All(boxed(left)?, boxed(right)?),
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => Condition::Any(boxed(left)?, boxed(right)?),
        Expr::BinaryOp { left, op, right } => {
            let fits = fits(op).ok_or_else(|| unsupported(&format!("operator {op} is not supported")))?;
            match (literal(left), literal(right)) {
                (None, Some(value)) => {
                    let column = column(left, table)?;
                    Condition::Compare(column, fits, column.kind.key(&value)?)
                }
                (Some(value), None) => {
                    let column = column(right, table)?;
                    let turned = turned(op).unwrap_or(fits);
                    Condition::Compare(column, turned, column.kind.key(&value)?)
                }
                _ => return Err(unsupported(&format!("'{expr}' compares no partition column with a value"))),
            }
        }
        Expr::InList { expr, list, negated } => {
            let column = column(expr, table)?;
            let keys = list.iter().map(|item| column.kind.key(&value(item)?)).collect::<Done<_>>()?;
            Condition::In(column, keys).negated_if(*negated)
        }
        Expr::Between { expr, negated, low, high } => {
            let column = column(expr, table)?;
            let (low, high) = (column.kind.key(&value(low)?)?, column.kind.key(&value(high)?)?);
            Condition::Between(column, low, high).negated_if(*negated)
        }
        Expr::Like { expr, pattern, negated, .. } => {
            let column = column(expr, table)?;
            if column.kind != Kind::Text {
                let message = format!("{} data type doesn't support operation 'LIKE'", column.kind.name());
                return Err(MetastoreError::Invalid(message));
            }
            Condition::Like(column, like(&value(pattern)?)?).negated_if(*negated)
        }
        Expr::IsNull(expr) => Condition::Absent(column(expr, table)?),
        Expr::IsNotNull(expr) => Condition::Not(Box::new(Condition::Absent(column(expr, table)?))),
        other => return Err(unsupported(&format!("'{other}' is no condition over partitions"))),
    })
}

/// The partition column that an expression names, with the type that the Glue API was told, if it was.
fn column(expr: &Expr, table: &StoredTable) -> Done<Column> {
    match expr {
        Expr::Nested(inner) => column(inner, table),
        Expr::Identifier(name) => {
            let columns = &table.definition.partitioned_by;
            let place = columns.iter().position(|column| column.name.eq_ignore_ascii_case(&name.value));
            let place = place.ok_or_else(|| MetastoreError::Invalid("Invalid partition expression!".to_owned()))?;
            let told = table.input.as_ref().and_then(|input| input["PartitionKeys"][place]["Type"].as_str());
            let kind = told.map_or_else(|| columns[place].kind.to_string(), str::to_owned);
            let unknown = || MetastoreError::Invalid(format!("Unknown type : '{kind}'"));
            Ok(Column { place, kind: Kind::of(&kind).ok_or_else(unknown)? })
        }
        other => Err(unsupported(&format!("'{other}' is no partition column"))),
    }
}

fn value(expr: &Expr) -> Done<String> {
    literal(expr).ok_or_else(|| unsupported(&format!("'{expr}' is no value")))
}

/// The text of a literal.
fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Nested(inner) => literal(inner),
        Expr::Value(value) => Some(match &value.value {
            Value::Number(text, _) | Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => text.clone(),
            other => other.to_string(),
        }),
        Expr::TypedString(typed) => literal(&Expr::Value(typed.value.clone())),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => literal(expr).map(|text| format!("-{text}")),
        _ => None,
    }
}

/// `%` stands for any characters, `_` for one.
fn like(pattern: &str) -> Done<Regex> {
    let part = |char: char| match char {
        '%' => ".*".to_owned(),
        '_' => ".".to_owned(),
        other => regex::escape(other.encode_utf8(&mut [0; 4])),
    };
    let expression = format!("(?s)^{}$", pattern.chars().map(part).collect::<String>());
    Regex::new(&expression).map_err(|_| unsupported("the pattern of LIKE is too long"))
}

fn fits(op: &BinaryOperator) -> Option<fn(Ordering) -> bool> {
    Some(match op {
        BinaryOperator::Eq => Ordering::is_eq,
        BinaryOperator::NotEq => Ordering::is_ne,
        BinaryOperator::Lt => Ordering::is_lt,
        BinaryOperator::LtEq => Ordering::is_le,
        BinaryOperator::Gt => Ordering::is_gt,
        BinaryOperator::GtEq => Ordering::is_ge,
        _ => return None,
    })
}

/// The operator with its sides exchanged.
fn turned(op: &BinaryOperator) -> Option<fn(Ordering) -> bool> {
    fits(&match op {
        BinaryOperator::Lt => BinaryOperator::Gt,
        BinaryOperator::LtEq => BinaryOperator::GtEq,
        BinaryOperator::Gt => BinaryOperator::Lt,
        BinaryOperator::GtEq => BinaryOperator::LtEq,
        other => other.clone(),
    })
}

fn unsupported(problem: &str) -> MetastoreError {
    MetastoreError::Invalid(format!("Unsupported expression: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::{ColumnDefinition, HiveType, TableDefinition, TableFormat};

    fn table() -> StoredTable {
        let column = |name: &str, kind| ColumnDefinition { name: name.to_owned(), kind, comment: None };
        let definition = TableDefinition {
            columns: Vec::new(),
            partitioned_by: vec![
                column("dt", HiveType::String),
                column("hour", HiveType::Int),
                column("day", HiveType::Date),
                column("at", HiveType::Timestamp),
                column("load", HiveType::Double),
            ],
            comment: None,
            format: TableFormat::Parquet,
            location: String::new(),
            properties: Vec::new(),
        };
        StoredTable::new(definition, 0)
    }

    #[test]
    fn conditions_pick_partitions() {
        let table = table();
        let values = ["2026-11-21", "9", "2026-11-21", "2026-11-21 08:00:00.50", "1"].map(str::to_owned);
        for (text, expected) in [
            ("dt = '2026-11-21'", true),
            ("dt >= '2026-11-01' AND hour < 10", true),
            ("hour > 10 OR dt IN ('2026-11-20', '2026-11-21')", true),
            ("NOT (dt LIKE '2026-11-%')", false),
            ("dt LIKE '2026-11-_1'", true),
            ("dt NOT LIKE '2026-11-_'", true),
            ("hour BETWEEN 8 AND 9", true),
            ("hour = '9' AND 10 > (hour)", true),
            ("hour = 10", false),
            ("hour IS NOT NULL and hour <> -9", true),
            ("day > '2026-10-31'", true),
            ("at = '2026-11-21 08:00:00.5'", true),
        ] {
            assert_eq!(Condition::new(text, &table).unwrap().holds(&values), Ok(expected), "{text}");
        }
        let absent = [NULL_PARTITION.to_owned()];
        assert_eq!(Condition::new("dt IS NULL", &table).unwrap().holds(&absent), Ok(true));
        assert_eq!(Condition::new("dt = 'x'", &table).unwrap().holds(&absent), Ok(false));
    }

    #[test]
    fn what_is_no_condition_is_refused_before_any_partition_is_looked_at() {
        let table = table();
        for (text, words) in [
            ("other = 1", "Invalid partition expression!"),
            ("dt =", "Unsupported expression"),
            ("1 = 1", "compares no partition column"),
            ("hour = 'nine'", "\"nine\" is not an integer"),
            ("hour IN (2.5)", "\"2.5\" is not an integer"),
            ("hour LIKE '9'", "Integral data type doesn't support operation 'LIKE'"),
            ("day = '2026-02-32'", "\"2026-02-32\" is not a date"),
            ("at = '2026-11-21'", "is not a timestamp"),
            ("at = '2026-11-21 00:00:00.'", "is not a timestamp"),
            ("load = 1", "Unknown type : 'double'"),
        ] {
            let error = Condition::new(text, &table).expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
