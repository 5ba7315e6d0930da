//! Trino's functions, where DataFusion's are missing or differ.
//!
//! A function is a list of overloads: parameters, result, and a body over whole arrays. Arguments
//! are cast to the parameters' types; what fits no overload is refused with Trino's words. What takes
//! lists, maps and rows of any type is a [`generic::Generic`], beside the overloads of its name.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, Fields, IntervalUnit, TimeUnit};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::registry::FunctionRegistry;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::{Code, Error};

mod address;
mod aggregate;
mod array;
mod bit;
mod cast;
mod duration;
mod format;
mod generic;
mod json;
mod known;
mod lambda;
mod map;
mod number;
mod prefix;
mod printf;
mod sequence;
mod show;
mod text;
mod time;
mod url;
mod zone;

pub(crate) use address::{TO_ADDRESS, TO_TEXT, TRY_TO_ADDRESS, texts as address_texts};
pub(crate) use array::ORDINALS;
use array::SUBSCRIPT;
pub(crate) use cast::{differs as casts_otherwise, to_type as cast_to};
pub(crate) use json::{TO_JSON, from_json, lenient_column, texts as json_texts, to_json};
pub(crate) use known::{NAMES, check as check_names};
pub(crate) use lambda::SORT_BY;
pub(crate) use prefix::{PREFIX, PREFIX_TEXT, TO_PREFIX, texts as prefix_texts};
pub(crate) use show::TOLD_APART;
pub(crate) use time::INSTANT;

use generic::Generic;

/// Makes all of them known; `now` is what `current_timestamp` gives, milliseconds since 1970.
///
/// # Errors
/// When the registry takes no more functions.
pub(crate) fn register(registry: &mut dyn FunctionRegistry, now: i64) -> Result<()> {
    let fixed: [&'static [Entry]; 9] = [
        time::FUNCTIONS,
        text::FUNCTIONS,
        bit::FUNCTIONS,
        number::FUNCTIONS,
        address::FUNCTIONS,
        prefix::FUNCTIONS,
        json::FUNCTIONS,
        url::FUNCTIONS,
        show::FUNCTIONS,
    ];
    let generic: [&'static [Generic]; 6] =
        [array::FUNCTIONS, map::FUNCTIONS, sequence::GENERIC, json::GENERIC, printf::FUNCTIONS, show::GENERIC];
    let generic = || generic.into_iter().flatten();
    for (name, overloads) in fixed.into_iter().flatten() {
        let generic = generic().find(|generic| generic.name == *name);
        registry.register_udf(Function::shared(name, overloads, generic, now))?;
    }
    for generic in generic().filter(|generic| !fixed.iter().copied().flatten().any(|(name, _)| *name == generic.name)) {
        registry.register_udf(Function::shared(generic.name, &[], Some(generic), now))?;
    }
    for function in lambda::all() {
        registry.register_higher_order_function(Arc::new(function))?;
    }
    for function in aggregate::all() {
        registry.register_udaf(Arc::new(function))?;
    }
    Ok(())
}

/// What `a[1]` is planned as: an item that must be there.
pub(crate) fn subscript() -> Arc<ScalarUDF> {
    let generic = array::FUNCTIONS.iter().find(|generic| generic.name == SUBSCRIPT);
    Function::shared(SUBSCRIPT, &[], generic, 0)
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
    /// Milliseconds of no zone: timestamp(3).
    Local,
    /// 16 bytes; IPv4 as `::ffff:a.b.c.d`.
    Address,
    /// An address and how many of its bits count.
    Prefix,
    /// A JSON value.
    Json,
    Texts,
    Addresses,
    /// A length of time, in milliseconds.
    Duration,
    /// Red, green and blue.
    Color,
}

/// The zone of all timestamps.
const UTC: &str = "UTC";

/// How many bytes an address has; no other column has this type.
pub(crate) const ADDRESS: DataType = DataType::FixedSizeBinary(16);

/// Colours; no other column has this type.
const COLOR: DataType = DataType::FixedSizeBinary(show::BYTES);

impl Param {
    fn data_type(self) -> DataType {
        match self {
            Param::Text => DataType::Utf8View,
            Param::Bigint => DataType::Int64,
            Param::Double => DataType::Float64,
            Param::Boolean => DataType::Boolean,
            Param::Date => DataType::Date32,
            Param::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into())),
            Param::Local => DataType::Timestamp(TimeUnit::Millisecond, None),
            Param::Address => ADDRESS,
            Param::Prefix => PREFIX,
            Param::Json => json_type(),
            Param::Addresses => DataType::new_list(ADDRESS, true),
            Param::Duration => DataType::Duration(TimeUnit::Millisecond),
            Param::Color => COLOR,
            Param::Texts => DataType::new_list(DataType::Utf8View, true),
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
            Param::Local => matches!(given, DataType::Timestamp(_, None)),
            Param::Texts => matches!(given, DataType::List(item) if is_text(item.data_type())),
            Param::Address | Param::Prefix | Param::Json | Param::Addresses | Param::Duration | Param::Color => {
                *given == self.data_type()
            }
        }
    }
}

/// The one member of a row that is a JSON value; no other column has this type.
const JSON_MEMBER: &str = "$json";

/// JSON: its text, as the only member of a row, so that it is no varchar.
pub(crate) fn json_type() -> DataType {
    DataType::Struct(Fields::from(vec![Field::new(JSON_MEMBER, DataType::Utf8View, true)]))
}

/// A map of these.
pub(crate) fn map_type(key: DataType, value: DataType) -> DataType {
    let entry = Fields::from(vec![Field::new("key", key, false), Field::new("value", value, true)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entry), false)), false)
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
        DataType::Interval(IntervalUnit::YearMonth) => "interval year to month".to_owned(),
        DataType::Interval(_) => "interval day to second".to_owned(),
        DataType::Duration(_) => "interval day to second".to_owned(),
        DataType::Null => "unknown".to_owned(),
        other if *other == ADDRESS => "ipaddress".to_owned(),
        other if *other == PREFIX => "ipprefix".to_owned(),
        other if *other == COLOR => "color".to_owned(),
        other if *other == json_type() => "json".to_owned(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("array({})", type_name(item.data_type()))
        }
        DataType::Struct(fields) => {
            let members = fields.iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type())));
            format!("row({})", members.collect::<Vec<_>>().join(", "))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => {
                let types: Vec<String> = pair.iter().map(|field| type_name(field.data_type())).collect();
                format!("map({})", types.join(", "))
            }
            other => type_name(other),
        },
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "varbinary".to_owned(),
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
    generic: Option<&'static Generic>,
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
    fn shared(
        name: &'static str,
        overloads: &'static [Overload],
        generic: Option<&'static Generic>,
        now: i64,
    ) -> Arc<ScalarUDF> {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::from(Function { name, overloads, generic, now, signature }))
    }

    /// The types of the arguments and of the result, when the generic function takes such arguments.
    fn generic(&self, given: &[DataType]) -> Option<(&'static Generic, generic::Types)> {
        self.generic.and_then(|generic| (generic.types)(given).map(|types| (generic, types)))
    }

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
        let generic = self.generic.map(|generic| generic.usage.to_owned());
        let expected = list(generic.into_iter().chain(expected).collect());
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
        if let Some((_, types)) = self.generic(given) {
            return Ok(types.result);
        }
        let result = self.overload(given)?.result;
        match zone::of(self.name, given).filter(|_| result == Param::Timestamp) {
            Some(zone) => Ok(DataType::Timestamp(TimeUnit::Millisecond, Some(zone))),
            None => Ok(result.data_type()),
        }
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if let Some((_, types)) = self.generic(given) {
            return Ok(types.parameters);
        }
        let overload = self.overload(given)?;
        let parameter = |(index, given)| Some(zone::parameter(self.name, overload.parameter(index)?, given));
        Ok(given.iter().enumerate().filter_map(parameter).collect())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        if let Some((generic, types)) = self.generic(&types) {
            return evaluate(&args, &types.result, generic.takes_null, |arrays| (generic.body)(arrays, &types.result));
        }
        let overload = self.overload(&types)?;
        let body = |arrays: &[ArrayRef]| (overload.body)(arrays, self.now);
        evaluate(&args, &self.return_type(&types)?, false, |arrays| match zone::of(self.name, &types) {
            Some(zone) => zone::run(&zone, arrays, body),
            None => body(arrays),
        })
    }
}

/// Runs a body: over one row when all arguments are constants, and not at all when one of them is NULL.
pub(crate) fn evaluate(
    args: &ScalarFunctionArgs,
    result: &DataType,
    takes_null: bool,
    body: impl Fn(&[ArrayRef]) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    if !takes_null && args.args.iter().any(|arg| matches!(arg, ColumnarValue::Scalar(value) if value.is_null())) {
        let null = new_null_array(result, 1);
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&null, 0)?));
    }
    let rows = if constant { 1 } else { args.number_rows };
    let arrays = args.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<_>>>()?;
    let result = body(&arrays)?;
    if constant {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
    }
    Ok(ColumnarValue::Array(result))
}

/// An argument that a function cannot take.
fn refuse<T>(message: String) -> Result<T> {
    Err(Error::new(Code::InvalidFunctionArgument, message).into_datafusion())
}

/// An array as a body returns it.
fn done(array: impl datafusion::arrow::array::Array + 'static) -> Result<ArrayRef> {
    Ok(Arc::new(array))
}
