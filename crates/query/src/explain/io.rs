//! EXPLAIN (TYPE IO): which tables a query reads, and what it says of their columns. The shape is Trino's.

use std::collections::BTreeMap;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, TableScan};
use serde_json::{Value, json};

use crate::function::type_name;
use crate::text;

/// The tables of a plan whose filters are at the tables; names without a catalogue or database are of these.
pub(super) fn tables(plan: &LogicalPlan, catalog: &str, database: &str) -> Result<Value> {
    let mut tables = Vec::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            tables.push(table(scan, catalog, database)?);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(json!({ "inputTableColumnInfos": tables, "estimate": unknown() }))
}

fn table(scan: &TableScan, catalog: &str, database: &str) -> Result<Value> {
    let name = scan.table_name.clone().resolve(catalog, database);
    let (catalog, schema, table) = (name.catalog.as_ref(), name.schema.as_ref(), name.table.as_ref());
    let mut ranges: BTreeMap<&str, Ranges> = BTreeMap::new();
    for filter in &scan.filters {
        if let Some((column, said)) = said(filter) {
            ranges.entry(column).or_default().add(said)?;
        }
    }
    let column = |(name, ranges): (&str, Ranges)| {
        let kind =
            scan.source.schema().field_with_name(name).map_or_else(|_| String::new(), |f| type_name(f.data_type()));
        json!({ "columnName": name, "type": kind, "domain": { "nullsAllowed": false, "ranges": ranges.shown() } })
    };
    let columns: Vec<Value> = ranges.into_iter().map(column).collect();
    Ok(json!({
        "table": { "catalog": catalog, "schemaTable": { "schema": schema, "table": table } },
        "constraint": { "none": false, "columnConstraints": columns },
        "estimate": unknown(),
    }))
}

/// Nothing is known of tables before they are read.
fn unknown() -> Value {
    let members = ["outputRowCount", "outputSizeInBytes", "cpuCost", "maxMemory", "networkCost"];
    members.into_iter().map(|member| (member.to_owned(), Value::from("NaN"))).collect::<serde_json::Map<_, _>>().into()
}

/// What a filter says of a column.
enum Said<'a> {
    OneOf(Vec<&'a ScalarValue>),
    /// From here on, the value itself or not.
    From(&'a ScalarValue, bool),
    To(&'a ScalarValue, bool),
}

/// None for what is more than a column and constants.
fn said(filter: &Expr) -> Option<(&str, Said<'_>)> {
    if let Expr::InList(InList { expr, list, negated: false }) = filter {
        let values = list.iter().map(literal).collect::<Option<Vec<_>>>()?;
        return Some((column(expr)?, Said::OneOf(values)));
    }
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else { return None };
    if *op == Operator::Or {
        // What IN of a few values becomes.
        let ((name, Said::OneOf(mut values)), (other, Said::OneOf(more))) = (said(left)?, said(right)?) else {
            return None;
        };
        values.extend(more);
        return (name == other).then_some((name, Said::OneOf(values)));
    }
    let (name, op, value) = match (column(left), literal(right)) {
        (Some(name), Some(value)) => (name, *op, value),
        _ => (column(right)?, op.swap()?, literal(left)?),
    };
    let said = match op {
        Operator::Eq => Said::OneOf(vec![value]),
        Operator::Gt | Operator::GtEq => Said::From(value, op == Operator::GtEq),
        Operator::Lt | Operator::LtEq => Said::To(value, op == Operator::LtEq),
        _ => return None,
    };
    Some((name, said))
}

fn column(expr: &Expr) -> Option<&str> {
    if let Expr::Column(column) = expr { Some(&column.name) } else { None }
}

fn literal(expr: &Expr) -> Option<&ScalarValue> {
    if let Expr::Literal(value, _) = expr { Some(value) } else { None }
}

/// Where the values of a column are: one of some, or between two.
#[derive(Default)]
struct Ranges {
    values: Option<Vec<Value>>,
    low: Option<Value>,
    high: Option<Value>,
}

impl Ranges {
    fn add(&mut self, said: Said<'_>) -> Result<()> {
        match said {
            Said::OneOf(values) => {
                self.values = Some(values.into_iter().map(|value| bound(value, "EXACTLY")).collect::<Result<_>>()?);
            }
            Said::From(value, itself) => self.low = Some(bound(value, if itself { "EXACTLY" } else { "ABOVE" })?),
            Said::To(value, itself) => self.high = Some(bound(value, if itself { "EXACTLY" } else { "BELOW" })?),
        }
        Ok(())
    }

    fn shown(self) -> Vec<Value> {
        match self.values {
            Some(values) => values.into_iter().map(|value| json!({ "low": value, "high": value })).collect(),
            None => {
                let open = |bound: &str| json!({ "bound": bound });
                let (low, high) =
                    (self.low.unwrap_or_else(|| open("ABOVE")), self.high.unwrap_or_else(|| open("BELOW")));
                vec![json!({ "low": low, "high": high })]
            }
        }
    }
}

fn bound(value: &ScalarValue, bound: &str) -> Result<Value> {
    let shown = text::value(value.to_array()?.as_ref(), 0);
    Ok(json!({ "value": shown, "bound": bound }))
}
