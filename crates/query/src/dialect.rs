//! Trino's SQL for sqlparser: what its parser has no dialect for is written otherwise before it reads.
//!
//! `VALUES 1, 2` gets its brackets, a type such as `array(row(a bigint))` becomes one name that
//! [`Types`] understands, `IPADDRESS '10.0.0.1'` becomes a cast, and `TABLE t` a SELECT.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

mod types;

pub(crate) use types::Types;

/// How the name of a type begins that only [`Types`] understands.
pub(crate) const TYPE: &str = "$type:";

/// The names of the types of intervals, which no statement can have.
pub(crate) const DAY_TO_SECOND: &str = "$type:interval day to second";
pub(crate) const YEAR_TO_MONTH: &str = "$type:interval year to month";

/// The statements of a text.
///
/// # Errors
/// What sqlparser says of a text that is no SQL.
pub(crate) fn parse(sql: &str) -> Result<Vec<Statement>, ParserError> {
    let tokens = Tokenizer::new(&Trino, sql).tokenize_with_location()?;
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    offset_first(&tokens)?;
    known_operators(&tokens)?;
    let tokens = with_brackets(&with_types(typed_literals(with_selects(tokens))), 0);
    Parser::new(&Trino).with_tokens_with_locations(tokens).parse_statements()
}

/// The generic dialect and lambdas.
#[derive(Debug)]
struct Trino;

/// Answers as the generic dialect does.
macro_rules! as_generic {
    ($($name:ident)*) => { $(fn $name(&self) -> bool { GenericDialect.$name() })* };
}

impl Dialect for Trino {
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        GenericDialect.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        GenericDialect.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        GenericDialect.is_identifier_part(ch)
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    as_generic! {
        supports_unicode_string_literal
        supports_group_by_expr
        supports_left_associative_joins_without_parens
        supports_match_recognize
        supports_window_function_null_treatment_arg
        supports_window_clause_named_window_reference
        allow_extract_custom
        supports_parens_around_table_factor
        supports_values_as_table_factor
        supports_explain_with_utility_options
        supports_nested_comments
        supports_filter_during_aggregation
        supports_select_wildcard_except
        supports_select_wildcard_exclude
    }
}

/// Refuses `LIMIT 5 OFFSET 1`: in Trino OFFSET stands before LIMIT.
fn offset_first(tokens: &[TokenWithSpan]) -> Result<(), ParserError> {
    let wrong = tokens.windows(3).find(|three| is_word(&three[0], "limit") && is_word(&three[2], "offset"));
    match wrong {
        None => Ok(()),
        Some(three) => {
            let at = three[2].span.start;
            Err(ParserError::ParserError(format!("Expected: <EOF>, found: OFFSET{at}")))
        }
    }
}

/// Refuses operators of other dialects, which sqlparser and DataFusion take.
fn known_operators(tokens: &[TokenWithSpan]) -> Result<(), ParserError> {
    use Token::{
        Ampersand, ArrowAt, AtArrow, Caret, DoubleColon, DoubleEq, DoubleTilde, DoubleTildeAsterisk, DuckIntDiv,
        ExclamationMarkDoubleTilde, ExclamationMarkDoubleTildeAsterisk, ExclamationMarkTilde,
        ExclamationMarkTildeAsterisk, LongArrow, Overlap, Pipe, Sharp, ShiftLeft, ShiftRight, Spaceship, Tilde,
        TildeAsterisk,
    };
    let foreign = tokens.iter().find(|token| {
        matches!(
            token.token,
            AtArrow
                | ArrowAt
                | Ampersand
                | Caret
                | DoubleEq
                | DoubleTilde
                | DoubleTildeAsterisk
                | DuckIntDiv
                | ExclamationMarkDoubleTilde
                | ExclamationMarkDoubleTildeAsterisk
                | ExclamationMarkTilde
                | ExclamationMarkTildeAsterisk
                | LongArrow
                | Overlap
                | Pipe
                | Sharp
                | ShiftLeft
                | ShiftRight
                | Spaceship
                | Tilde
                | TildeAsterisk
                | DoubleColon
        )
    });
    let Some(TokenWithSpan { token, span }) = foreign else { return Ok(()) };
    let instead = match token {
        Ampersand => "bitwise_and(a, b)",
        Pipe => "bitwise_or(a, b)",
        Caret => "power(a, b) or bitwise_xor(a, b)",
        DoubleEq => "a = b",
        Spaceship => "a IS NOT DISTINCT FROM b",
        DoubleColon => "CAST(a AS type)",
        DuckIntDiv => "a / b",
        Tilde | TildeAsterisk => "regexp_like(a, b)",
        _ => "an operator of Athena's",
    };
    Err(ParserError::ParserError(format!("Expected: {instead}, found: {token}{}", span.start)))
}

/// `TABLE t` as `SELECT * FROM t`, where a query may begin.
fn with_selects(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    const BEFORE: [&str; 7] = ["union", "except", "intersect", "all", "distinct", "explain", "analyze"];
    let mut result: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let begins = result
            .last()
            .is_none_or(|last| last.token == Token::LParen || BEFORE.iter().any(|word| is_word(last, word)));
        if begins && is_word(&token, "table") {
            let at = |new| TokenWithSpan::new(new, token.span);
            result.extend([at(Token::make_keyword("SELECT")), at(Token::Mul), at(Token::make_keyword("FROM"))]);
        } else {
            result.push(token);
        }
    }
    result
}

/// `IPADDRESS '10.0.0.1'` as `CAST('10.0.0.1' AS IPADDRESS)`.
fn typed_literals(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut result: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let address = matches!(token.token, Token::SingleQuotedString(_))
            && result.last().is_some_and(|last| is_word(last, "ipaddress") || is_word(last, "ipprefix"));
        let Some(kind) = result.pop_if(|_| address) else {
            result.push(token);
            continue;
        };
        let at = |token| TokenWithSpan::new(token, kind.span);
        result.extend([at(Token::make_keyword("CAST")), at(Token::LParen), token, at(Token::make_keyword("AS"))]);
        result.extend([kind.clone(), at(Token::RParen)]);
    }
    result
}

/// Makes one name of the types of CAST and TRY_CAST that have brackets around types.
fn with_types(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut result: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // For each open bracket: whether it is of a cast, and where the last AS in it stands.
    let mut open: Vec<(bool, Option<usize>)> = Vec::new();
    for token in tokens {
        match &token.token {
            Token::LParen => {
                let cast = result.last().is_some_and(|last| is_word(last, "cast") || is_word(last, "try_cast"));
                open.push((cast, None));
            }
            Token::RParen => {
                if let Some((true, Some(at))) = open.pop() {
                    join_type(&mut result, at + 1);
                }
            }
            _ if is_word(&token, "as") => {
                let here = result.len();
                if let Some((_, at)) = open.last_mut() {
                    *at = Some(here);
                }
            }
            _ => {}
        }
        result.push(token);
    }
    result
}

fn join_type(tokens: &mut Vec<TokenWithSpan>, from: usize) {
    let nested = tokens.get(from).is_some_and(|first| ["array", "map", "row"].iter().any(|word| is_word(first, word)));
    if !nested {
        return;
    }
    let span = tokens[from].span;
    let text: Vec<String> = tokens.drain(from..).map(|token| token.token.to_string()).collect();
    let word = Word { value: format!("{TYPE}{}", text.join(" ")), quote_style: Some('"'), keyword: Keyword::NoKeyword };
    tokens.push(TokenWithSpan::new(Token::Word(word), span));
}

/// How deep VALUES may stand in VALUES; the parser refuses less.
const DEEPEST: usize = 64;

/// Puts brackets around the rows of VALUES that have none, `depth` deep in other VALUES.
fn with_brackets(tokens: &[TokenWithSpan], depth: usize) -> Vec<TokenWithSpan> {
    if depth > DEEPEST {
        return tokens.to_vec();
    }
    let mut result = Vec::with_capacity(tokens.len());
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        result.push(token.clone());
        rest = after;
        if !is_word(token, "values") {
            continue;
        }
        loop {
            let (row, after) = rest.split_at(row_length(rest));
            bracketed(row, &mut result, depth + 1);
            rest = after;
            match rest.split_first() {
                Some((comma, after)) if comma.token == Token::Comma && !row.is_empty() => {
                    result.push(comma.clone());
                    rest = after;
                }
                _ => break,
            }
        }
    }
    result
}

fn bracketed(row: &[TokenWithSpan], result: &mut Vec<TokenWithSpan>, depth: usize) {
    let (Some(first), Some(last)) = (row.first(), row.last()) else { return };
    let at = usize::from(is_word(first, "row"));
    let is_open = row.get(at).is_some_and(|open| open.token == Token::LParen) && closes_last(row);
    // The brackets of a subquery are its own.
    let of_query =
        row.get(at + 1).is_some_and(|next| ["select", "with", "values"].iter().any(|word| is_word(next, word)));
    if is_open && !of_query {
        result.extend(with_brackets(row, depth));
        return;
    }
    result.push(TokenWithSpan::new(Token::LParen, first.span));
    result.extend(with_brackets(row, depth));
    result.push(TokenWithSpan::new(Token::RParen, last.span));
}

/// Whether the first bracket is closed by the last token.
fn closes_last(row: &[TokenWithSpan]) -> bool {
    let mut depth = 0;
    for (index, token) in row.iter().enumerate() {
        depth += depth_change(&token.token);
        if depth == 0 && token.token == Token::RParen {
            return index + 1 == row.len();
        }
    }
    false
}

const fn depth_change(token: &Token) -> i32 {
    match token {
        Token::LParen | Token::LBracket => 1,
        Token::RParen | Token::RBracket => -1,
        _ => 0,
    }
}

/// What ends the rows of VALUES.
const ENDS: [&str; 8] = ["order", "limit", "offset", "fetch", "union", "except", "intersect", "as"];

/// How many tokens the row has that the tokens begin with.
fn row_length(tokens: &[TokenWithSpan]) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        depth += depth_change(&token.token);
        let ends = match token.token {
            Token::RParen => depth < 0,
            Token::Comma | Token::SemiColon => depth == 0,
            Token::EOF => true,
            _ => depth == 0 && ENDS.iter().any(|word| is_word(token, word)),
        };
        if ends {
            return index;
        }
    }
    tokens.len()
}

fn is_word(token: &TokenWithSpan, word: &str) -> bool {
    matches!(&token.token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(sql: &str) -> String {
        parse(sql).map_or_else(|error| error.to_string(), |all| all[0].to_string())
    }

    #[test]
    fn rows_of_values_get_brackets() {
        for (sql, expected) in [
            ("VALUES 1, 2", "VALUES (1), (2)"),
            ("VALUES (1, 2), (3, 4)", "VALUES (1, 2), (3, 4)"),
            ("VALUES (1 + 2) * 3 ORDER BY 1", "VALUES ((1 + 2) * 3) ORDER BY 1"),
            ("SELECT * FROM (VALUES 1, ARRAY[1, 2]) AS t (x)", "SELECT * FROM (VALUES (1), (ARRAY[1, 2])) AS t (x)"),
            ("VALUES (SELECT x FROM (VALUES 1) AS t (x))", "VALUES ((SELECT x FROM (VALUES (1)) AS t (x)))"),
        ] {
            assert_eq!(rewritten(sql), expected);
        }
    }

    #[test]
    fn values_without_end_are_refused() {
        for text in ["VALUES ".repeat(30_000), "VALUES (".repeat(30_000), "VALUES 1, ".repeat(30_000)] {
            assert!(parse(&text).is_err());
        }
    }

    #[test]
    fn types_and_literals_become_what_is_parsed() {
        assert_eq!(
            rewritten("SELECT CAST(a AS map(varchar, bigint))"),
            "SELECT CAST(a AS \"$type:map ( varchar , bigint )\")"
        );
        assert_eq!(rewritten("SELECT IPPREFIX '10.0.0.0/8'"), "SELECT CAST('10.0.0.0/8' AS IPPREFIX)");
        assert_eq!(rewritten("TABLE t UNION ALL (table u)"), "SELECT * FROM t UNION ALL (SELECT * FROM u)");
        assert_eq!(rewritten("SELECT f(x -> x + 1)"), "SELECT f(x -> x + 1)");
    }
}
