//! `reduce(array, start, (state, item) -> state, state -> result)`.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use datafusion::arrow::compute::{cast, interleave};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDFImpl,
    LambdaParametersProgress, ValueOrLambda,
};

use super::super::generic::{index, item, list, range};
use super::{at, call, lambda, lambda_type, parameter, unexpected, value, value_type};

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Reduce {
    pub(super) signature: HigherOrderSignature,
}

impl HigherOrderUDFImpl for Reduce {
    fn name(&self) -> &'static str {
        "reduce"
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [array, start] if item(array).is_some() => {
                Ok(vec![list(item(array).unwrap_or(DataType::Null)), start.clone()])
            }
            _ => unexpected(self.name(), given, "reduce(array(T), S, function(S, T, S), function(S, R))"),
        }
    }

    /// The state has the type that the first lambda gives, which follows from the start's.
    fn lambda_parameters(
        &self,
        _step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let (array, start) = (value_type(fields, 0)?, value_type(fields, 1)?);
        let Some(of) = item(&array).map(|of| parameter(&of)) else { return exec_err!("reduce expects an array") };
        match fields.get(2) {
            Some(ValueOrLambda::Lambda(Some(given))) => {
                let state = parameter(given.data_type());
                Ok(LambdaParametersProgress::Complete(vec![vec![state.clone(), of], vec![state]]))
            }
            _ => Ok(LambdaParametersProgress::Partial(vec![Some(vec![parameter(&start), of]), None])),
        }
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        Ok(parameter(&lambda_type(args.arg_fields, 3)?))
    }

    /// All arrays at once: first the first item of each, then the second, and so on.
    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let (array, start) = (value(&args, 0)?, value(&args, 1)?);
        let array = array.as_list::<i32>();
        let (merge, finish) = (lambda(&args, 2)?, lambda(&args, 3)?);
        let kind = lambda_type(&args.arg_fields, 2)?;
        let mut state = cast(&start, &kind)?;
        let ranges: Vec<_> = (0..array.len()).map(|row| range(array, row).unwrap_or(0..0)).collect();
        let longest = ranges.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
        for step in 0..longest {
            let rows: Vec<usize> = (0..array.len()).filter(|row| ranges[*row].len() > step).collect();
            let places = rows.iter().map(|row| index(*row)).collect::<Result<Vec<_>>>()?;
            let items = rows.iter().map(|row| index(ranges[*row].start + step)).collect::<Result<Vec<_>>>()?;
            let (before, items) = (at(&state, places.clone())?, at(array.values(), items)?);
            let given = cast(&call(merge, &[&before, &items], &UInt32Array::from(places))?, &kind)?;
            state = replaced(&state, &rows, &given)?;
        }
        let all = (0..array.len()).map(index).collect::<Result<Vec<_>>>()?;
        let result = call(finish, &[&state], &UInt32Array::from(all))?;
        let missing = (0..array.len()).map(|row| Some(array.is_null(row))).collect();
        Ok(ColumnarValue::Array(datafusion::arrow::compute::nullif(result.as_ref(), &missing)?))
    }
}

/// The column with others in these rows.
fn replaced(column: &ArrayRef, rows: &[usize], others: &ArrayRef) -> Result<ArrayRef> {
    let mut picks: Vec<(usize, usize)> = (0..column.len()).map(|row| (0, row)).collect();
    for (other, row) in rows.iter().enumerate() {
        picks[*row] = (1, other);
    }
    Ok(interleave(&[column.as_ref(), others.as_ref()], &picks)?)
}
