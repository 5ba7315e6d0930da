//! Casts where Trino's give other values than Arrow's: fractions are rounded to whole numbers and not cut off, texts of
//! numbers and times are those of results, and the members of rows go by their place and not by their name.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, ListArray, MapArray, StringViewArray, StructArray,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::{evaluate, is_text, type_name};
use crate::error::{Code, Error};
use crate::text;

/// Whether such a cast is one of these.
pub(crate) fn differs(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::List(from), DataType::List(to)) => differs(from.data_type(), to.data_type()),
        (DataType::Map(from, _), DataType::Map(to, _)) => differs(from.data_type(), to.data_type()),
        (DataType::Struct(from), DataType::Struct(to)) => {
            let same = |(from, to): (&Arc<_>, &Arc<_>)| -> bool { from == to };
            from.len() == to.len() && !from.iter().zip(to).all(same)
        }
        (from, to) if to.is_integer() => is_fraction(from),
        (from, to) if is_text(to) => {
            from.is_floating()
                || matches!(from, DataType::Timestamp(..) | DataType::Duration(_) | DataType::Interval(_))
        }
        _ => false,
    }
}

fn is_fraction(kind: &DataType) -> bool {
    kind.is_floating() || matches!(kind, DataType::Decimal128(..))
}

/// The function that such a cast becomes.
pub(crate) fn to_type(target: DataType) -> ScalarUDF {
    typed("$cast", target, convert)
}

/// The values as another type has them.
///
/// # Errors
/// INVALID_CAST_ARGUMENT for a value that the type does not have.
pub(crate) fn convert(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let from = values.data_type();
    Ok(match (from, to) {
        (from, to) if from == to => Arc::clone(values),
        (DataType::List(_), DataType::List(item)) => {
            let list = values.as_list::<i32>();
            let items = convert(list.values(), item.data_type())?;
            Arc::new(ListArray::try_new(Arc::clone(item), list.offsets().clone(), items, list.nulls().cloned())?)
        }
        (DataType::Map(..), DataType::Map(entry, sorted)) => {
            let map = values.as_map();
            let entries = convert(&(Arc::new(map.entries().clone()) as ArrayRef), entry.data_type())?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Arc::new(MapArray::try_new(Arc::clone(entry), offsets, entries.as_struct().clone(), nulls, *sorted)?)
        }
        (DataType::Struct(given), DataType::Struct(wanted)) if given.len() == wanted.len() => {
            let row = values.as_struct();
            let members = row.columns().iter().zip(wanted).map(|(column, field)| convert(column, field.data_type()));
            Arc::new(StructArray::try_new(wanted.clone(), members.collect::<Result<_>>()?, row.nulls().cloned())?)
        }
        (from, to) if is_fraction(from) && to.is_integer() => plain(&rounded(values, to)?, to)?,
        (from, to) if is_text(to) && differs(from, to) => {
            let texts = (0..values.len()).map(|row| text::value(values.as_ref(), row));
            plain(&(Arc::new(StringViewArray::from_iter(texts)) as ArrayRef), to)?
        }
        _ => plain(values, to)?,
    })
}

fn plain(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    Ok(cast_with_options(values, to, &CastOptions { safe: false, ..CastOptions::default() })?)
}

/// The nearest whole numbers; of two that are equally near the one farther from 0.
fn rounded(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    if let DataType::Decimal128(precision, _) = values.data_type() {
        return plain(values, &DataType::Decimal128(*precision, 0));
    }
    let doubles = plain(values, &DataType::Float64)?;
    let whole = |(row, value): (usize, Option<f64>)| value.map(|value| nearest(value).ok_or(row)).transpose();
    let whole = doubles.as_primitive::<Float64Type>().iter().enumerate().map(whole);
    match whole.collect::<std::result::Result<Int64Array, usize>>() {
        Ok(whole) => Ok(Arc::new(whole)),
        Err(row) => {
            let value = text::value(doubles.as_ref(), row).unwrap_or_default();
            let message = format!("Unable to cast {value} to {}", type_name(to));
            Err(Error::new(Code::InvalidCastArgument, message).into_datafusion())
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "what is out of range is none")]
fn nearest(value: f64) -> Option<i64> {
    let whole = value.round();
    (whole >= i64::MIN as f64 && whole < i64::MAX as f64).then_some(whole as i64)
}

/// A function of one argument that gives values of this type.
pub(super) fn typed(name: &'static str, target: DataType, body: ToType) -> ScalarUDF {
    ScalarUDF::from(Typed { name, target, body, signature: Signature::any(1, Volatility::Immutable) })
}

/// Makes values of a type.
type ToType = fn(&ArrayRef, &DataType) -> Result<ArrayRef>;

struct Typed {
    name: &'static str,
    target: DataType,
    body: ToType,
    signature: Signature,
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name, self.target)
    }
}

impl PartialEq for Typed {
    fn eq(&self, other: &Self) -> bool {
        (self.name, &self.target) == (other.name, &other.target)
    }
}

impl Eq for Typed {}

impl Hash for Typed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, &self.target).hash(state);
    }
}

impl ScalarUDFImpl for Typed {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _given: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        evaluate(&args, &self.target, false, |arrays| (self.body)(&arrays[0], &self.target))
    }
}
