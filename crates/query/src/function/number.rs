//! Numbers.

use datafusion::arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use datafusion::arrow::datatypes::{Float64Type, Int64Type};

use super::{Entry, Overload, Param, done};

pub(super) const FUNCTIONS: &[Entry] = &[(
    "sign",
    &[
        Overload {
            parameters: &[Param::Bigint],
            variadic: false,
            result: Param::Bigint,
            body: |args: &[ArrayRef], _| {
                let signs: Int64Array = args[0].as_primitive::<Int64Type>().unary(i64::signum);
                done(signs)
            },
        },
        Overload {
            parameters: &[Param::Double],
            variadic: false,
            result: Param::Double,
            // 0 has none, unlike in Rust.
            body: |args: &[ArrayRef], _| {
                let sign = |value: f64| if value == 0.0 { 0.0 } else { value.signum() };
                let signs: Float64Array = args[0].as_primitive::<Float64Type>().unary(sign);
                done(signs)
            },
        },
    ],
)];
