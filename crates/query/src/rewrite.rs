//! From Trino's dialect to what DataFusion plans: names of functions, casts to types it lacks,
//! columns without names, columns of one name.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, CharacterLength, DataType, ExcludeSelectItem, Expr, Fetch, Ident, LimitClause, ObjectName, Query,
    Select, SelectItem, SetExpr, Statement, TableFactor, TimezoneInfo, TypedString, Value, ValueWithSpan, VisitMut,
    VisitorMut,
};

use crate::function::{INSTANT, ORDINALS, TOLD_APART};
use crate::table::HIDDEN;

mod call;
mod integer;
mod interval;
mod sample;

use call::{call, cast};

pub(crate) use call::OTHER_NAMES;
pub(crate) use interval::intervals;
pub(crate) use sample::check as check_samples;

/// How names begin that stand for another in the answer: `$as:<n>:<name>`, with no name for `_col<i>`.
const HIDDEN_NAME: &str = "$as:";

/// Rewrites the statement in place. `names_clash` hides also the names that `AS` gives, for a `*` beside them that
/// brings columns of the same name, and gives casts a name of their own.
pub(crate) fn rewrite(statement: &mut Statement, names_clash: bool) {
    if let Statement::Query(query) = &mut *statement {
        name_columns(query, names_clash);
    }
    if names_clash {
        let _: ControlFlow<()> = VisitMut::visit(statement, &mut CastsToldApart);
    }
    let _: ControlFlow<()> = VisitMut::visit(statement, &mut Rewriter);
    let _: ControlFlow<()> = VisitMut::visit(statement, &mut ArraysAsCalls);
    integer::integers(statement);
}

/// Casts in a call that has their type as an argument. DataFusion names a cast as what it casts, and does not take two
/// of one name: `SELECT sum(x), sum(CAST(x AS double))`. Elsewhere the call would be in the way of what prunes.
struct CastsToldApart;

impl VisitorMut for CastsToldApart {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Cast { data_type, .. } = expr
            && !interval::is_interval(data_type)
        {
            let of = Expr::value(Value::SingleQuotedString(data_type.to_string()));
            *expr = call(TOLD_APART, vec![std::mem::replace(expr, Expr::value(Value::Null)), of]);
        }
        ControlFlow::Continue(())
    }
}

/// `ARRAY[a, b]` as a call. DataFusion plans what stands in the brackets as if there were nothing around it: neither the
/// parameters of a lambda nor the columns of a query outside or of the row beside.
struct ArraysAsCalls;

impl VisitorMut for ArraysAsCalls {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Array(array) = expr {
            *expr = call("make_array", std::mem::take(&mut array.elem));
        }
        ControlFlow::Continue(())
    }
}

/// The name of a column in the answer, by its place there.
pub(crate) fn shown_name(name: &str, index: usize) -> String {
    match name.strip_prefix(HIDDEN_NAME).and_then(|rest| rest.split_once(':')) {
        Some((_, "")) => format!("_col{index}"),
        Some((_, shown)) => shown.to_owned(),
        None => name.to_owned(),
    }
}

/// Gives the answer's columns names of their own: those without any, and all when there may be
/// several of one name, which DataFusion does not take.
fn name_columns(query: &mut Query, hide_aliases: bool) {
    let Some(select) = first_select(&mut query.body) else { return };
    let wildcard = select
        .projection
        .iter()
        .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    let mut seen = BTreeSet::new();
    for (index, item) in select.projection.iter_mut().enumerate() {
        let (expr, name, clashes) = match item {
            SelectItem::UnnamedExpr(expr) => {
                let name = column_name(expr);
                (expr, name, wildcard)
            }
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(shown(alias)), hide_aliases),
            _ => continue,
        };
        let again = name.as_ref().is_some_and(|name| !seen.insert(name.clone()));
        if name.is_some() && !again && !clashes {
            continue;
        }
        let hidden = format!("{HIDDEN_NAME}{index}:{}", name.unwrap_or_default());
        let alias = Ident::with_quote('"', hidden);
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
    }
}

/// The SELECT whose columns name those of the answer.
fn first_select(body: &mut SetExpr) -> Option<&mut Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => first_select(&mut query.body),
        SetExpr::SetOperation { left, .. } => first_select(left),
        _ => None,
    }
}

/// The name that a bare column gives.
fn column_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(ident) => Some(shown(ident)),
        Expr::CompoundIdentifier(parts) => parts.last().map(shown),
        Expr::Nested(inner) => column_name(inner),
        _ => None,
    }
    .filter(|name| !KEYWORD_VALUES.contains(&name.as_str()))
}

/// Words that are values and not columns.
const KEYWORD_VALUES: [&str; 3] = ["current_timestamp", "current_date", "localtimestamp"];

/// In lower case unless it is quoted.
fn shown(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = ();

    /// The numbers of the rows are one more array, as long as the longest. A sample is a query of its own.
    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::UNNEST { array_exprs, with_ordinality, .. } = factor
            && std::mem::take(with_ordinality)
        {
            array_exprs.push(call(ORDINALS, array_exprs.clone()));
        }
        if let Some(some) = sample::some_rows(factor) {
            *factor = some;
        }
        ControlFlow::Continue(())
    }

    /// `FETCH FIRST n ROWS ONLY` is a LIMIT.
    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(Fetch { with_ties: false, percent: false, quantity }) =
            query.fetch.take_if(|fetch| !fetch.with_ties && !fetch.percent)
        {
            let one = || Expr::value(Value::Number("1".to_owned(), false));
            let offset = match query.limit_clause.take() {
                Some(LimitClause::LimitOffset { offset, .. }) => offset,
                _ => None,
            };
            let limit = Some(quantity.unwrap_or_else(one));
            query.limit_clause = Some(LimitClause::LimitOffset { limit, offset, limit_by: Vec::new() });
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => {
                if let Some(replacement) = call::replace(function) {
                    *expr = replacement;
                }
            }
            Expr::AtTimeZone { timestamp, time_zone } => *expr = at_time_zone(timestamp, time_zone),
            Expr::Extract { field, expr: of, .. } => {
                let part = field.to_string().to_ascii_lowercase();
                if PARTS.contains(&part.as_str()) {
                    *expr = call(&part, vec![of.as_ref().clone()]);
                }
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                // Names behind a name may be those of a table and its column.
                let named = matches!(root.as_ref(), Expr::Identifier(_));
                let is_name = |access: &&mut AccessExpr| matches!(access, AccessExpr::Dot(Expr::Identifier(_)));
                access_chain.iter_mut().skip_while(|access| named && is_name(access)).for_each(name_member);
            }
            Expr::Cast { data_type, expr: of, .. } => {
                if let Some(length) = cut_to(data_type) {
                    let numbers = ["1".to_owned(), length].map(|number| Expr::value(Value::Number(number, false)));
                    **of = call("substr", [cast_text(of)].into_iter().chain(numbers).collect());
                }
            }
            Expr::Like { pattern, escape_char, .. } => escape_with_backslash(pattern, escape_char),
            // Otherwise planned as DataFusion's own, which counts otherwise.
            Expr::Substring { expr: text, substring_from: Some(from), substring_for, .. } => {
                let arguments = [text, from].into_iter().chain(substring_for.as_mut());
                *expr = call("substr", arguments.map(|argument| argument.as_ref().clone()).collect());
            }
            // A text that is JSON, where CAST makes JSON of a text.
            Expr::TypedString(TypedString { data_type: DataType::JSON, value, .. }) => {
                *expr = call("json_parse", vec![Expr::Value(value.clone())]);
            }
            Expr::TypedString(TypedString { data_type: DataType::Timestamp(..), value, .. }) => {
                if let Some(zoned) = zoned_literal(value) {
                    *expr = zoned;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Parts of a time that are functions of the same name.
const PARTS: [&str; 16] = [
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "day_of_month",
    "day_of_week",
    "dow",
    "day_of_year",
    "doy",
    "year_of_week",
    "yow",
    "hour",
    "minute",
    "second",
    "millisecond",
];

/// A time as the clocks of a zone show it; one without a zone is of UTC.
fn at_time_zone(timestamp: &Expr, zone: &Expr) -> Expr {
    let instant = call(INSTANT, vec![timestamp.clone()]);
    Expr::AtTimeZone { timestamp: Box::new(instant), time_zone: Box::new(zone.clone()) }
}

/// `TIMESTAMP '2026-01-01 00:00:00 Europe/Berlin'`: what the clocks show there.
fn zoned_literal(value: &ValueWithSpan) -> Option<Expr> {
    let Value::SingleQuotedString(text) = &value.value else { return None };
    let (day, rest) = text.trim().split_once([' ', 'T'])?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.'))?;
    let (clock, zone) = (rest[..end].trim(), rest[end..].trim());
    let text = |text: String| Value::SingleQuotedString(text).with_span(value.span);
    let naive = TypedString {
        data_type: DataType::Timestamp(None, TimezoneInfo::None),
        value: text(format!("{day} {clock}")),
        uses_odbc_syntax: false,
    };
    let zone = if zone == "Z" { "UTC" } else { zone };
    let time_zone = Box::new(Expr::Value(text(zone.to_owned())));
    Some(Expr::AtTimeZone { timestamp: Box::new(Expr::TypedString(naive)), time_zone })
}

/// `.member` as sqlparser has it for a quoted one.
fn name_member(access: &mut AccessExpr) {
    if let AccessExpr::Dot(Expr::Identifier(name)) = access {
        *access = AccessExpr::Dot(Expr::value(Value::SingleQuotedString(shown(name))));
    }
}

/// How many characters a text of this type has at most, when it says so.
fn cut_to(data_type: &DataType) -> Option<String> {
    match data_type {
        DataType::Varchar(Some(CharacterLength::IntegerLength { length, .. })) => Some(length.to_string()),
        _ => None,
    }
}

fn cast_text(expr: &Expr) -> Expr {
    cast(expr.clone(), DataType::Varchar(None))
}

/// A pattern of LIKE whose escape character is the backslash, the only one of DataFusion's. Without ESCAPE a backslash
/// means nothing in Trino. A pattern that is no text is left as it is.
fn escape_with_backslash(pattern: &mut Expr, escape: &mut Option<ValueWithSpan>) {
    let of = match escape.as_ref().map(|escape| &escape.value) {
        None => None,
        Some(Value::SingleQuotedString(text)) if text.chars().count() == 1 => text.chars().next(),
        Some(_) => return,
    };
    let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) = pattern else { return };
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            c if Some(c) == of => {
                out.push('\\');
                out.extend(characters.next());
            }
            '\\' => out.push_str("\\\\"),
            c => out.push(c),
        }
    }
    *text = out;
    *escape = None;
}

/// Leaves the hidden columns out of the `*` of every SELECT straight from a table.
pub(crate) fn hide(statement: &mut Statement) {
    struct Hider;
    impl VisitorMut for Hider {
        type Break = ();

        fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
            let tables = select.from.iter().all(|from| matches!(from.relation, TableFactor::Table { .. }));
            for item in &mut select.projection {
                if let SelectItem::Wildcard(options) = item
                    && tables
                    && !select.from.is_empty()
                {
                    let name = |name: &str| ObjectName::from(vec![Ident::with_quote('"', name)]);
                    options.opt_exclude = Some(ExcludeSelectItem::Multiple(HIDDEN.map(name).into()));
                }
            }
            ControlFlow::Continue(())
        }
    }
    let _: ControlFlow<()> = VisitMut::visit(statement, &mut Hider);
}
