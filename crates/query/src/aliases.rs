//! Names that SELECT gives, used where Trino does not know them yet: GROUP BY and HAVING know columns only, whereas
//! DataFusion takes such a name for what it stands for.

use std::ops::ControlFlow;

use datafusion::execution::session_state::SessionState;
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, Query, Select, SelectItem, SetExpr, Statement, Visit, Visitor,
};

use crate::error::{Code, Error, Position};
use crate::{rewrite, trino_error};

/// Refuses such a name. The tables that the statement names are known to the session.
///
/// # Errors
/// COLUMN_NOT_FOUND with the place of the first name that is no column.
pub(crate) async fn refuse(state: &SessionState, statement: &Statement) -> Result<(), Error> {
    for Suspect { name, mut query } in suspects(statement) {
        rewrite::rewrite(&mut query, false);
        let planned = state.statement_to_plan(DfStatement::Statement(Box::new(query))).await;
        if planned.is_err_and(|error| trino_error::from_datafusion(&error).code == Code::ColumnNotFound) {
            let (start, name) = (name.span.start, name.value);
            let position = Position { line: start.line, column: start.column };
            return Err(Error::at(Code::ColumnNotFound, position, format!("Column '{name}' cannot be resolved")));
        }
    }
    Ok(())
}

/// A name that may be only an alias, and a query that fails when it is no column.
#[derive(Debug)]
struct Suspect {
    name: Ident,
    query: Statement,
}

/// The names in GROUP BY and HAVING that SELECT gives to something else.
fn suspects(statement: &Statement) -> Vec<Suspect> {
    let query = match statement {
        Statement::Query(query) => query,
        Statement::Explain { statement, .. } => return suspects(statement),
        _ => return Vec::new(),
    };
    let mut selects = Selects(Vec::new());
    let _: ControlFlow<()> = query.visit(&mut selects);
    let suspect = |(name, select): (Ident, Select)| {
        let column = SelectItem::UnnamedExpr(Expr::Identifier(name.clone()));
        let body = Select {
            projection: vec![column],
            distinct: None,
            selection: None,
            group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
            having: None,
            named_window: Vec::new(),
            ..select
        };
        let query = Query {
            body: Box::new(SetExpr::Select(Box::new(body))),
            order_by: None,
            limit_clause: None,
            fetch: None,
            ..query.as_ref().clone()
        };
        Suspect { name, query: Statement::Query(Box::new(query)) }
    };
    selects.0.into_iter().map(suspect).collect()
}

/// The SELECTs with such names.
struct Selects(Vec<(Ident, Select)>);

impl Visitor for Selects {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let given: Vec<&Ident> = select.projection.iter().filter_map(given).collect();
        let mut used: Vec<Ident> = match &select.group_by {
            GroupByExpr::Expressions(all, _) => all.iter().filter_map(bare).collect(),
            GroupByExpr::All(_) => Vec::new(),
        };
        if let Some(having) = &select.having {
            let mut names = Names { found: Vec::new(), has_query: false };
            let _: ControlFlow<()> = having.visit(&mut names);
            used.extend(names.found.into_iter().filter(|_| !names.has_query));
        }
        used.retain(|name| given.iter().any(|given| given.value.eq_ignore_ascii_case(&name.value)));
        self.0.extend(used.into_iter().map(|name| (name, select.clone())));
        ControlFlow::Continue(())
    }
}

/// The name that an item gives, unless it is the column's own.
fn given(item: &SelectItem) -> Option<&Ident> {
    match item {
        SelectItem::ExprWithAlias { expr, alias } => match expr {
            Expr::Identifier(column) if column.value.eq_ignore_ascii_case(&alias.value) => None,
            _ => Some(alias),
        },
        _ => None,
    }
}

fn bare(expr: &Expr) -> Option<Ident> {
    match expr {
        Expr::Identifier(name) => Some(name.clone()),
        Expr::Nested(inner) => bare(inner),
        _ => None,
    }
}

/// Names in an expression.
struct Names {
    found: Vec<Ident>,
    /// Names of a subquery are its own.
    has_query: bool,
}

impl Visitor for Names {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.has_query = true;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.found.extend(bare(expr).filter(|_| matches!(expr, Expr::Identifier(_))));
        ControlFlow::Continue(())
    }
}
