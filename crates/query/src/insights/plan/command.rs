//! Commands, one by one.

use datafusion::{
    arrow::datatypes::DataType,
    common::{Column as ColumnName, UnnestOptions},
    logical_expr::{Expr as PlanExpr, SortExpr, lit},
};

use super::{Planner, Stage, TIMESTAMP, column, ours, running::Window};
use crate::insights::{
    InsightsError,
    function::{native, texts, typed},
    list, logfmt, order,
    tree::{Command, Earlier, Expr, Item, MOST_ROWS, Parse, ParseHow, SortKey, Span, Verb},
    value::{Kind, Value},
};

/// `stats` in a query at most.
const MOST_STATS: usize = 10;

impl Command {
    fn is_stats(&self) -> bool {
        matches!(self.verb, Verb::Stats { .. })
    }

    pub(super) fn is_pattern(&self) -> bool {
        matches!(self.verb, Verb::Pattern(_))
    }

    pub(super) fn earlier(&self) -> Option<Earlier> {
        match self.verb {
            Verb::Diff(earlier) => Some(earlier),
            _ => None,
        }
    }
}

/// Which commands may stand behind which.
pub(super) fn check_order(commands: &[Command]) -> Result<(), InsightsError> {
    let stats: Vec<usize> = (0..commands.len()).filter(|place| commands[*place].is_stats()).collect();
    if let Some(place) = stats.get(MOST_STATS) {
        return Err(InsightsError::at(commands[*place].span, format!("a query has at most {MOST_STATS} stats")));
    }
    let between = stats.first().zip(stats.last()).map_or(0..0, |(first, last)| *first..*last);
    for (place, command) in commands.iter().enumerate() {
        let message = match &command.verb {
            Verb::Sort(_) | Verb::Limit { .. } if between.contains(&place) => {
                "sort and limit stand behind the last stats".to_owned()
            }
            Verb::Limit { count, .. } if *count > MOST_ROWS => format!("limit is at most {MOST_ROWS}"),
            Verb::Diff(_) if place == 0 || !commands[place - 1].is_pattern() => {
                "diff stands right behind pattern".to_owned()
            }
            Verb::Dedup(_) if commands[place + 1..].iter().any(|next| !matches!(next.verb, Verb::Limit { .. })) => {
                "only limit may stand behind dedup".to_owned()
            }
            _ => continue,
        };
        return Err(InsightsError::at(command.span, message));
    }
    let joins = commands.iter().filter(|command| matches!(command.verb, Verb::Join(_)));
    match joins.skip(1).last() {
        Some(second) => Err(InsightsError::at(second.span, "a query has at most one join")),
        None => Ok(()),
    }
}

/// Behind how many commands an event is matched: those up to the last filter in front of any stats.
pub(super) fn last_filter(commands: &[Command]) -> usize {
    let events = commands.iter().take_while(|command| !command.is_stats() && !command.is_pattern());
    let filters = events.enumerate().filter(|(_, command)| matches!(command.verb, Verb::Filter(_)));
    filters.map(|(place, _)| place + 1).last().unwrap_or(0)
}

impl Planner<'_> {
    pub(super) fn command(&self, stage: Stage, command: &Command) -> Result<Stage, InsightsError> {
        match &command.verb {
            Verb::Fields(items) => {
                let (mut stage, names) = self.items(stage, items)?;
                stage.output.fields.extend(names);
                Ok(stage)
            }
            Verb::Display(items) => {
                let (mut stage, names) = self.items(stage, items)?;
                stage.output.display = Some(names);
                Ok(stage)
            }
            Verb::Filter(condition) => {
                let condition = self.condition(&stage.scope, condition)?;
                Ok(Stage { plan: stage.plan.filter(condition).map_err(ours)?, ..stage })
            }
            Verb::Stats { values, by } => self.stats(stage, values, by),
            Verb::Sort(keys) => self.sort(stage, keys),
            Verb::Limit { count, any } => self.limit(stage, *count, *any),
            Verb::Parse(parse) => self.parse(stage, parse),
            Verb::Dedup(fields) => self.dedup(stage, fields),
            Verb::Pattern(text) => self.pattern(stage, text),
            Verb::Unnest { field, into } => self.unnest(stage, field, into),
            Verb::Join(join) => self.join(stage, join),
            Verb::Lookup(lookup) => self.lookup(stage, lookup),
            Verb::FillDown(fields) => self.fill_down(stage, fields, command.span),
            Verb::Accum { field, into } => self.accumulate(stage, field, into, command.span),
            Verb::Autoregress { field, into } => self.autoregress(stage, field, into, command.span),
            Verb::Sessionize { by, gap, into } => self.sessionize(stage, by, *gap, into, command.span),
            Verb::FillMissing(fills) => self.fill_missing(stage, fills, command.span),
            Verb::AddTotals(totals) => self.add_totals(stage, totals),
            Verb::Outlier(outlier) => self.outlier(stage, outlier),
            Verb::CountFrequent(fields) => self.count_frequent(stage, fields),
            Verb::AppendCols(columns) => self.append_columns(stage, columns),
            // Dealt with together with the pattern in front of it.
            Verb::Diff(_) => Ok(stage),
        }
    }

    /// Defines what is computed, and says the names of all.
    fn items(&self, mut stage: Stage, items: &[Item]) -> Result<(Stage, Vec<String>), InsightsError> {
        let mut names = Vec::new();
        for item in items {
            let plain = matches!(&item.expr.node, crate::insights::tree::Node::Field(name) if *name == item.name);
            if !plain {
                check_name(&item.name, item.expr.span)?;
                let value = self.value(&stage.scope, &item.expr)?;
                stage = self.define(stage, &item.name, value)?;
            }
            names.push(item.name.clone());
        }
        Ok((stage, names))
    }

    fn sort(&self, mut stage: Stage, keys: &[SortKey]) -> Result<Stage, InsightsError> {
        let mut columns = Vec::new();
        let mut order = Vec::new();
        for key in keys {
            let value = self.value(&stage.scope, &key.expr)?;
            let name = self.hidden("sort");
            order.push(column(&name).sort(!key.descending, !key.descending));
            columns.push((name, Value::new(sort_key(value), Kind::Text)));
        }
        stage = self.define_all(stage, columns)?;
        stage.order = order;
        Ok(stage)
    }

    /// With hidden columns that sort as these do, and the order by them.
    pub(super) fn ascending(&self, stage: Stage, names: &[String]) -> Result<(Stage, Vec<SortExpr>), InsightsError> {
        let mut columns = Vec::new();
        let mut order = Vec::new();
        for name in names {
            let hidden = self.hidden("sort");
            order.push(column(&hidden).sort(true, true));
            columns.push((hidden, Value::new(sort_key(stage.scope.resolve(name)), Kind::Text)));
        }
        Ok((self.define_all(stage, columns)?, order))
    }

    fn limit(&self, stage: Stage, count: usize, any: bool) -> Result<Stage, InsightsError> {
        let stage = match any {
            true => Stage { plan: stage.plan.limit(0, Some(count)).map_err(ours)?, ..stage },
            false => self.sorted(stage, Some(count))?,
        };
        Ok(Stage { limited: true, ..stage })
    }

    fn parse(&self, mut stage: Stage, parse: &Parse) -> Result<Stage, InsightsError> {
        for name in &parse.names {
            check_name(&name.text, name.span)?;
        }
        let text = self.value(&stage.scope, &parse.from)?.into_text();
        let names = parse.names.iter().map(|name| name.text.clone());
        let values: Vec<Value> = match &parse.how {
            ParseHow::Groups(pattern) => {
                let pattern = pattern.clone();
                let found = typed("$capture", pattern.to_string(), list::data_type(), vec![text], move |args| {
                    let groups: Vec<&str> = pattern.capture_names().flatten().collect();
                    list::lists(args, |text| {
                        let found = pattern.captures(text)?;
                        let group = |name: &&str| found.name(name).map(|group| group.as_str().to_owned());
                        Some(groups.iter().map(group).collect())
                    })
                });
                let hidden = self.hidden("captured");
                stage = self.define(stage, &hidden, Value::new(found, Kind::Text))?;
                let of = |place: usize| {
                    let item = move |args: &[_]| list::item(args, place);
                    native("$item", place.to_string(), Kind::Text, vec![column(&hidden)], item)
                };
                (0..parse.names.len()).map(|place| Value::new(of(place), Kind::Text)).collect()
            }
            ParseHow::Csv => (0..parse.names.len()).map(|place| csv(text.clone(), place)).collect(),
            ParseHow::Logfmt => parse.names.iter().map(|name| pair(text.clone(), &name.text)).collect(),
            ParseHow::Json(paths) => paths.iter().map(|path| part(text.clone(), path)).collect(),
        };
        let new: Vec<(String, Value)> = names.zip(values).collect();
        stage.output.usual.extend(new.iter().map(|(name, _)| name.clone()));
        self.define_all(stage, new)
    }

    /// The first of each combination in the order so far. An event that lacks one of the fields is like no other.
    fn dedup(&self, stage: Stage, fields: &[Expr]) -> Result<Stage, InsightsError> {
        let values = fields.iter().map(|field| self.value(&stage.scope, field)).collect::<Result<Vec<_>, _>>()?;
        let keys = values.iter().map(|value| value.expr.clone()).collect();
        let window = Window::number(stage.order()).within(keys);
        let (stage, number) = self.windowed(stage, window)?;
        let lacks = values.into_iter().map(|value| PlanExpr::Not(Box::new(value.presence())));
        let wanted = lacks.fold(number.eq(lit(1_u64)), PlanExpr::or);
        Ok(Stage { plan: stage.plan.filter(wanted).map_err(ours)?, ..stage })
    }

    /// A row for each item of a list.
    fn unnest(&self, stage: Stage, field: &Expr, into: &str) -> Result<Stage, InsightsError> {
        check_name(into, field.span)?;
        let text = self.value(&stage.scope, field)?.into_text();
        let items = typed("$items", "", list::data_type(), vec![text.clone()], |args| list::lists(args, list::items));
        let places = typed("$places", "", list::data_type(), vec![text], |args| list::lists(args, list::places));
        let place = self.hidden("place");
        let new =
            vec![(into.to_owned(), Value::new(items, Kind::Text)), (place.clone(), Value::new(places, Kind::Text))];
        let mut stage = self.define_all(stage, new)?;
        let lists = [into, &place].map(ColumnName::new_unqualified).to_vec();
        let options = UnnestOptions::new().with_preserve_nulls(false);
        stage.plan = stage.plan.unnest_columns_with_options(lists, options).map_err(ours)?;
        stage.ties.push(column(&place).sort(true, false));
        stage.output.usual.push(into.to_owned());
        Ok(stage)
    }
}

/// The fields that every event has are not named anew.
pub(super) fn check_name(name: &str, span: Span) -> Result<(), InsightsError> {
    match name {
        TIMESTAMP | "@message" | "@logStream" | "@log" | "@ingestionTime" | "@ptr" => {
            Err(InsightsError::at(span, format!("`{name}` is a field of every event: choose another name")))
        }
        _ => Ok(()),
    }
}

/// What sorts as a value does.
pub(super) fn sort_key(value: Value) -> PlanExpr {
    match value.kind {
        Kind::Text => typed("$key", "", DataType::Binary, vec![value.expr], |args| {
            use datafusion::arrow::array::{ArrayRef, AsArray, BinaryBuilder};
            let mut keys = BinaryBuilder::new();
            for text in args.iter().filter_map(|texts| texts.as_string_view_opt()).flatten() {
                keys.append_option(text.map(order::key));
            }
            std::sync::Arc::new(keys.finish()) as ArrayRef
        }),
        _ => value.expr,
    }
}

fn csv(text: PlanExpr, place: usize) -> Value {
    let body = move |args: &[_]| texts(args, |row| logfmt::cell(row.text(0)?, place));
    Value::new(native("$csv", place.to_string(), Kind::Text, vec![text], body), Kind::Text)
}

fn pair(text: PlanExpr, key: &str) -> Value {
    let wanted = key.to_owned();
    let body = move |args: &[_]| texts(args, |row| logfmt::value(row.text(0)?, &wanted));
    Value::new(native("$logfmt", key, Kind::Text, vec![text], body), Kind::Text)
}

fn part(text: PlanExpr, path: &str) -> Value {
    let wanted = path.to_owned();
    let body = move |args: &[_]| {
        texts(args, |row| {
            let json: serde_json::Value = serde_json::from_str(row.text(0)?).ok()?;
            let found = crate::insights::function::json_path(&json, &wanted)?;
            crate::insights::function::json_shown(found).map(std::borrow::Cow::into_owned)
        })
    };
    Value::new(native("$part", path, Kind::Text, vec![text], body), Kind::Text)
}
