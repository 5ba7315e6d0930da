//! Bits: what queries on `tcp_flags` use.

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array};
use datafusion::arrow::compute::{binary, try_binary, unary};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::error::ArrowError;
use datafusion::common::Result;

use super::{Entry, Overload, Param, done};

const TWO: &[Param] = &[Param::Bigint, Param::Bigint];

const fn of_two(body: super::Body) -> Overload {
    Overload { parameters: TWO, variadic: false, result: Param::Bigint, body }
}

pub(super) const FUNCTIONS: &[Entry] = &[
    ("bitwise_and", &[of_two(|args, _| both(args, |a, b| a & b))]),
    ("bitwise_or", &[of_two(|args, _| both(args, |a, b| a | b))]),
    ("bitwise_xor", &[of_two(|args, _| both(args, |a, b| a ^ b))]),
    ("bitwise_left_shift", &[of_two(|args, _| both(args, |a, by| shift(by, |by| a.checked_shl(by))))]),
    (
        "bitwise_right_shift",
        &[of_two(|args, _| {
            both(args, |a, by| shift(by, |by| a.cast_unsigned().checked_shr(by).map(u64::cast_signed)))
        })],
    ),
    ("bitwise_not", &[Overload { parameters: &[Param::Bigint], variadic: false, result: Param::Bigint, body: not }]),
    ("bit_count", &[of_two(bit_count)]),
];

fn numbers(args: &[ArrayRef], index: usize) -> &Int64Array {
    args[index].as_primitive::<Int64Type>()
}

fn both(args: &[ArrayRef], of: fn(i64, i64) -> i64) -> Result<ArrayRef> {
    let result: Int64Array = binary(numbers(args, 0), numbers(args, 1), of)?;
    done(result)
}

fn not(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let result: Int64Array = unary(numbers(args, 0), |a| !a);
    done(result)
}

/// Shifts by 64 and more, and by less than nothing, leave nothing.
fn shift(by: i64, shift: impl Fn(u32) -> Option<i64>) -> i64 {
    u32::try_from(by).ok().and_then(shift).unwrap_or(0)
}

/// The ones in the two's complement of so many bits.
fn bit_count(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let result: Int64Array = try_binary(numbers(args, 0), numbers(args, 1), |value, bits| {
        let refused = |what: &str| ArrowError::InvalidArgumentError(format!("bit_count: {what}"));
        if !(2..=64).contains(&bits) {
            return Err(refused("bits must be between 2 and 64"));
        }
        let sign_bits = value >> (bits - 1);
        if sign_bits != 0 && sign_bits != -1 {
            return Err(refused(&format!("number {value} does not fit {bits} bits")));
        }
        let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
        Ok(i64::from((value.cast_unsigned() & mask).count_ones()))
    })?;
    done(result)
}
