//! `sum`: DataFusion's, but a sum of whole numbers that is no bigint fails, where that one begins again at the other end.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature,
};
use datafusion::physical_expr::NullState;

use crate::error::{Code, Error};

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Sum(Arc<AggregateUDF>);

impl Sum {
    pub(super) fn new() -> Self {
        Sum(sum_udaf())
    }
}

fn is_whole(args: &AccumulatorArgs) -> bool {
    *args.return_field.data_type() == DataType::Int64
}

fn overflow<T>() -> Result<T> {
    Err(Error::new(Code::NumericValueOutOfRange, "bigint addition overflow: sum").into_datafusion())
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.0.return_type(given)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match (is_whole(&args), args.is_distinct) {
            (true, false) => Ok(Box::<Total>::default()),
            (true, true) => Ok(Box::new(OfDistinct(self.0.accumulator(args)?))),
            (false, _) => self.0.accumulator(args),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.0.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.0.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        if is_whole(&args) { Ok(Box::<Totals>::default()) } else { self.0.create_groups_accumulator(args) }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if is_whole(&args) && !args.is_distinct {
            return Ok(Box::<Total>::default());
        }
        self.0.create_sliding_accumulator(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.0.reverse_udf()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.0.order_sensitivity()
    }
}

/// The sum of all rows, or of those in the frame of a window.
#[derive(Debug, Default)]
struct Total {
    sum: i128,
    /// How many numbers it is of.
    count: usize,
}

impl Accumulator for Total {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let Some(numbers) = columns.first() else { return Ok(()) };
        self.sum += total(numbers.as_primitive());
        self.count += numbers.len() - numbers.null_count();
        Ok(())
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let Some(numbers) = columns.first() else { return Ok(()) };
        self.sum -= total(numbers.as_primitive());
        self.count -= numbers.len() - numbers.null_count();
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        match i64::try_from(self.sum) {
            Ok(sum) => Ok(ScalarValue::Int64((self.count > 0).then_some(sum))),
            Err(_) => overflow(),
        }
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The sum. Halves of 32 bits are added apart, which none of the 2³¹ rows that a batch has at most makes overflow: so
/// there is nothing to look at row by row.
fn total(numbers: &Int64Array) -> i128 {
    let add = |(high, low): (i64, i64), number: i64| (high + (number >> 32), low + (number & 0xffff_ffff));
    let (high, low) = match numbers.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => numbers.values().iter().copied().fold((0, 0), add),
        Some(nulls) => {
            let rows = numbers.values().iter().zip(nulls.iter());
            rows.map(|(number, there)| if there { *number } else { 0 }).fold((0, 0), add)
        }
    };
    (i128::from(high) << 32) + i128::from(low)
}

/// The sum of the numbers that DataFusion found to be different.
#[derive(Debug)]
struct OfDistinct(Box<dyn Accumulator>);

impl Accumulator for OfDistinct {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(columns)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut sum = Total::default();
        for state in self.0.state()? {
            if let ScalarValue::List(numbers) = state {
                sum.update_batch(&[numbers.value(0)])?;
            }
        }
        sum.evaluate()
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

/// The sums of groups.
#[derive(Debug, Default)]
struct Totals {
    sums: Vec<i64>,
    /// Which groups have a number.
    seen: NullState,
}

impl GroupsAccumulator for Totals {
    fn update_batch(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let Some(numbers) = columns.first() else { return Ok(()) };
        self.sums.resize(total_num_groups, 0);
        let (sums, mut overflows) = (self.sums.as_mut_slice(), false);
        let numbers = numbers.as_primitive::<Int64Type>();
        self.seen.accumulate(groups, numbers, filter, total_num_groups, |group, number| {
            let (sum, over) = sums[group].overflowing_add(number);
            sums[group] = sum;
            overflows |= over;
        });
        if overflows { overflow() } else { Ok(()) }
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sums = emit_to.take_needed(&mut self.sums);
        Ok(Arc::new(Int64Array::try_new(sums.into(), self.seen.build(emit_to))?))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total_num_groups: usize) -> Result<()> {
        self.update_batch(states, groups, None, total_num_groups)
    }

    /// Each number is a sum of its own.
    fn convert_to_state(&self, columns: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let numbers = columns.iter().map(|column| {
            let (numbers, nulls) = (column.as_primitive::<Int64Type>(), column.nulls());
            let wanted = filter.map(|filter| match filter.nulls() {
                Some(known) => NullBuffer::new(filter.values() & known.inner()),
                None => NullBuffer::new(filter.values().clone()),
            });
            let nulls = NullBuffer::union(nulls, wanted.as_ref());
            Ok(Arc::new(Int64Array::try_new(numbers.values().clone(), nulls)?) as ArrayRef)
        });
        numbers.collect()
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i64>() + self.seen.size()
    }
}
