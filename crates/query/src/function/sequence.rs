//! `sequence`: numbers, days or times in a row, as arrays.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
    TimestampMillisecondType,
};
use datafusion::common::Result;

use super::generic::{Generic, Picked, index, list, types};
use super::{Param, refuse};

/// Items of one array, at most. Source: athena.md §4.
const LONGEST: i64 = 50_000;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
const DAY_NANOSECONDS: i64 = DAY * 1_000_000;

pub(super) const GENERIC: &[Generic] = &[Generic {
    name: "sequence",
    usage: "sequence(bigint, bigint[, bigint]), sequence(date, date[, bigint]), sequence(timestamp, timestamp, bigint)",
    takes_null: false,
    types: |given| match given {
        [from, to, step @ ..] if step.len() <= 1 => {
            let kind = match if from.is_null() { (to, to) } else { (from, if to.is_null() { from } else { to }) } {
                (DataType::Date32, DataType::Date32) => DataType::Date32,
                (DataType::Timestamp(..), DataType::Timestamp(..)) if step.len() == 1 => Param::Timestamp.data_type(),
                (from, to) if from.is_integer() && to.is_integer() => DataType::Int64,
                _ => return None,
            };
            let by = match step.first() {
                None => None,
                Some(step) if step.is_integer() || step.is_null() => Some(DataType::Int64),
                Some(DataType::Interval(_) | DataType::Duration(_)) if kind != DataType::Int64 => {
                    Some(DataType::Interval(IntervalUnit::MonthDayNano))
                }
                Some(_) => return None,
            };
            types([kind.clone(), kind.clone()].into_iter().chain(by).collect(), list(kind))
        }
        _ => None,
    },
    body: sequence,
}];

/// From one to the other, both there, by a step.
fn sequence(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let (from, to) = (ends(&args[0]), ends(&args[1]));
    let steps = args.get(2).map(|steps| match steps.as_primitive_opt::<Int64Type>() {
        Some(steps) => Ok(steps.clone()),
        None => step_lengths(steps, args[0].data_type()),
    });
    let steps = steps.transpose()?;
    let mut numbers = Vec::new();
    let mut picked = Picked::default();
    for row in 0..from.len() {
        let given = steps.as_ref().map(|steps| steps.is_valid(row).then(|| steps.value(row)));
        let step = match given {
            Some(step) => step,
            None => Some(if from.value(row) <= to.value(row) { 1 } else { -1 }),
        };
        let Some(step) = step.filter(|_| from.is_valid(row) && to.is_valid(row)) else {
            picked.null();
            continue;
        };
        let before = numbers.len();
        count(from.value(row), to.value(row), step, &mut numbers)?;
        picked.row((before..numbers.len()).map(|at| index(at).map(Some)).collect::<Result<Vec<_>>>()?);
    }
    let numbers = Int64Array::from(numbers);
    let DataType::List(kind) = result else { return refuse("sequence gives an array".to_owned()) };
    let items: ArrayRef = match kind.data_type() {
        DataType::Date32 => std::sync::Arc::new(numbers.unary::<_, Date32Type>(|day| i32::try_from(day).unwrap_or(0))),
        DataType::Timestamp(..) => {
            std::sync::Arc::new(numbers.unary::<_, TimestampMillisecondType>(|at| at).with_timezone(super::UTC))
        }
        _ => std::sync::Arc::new(numbers),
    };
    picked.list(result, &items)
}

/// Numbers, days or milliseconds.
fn ends(array: &ArrayRef) -> Int64Array {
    if let Some(days) = array.as_primitive_opt::<Date32Type>() {
        return days.unary(i64::from);
    }
    match array.as_primitive_opt::<TimestampMillisecondType>() {
        Some(times) => times.unary(|at| at),
        None => array.as_primitive::<Int64Type>().clone(),
    }
}

/// The length of a step: in days for dates, otherwise in milliseconds.
fn step_lengths(steps: &ArrayRef, of: &DataType) -> Result<Int64Array> {
    let length = |step: Option<IntervalMonthDayNano>| match step {
        None => Ok(None),
        Some(step) if step.months != 0 => refuse("sequence: a step of months is not supported".to_owned()),
        Some(step) if *of == DataType::Date32 && step.nanoseconds % DAY_NANOSECONDS != 0 => {
            refuse("sequence step must be a day interval if start and end values are dates".to_owned())
        }
        Some(step) if *of == DataType::Date32 => Ok(Some(i64::from(step.days) + step.nanoseconds / DAY_NANOSECONDS)),
        Some(step) => Ok(Some(i64::from(step.days) * DAY + step.nanoseconds / 1_000_000)),
    };
    steps.as_primitive::<IntervalMonthDayNanoType>().iter().map(length).collect()
}

fn count(from: i64, to: i64, step: i64, numbers: &mut Vec<i64>) -> Result<()> {
    if step == 0 {
        return refuse("step must not be zero".to_owned());
    }
    if (from < to) != (step > 0) && from != to {
        return refuse("sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start".to_owned());
    }
    let distance = i128::from(to) - i128::from(from);
    if distance / i128::from(step) >= i128::from(LONGEST) {
        return refuse(format!("result of sequence function must not have more than {LONGEST} entries"));
    }
    let mut next = Some(from);
    while let Some(number) = next.filter(|number| if step > 0 { *number <= to } else { *number >= to }) {
        numbers.push(number);
        next = number.checked_add(step);
    }
    Ok(())
}
