//! From Trino's dialect to what DataFusion plans: names of functions, casts to types it lacks,
//! columns without names, columns of one name.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    Array, BinaryOperator, CaseWhen, CastKind, DataType, ExactNumberInfo, ExcludeSelectItem, Expr, Function,
    FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident,
    LambdaFunction, ObjectName, ObjectNamePart, OrderByExpr, OrderByOptions, Query, Select, SelectItem, SetExpr,
    Statement, TableFactor, TypedString, UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut,
};

use crate::function::{ORDINALS, SORT_BY};
use crate::table::HIDDEN;
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

    /// The numbers of the rows are one more array, as long as the longest.
    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::UNNEST { array_exprs, with_ordinality, .. } = factor
            && std::mem::take(with_ordinality)
        {
            array_exprs.push(call(ORDINALS, array_exprs.clone()));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => {
                if let Some(replacement) = replace(function) {
                    *expr = replacement;
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
            _ => {}
        }
        ControlFlow::Continue(())
    }
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
        ("all_match", [array, Expr::Lambda(lambda)]) => {
            let negated = LambdaFunction { body: Box::new(not(lambda.body.as_ref().clone())), ..lambda.clone() };
            Some(not(call("any_match", vec![array.clone(), Expr::Lambda(negated)])))
        }
        ("none_match", [array, Expr::Lambda(lambda)]) => {
            Some(not(call("any_match", vec![array.clone(), Expr::Lambda(lambda.clone())])))
        }
        ("array_sort", [array]) => {
            let text = |text: &str| Expr::value(Value::SingleQuotedString(text.to_owned()));
            Some(call("array_sort", vec![array.clone(), text("ASC"), text("NULLS LAST")]))
        }
        ("array_sort", [array, lambda @ Expr::Lambda(_)]) => Some(call(SORT_BY, vec![array.clone(), lambda.clone()])),
        ("map", []) => {
            let nothing = || Expr::Array(Array { elem: Vec::new(), named: true });
            Some(call("map", vec![nothing(), nothing()]))
        }
        ("mod", [a, b]) => Some(Expr::Nested(Box::new(Expr::BinaryOp {
            left: Box::new(Expr::Nested(Box::new(a.clone()))),
            op: BinaryOperator::Modulo,
            right: Box::new(Expr::Nested(Box::new(b.clone()))),
        }))),
        ("approx_distinct", [value, _]) => {
            rename(function, "approx_distinct", vec![value.clone()], None);
            None
        }
        ("at_timezone", [at, zone]) => {
            Some(Expr::AtTimeZone { timestamp: Box::new(at.clone()), time_zone: Box::new(zone.clone()) })
        }
        ("current_timezone", []) => Some(Expr::value(Value::SingleQuotedString("UTC".to_owned()))),
        ("e", []) => Some(call("exp", vec![Expr::value(Value::Number("1.0".to_owned(), false))])),
        ("infinity" | "nan", []) => Some(Expr::Cast {
            kind: CastKind::Cast,
            expr: Box::new(Expr::value(Value::SingleQuotedString(name.clone()))),
            data_type: DataType::Double(ExactNumberInfo::None),
            array: false,
            format: None,
        }),
        ("listagg", [value]) => {
            let nothing = Expr::value(Value::SingleQuotedString(String::new()));
            listagg(function, vec![value.clone(), nothing]);
            None
        }
        ("listagg", [value, between]) => {
            listagg(function, vec![value.clone(), between.clone()]);
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
        ("approx_percentile", [value, Expr::Array(shares)]) => {
            let one = |share: &Expr| {
                let mut one = function.clone();
                rename(&mut one, "approx_percentile_cont", vec![value.clone(), share.clone()], None);
                Expr::Function(one)
            };
            Some(Expr::Array(Array { elem: shares.elem.iter().map(one).collect(), named: true }))
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
        (name, _) => {
            if let Some((_, ours)) = OTHER_NAMES.iter().find(|(trino, _)| *trino == name) {
                function.name = ObjectName::from(vec![Ident::new(*ours)]);
            }
            None
        }
    }
}

/// What DataFusion calls otherwise.
const OTHER_NAMES: [(&str, &str); 14] = [
    ("array_join", "array_to_string"),
    ("bitwise_and_agg", "bit_and"),
    ("bitwise_or_agg", "bit_or"),
    ("bitwise_xor_agg", "bit_xor"),
    ("ceiling", "ceil"),
    ("codepoint", "ascii"),
    ("filter", "array_filter"),
    ("is_nan", "isnan"),
    ("levenshtein_distance", "levenshtein"),
    ("rand", "random"),
    ("repeat", "array_repeat"),
    ("transform", "array_transform"),
    ("truncate", "trunc"),
    ("zip", "arrays_zip"),
];

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(expr))) }
}

/// The order of the group is that of the aggregate.
fn listagg(function: &mut Function, arguments: Vec<Expr>) {
    let order = std::mem::take(&mut function.within_group);
    rename(function, "string_agg", arguments, None);
    if let FunctionArguments::List(list) = &mut function.args
        && !order.is_empty()
    {
        list.clauses.push(FunctionArgumentClause::OrderBy(order));
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
