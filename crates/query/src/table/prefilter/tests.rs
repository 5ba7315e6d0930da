use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::physical_expr::expressions::{col, in_list, lit};
use proptest::prelude::*;
use weir_record::Refusals;
use weir_record::text::{Mode, TextDecoder, TextOptions};

use super::*;

type Predicate = Arc<dyn PhysicalExpr>;

fn file() -> SchemaRef {
    let fields = [("srcaddr", DataType::Utf8View), ("dstport", DataType::Int32), ("action", DataType::Utf8View)];
    Arc::new(Schema::new(fields.map(|(name, kind)| Field::new(name, kind, true)).to_vec()))
}

fn compare(column: &str, op: Operator, value: ScalarValue) -> Predicate {
    Arc::new(BinaryExpr::new(col(column, &file()).unwrap(), op, lit(value)))
}

fn joined(left: Predicate, op: Operator, right: Predicate) -> Predicate {
    Arc::new(BinaryExpr::new(left, op, right))
}

fn text(value: &str) -> ScalarValue {
    ScalarValue::Utf8View(Some(value.to_owned()))
}

fn number(value: i32) -> ScalarValue {
    ScalarValue::Int32(Some(value))
}

/// The rows that are decoded, and how many records were read or refused.
fn decoded(lines: &str, mode: Mode, test: Option<RowTest>) -> (RecordBatch, Refusals) {
    let decoder = TextDecoder::new(file(), None, TextOptions { mode, ..TextOptions::default() }).unwrap();
    let decoder = decoder.with_filter(test.map(|test| Arc::new(test) as Arc<dyn RowFilter>));
    let mut refusals = Refusals::default();
    let batches: Vec<RecordBatch> =
        decoder.decode(&"o".into(), Buffer::from(lines.as_bytes()), 1, &mut refusals).collect();
    (datafusion::arrow::compute::concat_batches(&decoder.schema(), &batches).unwrap(), refusals)
}

/// The addresses of the rows that the predicate's test lets through, and how many records were read.
fn passed(predicate: &Predicate, lines: &str) -> (Vec<String>, u64) {
    let test = RowTest::new(predicate, &file()).unwrap();
    let (rows, refusals) = decoded(lines, Mode::Query, Some(test));
    (rows.column(0).as_string_view().iter().flatten().map(str::to_owned).collect(), refusals.lines)
}

/// The rows of the batch for which the predicate is true.
fn chosen(predicate: &Predicate, rows: &RecordBatch) -> RecordBatch {
    let mask = predicate.evaluate(rows).unwrap().into_array(rows.num_rows()).unwrap();
    filter_record_batch(rows, mask.as_boolean()).unwrap()
}

#[test]
fn rows_that_cannot_match_are_skipped_and_counted() {
    let reject = compare("action", Operator::Eq, text("REJECT"));
    let both = joined(reject, Operator::And, compare("dstport", Operator::Eq, number(22)));
    let lines = "a 22 REJECT\nb 22 ACCEPT\nc 23 REJECT\nd - REJECT\ne 22 REJECT";
    assert_eq!(passed(&both, lines), (vec!["a".to_owned(), "e".to_owned()], 5));
}

#[test]
fn odd_numbers_are_left_to_the_decoder_and_odd_lines_refused() {
    let port = compare("dstport", Operator::Eq, number(22));
    let lines = "a 022 x\nb +22 x\nc 22\nd 23 x y\n\ne 9x x\nf 22 x\r\ng 23 x\r\n";
    assert_eq!(passed(&port, lines), (["a", "b", "e", "f"].map(str::to_owned).to_vec(), 7));
}

#[test]
fn only_equality_narrows() {
    let greater = compare("srcaddr", Operator::Gt, text("a"));
    assert!(RowTest::new(&greater, &file()).is_none());
    let reject = compare("action", Operator::Eq, text("REJECT"));
    let either = joined(Arc::clone(&greater), Operator::Or, Arc::clone(&reject));
    assert!(RowTest::new(&either, &file()).is_none());
    let both = joined(greater, Operator::And, reject);
    assert_eq!(passed(&both, "a 1 REJECT\nb 2 ACCEPT\n").0, ["a"]);
}

fn leaf() -> impl Strategy<Value = Predicate> {
    let op = || prop::sample::select(vec![Operator::Eq, Operator::NotEq, Operator::Lt, Operator::GtEq]);
    let word = || prop::sample::select(vec!["a", "b", "-", "", "REJECT", "22"]);
    let port = || prop::sample::select(vec![0, 7, 22, -22, 3389]);
    prop_oneof![
        (prop::sample::select(vec!["srcaddr", "action"]), op(), word()).prop_map(|(column, op, value)| compare(
            column,
            op,
            text(value)
        )),
        (op(), port()).prop_map(|(op, value)| compare("dstport", op, number(value))),
        (prop::collection::vec(port(), 1..4), any::<bool>()).prop_map(|(values, negated)| {
            let items = values.into_iter().map(|value| lit(number(value))).collect();
            in_list(col("dstport", &file()).unwrap(), items, &negated, &file()).unwrap()
        }),
    ]
}

fn predicate() -> impl Strategy<Value = Predicate> {
    leaf().prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), prop::sample::select(vec![Operator::And, Operator::Or]), inner)
            .prop_map(|(left, op, right)| joined(left, op, right))
    })
}

fn lines() -> impl Strategy<Value = String> {
    let cell =
        prop::sample::select(vec!["a", "b", "-", "", "REJECT", "22", "022", "+22", "-22", "0", "7", "\\N", "9x"]);
    let line = (prop::collection::vec(cell, 0..5), prop::sample::select(vec!["\n", "\r\n"]));
    let line = line.prop_map(|(cells, end)| cells.join(" ") + end);
    prop::collection::vec(line, 0..40).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    /// With the test in front, the predicate chooses the same rows, and as many records count as read.
    #[test]
    fn loses_no_row_that_the_predicate_wants(
        predicate in predicate(),
        lines in lines(),
        mode in prop::sample::select(vec![Mode::Query, Mode::Hive]),
    ) {
        let Some(test) = RowTest::new(&predicate, &file()) else { return Ok(()) };
        let (all, counted) = decoded(&lines, mode, None);
        let (kept, counted_too) = decoded(&lines, mode, Some(test));
        prop_assert_eq!(chosen(&predicate, &kept), chosen(&predicate, &all));
        prop_assert_eq!((counted_too.lines, counted_too.refused), (counted.lines, counted.refused));
        prop_assert_eq!(counted_too.samples, counted.samples);
    }
}
