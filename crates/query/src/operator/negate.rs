//! The minus before a value: of numbers and of intervals, which DataFusion's does not all take.

use std::sync::Arc;

use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::{Code, Error};
use crate::function::{evaluate, type_name};

/// Its name, which no statement can have.
pub(crate) const NAME: &str = "$negate";

/// The function that such a minus becomes.
pub(crate) fn negate() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Negate { signature: Signature::user_defined(Volatility::Immutable) }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Negate {
    signature: Signature,
}

/// The type that it has, which is also that of the result.
fn of(given: &[DataType]) -> Result<DataType> {
    match given {
        [DataType::Null] => Ok(DataType::Int64),
        [kind] if kind.is_numeric() => Ok(kind.clone()),
        [kind @ (DataType::Duration(TimeUnit::Millisecond) | DataType::Interval(IntervalUnit::YearMonth))] => {
            Ok(kind.clone())
        }
        given => {
            let given: Vec<String> = given.iter().map(type_name).collect();
            Err(Error::new(Code::TypeMismatch, format!("Cannot negate {}", given.join(", "))).into_datafusion())
        }
    }
}

impl ScalarUDFImpl for Negate {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        of(given).map(|kind| vec![kind])
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        of(given)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let result = self.return_type(&args.args.iter().map(ColumnarValue::data_type).collect::<Vec<_>>())?;
        evaluate(&args, &result, false, |arrays| {
            Ok(numeric::neg(&arrays[0]).map_err(|error| match error {
                ArrowError::ArithmeticOverflow(text) => {
                    let value = text.rsplit("- ").next().unwrap_or_default();
                    let message = format!("{} negation overflow: {value}", type_name(&result));
                    ArrowError::ExternalError(Box::new(Error::new(Code::NumericValueOutOfRange, message)))
                }
                other => other,
            })?)
        })
    }
}
