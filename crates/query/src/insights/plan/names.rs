//! Which fields a query names: these are read, and no others.

use std::collections::BTreeSet;

use crate::insights::tree::{Command, Expr, Item, Node, Outlier, ParseHow, Pipeline, Totals, Verb};

/// The names in a query, without those within its queries.
pub(super) fn of_pipeline(pipeline: &Pipeline, names: &mut BTreeSet<String>) {
    let mut chosen = false;
    for command in &pipeline.commands {
        of_command(command, names);
        chosen |= matches!(
            command.verb,
            Verb::Fields(_) | Verb::Display(_) | Verb::Stats { .. } | Verb::Pattern(_) | Verb::CountFrequent(_)
        );
    }
    if !chosen {
        names.insert("@message".to_owned());
    }
    for command in &pipeline.commands {
        strip_joined(command, names);
    }
}

fn of_command(command: &Command, names: &mut BTreeSet<String>) {
    match &command.verb {
        Verb::Fields(items) | Verb::Display(items) => of_items(items, names),
        Verb::Filter(expr) | Verb::Pattern(expr) => of_expr(expr, names),
        Verb::Stats { values, by } => {
            of_items(values, names);
            of_items(by, names);
        }
        Verb::Sort(keys) => keys.iter().for_each(|key| of_expr(&key.expr, names)),
        Verb::Parse(parse) => {
            of_expr(&parse.from, names);
            if let ParseHow::Logfmt = parse.how {
                names.insert("@message".to_owned());
            }
        }
        Verb::Dedup(fields) => fields.iter().for_each(|field| of_expr(field, names)),
        Verb::Unnest { field, .. } | Verb::Accum { field, .. } => of_expr(field, names),
        Verb::FillDown(fields) | Verb::CountFrequent(fields) | Verb::Sessionize { by: fields, .. } => {
            names.extend(fields.iter().map(|field| field.text.clone()));
        }
        Verb::Autoregress { field, .. } => {
            names.insert(field.text.clone());
        }
        Verb::AddTotals(Totals { fields, .. }) | Verb::Outlier(Outlier { fields, .. }) => {
            names.extend(fields.iter().map(|field| field.text.clone()));
        }
        Verb::Join(join) => {
            names.extend(join.on.iter().map(|(left, _)| left.text.clone()));
        }
        Verb::Lookup(lookup) => {
            names.extend(lookup.keys.iter().map(|(_, field)| field.text.clone()));
            if lookup.only_new {
                names.extend(lookup.output.iter().map(|(_, into)| into.text.clone()));
            }
        }
        Verb::FillMissing(_) | Verb::AppendCols(_) | Verb::Limit { .. } | Verb::Diff(_) => {}
    }
}

/// After a join `a.x` is the field `x` of the left side.
fn strip_joined(command: &Command, names: &mut BTreeSet<String>) {
    if let Verb::Join(join) = &command.verb {
        let all: Vec<String> = names.iter().cloned().collect();
        names.extend(all.iter().filter_map(|name| below(name, &join.left)));
    }
}

/// The names without those of the other side of a join.
pub(super) fn own(pipeline: &Pipeline, names: &BTreeSet<String>) -> BTreeSet<String> {
    let sides = pipeline.commands.iter().filter_map(|command| match &command.verb {
        Verb::Join(join) => Some(join.right.as_str()),
        _ => None,
    });
    let sides: Vec<&str> = sides.collect();
    names.iter().filter(|name| sides.iter().all(|side| below(name, side).is_none())).cloned().collect()
}

/// `x` of `a.x`.
pub(super) fn below(name: &str, side: &str) -> Option<String> {
    Some(name.strip_prefix(side)?.strip_prefix('.')?.to_owned())
}

fn of_items(items: &[Item], names: &mut BTreeSet<String>) {
    items.iter().for_each(|item| of_expr(&item.expr, names));
}

pub(super) fn of_expr(expr: &Expr, names: &mut BTreeSet<String>) {
    match &expr.node {
        Node::Field(name) => {
            names.insert(name.clone());
        }
        Node::Text(_) | Node::Number(..) | Node::Boolean(_) | Node::Period(_) => {}
        Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|part| of_expr(part, names)),
        Node::Not(inner) | Node::Negative(inner) | Node::InQuery(inner, _) => of_expr(inner, names),
        Node::Contains(inner, _) | Node::Matches(inner, _) => of_expr(inner, names),
        Node::Arithmetic(_, left, right) | Node::Comparison(_, left, right) => {
            of_expr(left, names);
            of_expr(right, names);
        }
        Node::In(value, members) => {
            of_expr(value, names);
            members.iter().for_each(|member| of_expr(member, names));
        }
        Node::Call(call) => {
            if call.name.eq_ignore_ascii_case("messageSize") && call.arguments.is_empty() {
                names.insert("@message".to_owned());
            }
            call.arguments.iter().for_each(|argument| of_expr(argument, names));
        }
    }
}
