//! Trino's functions, where DataFusion's are missing or differ.
//!
//! A function is a list of overloads: parameters, result, and a body over whole arrays. Arguments
//! are cast to the parameters' types; what fits no overload is refused with Trino's words.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::{Code, Error};

mod address;
mod bit;
mod format;
mod sequence;
mod text;
mod time;

pub(crate) use address::{TO_ADDRESS, TRY_TO_ADDRESS, texts as address_texts};

/// All of them; `now` is what `current_timestamp` gives, milliseconds since 1970.
pub(crate) fn all(now: i64) -> Vec<ScalarUDF> {
    let mut functions = Vec::new();
    for table in [time::FUNCTIONS, text::FUNCTIONS, bit::FUNCTIONS, address::FUNCTIONS, sequence::FUNCTIONS] {
        for (name, overloads) in table {
            functions.push(ScalarUDF::from(Function {
                name,
                overloads,
                now,
                signature: Signature::user_defined(Volatility::Immutable),
            }));
        }
    }
    functions
}

/// A name and its overloads.
type Entry = (&'static str, &'static [Overload]);

/// One way to call a function.
struct Overload {
    parameters: &'static [Param],
    /// The last parameter may stand any number of times, at least once.
    variadic: bool,
    result: Param,
    body: Body,
}

/// What computes: the arguments, all of one length, and `now`.
type Body = fn(&[ArrayRef], i64) -> Result<ArrayRef>;

/// The types of parameters and results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Param {
    Text,
    Bigint,
    Double,
    Boolean,
    Date,
    /// Milliseconds, UTC: Trino's timestamp(3) with time zone.
    Timestamp,
    /// 16 bytes; IPv4 as `::ffff:a.b.c.d`.
    Address,
    Texts,
    Bigints,
    Dates,
}

/// The zone of all timestamps.
const UTC: &str = "UTC";

/// How many bytes an address has; no other column has this type.
pub(crate) const ADDRESS: DataType = DataType::FixedSizeBinary(16);

impl Param {
    fn data_type(self) -> DataType {
        match self {
            Param::Text => DataType::Utf8View,
            Param::Bigint => DataType::Int64,
            Param::Double => DataType::Float64,
            Param::Boolean => DataType::Boolean,
            Param::Date => DataType::Date32,
            Param::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into())),
            Param::Address => ADDRESS,
            Param::Texts => DataType::new_list(DataType::Utf8View, true),
            Param::Bigints => DataType::new_list(DataType::Int64, true),
            Param::Dates => DataType::new_list(DataType::Date32, true),
        }
    }

    /// Whether Trino takes a value of this type for the parameter without a cast.
    fn takes(self, given: &DataType) -> bool {
        match self {
            _ if given.is_null() => true,
            Param::Text => is_text(given),
            Param::Bigint => given.is_integer(),
            Param::Double => given.is_numeric(),
            Param::Boolean => *given == DataType::Boolean,
            Param::Date => *given == DataType::Date32,
            Param::Timestamp => matches!(given, DataType::Timestamp(..) | DataType::Date32),
            Param::Address => *given == ADDRESS,
            Param::Texts | Param::Bigints | Param::Dates => *given == self.data_type(),
        }
    }
}

/// The name that Trino has for a type.
pub(crate) fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "integer".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "varchar".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(_, None) => "timestamp(3)".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp(3) with time zone".to_owned(),
        DataType::Interval(_) => "interval".to_owned(),
        DataType::Null => "unknown".to_owned(),
        other if *other == ADDRESS => "ipaddress".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

pub(crate) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// A function for DataFusion.
#[derive(Debug)]
struct Function {
    name: &'static str,
    overloads: &'static [Overload],
    now: i64,
    signature: Signature,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.now == other.now
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, self.now).hash(state);
    }
}

impl std::fmt::Debug for Overload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overload").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

impl Overload {
    fn parameter(&self, index: usize) -> Option<Param> {
        let last = self.parameters.last().filter(|_| self.variadic);
        self.parameters.get(index).or(last).copied()
    }

    fn takes(&self, given: &[DataType]) -> bool {
        let count = given.len() == self.parameters.len() || (self.variadic && given.len() >= self.parameters.len());
        let takes = |(index, given): (usize, &DataType)| self.parameter(index).is_some_and(|param| param.takes(given));
        count && given.iter().enumerate().all(takes)
    }
}

impl Function {
    fn overload(&self, given: &[DataType]) -> Result<&Overload> {
        let exact = |overload: &&Overload| {
            overload.takes(given)
                && given
                    .iter()
                    .enumerate()
                    .all(|(i, given)| overload.parameter(i).is_some_and(|p| p.data_type() == *given))
        };
        let found = self.overloads.iter().find(exact);
        found
            .or_else(|| self.overloads.iter().find(|overload| overload.takes(given)))
            .ok_or_else(|| self.refusal(given))
    }

    fn refusal(&self, given: &[DataType]) -> datafusion::error::DataFusionError {
        let list = |types: Vec<String>| types.join(", ");
        let given = list(given.iter().map(type_name).collect());
        let expected = self.overloads.iter().map(|overload| {
            let more = if overload.variadic { ", ..." } else { "" };
            let types = overload.parameters.iter().map(|param| type_name(&param.data_type()));
            format!("{}({}{more})", self.name, list(types.collect()))
        });
        let expected = list(expected.collect());
        let message = format!("Unexpected parameters ({given}) for function {}. Expected: {expected}", self.name);
        Error::new(Code::FunctionNotFound, message).into_datafusion()
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(self.overload(given)?.result.data_type())
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let overload = self.overload(given)?;
        Ok((0..given.len()).filter_map(|index| overload.parameter(index)).map(Param::data_type).collect())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        let overload = self.overload(&types)?;
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        if args.args.iter().any(|arg| matches!(arg, ColumnarValue::Scalar(value) if value.is_null())) {
            let null = new_null_array(&overload.result.data_type(), 1);
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&null, 0)?));
        }
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let result = (overload.body)(&arrays, self.now)?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// An argument that a function cannot take.
fn refuse<T>(message: String) -> Result<T> {
    Err(Error::new(Code::InvalidFunctionArgument, message).into_datafusion())
}

/// An array as a body returns it.
fn done(array: impl datafusion::arrow::array::Array + 'static) -> Result<ArrayRef> {
    Ok(Arc::new(array))
}
