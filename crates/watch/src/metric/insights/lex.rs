//! Letters of a query to words and signs.

use crate::math::MathError;

/// A word or a sign, and the byte where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Letters, digits and underscores: a keyword, a number, or a name that needs no quotes.
    Word(String),
    /// A name in double quotes.
    Name(String),
    /// A value in single quotes.
    Value(String),
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 7] = ["!=", "=", "(", ")", ",", ".", ";"];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, MathError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, length) = token(&text[at..], first).map_err(|message| MathError::new(at, message))?;
        tokens.push(Token { at, kind });
        at += length;
    }
    tokens.push(Token { at, kind: Kind::End });
    Ok(tokens)
}

/// The first token and its length.
fn token(rest: &str, first: char) -> Result<(Kind, usize), String> {
    if is_plain(first) {
        let length = rest.find(|letter| !is_plain(letter)).unwrap_or(rest.len());
        return Ok((Kind::Word(rest[..length].to_owned()), length));
    }
    if first == '"' || first == '\'' {
        let (inside, length) = quoted(rest, first)?;
        return Ok((if first == '"' { Kind::Name(inside) } else { Kind::Value(inside) }, length));
    }
    let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
    sign.map(|sign| (Kind::Sign(sign), sign.len())).ok_or_else(|| format!("unexpected character `{first}`"))
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// What stands between quotes, and the length with them. A backslash goes before a quote, or before a backslash.
fn quoted(rest: &str, quote: char) -> Result<(String, usize), String> {
    let mut inside = String::new();
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return Ok((inside, at + 1));
        }
        let escaped = letters.next_if(|(_, next)| letter == '\\' && matches!(next, '"' | '\'' | '\\'));
        inside.push(escaped.map_or(letter, |(_, next)| next));
    }
    Err("the text has no closing quote".to_owned())
}
