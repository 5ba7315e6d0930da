//! `t TABLESAMPLE BERNOULLI (10)`: a tenth of the rows, each taken by chance. Objects have no parts that could be taken as
//! a whole, so SYSTEM is the same.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Query, SetExpr, Statement, TableAlias, TableFactor, TableSample, TableSampleKind,
    TableSampleMethod, Value, Visit, Visitor,
};

use super::call::call;
use crate::dialect;
use crate::error::{Code, Error};

/// Refuses samples that are of another kind.
///
/// # Errors
/// As for a text that is no statement.
pub(crate) fn check(statement: &Statement) -> Result<(), Error> {
    struct Other;
    impl Visitor for Other {
        type Break = String;

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
            match sample_of(factor) {
                Some(sample) if percent(sample).is_none() => ControlFlow::Break(sample.to_string()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    match statement.visit(&mut Other) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(sample) => {
            let message =
                format!("mismatched input '{sample}'. Expecting: TABLESAMPLE BERNOULLI (percent) or SYSTEM (percent)");
            Err(Error::new(Code::SyntaxError, message))
        }
    }
}

/// The query that a sample stands for; none when the factor is none.
pub(super) fn some_rows(factor: &TableFactor) -> Option<TableFactor> {
    let share = Expr::BinaryOp {
        left: Box::new(Expr::Nested(Box::new(percent(sample_of(factor)?)?.clone()))),
        op: BinaryOperator::Divide,
        right: Box::new(Expr::value(Value::Number("100e0".to_owned(), false))),
    };
    let mut all = factor.clone();
    let alias = match &mut all {
        TableFactor::Table { name, alias, sample, .. } => {
            *sample = None;
            let own = || {
                Some(TableAlias {
                    explicit: false,
                    name: name.0.last()?.as_ident()?.clone(),
                    columns: Vec::new(),
                    at: None,
                })
            };
            alias.take().or_else(own)
        }
        TableFactor::Derived { alias, sample, .. } => {
            *sample = None;
            alias.clone()
        }
        _ => None,
    };
    let chosen =
        Expr::BinaryOp { left: Box::new(call("random", Vec::new())), op: BinaryOperator::Lt, right: Box::new(share) };
    let subquery = Box::new(rows_of(all, chosen)?);
    Some(TableFactor::Derived { lateral: false, subquery, alias, sample: None })
}

/// `SELECT * FROM factor WHERE condition`.
fn rows_of(factor: TableFactor, condition: Expr) -> Option<Query> {
    let Ok([Statement::Query(query)]) = <[Statement; 1]>::try_from(dialect::parse("SELECT * FROM t").ok()?) else {
        return None;
    };
    let mut query = *query;
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    select.from.first_mut()?.relation = factor;
    select.selection = Some(condition);
    Some(query)
}

fn sample_of(factor: &TableFactor) -> Option<&TableSample> {
    let (TableFactor::Table { sample, .. } | TableFactor::Derived { sample, .. }) = factor else { return None };
    sample.as_ref().map(|kind| match kind {
        TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample) => sample.as_ref(),
    })
}

/// How many rows of a hundred; none when that is not what a sample says.
fn percent(sample: &TableSample) -> Option<&Expr> {
    let known = matches!(sample.name, Some(TableSampleMethod::Bernoulli | TableSampleMethod::System));
    let plain = sample.seed.is_none() && sample.bucket.is_none() && sample.offset.is_none();
    let quantity = sample.quantity.as_ref().filter(|quantity| quantity.parenthesized && quantity.unit.is_none());
    quantity.filter(|_| known && plain).map(|quantity| &quantity.value)
}
