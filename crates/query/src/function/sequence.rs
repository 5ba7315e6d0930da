//! `sequence`: numbers or days in a row, as arrays.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, Int64Builder, ListBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;

use super::{Entry, Overload, Param, done, refuse};

/// Items of one array, at most. Source: athena.md §4.
const MOST: i64 = 50_000;

pub(super) const FUNCTIONS: &[Entry] = &[(
    "sequence",
    &[
        of(&[Param::Bigint, Param::Bigint], Param::Bigints, |args, _| numbers(args)),
        of(&[Param::Bigint, Param::Bigint, Param::Bigint], Param::Bigints, |args, _| numbers(args)),
        of(&[Param::Date, Param::Date], Param::Dates, days),
    ],
)];

const fn of(parameters: &'static [Param], result: Param, body: super::Body) -> Overload {
    Overload { parameters, variadic: false, result, body }
}

/// From the first number to the second one. Without a step, by one, up or down.
fn numbers(args: &[ArrayRef]) -> Result<ArrayRef> {
    let column = |place: usize| args[place].as_primitive::<Int64Type>();
    let (starts, stops, steps) = (column(0), column(1), args.get(2).map(|_| column(2)));
    let mut lists = ListBuilder::new(Int64Builder::new());
    for row in 0..starts.len() {
        let value = |column: &Int64Array| column.is_valid(row).then(|| column.value(row));
        let (start, stop) = (value(starts), value(stops));
        let step = steps.map_or_else(|| start.zip(stop).map(|(start, stop)| if stop < start { -1 } else { 1 }), value);
        let (Some(start), Some(stop), Some(step)) = (start, stop, step) else {
            lists.append(false);
            continue;
        };
        if step == 0 {
            return refuse("step must not be zero".to_owned());
        }
        if (step > 0) != (start <= stop) && start != stop {
            return refuse(
                "sequence stop value should be greater than or equal to start value if step is greater than zero \
                 otherwise stop should be less than or equal to start"
                    .to_owned(),
            );
        }
        let more = (i128::from(stop) - i128::from(start)) / i128::from(step);
        if more >= i128::from(MOST) {
            return refuse(format!("result of sequence function must not have more than {MOST} entries"));
        }
        let mut number = start;
        lists.values().append_value(number);
        for _ in 0..more {
            // Between two numbers there is no overflow.
            number = number.wrapping_add(step);
            lists.values().append_value(number);
        }
        lists.append(true);
    }
    done(lists.finish())
}

/// From the first day to the second one.
fn days(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let number = |place: usize| cast(&cast(&args[place], &DataType::Int32)?, &DataType::Int64);
    let numbers = numbers(&[number(0)?, number(1)?])?;
    Ok(cast(&cast(&numbers, &DataType::new_list(DataType::Int32, true))?, &Param::Dates.data_type())?)
}
