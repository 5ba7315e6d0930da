//! A test on the cells of a row, before anything is decoded. It may keep a row that the predicate
//! refuses, never the other way; so most rows of a selective query are only skimmed.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, InListExpr, Literal};
use weir_record::text::{RawRow, RowFilter};

/// What a predicate says of single cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RowTest {
    All(Vec<RowTest>),
    Any(Vec<RowTest>),
    /// The cell in this place of the line is one of these.
    Cell {
        place: usize,
        number: bool,
        values: Vec<Box<[u8]>>,
    },
}

impl RowTest {
    /// The test that follows from a predicate over columns that stand in the lines as in `file`.
    /// `None` when nothing follows.
    pub(super) fn new(predicate: &Arc<dyn PhysicalExpr>, file: &SchemaRef) -> Option<Self> {
        if let Some(binary) = predicate.downcast_ref::<BinaryExpr>() {
            return match binary.op() {
                Operator::And => {
                    let mut tests: Vec<RowTest> = Vec::new();
                    tests.extend(Self::new(binary.left(), file));
                    tests.extend(Self::new(binary.right(), file));
                    if tests.len() < 2 { tests.pop() } else { Some(RowTest::All(tests)) }
                }
                Operator::Or => {
                    Some(RowTest::Any(vec![Self::new(binary.left(), file)?, Self::new(binary.right(), file)?]))
                }
                Operator::Eq => {
                    let (column, literal) = sides(binary)?;
                    cell_test(column, &[literal.value()], file)
                }
                _ => None,
            };
        }
        let list = predicate.downcast_ref::<InListExpr>().filter(|list| !list.negated())?;
        let column = list.expr().downcast_ref::<Column>()?;
        let values: Option<Vec<&ScalarValue>> =
            list.list().iter().map(|item| item.downcast_ref::<Literal>().map(Literal::value)).collect();
        cell_test(column, &values?, file)
    }
}

impl RowFilter for RowTest {
    fn keeps(&self, row: RawRow<'_>) -> bool {
        match self {
            RowTest::All(tests) => tests.iter().all(|test| test.keeps(row)),
            RowTest::Any(tests) => tests.iter().any(|test| test.keeps(row)),
            RowTest::Cell { place, number, values } => match row.cell(*place) {
                Some(cell) => values.iter().any(|value| value.as_ref() == cell) || (*number && !is_plain_number(cell)),
                // NULL, which equals nothing.
                None => false,
            },
        }
    }
}

/// Whether the text is how a whole number is always written, so that equal texts are equal numbers,
/// or is `-`, which is none.
fn is_plain_number(cell: &[u8]) -> bool {
    match cell {
        b"-" | b"0" => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

fn sides(binary: &BinaryExpr) -> Option<(&Column, &Literal)> {
    let one = (binary.left().downcast_ref(), binary.right().downcast_ref());
    let other = (binary.right().downcast_ref(), binary.left().downcast_ref());
    match (one, other) {
        ((Some(column), Some(literal)), _) | (_, (Some(column), Some(literal))) => Some((column, literal)),
        _ => None,
    }
}

fn cell_test(column: &Column, values: &[&ScalarValue], file: &SchemaRef) -> Option<RowTest> {
    let place = file.index_of(column.name()).ok()?;
    let data_type = file.field(place).data_type();
    let (number, text) = (data_type.is_signed_integer(), *data_type == DataType::Utf8View);
    let written = |value: &&ScalarValue| match value {
        ScalarValue::Utf8(value) | ScalarValue::Utf8View(value) | ScalarValue::LargeUtf8(value) if text => {
            value.clone()
        }
        ScalarValue::Int8(Some(value)) if number => Some(value.to_string()),
        ScalarValue::Int16(Some(value)) if number => Some(value.to_string()),
        ScalarValue::Int32(Some(value)) if number => Some(value.to_string()),
        ScalarValue::Int64(Some(value)) if number => Some(value.to_string()),
        _ => None,
    };
    let values: Option<Vec<Box<[u8]>>> =
        values.iter().map(|value| written(value).map(|text| text.into_bytes().into())).collect();
    Some(RowTest::Cell { place, number, values: values? })
}

#[cfg(test)]
mod tests;
