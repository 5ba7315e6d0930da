//! Sums, differences, products and quotients of dates, times and intervals, of the types and with the results of
//! Trino's. An interval day to second is a Duration of milliseconds, one year to month an Interval of months.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, PrimitiveArray};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::compute::{cast, try_binary};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, DurationMillisecondType, Float64Type, Int64Type, IntervalYearMonthType,
    TimeUnit, TimestampMillisecondType,
};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use crate::error::{Code, Error};
use crate::function::evaluate;

const DAY_TO_SECOND: DataType = DataType::Duration(TimeUnit::Millisecond);
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Plus,
    Minus,
    Times,
    Divide,
}

/// Whether it is a type that these operations are of.
pub(super) const fn is_temporal(kind: &DataType) -> bool {
    matches!(kind, DataType::Date32 | DataType::Timestamp(..) | DataType::Duration(_) | DataType::Interval(_))
}

const fn is_interval(kind: &DataType) -> bool {
    matches!(kind, DataType::Duration(_) | DataType::Interval(_))
}

/// What the operands are cast to, and the type of the result; none when Trino does not have the operation.
pub(super) fn types(operation: Operation, left: &DataType, right: &DataType) -> Option<([DataType; 2], DataType)> {
    use Operation::{Divide, Minus, Plus, Times};
    let beside = |other: &DataType| if is_interval(other) { other.clone() } else { DAY_TO_SECOND };
    let number = |kind: &DataType| if kind.is_integer() { DataType::Int64 } else { DataType::Float64 };
    let is_number = |kind: &DataType| kind.is_numeric() || kind.is_null();
    let (left, right) = match operation {
        Plus | Minus if left.is_null() => (beside(right), right.clone()),
        Plus | Minus if right.is_null() => (left.clone(), beside(left)),
        _ => (left.clone(), right.clone()),
    };
    let result = match (operation, is_interval(&left), is_interval(&right)) {
        (Plus | Minus, true, true) if left == right => left.clone(),
        (Plus, true, false) if is_temporal(&right) => right.clone(),
        (Plus | Minus, false, true) if is_temporal(&left) => left.clone(),
        (Minus, false, false) if is_temporal(&left) && is_temporal(&right) => DAY_TO_SECOND,
        (Times, false, true) if is_number(&left) => return Some(([number(&left), right.clone()], right)),
        (Times, true, false) if is_number(&right) => return Some(([left.clone(), number(&right)], left)),
        (Divide, true, false) if is_number(&right) => return Some(([left.clone(), DataType::Float64], left)),
        _ => return None,
    };
    Some(([left, right], result))
}

/// One of the operations.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Temporal {
    operation: Operation,
    signature: Signature,
}

impl Temporal {
    pub(super) fn new(operation: Operation) -> Self {
        Self { operation, signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn types(&self, given: &[DataType]) -> Result<([DataType; 2], DataType)> {
        let found = match given {
            [left, right] => types(self.operation, left, right),
            _ => None,
        };
        found.map_or_else(|| plan_err!("{given:?} are not two operands of {}", self.name()), Ok)
    }
}

impl ScalarUDFImpl for Temporal {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Plus => "$time_plus",
            Operation::Minus => "$time_minus",
            Operation::Times => "$time_times",
            Operation::Divide => "$time_divide",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.types(given).map(|(operands, _)| operands.into())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.types(given).map(|(_, result)| result)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let given: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        let (_, result) = self.types(&given)?;
        evaluate(&args, &result, false, |arrays| match arrays {
            [left, right] => match self.operation {
                Operation::Plus if is_interval(left.data_type()) && !is_interval(right.data_type()) => {
                    moved(right, left, true)
                }
                Operation::Plus => moved(left, right, true),
                Operation::Minus if is_interval(right.data_type()) => moved(left, right, false),
                Operation::Minus => difference(left, right),
                Operation::Times if is_interval(left.data_type()) => times(left, right),
                Operation::Times => times(right, left),
                Operation::Divide => divided(left, right),
            },
            _ => plan_err!("{} takes two operands", self.name()),
        })
    }
}

fn invalid(message: String) -> ArrowError {
    ArrowError::ExternalError(Box::new(Error::new(Code::InvalidFunctionArgument, message)))
}

fn out_of_range(what: &str) -> ArrowError {
    ArrowError::ExternalError(Box::new(Error::new(Code::NumericValueOutOfRange, format!("{what} out of range"))))
}

/// A time or an interval with an interval added or taken away.
fn moved(of: &ArrayRef, by: &ArrayRef, forth: bool) -> Result<ArrayRef> {
    if let (DataType::Date32, DataType::Duration(_)) = (of.data_type(), by.data_type()) {
        return days_moved(of, by, forth);
    }
    let by = match (of.data_type(), by.data_type()) {
        (DataType::Timestamp(unit, _), DataType::Duration(_)) => cast(by, &DataType::Duration(*unit))?,
        _ => by.clone(),
    };
    let moved = if forth { numeric::add(of, &by) } else { numeric::sub(of, &by) };
    Ok(moved.map_err(|error| match error {
        ArrowError::ArithmeticOverflow(_) | ArrowError::ComputeError(_) => out_of_range("result"),
        other => other,
    })?)
}

fn days_moved(of: &ArrayRef, by: &ArrayRef, forth: bool) -> Result<ArrayRef> {
    let lengths = by.as_primitive::<DurationMillisecondType>();
    let moved = try_binary(of.as_primitive::<Date32Type>(), lengths, |day, by| {
        if by % DAY != 0 {
            let what = if forth { "add hour, minutes or seconds to" } else { "subtract hour, minutes or seconds from" };
            return Err(invalid(format!("Cannot {what} a date")));
        }
        let days = i32::try_from(by / DAY).ok();
        let moved = days.and_then(|by| if forth { day.checked_add(by) } else { day.checked_sub(by) });
        moved.ok_or_else(|| out_of_range("date"))
    });
    let moved: PrimitiveArray<Date32Type> = moved?;
    Ok(Arc::new(moved))
}

/// Milliseconds from one time to the other.
fn difference(left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef> {
    let difference = try_binary(&instants(left)?, &instants(right)?, |left, right| {
        left.checked_sub(right).ok_or_else(|| out_of_range("interval"))
    });
    let difference: PrimitiveArray<DurationMillisecondType> = difference?;
    Ok(Arc::new(difference))
}

/// Milliseconds since 1970; what has no zone is of UTC.
fn instants(times: &ArrayRef) -> Result<Int64Array> {
    if let Some(days) = times.as_primitive_opt::<Date32Type>() {
        return Ok(days.unary(|day| i64::from(day) * DAY));
    }
    let zone = match times.data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let times = cast(times, &DataType::Timestamp(TimeUnit::Millisecond, zone))?;
    Ok(times.as_primitive::<TimestampMillisecondType>().reinterpret_cast::<Int64Type>())
}

fn times(interval: &ArrayRef, by: &ArrayRef) -> Result<ArrayRef> {
    if let Some(by) = by.as_primitive_opt::<Int64Type>() {
        return per_row(interval, by, |length, by| length.checked_mul(by).ok_or_else(|| out_of_range("interval")));
    }
    per_row(interval, by.as_primitive::<Float64Type>(), |length, by| match by {
        by if by.is_nan() => Err(invalid(format!("Cannot multiply by double {by}"))),
        by => Ok(whole(length as f64 * by)),
    })
}

fn divided(interval: &ArrayRef, by: &ArrayRef) -> Result<ArrayRef> {
    per_row(interval, by.as_primitive::<Float64Type>(), |length, by| match by {
        by if by.is_nan() || by == 0.0 => Err(invalid(format!("Cannot divide by double {by:?}"))),
        by => Ok(whole(length as f64 / by)),
    })
}

/// Cut off, as Java does it.
#[allow(clippy::cast_possible_truncation, reason = "what is out of range is the nearest that there is")]
const fn whole(length: f64) -> i64 {
    length as i64
}

/// A new length for each row.
fn per_row<N: ArrowPrimitiveType>(
    interval: &ArrayRef,
    by: &PrimitiveArray<N>,
    length: impl Fn(i64, N::Native) -> std::result::Result<i64, ArrowError>,
) -> Result<ArrayRef> {
    if let Some(months) = interval.as_primitive_opt::<IntervalYearMonthType>() {
        let months = try_binary(months, by, |months, by| {
            i32::try_from(length(i64::from(months), by)?).map_err(|_| out_of_range("interval"))
        });
        let months: PrimitiveArray<IntervalYearMonthType> = months?;
        return Ok(Arc::new(months));
    }
    let lengths = interval.as_primitive::<DurationMillisecondType>();
    let lengths: PrimitiveArray<DurationMillisecondType> = try_binary(lengths, by, length)?;
    Ok(Arc::new(lengths))
}
