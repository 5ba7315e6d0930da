//! From Trino's dialect to what DataFusion plans: names of functions, casts to types it lacks,
//! columns without names, columns of one name.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, ExcludeSelectItem, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, ObjectName, ObjectNamePart, OrderByExpr,
    OrderByOptions, Query, Select, SelectItem, SetExpr, Statement, TableFactor, Value, VisitMut, VisitorMut,
};

use crate::function::{TO_ADDRESS, TRY_TO_ADDRESS};
use crate::table::PATH_COLUMN;
use crate::try_function::TRY;

/// How names begin that stand for another in the answer: `$as:<n>:<name>`, with no name for `_col<i>`.
const HIDDEN_NAME: &str = "$as:";

/// Rewrites the statement in place. `hide_aliases` hides also the names that `AS` gives, for a `*`
/// beside them that brings columns of the same name.
pub(crate) fn rewrite(statement: &mut Statement, hide_aliases: bool) {
    if let Statement::Query(query) = &mut *statement {
        name_columns(query, hide_aliases);
    }
    let _: ControlFlow<()> = VisitMut::visit(statement, &mut Rewriter);
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

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => {
                if let Some(replacement) = replace(function) {
                    *expr = replacement;
                }
            }
            // Otherwise planned as DataFusion's own, which counts otherwise.
            Expr::Substring { expr: text, substring_from: Some(from), substring_for, .. } => {
                let arguments = [text, from].into_iter().chain(substring_for.as_mut());
                *expr = call("substr", arguments.map(|argument| argument.as_ref().clone()).collect());
            }
            Expr::Cast { kind, expr: inner, data_type: DataType::Custom(name, _), .. } => {
                let lenient = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                if name.to_string().eq_ignore_ascii_case("ipaddress") {
                    let function = if lenient { TRY_TO_ADDRESS } else { TO_ADDRESS };
                    *expr = call(function, vec![inner.as_ref().clone()]);
                } else if name.to_string().eq_ignore_ascii_case("ipprefix") {
                    *expr = inner.as_ref().clone();
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// What a call of one of Trino's functions becomes, when that is not the same call.
fn replace(function: &mut Function) -> Option<Expr> {
    let name = match function.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => name.value.to_ascii_lowercase(),
        _ => return None,
    };
    let arguments = arguments(function)?;
    match (name.as_str(), arguments.as_slice()) {
        ("if", [condition, then]) => Some(case(condition, then, None)),
        ("if", [condition, then, otherwise]) => Some(case(condition, then, Some(otherwise))),
        ("try", [inner]) => Some(call(TRY, vec![inner.clone()])),
        ("greatest" | "least", all) if all.len() > 1 => {
            // NULL when any is.
            let missing = all.iter().map(|expr| Expr::IsNull(Box::new(expr.clone())));
            let or =
                |left, right| Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::Or, right: Box::new(right) };
            let null = Expr::value(Value::Null);
            Some(case(&missing.reduce(or)?, &null, Some(&Expr::Function(function.clone()))))
        }
        ("contains", [Expr::Array(_) | Expr::Function(_), _]) => {
            function.name = ObjectName::from(vec![Ident::new("array_has")]);
            None
        }
        ("element_at", [_, _]) => {
            function.name = ObjectName::from(vec![Ident::new("array_element")]);
            None
        }
        ("count_if", [condition]) => {
            let one = Expr::value(Value::Number("1".to_owned(), false));
            let counted = case(condition, &one, None);
            rename(function, "count", vec![counted], None);
            None
        }
        ("min_by", [value, key]) => {
            rename(function, "first_value", vec![value.clone()], Some((key, true)));
            None
        }
        ("max_by", [value, key]) => {
            rename(function, "first_value", vec![value.clone()], Some((key, false)));
            None
        }
        ("arbitrary" | "any_value", [value]) => {
            let null_last = Expr::IsNull(Box::new(value.clone()));
            rename(function, "first_value", vec![value.clone()], Some((&null_last, true)));
            None
        }
        ("approx_percentile", all) => {
            rename(function, "approx_percentile_cont", all.to_vec(), None);
            None
        }
        ("every", all) => {
            rename(function, "bool_and", all.to_vec(), None);
            None
        }
        ("variance", all) => {
            rename(function, "var_samp", all.to_vec(), None);
            None
        }
        _ => None,
    }
}

/// The plain arguments; `None` when there are others.
fn arguments(function: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let plain = |arg: &FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    list.args.iter().map(plain).collect()
}

/// Gives the call another name and arguments, and an order (ascending or not) to aggregate in.
fn rename(function: &mut Function, name: &str, arguments: Vec<Expr>, order: Option<(&Expr, bool)>) {
    function.name = ObjectName::from(vec![Ident::new(name)]);
    let clauses = order.map(|(key, ascending)| {
        let options = OrderByOptions { asc: Some(ascending), nulls_first: Some(false) };
        FunctionArgumentClause::OrderBy(vec![OrderByExpr { expr: key.clone(), options, with_fill: None }])
    });
    function.args = FunctionArguments::List(FunctionArgumentList {
        duplicate_treatment: None,
        args: arguments.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect(),
        clauses: clauses.into_iter().collect(),
    });
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_quote('"', name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

fn case(condition: &Expr, then: &Expr, otherwise: Option<&Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition: condition.clone(), result: then.clone() }],
        else_result: otherwise.map(|expr| Box::new(expr.clone())),
    }
}

/// Leaves `$path` out of the `*` of every SELECT straight from a table.
pub(crate) fn hide_path(statement: &mut Statement) {
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
                    let path = ObjectName::from(vec![Ident::with_quote('"', PATH_COLUMN)]);
                    options.opt_exclude = Some(ExcludeSelectItem::Single(path));
                }
            }
            ControlFlow::Continue(())
        }
    }
    let _: ControlFlow<()> = VisitMut::visit(statement, &mut Hider);
}
