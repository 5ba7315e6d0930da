//! Calls of functions: what each becomes when that is not the same call.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    Array, BinaryOperator, CaseWhen, CastKind, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, LambdaFunction, ObjectName, ObjectNamePart,
    OrderByExpr, OrderByOptions, UnaryOperator, Value,
};

use super::at_time_zone;
use crate::function::SORT_BY;
use crate::try_function::TRY;

/// What a call of one of Trino's functions becomes, when that is not the same call.
pub(super) fn replace(function: &mut Function) -> Option<Expr> {
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
        ("at_timezone", [at, zone]) => Some(at_time_zone(at, zone)),
        ("length" | "strpos" | "levenshtein_distance", _) => {
            rename_as_known(function, &name);
            Some(cast(Expr::Function(function.clone()), DataType::BigInt(None)))
        }
        ("row", values) => {
            let name = |at| Expr::value(Value::SingleQuotedString(format!("field{at}")));
            let named = values.iter().enumerate().flat_map(|(at, value)| [name(at), value.clone()]);
            Some(call("named_struct", named.collect()))
        }
        ("current_timezone", []) => Some(Expr::value(Value::SingleQuotedString("UTC".to_owned()))),
        ("e", []) => Some(call("exp", vec![Expr::value(Value::Number("1.0".to_owned(), false))])),
        ("infinity" | "nan", []) => {
            let name = Expr::value(Value::SingleQuotedString(name.clone()));
            Some(cast(name, DataType::Double(ExactNumberInfo::None)))
        }
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
        ("min_by", [value, key, count]) => Some(most(function, value, key, count, true)),
        ("max_by", [value, key, count]) => Some(most(function, value, key, count, false)),
        ("min", [value, count]) => Some(most(function, value, value, count, true)),
        ("max", [value, count]) => Some(most(function, value, value, count, false)),
        ("arbitrary" | "any_value", [value]) => {
            let null_last = Expr::IsNull(Box::new(value.clone()));
            rename(function, "first_value", vec![value.clone()], Some((&null_last, true)));
            None
        }
        ("approx_percentile", [of @ .., Expr::Array(shares)]) => {
            let one = |share: &Expr| {
                let mut one = function.clone();
                rename(&mut one, "approx_percentile", of.iter().chain([share]).cloned().collect(), None);
                Expr::Function(one)
            };
            Some(Expr::Array(Array { elem: shares.elem.iter().map(one).collect(), named: true }))
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
            rename_as_known(function, name);
            None
        }
    }
}

fn rename_as_known(function: &mut Function, name: &str) {
    if let Some((_, ours)) = OTHER_NAMES.iter().find(|(trino, _)| *trino == name) {
        function.name = ObjectName::from(vec![Ident::new(*ours)]);
    }
}

/// The values with the smallest (or largest) keys, so many of them, as an array.
fn most(function: &Function, value: &Expr, key: &Expr, count: &Expr, ascending: bool) -> Expr {
    let mut all = function.clone();
    rename(&mut all, "array_agg", vec![value.clone()], Some((key, ascending)));
    let known = Expr::IsNotNull(Box::new(key.clone()));
    all.filter = Some(Box::new(match all.filter.take() {
        None => known,
        Some(filter) => {
            let filter = Box::new(Expr::Nested(filter));
            Expr::BinaryOp { left: filter, op: BinaryOperator::And, right: Box::new(known) }
        }
    }));
    let one = Expr::value(Value::Number("1".to_owned(), false));
    call("slice", vec![Expr::Function(all), one, count.clone()])
}

pub(super) fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// What DataFusion calls otherwise.
pub(crate) const OTHER_NAMES: [(&str, &str); 13] = [
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

pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
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
