//! `checksum(x)`: the same for the same values in any order. Each value's 64-bit xxHash, with the
//! multiplier of Trino, summed up.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

/// The primes of xxHash.
const P1: u64 = 0x9E37_79B1_85EB_CA87;
const P2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const P3: u64 = 0x1656_67B1_9E37_79F9;
const P4: u64 = 0x85EB_CA77_C2B2_AE63;
const P5: u64 = 0x27D4_EB2F_1656_67C5;

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Checksum(Signature);

impl Checksum {
    pub(super) fn new() -> Self {
        Checksum(Signature::any(1, Volatility::Immutable))
    }
}

impl AggregateUDFImpl for Checksum {
    fn name(&self) -> &'static str {
        "checksum"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _given: &[DataType]) -> Result<DataType> {
        Ok(DataType::BinaryView)
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Sum(None)))
    }

    fn state_fields(&self, _args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new("sum", DataType::Int64, true))])
    }
}

/// None before the first row.
#[derive(Debug)]
struct Sum(Option<u64>);

impl Sum {
    fn add(&mut self, hash: u64) {
        self.0 = Some(self.0.unwrap_or(0).wrapping_add(hash));
    }
}

impl Accumulator for Sum {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let Some(column) = columns.first() else { return Ok(()) };
        let hashes = hashes(column)?;
        hashes.into_iter().for_each(|hash| self.add(hash.map_or(P1, |hash| hash.wrapping_mul(P1))));
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::BinaryView(self.0.map(|sum| sum.to_le_bytes().to_vec())))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Int64(self.0.map(u64::cast_signed))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(sums) = states.first() else { return Ok(()) };
        sums.as_primitive::<Int64Type>().iter().flatten().for_each(|sum| self.add(sum.cast_unsigned()));
        Ok(())
    }
}

/// A hash for each value: of the number, of a double's bits, otherwise of the text.
fn hashes(column: &ArrayRef) -> Result<Vec<Option<u64>>> {
    let of_number = |number: i64| xxhash(&number.to_le_bytes());
    Ok(match column.data_type() {
        DataType::Boolean => column.as_boolean().iter().map(|v| v.map(|v| of_number(i64::from(v)))).collect(),
        kind if kind.is_integer() || matches!(kind, DataType::Date32 | DataType::Timestamp(..)) => {
            let wide = if *kind == DataType::Date32 { cast(column, &DataType::Int32)? } else { Arc::clone(column) };
            let numbers = cast(&wide, &DataType::Int64)?;
            numbers.as_primitive::<Int64Type>().iter().map(|number| number.map(of_number)).collect()
        }
        kind if kind.is_floating() => {
            let numbers = cast(column, &DataType::Float64)?;
            let bits = |number: f64| of_number(number.to_bits().cast_signed());
            numbers.as_primitive::<Float64Type>().iter().map(|number| number.map(bits)).collect()
        }
        kind if super::super::is_text(kind) => {
            let texts = cast(column, &DataType::Utf8View)?;
            texts.as_string_view().iter().map(|text| text.map(|text| xxhash(text.as_bytes()))).collect()
        }
        _ => {
            let text = |row| (column.is_valid(row)).then(|| crate::text::value(column.as_ref(), row)).flatten();
            (0..column.len()).map(|row| text(row).map(|text| xxhash(text.as_bytes()))).collect()
        }
    })
}

fn round(state: u64, lane: u64) -> u64 {
    state.wrapping_add(lane.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1)
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

/// xxHash, 64 bits, seed 0.
fn xxhash(bytes: &[u8]) -> u64 {
    let (blocks, mut rest) = bytes.split_at(bytes.len() / 32 * 32);
    let mut hash = P5;
    if !blocks.is_empty() {
        let mut lanes = [P1.wrapping_add(P2), P2, 0, 0u64.wrapping_sub(P1)];
        for block in blocks.chunks_exact(32) {
            for (lane, part) in lanes.iter_mut().zip(block.chunks_exact(8)) {
                *lane = round(*lane, word(part));
            }
        }
        let turned = lanes.iter().zip([1, 7, 12, 18]).map(|(lane, by)| lane.rotate_left(by));
        hash = turned.fold(0, u64::wrapping_add);
        for lane in lanes {
            hash = (hash ^ round(0, lane)).wrapping_mul(P1).wrapping_add(P4);
        }
    }
    hash = hash.wrapping_add(bytes.len() as u64);
    while let Some((part, after)) = rest.split_at_checked(8) {
        hash = (hash ^ round(0, word(part))).rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
        rest = after;
    }
    if let Some((part, after)) = rest.split_at_checked(4) {
        hash = (hash ^ word(part).wrapping_mul(P1)).rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
        rest = after;
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(P2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(P3);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those that xxHash's specification and its implementations give.
    #[test]
    fn hashes_are_xxhash() {
        assert_eq!(xxhash(b""), 0xEF46_DB37_51D8_E999);
        assert_eq!(xxhash(b"a"), 0xD24E_C4F1_A98C_6E5B);
        assert_eq!(xxhash(b"abc"), 0x44BC_2CF5_AD77_0999);
        assert_eq!(xxhash(b"Nobody inspects the spammish repetition"), 0xFBCE_A83C_8A37_8BF1);
    }
}
