//! Why a statement failed, in Trino's and Hive's words, with the place in the statement.

use std::fmt;

use datafusion::error::DataFusionError;

/// A place in a statement: line and column, both counted from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}:{}", self.line, self.column)
    }
}

/// The kind of a failure. The names are those that Athena shows (athena.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The text is no statement; Athena refuses it when it is submitted (MALFORMED_QUERY).
    SyntaxError,
    /// The table or view does not exist.
    TableNotFound,
    /// The database does not exist.
    SchemaNotFound,
    /// No such catalogue: there is one, `awsdatacatalog`.
    CatalogNotFound,
    /// The column does not exist.
    ColumnNotFound,
    /// The name fits several columns.
    AmbiguousName,
    /// No such function, or not with arguments of these types.
    FunctionNotFound,
    /// Types that do not go together, such as varchar = integer.
    TypeMismatch,
    /// An expression that must be grouped is not.
    ExpressionNotAggregate,
    /// A whole number divided by zero.
    DivisionByZero,
    /// A value that does not fit the type of a cast.
    InvalidCastArgument,
    /// A value that a function cannot take.
    InvalidFunctionArgument,
    /// A text of the statement that is no value of the type before it.
    InvalidLiteral,
    /// A place in ORDER BY or GROUP BY that SELECT has not.
    InvalidColumnReference,
    /// A number beyond the range of its type.
    NumericValueOutOfRange,
    /// Athena has it, or Trino has it, and it is not here.
    NotSupported,
    /// A Hive statement (DDL) that cannot be done; the message begins with `FAILED:`.
    HiveFailed,
    /// A table without LOCATION.
    NoLocation,
    /// An object that cannot be read: damaged, gone, or without rights.
    BadObject,
    /// A place that holds nothing to read.
    NothingToRead,
    /// The query needs more memory than it may have.
    ExceededMemoryLimit,
    /// The catalogue file cannot be read or written.
    Catalogue,
    /// The table or view is there already.
    TableAlreadyExists,
    /// The folder to write into is not empty.
    PathAlreadyExists,
    /// A table is to be made of a column without a name.
    MissingColumnName,
    /// Columns that do not fit those of the table to insert into.
    MismatchedColumns,
    /// One statement would write to too many partitions.
    TooManyPartitions,
    /// Parameters that do not go with a prepared statement.
    InvalidParameterUsage,
    /// A filter that a table asks for is missing.
    ConstraintViolation,
    /// An object cannot be written.
    CannotWrite,
    /// Anything else: a fault of ours.
    Internal,
}

impl Code {
    /// The name, such as `TABLE_NOT_FOUND`.
    pub const fn name(self) -> &'static str {
        match self {
            Code::SyntaxError => "SYNTAX_ERROR",
            Code::TableNotFound => "TABLE_NOT_FOUND",
            Code::SchemaNotFound => "SCHEMA_NOT_FOUND",
            Code::CatalogNotFound => "CATALOG_NOT_FOUND",
            Code::ColumnNotFound => "COLUMN_NOT_FOUND",
            Code::AmbiguousName => "AMBIGUOUS_NAME",
            Code::FunctionNotFound => "FUNCTION_NOT_FOUND",
            Code::TypeMismatch => "TYPE_MISMATCH",
            Code::ExpressionNotAggregate => "EXPRESSION_NOT_AGGREGATE",
            Code::DivisionByZero => "DIVISION_BY_ZERO",
            Code::InvalidCastArgument => "INVALID_CAST_ARGUMENT",
            Code::InvalidFunctionArgument => "INVALID_FUNCTION_ARGUMENT",
            Code::InvalidLiteral => "INVALID_LITERAL",
            Code::InvalidColumnReference => "INVALID_COLUMN_REFERENCE",
            Code::NumericValueOutOfRange => "NUMERIC_VALUE_OUT_OF_RANGE",
            Code::NotSupported => "NOT_SUPPORTED",
            Code::HiveFailed => "FAILED",
            Code::NoLocation => "INVALID_TABLE_PROPERTY",
            Code::BadObject => "HIVE_BAD_DATA",
            Code::NothingToRead => "HIVE_CANNOT_OPEN_SPLIT",
            Code::ExceededMemoryLimit => "EXCEEDED_LOCAL_MEMORY_LIMIT",
            Code::Catalogue => "HIVE_METASTORE_ERROR",
            Code::TableAlreadyExists => "TABLE_ALREADY_EXISTS",
            Code::PathAlreadyExists => "HIVE_PATH_ALREADY_EXISTS",
            Code::MissingColumnName => "MISSING_COLUMN_NAME",
            Code::MismatchedColumns => "TYPE_MISMATCH",
            Code::TooManyPartitions => "HIVE_TOO_MANY_OPEN_PARTITIONS",
            Code::InvalidParameterUsage => "INVALID_PARAMETER_USAGE",
            Code::ConstraintViolation => "CONSTRAINT_VIOLATION",
            Code::CannotWrite => "HIVE_WRITER_OPEN_ERROR",
            Code::Internal => "GENERIC_INTERNAL_ERROR",
        }
    }
}

/// Why a statement failed.
///
/// Shown as Athena shows it: `TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.t' does
/// not exist`; a syntax error without its code: `line 1:8: mismatched input …`; a Hive statement
/// as `FAILED: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What kind of failure.
    pub code: Code,
    /// Where in the statement, when that is known.
    pub position: Option<Position>,
    /// What is wrong and, where there is one, the way out.
    pub message: String,
}

impl Error {
    /// A failure without a place in the statement.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Error { code, position: None, message: message.into() }
    }

    /// A failure at a place in the statement.
    pub fn at(code: Code, position: Position, message: impl Into<String>) -> Self {
        Error { code, position: Some(position), message: message.into() }
    }

    /// Wraps this error for its way through DataFusion; [`Error::from`] takes it out again.
    pub(crate) fn into_datafusion(self) -> DataFusionError {
        DataFusionError::External(Box::new(self))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Code::SyntaxError => {}
            code => write!(f, "{}: ", code.name())?,
        }
        if let Some(position) = self.position {
            write!(f, "{position}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
