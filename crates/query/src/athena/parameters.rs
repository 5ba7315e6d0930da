//! `?` in a statement, and what goes there.

use datafusion::sql::sqlparser::ast::{Expr, Visit, Visitor};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use std::ops::ControlFlow;

use crate::error::{Code, Error};
use crate::lexer;

/// The statement with a parameter for each `?`.
///
/// # Errors
/// When there are more parameters than places, or fewer.
pub(super) fn fill(sql: &str, parameters: &[String]) -> Result<String, Error> {
    let tokens = lexer::tokens(sql)?;
    let places: Vec<usize> = tokens.iter().filter(|token| token.is_symbol("?")).map(|token| token.start).collect();
    if places.len() != parameters.len() {
        let (wanted, found) = (places.len(), parameters.len());
        let message = format!("Incorrect number of parameters: expected {wanted} but found {found}");
        return Err(Error::new(Code::InvalidParameterUsage, message));
    }
    let (mut filled, mut at) = (String::with_capacity(sql.len()), 0);
    for (place, parameter) in places.into_iter().zip(parameters) {
        filled.push_str(&sql[at..place]);
        filled.push_str(&expression(parameter));
        at = place + 1;
    }
    filled.push_str(&sql[at..]);
    Ok(filled)
}

/// A text that is an expression without names of columns is that; anything else is a text. Source: athena.md §5.
fn expression(parameter: &str) -> String {
    if is_expression(parameter) {
        // A number below zero is no comment behind a minus.
        return if parameter.starts_with('-') { format!("({parameter})") } else { parameter.to_owned() };
    }
    format!("'{}'", parameter.replace('\'', "''"))
}

fn is_expression(text: &str) -> bool {
    let dialect = GenericDialect {};
    let Ok(mut parser) = Parser::new(&dialect).try_with_sql(text) else { return false };
    let Ok(expr) = parser.parse_expr() else { return false };
    let is_whole = parser.peek_token().token == datafusion::sql::sqlparser::tokenizer::Token::EOF;
    is_whole && !has_column(&expr)
}

fn has_column(expr: &Expr) -> bool {
    struct Columns;
    impl Visitor for Columns {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let column =
                matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. });
            if column { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    expr.visit(&mut Columns).is_break()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_expressions_or_texts() {
        let sql = "SELECT '?' AS a FROM t WHERE b = ? AND c > ? -- ?";
        let given = |b: &str, c: &str| fill(sql, &[b.to_owned(), c.to_owned()]);
        assert_eq!(given("'x'", "-5").unwrap(), "SELECT '?' AS a FROM t WHERE b = 'x' AND c > (-5) -- ?");
        assert_eq!(
            given("REJECT", "DATE '2026-11-21'").unwrap(),
            "SELECT '?' AS a FROM t WHERE b = 'REJECT' AND c > DATE '2026-11-21' -- ?"
        );
        assert_eq!(given("it's", "NULL").unwrap(), "SELECT '?' AS a FROM t WHERE b = 'it''s' AND c > NULL -- ?");
        let error = fill(sql, &[]).unwrap_err().to_string();
        assert_eq!(error, "INVALID_PARAMETER_USAGE: Incorrect number of parameters: expected 2 but found 0");
    }
}
