//! A query as a tree. Every part knows where it stands in the text.

use regex::Regex;

use super::time::Period;

/// Rows of an answer at most.
pub(super) const MOST_ROWS: usize = 100_000;

/// A part of the text: characters counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    /// Behind the last character.
    pub(super) end: usize,
}

impl Span {
    pub(super) fn to(self, end: Span) -> Span {
        Span { start: self.start, end: end.end }
    }
}

/// Commands, joined by pipes.
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    /// The log groups that the query names itself.
    pub(super) source: Option<Source>,
    pub(super) commands: Vec<Command>,
}

#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) span: Span,
    pub(super) verb: Verb,
}

/// Which log groups.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// By name.
    Names(Vec<String>),
    /// Those whose names begin so.
    Prefixes(Vec<String>),
}

#[derive(Debug, Clone)]
pub(super) enum Verb {
    Fields(Vec<Item>),
    Display(Vec<Item>),
    Filter(Expr),
    Stats { values: Vec<Item>, by: Vec<Item> },
    Sort(Vec<SortKey>),
    Limit { count: usize, any: bool },
    Parse(Parse),
    Dedup(Vec<Expr>),
    Pattern(Expr),
    Diff(Earlier),
    Unnest { field: Expr, into: String },
    Join(Box<Join>),
    Lookup(Box<Lookup>),
    FillDown(Vec<Name>),
    Accum { field: Expr, into: String },
    Autoregress { field: Name, into: Vec<(usize, String)> },
    Sessionize { by: Vec<Name>, gap: Period, into: String },
    FillMissing(Vec<(Expr, Name)>),
    AddTotals(Totals),
    Outlier(Outlier),
    CountFrequent(Vec<Name>),
    AppendCols(Box<Columns>),
}

/// Values out of a lookup table.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    pub(super) table: Name,
    /// Columns of the table, each with the field that holds the same.
    pub(super) keys: Vec<(Name, Name)>,
    /// Columns that are wanted, each with what it is called; all others when there are none.
    pub(super) output: Vec<(Name, Name)>,
    /// Fields that there are keep their values.
    pub(super) only_new: bool,
    /// The column holds blocks of addresses.
    pub(super) by_block: bool,
}

/// What `addtotals` adds up: the fields that are named, or all that are numbers.
#[derive(Debug, Clone)]
pub(super) struct Totals {
    /// The column of each row's sum, unless it is not wanted.
    pub(super) rows: Option<String>,
    /// Whether a row of each column's sum is wanted.
    pub(super) columns: bool,
    pub(super) fields: Vec<Name>,
}

/// Values that are too far from the middle half of all.
#[derive(Debug, Clone)]
pub(super) struct Outlier {
    /// Their rows are dropped; otherwise they become the farthest value that is not too far.
    pub(super) remove: bool,
    /// How many times the span of the middle half is too far.
    pub(super) factor: f64,
    /// Whether small values are looked for as well.
    pub(super) lower: bool,
    /// Whether a further column says what was too far.
    pub(super) mark: bool,
    pub(super) fields: Vec<Name>,
}

/// The columns of another query, row by row.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    /// They take the place of columns of the same name.
    pub(super) replace: bool,
    /// Rows of the query at most.
    pub(super) most: usize,
    pub(super) of: Pipeline,
}

/// Which time a `diff` compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    /// As long as the query's own, right before it.
    Before,
    Day,
    Week,
    Month,
}

/// An expression with the name of its column.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) expr: Expr,
    pub(super) name: String,
}

/// A name that a query gives.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) span: Span,
}

#[derive(Debug, Clone)]
pub(super) struct SortKey {
    pub(super) expr: Expr,
    pub(super) descending: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Parse {
    pub(super) from: Expr,
    pub(super) how: ParseHow,
    pub(super) names: Vec<Name>,
}

#[derive(Debug, Clone)]
pub(super) enum ParseHow {
    /// A group for each name, in their order.
    Groups(Regex),
    /// `key=value` pairs; a name is a key.
    Logfmt,
    /// Values between commas, in the order of the names.
    Csv,
    /// Paths in a JSON text, one for each name.
    Json(Vec<String>),
}

#[derive(Debug, Clone)]
pub(super) struct Join {
    pub(super) keep_left: bool,
    pub(super) left: String,
    pub(super) right: String,
    /// Fields that must be equal, of the left and of the right.
    pub(super) on: Vec<(Name, Name)>,
    pub(super) with: Pipeline,
}

#[derive(Debug, Clone)]
pub(super) struct Expr {
    pub(super) span: Span,
    pub(super) node: Node,
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    Field(String),
    Text(String),
    /// The value, and as it is written.
    Number(f64, String),
    Boolean(bool),
    Period(Period),
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Comparison(Comparison, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Vec<Expr>),
    InQuery(Box<Expr>, Box<Pipeline>),
    Contains(Box<Expr>, String),
    Matches(Box<Expr>, Regex),
    Call(Call),
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    /// As it is written.
    pub(super) name: String,
    pub(super) arguments: Vec<Expr>,
    /// `count(*)`.
    pub(super) star: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
