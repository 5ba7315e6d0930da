//! Statements as tokens with their places.
//!
//! DataFusion's parser reads queries; this lexer serves what it does not know: the Hive statements,
//! where a statement ends, what was meant by a typographic quote, where an operator stands.

use crate::error::{Code, Error, Position};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bare word: keyword or name.
    Word,
    /// In double quotes: a name in queries, a text in Hive statements.
    DoubleQuoted,
    /// In backticks: a name.
    Backticked,
    /// In single quotes: a text.
    Text,
    /// A number without sign.
    Number,
    /// An operator or a mark, such as `(` or `<=`.
    Symbol,
}

/// One token of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    /// As written, quotes included.
    pub(crate) text: &'a str,
    /// Byte offset of the first byte.
    pub(crate) start: usize,
    pub(crate) position: Position,
}

impl Token<'_> {
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Whether this is the keyword, in any case.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// What stands between the quotes, with doubled quotes as one; the text itself without quotes.
    pub(crate) fn value(&self) -> String {
        let quote = match self.kind {
            Kind::Text => '\'',
            Kind::DoubleQuoted => '"',
            Kind::Backticked => '`',
            Kind::Word | Kind::Number | Kind::Symbol => return self.text.to_owned(),
        };
        let inner = &self.text[1..self.text.len() - 1];
        inner.replace(&format!("{quote}{quote}"), &quote.to_string())
    }
}

/// The tokens of a text, without white space and comments.
///
/// # Errors
/// A character that is no SQL (with what to write instead, for typographic ones), and quotes or
/// comments without an end.
pub(crate) fn tokens(sql: &str) -> Result<Vec<Token<'_>>, Error> {
    let mut lexer = Lexer { sql, at: 0, line: 1, column: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    line: u64,
    column: u64,
}

impl<'a> Lexer<'a> {
    fn next_token(&mut self) -> Result<Option<Token<'a>>, Error> {
        self.skip_blank()?;
        let rest = &self.sql[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let (kind, length) = match first {
            '\'' => (Kind::Text, self.quoted(rest, '\'', "text")?),
            '"' => (Kind::DoubleQuoted, self.quoted(rest, '"', "name")?),
            '`' => (Kind::Backticked, self.quoted(rest, '`', "name")?),
            c if c.is_ascii_digit() => (Kind::Number, number_length(rest)),
            c if c.is_alphabetic() || c == '_' => (Kind::Word, word_length(rest)),
            c if c.is_ascii_graphic() => (Kind::Symbol, symbol_length(rest)),
            c => return Err(self.foreign(c)),
        };
        let token = Token { kind, text: &rest[..length], start: self.at, position: self.position() };
        self.advance(length);
        Ok(Some(token))
    }

    fn skip_blank(&mut self) -> Result<(), Error> {
        loop {
            let rest = &self.sql[self.at..];
            if rest.starts_with("--") {
                self.advance(rest.find('\n').unwrap_or(rest.len()));
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let Some(end) = comment.find("*/") else {
                    return Err(self.error("comment /* has no end; close it with */"));
                };
                self.advance(end + 4);
            } else if rest.starts_with([' ', '\t', '\n', '\r']) {
                self.advance(1);
            } else {
                return Ok(());
            }
        }
    }

    /// Length of the quoted token that `rest` begins with. A doubled quote stands for itself.
    fn quoted(&self, rest: &str, quote: char, what: &str) -> Result<usize, Error> {
        let mut at = 1;
        while let Some(found) = rest[at..].find(quote) {
            at += found + 1;
            if !rest[at..].starts_with(quote) {
                return Ok(at);
            }
            at += 1;
        }
        Err(self.error(&format!("{what} has no closing {quote}")))
    }

    fn advance(&mut self, bytes: usize) {
        for c in self.sql[self.at..self.at + bytes].chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.at += bytes;
    }

    fn position(&self) -> Position {
        Position { line: self.line, column: self.column }
    }

    fn error(&self, message: &str) -> Error {
        Error::at(Code::SyntaxError, self.position(), message)
    }

    fn foreign(&self, c: char) -> Error {
        let instead = match c {
            '‘' | '’' | '‚' | '‛' | '´' | '′' => {
                "; write a plain ' (typographic quotes come from copying out of a document)"
            }
            '“' | '”' | '„' | '‟' | '″' | '«' | '»' => "; write a plain \" for a name or ' for a text",
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "; write - for minus or -- for a comment",
            '…' => "; write three dots or leave it out",
            c if c.is_whitespace() => "; write a plain space",
            '\u{200b}' | '\u{feff}' | '\u{2060}' => "; delete this invisible character",
            _ => "",
        };
        let shown = if c.is_control() || c.is_whitespace() || c == '\u{200b}' || c == '\u{feff}' {
            String::new()
        } else {
            format!("'{c}' ")
        };
        let code = u32::from(c);
        self.error(&format!("mismatched input {shown}(U+{code:04X}): this character is not SQL{instead}"))
    }
}

fn word_length(rest: &str) -> usize {
    rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
}

/// Digits, a fraction, an exponent; a dot only when a digit follows, so that `t1.c` stays apart.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = digits(0);
    if bytes.get(at) == Some(&b'.') {
        at += 1 + digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign.min(bytes.len() - at - 1));
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    at
}

fn symbol_length(rest: &str) -> usize {
    const LONG: [&str; 7] = ["<>", "!=", "<=", ">=", "||", "->", "=>"];
    if LONG.iter().any(|symbol| rest.starts_with(symbol)) { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_keep_their_places() {
        let sql = "SELECT a -- note\n  FROM \"b\"\"c\" /* x */ WHERE d<>'it''s' LIMIT 1.5e3;";
        let found = tokens(sql).unwrap();
        let shown: Vec<String> =
            found.iter().map(|t| format!("{}@{}:{}", t.text, t.position.line, t.position.column)).collect();
        assert_eq!(
            shown.join(" "),
            "SELECT@1:1 a@1:8 FROM@2:3 \"b\"\"c\"@2:8 WHERE@2:23 d@2:29 <>@2:30 'it''s'@2:32 LIMIT@2:40 1.5e3@2:46 ;@2:51"
        );
        assert_eq!(found[3].value(), "b\"c");
        assert_eq!(found[7].value(), "it's");
    }

    #[test]
    fn typographic_characters_are_named_with_their_place() {
        let error = tokens("SELECT *\nWHERE interfaceid =’eni-1’").unwrap_err();
        assert_eq!(error.position, Some(Position { line: 2, column: 20 }));
        assert!(error.message.contains("'’' (U+2019)"), "{error}");
        let error = tokens("WHERE protocol = 6    – TCP PROTOCOL").unwrap_err();
        assert!(error.to_string().starts_with("line 1:23: mismatched input '–' (U+2013)"), "{error}");
    }

    #[test]
    fn what_has_no_end_is_refused_where_it_begins() {
        for (sql, column) in [("a 'x", 3), ("a \"x\"\"", 3), ("ab /* x", 4), ("1e", 0), ("1.", 0), ("1e+", 0)] {
            match tokens(sql) {
                Ok(_) => assert_eq!(column, 0, "{sql}"),
                Err(error) => assert_eq!(error.position.unwrap().column, column, "{sql}"),
            }
        }
    }
}
