//! Which kind of statement a text is, and that it is only one.

use crate::error::{Code, Error};
use crate::lexer::{self, Token};

/// A statement, told apart by its first words.
#[derive(Debug)]
pub(crate) enum Statement<'a> {
    /// A query for DataFusion: the text without the final `;`.
    Query(&'a str),
    /// Everything else: definitions and questions about them in Hive's dialect, what writes, prepared statements.
    Hive(Vec<Token<'a>>),
}

/// Reads the one statement of a text.
///
/// # Errors
/// For no statement, several, and kinds that are not run here.
pub(crate) fn read(sql: &str) -> Result<Statement<'_>, Error> {
    let tokens = lexer::tokens(sql)?;
    let tokens = one_statement(sql, &tokens)?;
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return Err(Error::new(Code::SyntaxError, "no statement: the text is empty"));
    };
    let is = |words: &[&str]| words.iter().any(|word| first.is_word(word));
    if is(&["select", "with", "values", "table", "explain"]) || first.is_symbol("(") {
        return Ok(Statement::Query(&sql[..last.end()]));
    }
    if is(&["create", "drop", "alter", "msck", "show", "describe", "desc"])
        || is(&["insert", "unload", "prepare", "execute", "deallocate"])
    {
        return Ok(Statement::Hive(tokens.to_vec()));
    }
    if is(&["update", "delete", "merge"]) {
        let message = "Modifying Hive table rows is only supported for transactional tables";
        return Err(Error::at(Code::NotSupported, first.position, message));
    }
    let found = first.text;
    Err(Error::at(
        Code::SyntaxError,
        first.position,
        format!("mismatched input '{found}'. Queries of this type are not supported"),
    ))
}

/// The tokens before a final `;`.
fn one_statement<'t, 'a>(sql: &str, tokens: &'t [Token<'a>]) -> Result<&'t [Token<'a>], Error> {
    let Some(end) = tokens.iter().position(|token| token.is_symbol(";")) else { return Ok(tokens) };
    match tokens[end..].iter().find(|token| !token.is_symbol(";")) {
        None => Ok(&tokens[..end]),
        Some(second) => Err(Error::at(
            Code::SyntaxError,
            second.position,
            format!("Only one sql statement is allowed. Got: {}", sql.trim()),
        )),
    }
}
