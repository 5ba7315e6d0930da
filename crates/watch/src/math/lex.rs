//! Letters of an expression to tokens.

use super::MathError;

/// A token, and the byte where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Number(f64),
    Text(String),
    /// A name of a query, a function, or a word such as `REPEAT`.
    Name(String),
    /// An operator, bracket or comma.
    Sign(&'static str),
    End,
}

/// Longer ones first.
const SIGNS: [&str; 20] =
    ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",", "{", "}"];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, MathError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        if letter.is_whitespace() {
            at += letter.len_utf8();
            continue;
        }
        let (kind, length) = token(&text[at..]).map_err(|message| MathError::new(at, message))?;
        tokens.push(Token { at, kind });
        at += length;
    }
    tokens.push(Token { at, kind: Kind::End });
    Ok(tokens)
}

/// The first token and its length.
fn token(rest: &str) -> Result<(Kind, usize), String> {
    let first = rest.chars().next().unwrap_or_default();
    if first.is_ascii_digit() || first == '.' {
        return number(rest);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let name = &rest[..length];
        let kind = match name {
            "AND" => Kind::Sign("&&"),
            "OR" => Kind::Sign("||"),
            _ => Kind::Name(name.to_owned()),
        };
        return Ok((kind, length));
    }
    if first == '"' || first == '\'' {
        let inside = &rest[1..];
        let end = inside.find(first).ok_or("the text has no closing quote")?;
        return Ok((Kind::Text(inside[..end].to_owned()), end + 2));
    }
    let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
    sign.map(|sign| (Kind::Sign(sign), sign.len())).ok_or_else(|| format!("unexpected character `{first}`"))
}

fn number(rest: &str) -> Result<(Kind, usize), String> {
    let digits =
        |from: usize| rest[from..].find(|letter: char| !letter.is_ascii_digit()).map_or(rest.len(), |end| from + end);
    let mut end = digits(0);
    if rest[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let text = &rest[..end];
    let number: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if number.is_finite() { Ok((Kind::Number(number), end)) } else { Err(format!("`{text}` is too large")) }
}
