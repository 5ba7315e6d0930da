//! The functions of the query language: each a row of a table, computed over columns.
//!
//! An argument is made to be of the kind that the function takes before it is called; an absent argument gives an
//! absent result.

mod address;
mod code;
mod json;
mod moment;
mod number;
mod text;

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringViewArray, StringViewBuilder},
        datatypes::{DataType, Float64Type, Int64Type},
    },
    common::{Result, ScalarValue},
    logical_expr::{
        ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, expr::ScalarFunction,
    },
};

pub(super) use address::{Block, block_of, is_block};
pub(super) use json::{path as json_path, shown as json_shown};
pub(super) use number::read as read_number;

use super::value::Kind;

/// A function.
#[derive(Clone, Copy)]
pub(super) struct Spec {
    /// As the guide writes it; any case is taken.
    pub(super) name: &'static str,
    /// What it takes.
    pub(super) takes: &'static [Kind],
    /// How many arguments there are at least.
    pub(super) least: usize,
    /// The last parameter may stand any number of times.
    pub(super) variadic: bool,
    /// What it gives.
    pub(super) gives: Kind,
    pub(super) body: fn(&[ArrayRef]) -> ArrayRef,
}

const fn spec(name: &'static str, takes: &'static [Kind], gives: Kind, body: fn(&[ArrayRef]) -> ArrayRef) -> Spec {
    Spec { name, takes, least: takes.len(), variadic: false, gives, body }
}

/// Takes further arguments, all of the kind of the last.
const fn variadic(spec: Spec) -> Spec {
    Spec { variadic: true, ..spec }
}

/// The last arguments may be left out.
const fn at_least(least: usize, spec: Spec) -> Spec {
    Spec { least, ..spec }
}

/// The function of this name.
pub(super) fn find(name: &str) -> Option<&'static Spec> {
    let tables: [&[Spec]; 6] =
        [text::FUNCTIONS, number::FUNCTIONS, moment::FUNCTIONS, address::FUNCTIONS, json::FUNCTIONS, code::FUNCTIONS];
    tables.into_iter().flatten().find(|spec| spec.name.eq_ignore_ascii_case(name))
}

impl Spec {
    /// The kind of an argument.
    pub(super) fn parameter(&self, place: usize) -> Option<Kind> {
        self.takes.get(place).or(self.takes.last().filter(|_| self.variadic)).copied()
    }

    /// The call with these arguments, which are of the right kinds.
    pub(super) fn call(&'static self, arguments: Vec<Expr>) -> Expr {
        native(self.name, "", self.gives, arguments, self.body)
    }
}

type Body = Arc<dyn Fn(&[ArrayRef]) -> ArrayRef + Send + Sync>;

/// A call of a function of our own. `key` tells it from others of the same name: what its body was made with.
pub(super) fn native(
    name: &'static str,
    key: impl Into<String>,
    gives: Kind,
    arguments: Vec<Expr>,
    body: impl Fn(&[ArrayRef]) -> ArrayRef + Send + Sync + 'static,
) -> Expr {
    typed(name, key, gives.data_type(), arguments, body)
}

/// As [`native`], giving columns of any type.
pub(super) fn typed(
    name: &'static str,
    key: impl Into<String>,
    gives: DataType,
    arguments: Vec<Expr>,
    body: impl Fn(&[ArrayRef]) -> ArrayRef + Send + Sync + 'static,
) -> Expr {
    let signature = match arguments.len() {
        0 => Signature::nullary(Volatility::Immutable),
        count => Signature::any(count, Volatility::Immutable),
    };
    let function = Native { name, key: key.into(), gives, body: Arc::new(body), signature };
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(function)), arguments))
}

/// A function as DataFusion calls it.
struct Native {
    name: &'static str,
    key: String,
    gives: DataType,
    body: Body,
    signature: Signature,
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.name, self.key)
    }
}

impl PartialEq for Native {
    fn eq(&self, other: &Self) -> bool {
        (self.name, &self.key, &self.gives) == (other.name, &other.key, &other.gives)
    }
}

impl Eq for Native {}

impl Hash for Native {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, &self.key).hash(state);
    }
}

impl ScalarUDFImpl for Native {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _given: &[DataType]) -> Result<DataType> {
        Ok(self.gives.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let result = (self.body)(&arrays);
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// The arguments in one row.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    arguments: &'a [ArrayRef],
    row: usize,
}

impl<'a> Row<'a> {
    fn has(self, place: usize) -> Option<&'a ArrayRef> {
        self.arguments.get(place).filter(|array| array.is_valid(self.row))
    }

    pub(super) fn text(self, place: usize) -> Option<&'a str> {
        Some(self.has(place)?.as_string_view_opt()?.value(self.row))
    }

    pub(super) fn number(self, place: usize) -> Option<f64> {
        Some(self.has(place)?.as_primitive_opt::<Float64Type>()?.value(self.row))
    }

    pub(super) fn whole(self, place: usize) -> Option<i64> {
        Some(self.has(place)?.as_primitive_opt::<Int64Type>()?.value(self.row))
    }

    pub(super) fn boolean(self, place: usize) -> Option<bool> {
        Some(self.has(place)?.as_boolean_opt()?.value(self.row))
    }

    fn count(self) -> usize {
        self.arguments.len()
    }
}

fn rows(arguments: &[ArrayRef]) -> impl Iterator<Item = Row<'_>> {
    // A function without arguments is a constant.
    let count = arguments.first().map_or(1, |first| first.len());
    (0..count).map(move |row| Row { arguments, row })
}

/// A column of texts, row by row.
pub(super) fn texts<T: AsRef<str>>(arguments: &[ArrayRef], of: impl Fn(Row<'_>) -> Option<T>) -> ArrayRef {
    let mut column = StringViewBuilder::new();
    for row in rows(arguments) {
        column.append_option(of(row));
    }
    Arc::new(column.finish())
}

/// A column of parts of its own argument, row by row.
pub(super) fn parts<'a>(arguments: &'a [ArrayRef], of: impl Fn(Row<'a>) -> Option<&'a str>) -> ArrayRef {
    Arc::new(rows(arguments).map(of).collect::<StringViewArray>())
}

/// A column of numbers. What is not finite is absent.
pub(super) fn numbers(arguments: &[ArrayRef], of: impl Fn(Row<'_>) -> Option<f64>) -> ArrayRef {
    let finite = |row| of(row).filter(|number| number.is_finite());
    Arc::new(rows(arguments).map(finite).collect::<Float64Array>())
}

/// A column of whole numbers or times.
pub(super) fn wholes(arguments: &[ArrayRef], of: impl Fn(Row<'_>) -> Option<i64>) -> ArrayRef {
    Arc::new(rows(arguments).map(of).collect::<Int64Array>())
}

/// A column of booleans.
pub(super) fn booleans(arguments: &[ArrayRef], of: impl Fn(Row<'_>) -> Option<bool>) -> ArrayRef {
    Arc::new(rows(arguments).map(of).collect::<BooleanArray>())
}
