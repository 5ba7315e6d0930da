//! `approx_percentile`: DataFusion's, of whole numbers a whole number.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::approx_percentile_cont::approx_percentile_cont_udaf;
use datafusion::functions_aggregate::approx_percentile_cont_with_weight::approx_percentile_cont_with_weight_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use crate::error::{Code, Error};
use crate::function::type_name;

/// The function: of numbers, their weights if there are such, and a share of them.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Percentile {
    plain: Arc<AggregateUDF>,
    weighted: Arc<AggregateUDF>,
    signature: Signature,
}

impl Percentile {
    pub(super) fn new() -> Self {
        let (plain, weighted) = (approx_percentile_cont_udaf(), approx_percentile_cont_with_weight_udaf());
        Percentile { plain, weighted, signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn of(&self, arguments: usize) -> &AggregateUDF {
        if arguments == 2 { &self.plain } else { &self.weighted }
    }
}

/// Whole numbers stay what they are, as bigint.
fn kept(number: &DataType) -> DataType {
    match number {
        number if number.is_integer() => DataType::Int64,
        DataType::Float32 => DataType::Float32,
        _ => DataType::Float64,
    }
}

impl AggregateUDFImpl for Percentile {
    fn name(&self) -> &'static str {
        "approx_percentile"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let numbers = given.iter().all(|kind| kind.is_numeric() || kind.is_null());
        match given {
            [number, further @ ..] if numbers && matches!(further.len(), 1 | 2) => {
                Ok(std::iter::once(kept(number)).chain(further.iter().map(|_| DataType::Float64)).collect())
            }
            _ => {
                let types: Vec<String> = given.iter().map(type_name).collect();
                let types = types.join(", ");
                let message = format!("Unexpected parameters ({types}) for function approx_percentile");
                Err(Error::new(Code::FunctionNotFound, message).into_datafusion())
            }
        }
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(given.first().map_or(DataType::Float64, kept))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let of = self.of(args.exprs.len());
        if *args.return_field.data_type() != DataType::Int64 {
            return of.accumulator(args);
        }
        let doubles: Vec<FieldRef> = args.expr_fields.iter().map(|field| Arc::new(double(field))).collect();
        let return_field = Arc::new(double(&args.return_field));
        Ok(Box::new(OfWhole(of.accumulator(AccumulatorArgs { return_field, expr_fields: &doubles, ..args })?)))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.of(args.input_fields.len()).state_fields(args)
    }
}

fn double(field: &FieldRef) -> Field {
    field.as_ref().clone().with_data_type(DataType::Float64)
}

/// The percentile of whole numbers: the nearest one.
#[derive(Debug)]
struct OfWhole(Box<dyn Accumulator>);

impl Accumulator for OfWhole {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let doubles = columns.iter().map(|column| Ok(cast(column, &DataType::Float64)?));
        self.0.update_batch(&doubles.collect::<Result<Vec<_>>>()?)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let nearest = self.0.evaluate()?.to_array()?.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::round);
        ScalarValue::try_from_array(&cast(&nearest, &DataType::Int64)?, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
