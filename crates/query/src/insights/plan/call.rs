//! Calls of functions.

use datafusion::{
    functions::core::expr_fn::coalesce,
    logical_expr::{Expr as PlanExpr, lit, when},
};

use super::{Planner, Scope, aggregate, expression::bool_value, ours};
use crate::insights::{
    InsightsError,
    function::{self, booleans, native, numbers, wholes},
    time::Period,
    tree::{Call, Expr, Node, Span},
    value::{Kind, Value},
};

impl Planner<'_> {
    pub(super) fn call(&self, scope: &Scope, call: &Call, span: Span) -> Result<Value, InsightsError> {
        let name = call.name.to_ascii_lowercase();
        if call.star {
            return Err(InsightsError::at(span, format!("{}(*) stands only in stats", call.name)));
        }
        let args = call.arguments.as_slice();
        let takes = |least: usize, most: usize| arity(call, span, least, most);
        Ok(match name.as_str() {
            "ispresent" => {
                takes(1, 1)?;
                bool_value(self.value(scope, &args[0])?.presence())
            }
            // Nothing is masked here.
            "unmask" => {
                takes(1, 1)?;
                self.value(scope, &args[0])?
            }
            "isempty" | "isblank" => {
                takes(1, 1)?;
                self.emptiness(scope, &args[0], name == "isblank")?
            }
            "coalesce" => {
                takes(1, usize::MAX)?;
                let values = args.iter().map(|arg| self.value(scope, arg)).collect::<Result<Vec<_>, _>>()?;
                let (values, kind) = alike(values);
                Value::new(coalesce(values), kind)
            }
            "if" => {
                takes(3, 3)?;
                self.cases(scope, args)?
            }
            "case" => {
                takes(2, 21)?;
                self.cases(scope, args)?
            }
            "messagesize" => {
                takes(0, 1)?;
                let text = args.first().map_or_else(|| Ok(scope.resolve("@message")), |arg| self.value(scope, arg))?;
                let size = |args: &[_]| numbers(args, |row| Some(row.text(0)?.len() as f64));
                Value::new(native("$size", "", Kind::Number, vec![text.into_text()], size), Kind::Number)
            }
            "now" | "querystarttime" | "queryendtime" | "querytimerange" => {
                takes(0, 0)?;
                self.constant(&name)
            }
            "bin" => {
                takes(1, 2)?;
                self.bin(scope, args)?
            }
            "datefloor" | "dateceil" => {
                takes(2, 2)?;
                self.rounded(scope, &args[0], &args[1], name == "dateceil")?
            }
            _ => self.listed(scope, call, span)?,
        })
    }

    /// A function of the tables.
    fn listed(&self, scope: &Scope, call: &Call, span: Span) -> Result<Value, InsightsError> {
        let unknown = || {
            let message = match call.name.to_ascii_lowercase() {
                name if aggregate::is_aggregate(&name) => format!("{}() stands only in stats", call.name),
                _ => format!("there is no function {}()", call.name),
            };
            InsightsError::at(Span { end: span.start + call.name.chars().count(), ..span }, message)
        };
        let spec = function::find(&call.name).filter(|spec| !spec.name.starts_with('$')).ok_or_else(unknown)?;
        let most = if spec.variadic { usize::MAX } else { spec.takes.len() };
        arity(call, span, spec.least, most)?;
        self.check_constants(spec.name, &call.arguments)?;
        let argument = |(place, argument): (usize, &Expr)| {
            let kind = spec.parameter(place).unwrap_or(Kind::Text);
            Ok(self.value(scope, argument)?.into_kind(kind))
        };
        let arguments = call.arguments.iter().enumerate().map(argument).collect::<Result<Vec<_>, InsightsError>>()?;
        Ok(Value::new(spec.call(arguments), spec.gives))
    }

    /// Constants that can be seen to be wrong before anything is read.
    fn check_constants(&self, name: &str, arguments: &[Expr]) -> Result<(), InsightsError> {
        let constant = |place: usize| match arguments.get(place).map(|argument| (&argument.node, argument.span)) {
            Some((Node::Text(text), span)) => Some((text.as_str(), span)),
            _ => None,
        };
        match (name, constant(1)) {
            ("isIpInSubnet" | "isIpv4InSubnet" | "isIpv6InSubnet", Some((block, span))) => {
                let ok = function::is_block(block);
                if ok {
                    Ok(())
                } else {
                    Err(InsightsError::at(span, format!("`{block}` is no block such as 10.0.0.0/8")))
                }
            }
            ("regexReplace", Some((pattern, span))) => regex::Regex::new(pattern).map(drop).map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                InsightsError::at(span, format!("the regular expression cannot be read: {reason}"))
            }),
            _ => Ok(()),
        }
    }

    /// Whether a value is absent, or a text with nothing (but blanks) in it.
    fn emptiness(&self, scope: &Scope, argument: &Expr, blank: bool) -> Result<Value, InsightsError> {
        let text = self.value(scope, argument)?.into_text();
        let key = if blank { "blank" } else { "empty" };
        let empty = native("$empty", key, Kind::Bool, vec![text], move |args| {
            booleans(args, |row| {
                Some(row.text(0).is_none_or(|text| if blank { text.trim().is_empty() } else { text.is_empty() }))
            })
        });
        Ok(bool_value(empty))
    }

    /// Conditions and values in turn, and what holds otherwise.
    fn cases(&self, scope: &Scope, args: &[Expr]) -> Result<Value, InsightsError> {
        let mut pairs = args.chunks_exact(2);
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        for pair in &mut pairs {
            conditions.push(self.condition(scope, &pair[0])?);
            values.push(self.value(scope, &pair[1])?);
        }
        let fallback = pairs.remainder().first();
        values.extend(fallback.map(|expr| self.value(scope, expr)).transpose()?);
        let (mut values, kind) = alike(values);
        let fallback = if fallback.is_some() { values.pop() } else { None };
        let mut arms = conditions.into_iter().zip(values);
        let Some((first, value)) = arms.next() else { return Ok(Value::absent()) };
        let mut case = when(first, value);
        for (condition, value) in arms {
            case = case.when(condition, value);
        }
        let done = match fallback {
            Some(fallback) => case.otherwise(fallback),
            None => case.end(),
        };
        Ok(Value::new(done.map_err(ours)?, kind))
    }

    fn constant(&self, name: &str) -> Value {
        let extent = &self.extent;
        let number = match name {
            "now" => extent.now.div_euclid(1000),
            "querystarttime" => extent.from,
            "queryendtime" => extent.until,
            _ => extent.until - extent.from,
        };
        Value::new(lit(number), Kind::Whole)
    }

    /// `bin(5m)`: the period that the event is in; a second period moves where periods begin.
    fn bin(&self, scope: &Scope, args: &[Expr]) -> Result<Value, InsightsError> {
        let (length, offset) = bin_length(args)?;
        let time = scope.resolve(super::TIMESTAMP).into_kind(Kind::Time);
        Ok(floor(time, length, offset, false))
    }

    fn rounded(&self, scope: &Scope, time: &Expr, length: &Expr, up: bool) -> Result<Value, InsightsError> {
        let length = period(length)?;
        Ok(floor(self.value(scope, time)?.into_kind(Kind::Time), length, 0, up))
    }
}

/// The start of the period that a time is in, or its end.
fn floor(time: PlanExpr, length: Period, offset: i64, up: bool) -> Value {
    let key = format!("{length:?}{offset}{up}");
    let body = move |args: &[_]| {
        wholes(args, |row| {
            let time = row.whole(0)?.checked_sub(offset)?;
            let moved = if up { length.ceil(time)? } else { length.floor(time)? };
            moved.checked_add(offset)
        })
    };
    Value::new(native("$floor", key, Kind::Time, vec![time], body), Kind::Time)
}

/// The period of `bin(5m)`, and what moves where it begins, in milliseconds.
pub(super) fn bin_length(args: &[Expr]) -> Result<(Period, i64), InsightsError> {
    let offset = args.get(1).map(|expr| {
        let message = "an offset is not of months, quarters or years";
        period(expr)?.millis().ok_or_else(|| InsightsError::at(expr.span, message))
    });
    let length = args.first().map(period).transpose()?.unwrap_or_else(|| Period::minutes(1));
    Ok((length, offset.transpose()?.unwrap_or(0)))
}

pub(super) fn period(expr: &Expr) -> Result<Period, InsightsError> {
    let read = match &expr.node {
        Node::Period(period) => Some(*period),
        Node::Text(text) => Period::parse(text),
        _ => None,
    };
    read.ok_or_else(|| InsightsError::at(expr.span, "expected a period such as 30s, 5m, 1h or 1d"))
}

pub(super) fn arity(call: &Call, span: Span, least: usize, most: usize) -> Result<(), InsightsError> {
    let count = call.arguments.len();
    if (least..=most).contains(&count) {
        return Ok(());
    }
    let wanted = match (least, most) {
        (least, most) if least == most => format!("{least}"),
        (least, usize::MAX) => format!("at least {least}"),
        (least, most) => format!("{least} to {most}"),
    };
    let plural = if wanted == "1" || wanted == "at least 1" { "" } else { "s" };
    Err(InsightsError::at(span, format!("{}() takes {wanted} argument{plural}, not {count}", call.name)))
}

/// Values as one kind that all of them can be.
pub(super) fn alike(values: Vec<Value>) -> (Vec<PlanExpr>, Kind) {
    let first = values.first().map_or(Kind::Text, |value| value.kind);
    let number = |value: &Value| matches!(value.kind, Kind::Number | Kind::Whole);
    let kind = if values.iter().all(|value| value.kind == first) && first != Kind::Dashed {
        first
    } else if values.iter().all(number) {
        Kind::Number
    } else {
        Kind::Text
    };
    (values.into_iter().map(|value| value.into_kind(kind)).collect(), kind)
}
