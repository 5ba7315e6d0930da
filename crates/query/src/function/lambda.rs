//! Functions that take lambdas. `transform`, `filter` and `any_match` are DataFusion's by other names;
//! `all_match` and `none_match` are written with `any_match`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use datafusion::arrow::compute::{take, take_arrays};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDF,
    HigherOrderUDFImpl, LambdaArgument, LambdaParametersProgress, ValueOrLambda, Volatility,
};

use super::generic::{Picked, entries, index, item, list, pair, range};
use super::{map, map_type, type_name};
use crate::error::{Code, Error};

mod reduce;
mod sort;

pub(crate) use sort::SORT_BY;

/// All of them.
pub(super) fn all() -> Vec<HigherOrderUDF> {
    let mut all: Vec<HigherOrderUDF> = [OfMap::Filter, OfMap::Keys, OfMap::Values]
        .into_iter()
        .map(|kind| HigherOrderUDF::new_from_impl(MapLambda { kind, signature: values_then_lambdas(1, 1) }))
        .collect();
    all.push(HigherOrderUDF::new_from_impl(sort::SortBy { signature: values_then_lambdas(1, 1) }));
    all.push(HigherOrderUDF::new_from_impl(ZipWith { signature: values_then_lambdas(2, 1) }));
    all.push(HigherOrderUDF::new_from_impl(reduce::Reduce { signature: values_then_lambdas(2, 2) }));
    all
}

fn values_then_lambdas(values: usize, lambdas: usize) -> HigherOrderSignature {
    let values = std::iter::repeat_n(ValueOrLambda::Value(()), values);
    let lambdas = std::iter::repeat_n(ValueOrLambda::Lambda(()), lambdas);
    HigherOrderSignature::exact(values.chain(lambdas).collect(), Volatility::Immutable)
}

/// Arguments that such a function does not take.
fn unexpected<T>(name: &str, given: &[DataType], usage: &str) -> Result<T> {
    let given: Vec<String> = given.iter().map(type_name).collect();
    let message = format!("Unexpected parameters ({}) for function {name}. Expected: {usage}", given.join(", "));
    Err(Error::new(Code::FunctionNotFound, message).into_datafusion())
}

fn value_type<L>(fields: &[ValueOrLambda<FieldRef, L>], at: usize) -> Result<DataType> {
    match fields.get(at) {
        Some(ValueOrLambda::Value(field)) => Ok(field.data_type().clone()),
        _ => exec_err!("argument {at} is no value"),
    }
}

fn lambda_type<V>(fields: &[ValueOrLambda<V, FieldRef>], at: usize) -> Result<DataType> {
    match fields.get(at) {
        Some(ValueOrLambda::Lambda(field)) => Ok(field.data_type().clone()),
        _ => exec_err!("argument {at} is no lambda"),
    }
}

fn value(args: &HigherOrderFunctionArgs, at: usize) -> Result<ArrayRef> {
    match args.args.get(at) {
        Some(ValueOrLambda::Value(value)) => value.to_array(args.number_rows),
        _ => exec_err!("argument {at} is no value"),
    }
}

fn lambda(args: &HigherOrderFunctionArgs, at: usize) -> Result<&LambdaArgument> {
    match args.args.get(at) {
        Some(ValueOrLambda::Lambda(lambda)) => Ok(lambda),
        _ => exec_err!("argument {at} is no lambda"),
    }
}

fn parameter(data_type: &DataType) -> FieldRef {
    Arc::new(Field::new("", data_type.clone(), true))
}

/// What a lambda gives for columns that have a row for each of `rows`, the rows outside of it.
fn call(lambda: &LambdaArgument, columns: &[&ArrayRef], rows: &UInt32Array) -> Result<ArrayRef> {
    let columns: Vec<_> = columns.iter().map(|column| move || -> Result<ArrayRef> { Ok(Arc::clone(column)) }).collect();
    let columns: Vec<&dyn Fn() -> Result<ArrayRef>> = columns.iter().map(|column| column as _).collect();
    lambda.evaluate(&columns, |captured| Ok(take_arrays(captured, rows, None)?))?.into_array(rows.len())
}

/// What is done to the entries of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum OfMap {
    Filter,
    Keys,
    Values,
}

/// `map_filter`, `transform_keys` and `transform_values`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct MapLambda {
    kind: OfMap,
    signature: HigherOrderSignature,
}

impl HigherOrderUDFImpl for MapLambda {
    fn name(&self) -> &str {
        match self.kind {
            OfMap::Filter => "map_filter",
            OfMap::Keys => "transform_keys",
            OfMap::Values => "transform_values",
        }
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [DataType::Map(..)] => Ok(given.to_vec()),
            _ => unexpected(self.name(), given, &format!("{}(map(K, V), function(K, V, U))", self.name())),
        }
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        match pair(&value_type(fields, 0)?) {
            Some((key, value)) => Ok(LambdaParametersProgress::Complete(vec![vec![key, value]])),
            None => exec_err!("{} expects a map", self.name()),
        }
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let map = value_type(args.arg_fields, 0)?;
        let given = lambda_type(args.arg_fields, 1)?;
        let Some((key, value)) = pair(&map) else { return exec_err!("{} expects a map", self.name()) };
        let result = match self.kind {
            OfMap::Filter if given == DataType::Boolean || given.is_null() => map,
            OfMap::Filter => {
                return unexpected("map_filter", &[map, given], "map_filter(map(K, V), function(K, V, boolean))");
            }
            OfMap::Keys => map_type(given, value.data_type().clone()),
            OfMap::Values => map_type(key.data_type().clone(), given),
        };
        Ok(parameter(&result))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let array = value(&args, 0)?;
        let array = array.as_map();
        let mut picked = Picked::default();
        let mut rows = Vec::new();
        for row in 0..array.len() {
            let Some(range) = entries(array, row) else {
                picked.null();
                continue;
            };
            rows.extend(std::iter::repeat_n(index(row)?, range.len()));
            picked.row(range.map(|at| index(at).map(Some)).collect::<Result<Vec<_>>>()?);
        }
        let (keys, values) = (picked.take(array.keys())?, picked.take(array.values())?);
        let given = call(lambda(&args, 1)?, &[&keys, &values], &UInt32Array::from(rows))?;
        let result = args.return_type();
        let done = match self.kind {
            OfMap::Filter => kept(&picked, &given, array, result)?,
            OfMap::Keys => map::unique(result, &picked, given, values)?,
            OfMap::Values => super::generic::map_of(result, picked.offsets(), keys, given, picked.nulls())?,
        };
        Ok(ColumnarValue::Array(done))
    }
}

/// The entries for which the lambda says true.
fn kept(
    picked: &Picked,
    given: &ArrayRef,
    array: &datafusion::arrow::array::MapArray,
    result: &DataType,
) -> Result<ArrayRef> {
    let yes = |at: &usize| given.as_boolean_opt().is_some_and(|given| given.is_valid(*at) && given.value(*at));
    let mut left = Picked::default();
    for (row, bounds) in picked.offsets().windows(2).enumerate() {
        if array.is_null(row) {
            left.null();
            continue;
        }
        let bounds = usize::try_from(bounds[0]).unwrap_or(0)..usize::try_from(bounds[1]).unwrap_or(0);
        left.row(bounds.filter(yes).map(|at| picked.indices[at]));
    }
    left.map(result, array.keys(), array.values())
}

/// `zip_with(a, b, (x, y) -> …)`: the shorter one is filled with NULLs.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ZipWith {
    signature: HigherOrderSignature,
}

impl HigherOrderUDFImpl for ZipWith {
    fn name(&self) -> &'static str {
        "zip_with"
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match (given.first().and_then(item), given.get(1).and_then(item)) {
            (Some(a), Some(b)) => Ok(vec![list(a), list(b)]),
            _ => unexpected(self.name(), given, "zip_with(array(T), array(U), function(T, U, R))"),
        }
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        match (item(&value_type(fields, 0)?), item(&value_type(fields, 1)?)) {
            (Some(a), Some(b)) => Ok(LambdaParametersProgress::Complete(vec![vec![parameter(&a), parameter(&b)]])),
            _ => exec_err!("zip_with expects two arrays"),
        }
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        Ok(parameter(&list(lambda_type(args.arg_fields, 2)?)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let (left, right) = (value(&args, 0)?, value(&args, 1)?);
        let (left, right) = (left.as_list::<i32>(), right.as_list::<i32>());
        let (mut lefts, mut rights, mut rows) = (Picked::default(), Picked::default(), Vec::new());
        for row in 0..left.len() {
            let (Some(a), Some(b)) = (range(left, row), range(right, row)) else {
                lefts.null();
                rights.null();
                continue;
            };
            let longest = a.len().max(b.len());
            rows.extend(std::iter::repeat_n(index(row)?, longest));
            let padded = |range: std::ops::Range<usize>| {
                (0..longest).map(|at| range.clone().nth(at).map(index).transpose()).collect::<Result<Vec<_>>>()
            };
            lefts.row(padded(a)?);
            rights.row(padded(b)?);
        }
        let (a, b) = (lefts.take(left.values())?, rights.take(right.values())?);
        let given = call(lambda(&args, 2)?, &[&a, &b], &UInt32Array::from(rows))?;
        let DataType::List(item) = args.return_type() else { return exec_err!("zip_with gives an array") };
        let zipped =
            datafusion::arrow::array::ListArray::try_new(Arc::clone(item), lefts.offsets(), given, lefts.nulls())?;
        Ok(ColumnarValue::Array(Arc::new(zipped)))
    }
}

/// A column's items at these places.
pub(super) fn at(values: &ArrayRef, places: Vec<u32>) -> Result<ArrayRef> {
    Ok(take(values.as_ref(), &UInt32Array::from(places), None)?)
}
