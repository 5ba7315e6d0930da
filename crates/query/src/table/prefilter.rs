//! A test on the cells of a line, before anything is decoded. It may let through a line that the
//! predicate refuses, never the other way; so most lines of a selective query are only skimmed.

use std::sync::Arc;

use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, InListExpr, Literal};

/// What a predicate says of single cells.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    /// The cell, by its place among [`LineTest::cells`], is one of these.
    Cell {
        place: usize,
        number: bool,
        values: Vec<Box<[u8]>>,
    },
}

/// The test for the lines of one object.
#[derive(Debug, Clone)]
pub(super) struct LineTest {
    test: Test,
    /// The cells that are looked at, by their index in the line, ascending.
    cells: Vec<usize>,
    delimiter: u8,
    /// How many cells a line must have; others go to the decoder, which refuses and counts them.
    width: Option<usize>,
}

/// The lines of a piece of text that passed.
pub(super) struct Passed {
    pub(super) text: Buffer,
    /// The place of each line in the piece, from 0.
    pub(super) lines: Vec<u64>,
    /// How many did not pass.
    pub(super) skipped: u64,
}

impl LineTest {
    /// The test that follows from a predicate over `columns`, which stand in the file's lines as in
    /// `file`. `None` when nothing follows.
    pub(super) fn new(
        predicate: &Arc<dyn PhysicalExpr>,
        file: &SchemaRef,
        delimiter: u8,
        width: Option<usize>,
    ) -> Option<Self> {
        let mut cells = Vec::new();
        collect_cells(predicate, file, &mut cells);
        cells.sort_unstable();
        cells.dedup();
        let test = test(predicate, file, &cells)?;
        Some(LineTest { test, cells, delimiter, width })
    }

    /// The lines that may pass the predicate; the first `always` go through as they are.
    pub(super) fn pass(&self, text: &[u8], always: usize) -> Passed {
        let mut passed = Vec::with_capacity(text.len() / 4);
        let mut lines = Vec::new();
        let mut skipped = 0;
        let mut found: Vec<&[u8]> = vec![&[]; self.cells.len()];
        let (mut line_start, mut cell_start, mut cell, mut next, mut number) = (0, 0, 0, 0, 0);
        let ends =
            memchr::memchr2_iter(self.delimiter, b'\n', text).chain((!text.ends_with(b"\n")).then_some(text.len()));
        for end in ends {
            if self.cells.get(next) == Some(&cell) {
                found[next] = &text[cell_start..end];
                next += 1;
            }
            cell += 1;
            cell_start = end + 1;
            if text.get(end).is_some_and(|byte| *byte != b'\n') {
                continue;
            }
            let whole = next == self.cells.len() && self.width.is_none_or(|width| width == cell);
            if number < always as u64 || !whole || self.test.holds(&found) {
                passed.extend_from_slice(&text[line_start..end]);
                passed.push(b'\n');
                lines.push(number);
            } else {
                skipped += 1;
            }
            number += 1;
            (line_start, cell, next) = (end + 1, 0, 0);
        }
        Passed { text: Buffer::from_vec(passed), lines, skipped }
    }
}

impl Test {
    fn holds(&self, cells: &[&[u8]]) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.holds(cells)),
            Test::Any(tests) => tests.iter().any(|test| test.holds(cells)),
            Test::Cell { place, number, values } => {
                let written = cells[*place];
                let cell = written.strip_suffix(b"\r").unwrap_or(written);
                let equal = |value: &[u8]| value == cell || value == written;
                values.iter().any(|value| equal(value)) || (*number && !is_plain_number(cell))
            }
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

fn test(expr: &Arc<dyn PhysicalExpr>, file: &SchemaRef, cells: &[usize]) -> Option<Test> {
    if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
        return match binary.op() {
            Operator::And => {
                let mut tests: Vec<Test> = Vec::new();
                tests.extend(test(binary.left(), file, cells));
                tests.extend(test(binary.right(), file, cells));
                if tests.len() < 2 { tests.pop() } else { Some(Test::All(tests)) }
            }
            Operator::Or => {
                Some(Test::Any(vec![test(binary.left(), file, cells)?, test(binary.right(), file, cells)?]))
            }
            Operator::Eq => {
                let (column, literal) = sides(binary)?;
                cell_test(column, &[literal.value()], file, cells)
            }
            _ => None,
        };
    }
    let list = expr.downcast_ref::<InListExpr>().filter(|list| !list.negated())?;
    let column = list.expr().downcast_ref::<Column>()?;
    let values: Option<Vec<&ScalarValue>> =
        list.list().iter().map(|item| item.downcast_ref::<Literal>().map(Literal::value)).collect();
    cell_test(column, &values?, file, cells)
}

fn sides(binary: &BinaryExpr) -> Option<(&Column, &Literal)> {
    let one = (binary.left().downcast_ref(), binary.right().downcast_ref());
    let other = (binary.right().downcast_ref(), binary.left().downcast_ref());
    match (one, other) {
        ((Some(column), Some(literal)), _) | (_, (Some(column), Some(literal))) => Some((column, literal)),
        _ => None,
    }
}

fn cell_test(column: &Column, values: &[&ScalarValue], file: &SchemaRef, cells: &[usize]) -> Option<Test> {
    let index = file.index_of(column.name()).ok()?;
    let place = cells.binary_search(&index).ok()?;
    let number = file.field(index).data_type().is_signed_integer();
    let text = |value: &&ScalarValue| match value {
        ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text) if !number => text.clone(),
        ScalarValue::Int8(Some(value)) if number => Some(value.to_string()),
        ScalarValue::Int16(Some(value)) if number => Some(value.to_string()),
        ScalarValue::Int32(Some(value)) if number => Some(value.to_string()),
        ScalarValue::Int64(Some(value)) if number => Some(value.to_string()),
        _ => None,
    };
    let values: Option<Vec<Box<[u8]>>> =
        values.iter().map(|value| text(value).map(|text| text.into_bytes().into())).collect();
    Some(Test::Cell { place, number, values: values? })
}

/// The cells of every column in the expression that is in the file.
fn collect_cells(expr: &Arc<dyn PhysicalExpr>, file: &SchemaRef, cells: &mut Vec<usize>) {
    if let Some(column) = expr.downcast_ref::<Column>() {
        cells.extend(file.index_of(column.name()));
    }
    for child in expr.children() {
        collect_cells(child, file, cells);
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    use datafusion::physical_expr::expressions::{col, lit};

    use super::*;

    fn passed(predicate: &Arc<dyn PhysicalExpr>, text: &str) -> (String, Vec<u64>, u64) {
        let fields = [("srcaddr", DataType::Utf8View), ("dstport", DataType::Int32), ("action", DataType::Utf8View)];
        let file = Arc::new(Schema::new(fields.map(|(name, kind)| Field::new(name, kind, true)).to_vec()));
        let test = LineTest::new(predicate, &file, b' ', Some(3)).unwrap();
        let passed = test.pass(text.as_bytes(), 0);
        (String::from_utf8(passed.text.to_vec()).unwrap(), passed.lines, passed.skipped)
    }

    fn eq(column: &str, value: ScalarValue, op: Operator) -> Arc<dyn PhysicalExpr> {
        let fields = [("srcaddr", DataType::Utf8View), ("dstport", DataType::Int32), ("action", DataType::Utf8View)];
        let schema = Schema::new(fields.map(|(name, kind)| Field::new(name, kind, true)).to_vec());
        Arc::new(BinaryExpr::new(col(column, &schema).unwrap(), op, lit(value)))
    }

    fn text(value: &str) -> ScalarValue {
        ScalarValue::Utf8View(Some(value.to_owned()))
    }

    #[test]
    fn lines_that_cannot_match_are_skipped() {
        let both: Arc<dyn PhysicalExpr> = Arc::new(BinaryExpr::new(
            eq("action", text("REJECT"), Operator::Eq),
            Operator::And,
            eq("dstport", ScalarValue::Int32(Some(22)), Operator::Eq),
        ));
        let lines = "a 22 REJECT\nb 22 ACCEPT\nc 23 REJECT\nd - REJECT\ne 22 REJECT";
        assert_eq!(passed(&both, lines), ("a 22 REJECT\ne 22 REJECT\n".to_owned(), vec![0, 4], 3));
    }

    #[test]
    fn odd_numbers_and_odd_lines_are_left_to_the_decoder() {
        let port = eq("dstport", ScalarValue::Int32(Some(22)), Operator::Eq);
        let odd = "a 022 x\nb +22 x\nc 22\nd 23 x y\n\ne 9x x\n";
        assert_eq!(passed(&port, odd).0, odd);
        assert_eq!(passed(&port, "a 22 x\r\nb 23 x\r\n").0, "a 22 x\r\n");
    }

    #[test]
    fn what_is_no_equality_only_narrows_nothing() {
        let either: Arc<dyn PhysicalExpr> = Arc::new(BinaryExpr::new(
            eq("srcaddr", text("a"), Operator::Gt),
            Operator::And,
            eq("action", text("REJECT"), Operator::Eq),
        ));
        assert_eq!(passed(&either, "a 1 REJECT\nb 2 ACCEPT\n").1, [0]);
        let unknown = eq("srcaddr", text("a"), Operator::Gt);
        let file = Arc::new(Schema::new(vec![Field::new("srcaddr", DataType::Utf8View, true)]));
        assert!(LineTest::new(&unknown, &file, b' ', None).is_none());
    }
}
