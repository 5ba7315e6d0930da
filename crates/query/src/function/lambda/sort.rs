//! `array_sort(array, (x, y) -> …)`: sorted by a lambda that says -1, 0 or 1.

use std::cmp::Ordering;
use std::ops::Range;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt32Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDFImpl,
    LambdaArgument, LambdaParametersProgress, ValueOrLambda,
};

use super::{at, call, lambda, lambda_type, parameter, unexpected, value, value_type};
use crate::function::generic::{Picked, index, item, list, range};
use crate::function::refuse;

/// What it is called by: `array_sort` is DataFusion's, without a lambda.
pub(crate) const SORT_BY: &str = "$array_sort_by";

/// Pairs that are compared at a time.
const PAIRS: usize = 1 << 20;
/// Items of an array at most: all pairs of it are compared.
const MOST: usize = 4096;

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct SortBy {
    pub(super) signature: HigherOrderSignature,
}

impl HigherOrderUDFImpl for SortBy {
    fn name(&self) -> &'static str {
        SORT_BY
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given.first().and_then(item) {
            Some(item) => Ok(vec![list(item)]),
            None => unexpected("array_sort", given, "array_sort(array(T), function(T, T, integer))"),
        }
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        match item(&value_type(fields, 0)?) {
            Some(item) => Ok(LambdaParametersProgress::Complete(vec![vec![parameter(&item), parameter(&item)]])),
            None => exec_err!("array_sort expects an array"),
        }
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let (array, given) = (value_type(args.arg_fields, 0)?, lambda_type(args.arg_fields, 1)?);
        if given.is_integer() {
            return Ok(parameter(&array));
        }
        unexpected("array_sort", &[array, given], "array_sort(array(T), function(T, T, integer))")
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let array = value(&args, 0)?;
        let array = array.as_list::<i32>();
        let compare = lambda(&args, 1)?;
        let mut picked = Picked::default();
        let mut row = 0;
        while row < array.len() {
            let first = row;
            let mut pairs = 0;
            while row < array.len() && (row == first || pairs < PAIRS) {
                let items = range(array, row).map_or(0, |items| items.len());
                if items > MOST {
                    return refuse(format!("array_sort with a function takes arrays of at most {MOST} items"));
                }
                pairs += items * items;
                row += 1;
            }
            let rows: Vec<Option<Range<usize>>> = (first..row).map(|row| range(array, row)).collect();
            sort(compare, array.values(), first, &rows, &mut picked)?;
        }
        Ok(ColumnarValue::Array(picked.list(args.return_type(), array.values())?))
    }
}

/// Sorts the items of some rows.
fn sort(
    compare: &LambdaArgument,
    values: &ArrayRef,
    first_row: usize,
    rows: &[Option<Range<usize>>],
    picked: &mut Picked,
) -> Result<()> {
    let (mut left, mut right, mut outside) = (Vec::new(), Vec::new(), Vec::new());
    for (row, items) in rows.iter().enumerate() {
        let Some(items) = items else { continue };
        for a in items.clone() {
            for b in items.clone() {
                left.push(index(a)?);
                right.push(index(b)?);
                outside.push(index(first_row + row)?);
            }
        }
    }
    let given = call(compare, &[&at(values, left)?, &at(values, right)?], &UInt32Array::from(outside))?;
    let given = cast(&given, &DataType::Int64)?;
    let given = given.as_primitive::<Int64Type>();
    let mut before = 0;
    for items in rows {
        let Some(items) = items else {
            picked.null();
            continue;
        };
        let width = items.len();
        let order = merged((0..width).collect(), &|a, b| ordering(given, before + a * width + b))?;
        let places = order.into_iter().map(|place| index(items.start + place).map(Some));
        picked.row(places.collect::<Result<Vec<_>>>()?);
        before += width * width;
    }
    Ok(())
}

fn ordering(given: &Int64Array, at: usize) -> Result<Ordering> {
    match given.is_valid(at).then(|| given.value(at)) {
        Some(-1) => Ok(Ordering::Less),
        Some(0) => Ok(Ordering::Equal),
        Some(1) => Ok(Ordering::Greater),
        _ => refuse("Lambda comparator must return either -1, 0, or 1".to_owned()),
    }
}

/// Merge sort: it ends whatever the comparison says, also when that is no order.
fn merged(items: Vec<usize>, compare: &impl Fn(usize, usize) -> Result<Ordering>) -> Result<Vec<usize>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let mut left = items;
    let right = left.split_off(left.len() / 2);
    let (left, right) = (merged(left, compare)?, merged(right, compare)?);
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(*a, *b)?.is_gt() { right.next() } else { left.next() };
        out.extend(next);
    }
    out.extend(left.chain(right));
    Ok(out)
}
