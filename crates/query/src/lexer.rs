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
    /// Whether a backslash in its quotes stands with the next character for another one, as in Hive's definitions.
    escapes: bool,
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

    /// What stands between the quotes, with doubled quotes as one and escapes resolved; the text itself without quotes.
    pub(crate) fn value(&self) -> String {
        let quote = match self.kind {
            Kind::Text => '\'',
            Kind::DoubleQuoted => '"',
            Kind::Backticked => '`',
            Kind::Word | Kind::Number | Kind::Symbol => return self.text.to_owned(),
        };
        let inner = &self.text[1..self.text.len() - 1];
        let inner = inner.replace(&format!("{quote}{quote}"), &quote.to_string());
        if self.escapes && quote != '`' { unescaped(&inner) } else { inner }
    }
}

/// A text of Hive's without its escapes. A backslash that begins none stands for itself, so that `\d` of a regular
/// expression is the same as `\\d`.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (character, length) = escape(after);
        out.push(character);
        rest = &after[length..];
    }
    out + rest
}

/// The character that an escape stands for, and how much behind the backslash belongs to it.
fn escape(after: &str) -> (char, usize) {
    let octal = after.get(..3).filter(|digits| digits.bytes().all(|digit| matches!(digit, b'0'..=b'7')));
    if let Some(code) = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
        return (char::from(code), 3);
    }
    match after.chars().next() {
        Some('n') => ('\n', 1),
        Some('r') => ('\r', 1),
        Some('t') => ('\t', 1),
        Some(quote @ ('\'' | '"' | '\\')) => (quote, 1),
        _ => ('\\', 0),
    }
}

/// The tokens of a text, without white space and comments.
///
/// # Errors
/// A character that is no SQL (with what to write instead, for typographic ones), and quotes or
/// comments without an end.
pub(crate) fn tokens(sql: &str) -> Result<Vec<Token<'_>>, Error> {
    let mut lexer = Lexer { sql, at: 0, line: 1, column: 1, escapes: false };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token()? {
        tokens.push(token);
        lexer.escapes = lexer.escapes || defines(&tokens);
    }
    Ok(tokens)
}

/// Whether a statement that begins so is one of Hive's definitions of tables.
fn defines(tokens: &[Token<'_>]) -> bool {
    match tokens {
        [alter] => alter.is_word("alter"),
        [create, external] => create.is_word("create") && external.is_word("external"),
        _ => false,
    }
}

struct Lexer<'a> {
    sql: &'a str,
    at: usize,
    line: u64,
    column: u64,
    /// As in [`Token`].
    escapes: bool,
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
        let (position, escapes) = (self.position(), self.escapes);
        let token = Token { kind, text: &rest[..length], start: self.at, position, escapes };
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

    /// Length of the quoted token that `rest` begins with. A doubled quote stands for itself, and so does one behind
    /// a backslash where that escapes.
    fn quoted(&self, rest: &str, quote: char, what: &str) -> Result<usize, Error> {
        let mut at = 1;
        let escapes = self.escapes && quote != '`';
        let ends = |c: char| c == quote || (escapes && c == '\\');
        while let Some(found) = rest[at..].find(ends) {
            at += found;
            if escapes && rest[at..].starts_with('\\') {
                at += 1 + rest[at + 1..].chars().next().map_or(0, char::len_utf8);
            } else if rest[at + 1..].starts_with(quote) {
                at += 2;
            } else {
                return Ok(at + 1);
            }
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
    fn a_backslash_escapes_in_definitions_and_nowhere_else() {
        let texts = |sql| -> Vec<String> {
            tokens(sql).unwrap().iter().filter(|token| token.kind != Kind::Word).map(Token::value).collect()
        };
        let definition = r#"ALTER 'it\'s' "\"x\\" '\t\001\012' '(\d+)\\s\N' 'a''b' '\é'"#;
        assert_eq!(texts(definition), ["it's", "\"x\\", "\t\u{1}\n", r"(\d+)\s\N", "a'b", r"\é"]);
        assert_eq!(texts(r"CREATE VIEW v AS SELECT '\' '\t'"), [r"\", r"\t"]);
        assert!(tokens(r"CREATE EXTERNAL '\'").is_err());
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
