//! The text of a query as tokens, read as the parser asks for them: what `/` means depends on where it stands.

use super::{InsightsError, tree::Span};

/// Signs, the longer ones first.
const SIGNS: [&str; 20] =
    ["!=", "<=", ">=", "=~", "==", "|", ",", "(", ")", "[", "]", "=", "<", ">", "+", "-", "*", "/", "^", "%"];
const MORE_SIGNS: [&str; 2] = ["!", ":"];

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword, a function or a field.
    Word(String),
    /// A field in backticks.
    Field(String),
    /// A text in quotes.
    Text(String),
    Number(f64, String),
    Sign(&'static str),
    End,
}

impl Token {
    /// As an error message names it.
    pub(super) fn shown(&self) -> String {
        match self {
            Token::Word(text) | Token::Number(_, text) => format!("`{text}`"),
            Token::Field(name) => format!("field `{name}`"),
            Token::Text(_) => "a text".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end of the query".to_owned(),
        }
    }
}

/// A place in the text.
#[derive(Debug)]
pub(super) struct Lexer {
    text: Vec<char>,
    at: usize,
}

impl Lexer {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.chars().collect(), at: 0 }
    }

    pub(super) fn slice(&self, span: Span) -> String {
        self.text[span.start..span.end].iter().collect()
    }

    pub(super) fn back_to(&mut self, position: usize) {
        self.at = position;
    }

    /// The next token, and where it is.
    pub(super) fn next(&mut self) -> Result<(Token, Span), InsightsError> {
        self.skip_blanks();
        let start = self.at;
        let token = match self.peek() {
            None => Token::End,
            Some(quote @ ('\'' | '"')) => Token::Text(self.quoted(quote)?),
            Some('`') => Token::Field(self.quoted('`')?),
            Some(first) if is_word(first) => self.word(),
            Some(first) => Token::Sign(self.sign(first)?),
        };
        Ok((token, Span { start, end: self.at }))
    }

    /// A regular expression between slashes, if one begins here. `\/` stands for a slash.
    pub(super) fn regex(&mut self) -> Result<Option<(String, Span)>, InsightsError> {
        self.skip_blanks();
        if self.peek() != Some('/') {
            return Ok(None);
        }
        let start = self.at;
        self.at += 1;
        let mut pattern = String::new();
        while let Some(char) = self.peek() {
            self.at += 1;
            match (char, self.peek()) {
                ('/', _) => return Ok(Some((pattern, Span { start, end: self.at }))),
                ('\\', Some('/')) => {
                    pattern.push('/');
                    self.at += 1;
                }
                ('\\', Some(escaped)) => {
                    pattern.extend(['\\', escaped]);
                    self.at += 1;
                }
                _ => pattern.push(char),
            }
        }
        Err(InsightsError::at(Span { start, end: self.at }, "the regular expression has no closing `/`"))
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    /// White space and comments.
    fn skip_blanks(&mut self) {
        while let Some(char) = self.peek() {
            if char == '#' {
                while self.peek().is_some_and(|char| char != '\n') {
                    self.at += 1;
                }
            } else if char.is_whitespace() {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn word(&mut self) -> Token {
        let start = self.at;
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
        let text: String = self.text[start..self.at].iter().collect();
        let digits = text.starts_with(|first: char| first.is_ascii_digit() || first == '.');
        match text.parse::<f64>() {
            Ok(number) if digits => Token::Number(number, text),
            _ => Token::Word(text),
        }
    }

    /// What stands between two quotes. A backslash takes the quote or backslash behind it as it is.
    fn quoted(&mut self, quote: char) -> Result<String, InsightsError> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        while let Some(char) = self.peek() {
            self.at += 1;
            match (char, self.peek()) {
                ('\\', Some(next)) if next == quote || next == '\\' => {
                    value.push(next);
                    self.at += 1;
                }
                _ if char == quote => return Ok(value),
                _ => value.push(char),
            }
        }
        Err(InsightsError::at(Span { start, end: self.at }, format!("there is no closing {quote}")))
    }

    fn sign(&mut self, first: char) -> Result<&'static str, InsightsError> {
        let rest = &self.text[self.at..];
        let begins = |sign: &&&str| sign.chars().enumerate().all(|(place, char)| rest.get(place) == Some(&char));
        if let Some(sign) = SIGNS.iter().chain(&MORE_SIGNS).find(begins) {
            self.at += sign.len();
            return Ok(sign);
        }
        let span = Span { start: self.at, end: self.at + 1 };
        let meant = match first {
            '\u{201c}' | '\u{201d}' | '\u{201e}' => " (a typographic quote: write \")",
            '\u{2018}' | '\u{2019}' | '\u{201a}' => " (a typographic quote: write ')",
            '\u{2013}' | '\u{2014}' | '\u{2212}' => " (a typographic dash: write -)",
            _ => " (a field with such a character stands in backticks)",
        };
        Err(InsightsError::at(span, format!("unexpected character {first:?}{meant}")))
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '@' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(Token, usize, usize)> {
        let mut lexer = Lexer::new(text);
        let mut all = Vec::new();
        loop {
            match lexer.next().expect(text) {
                (Token::End, _) => return all,
                (token, span) => all.push((token, span.start, span.end)),
            }
        }
    }

    #[test]
    fn offsets_count_characters() {
        let word = |text: &str| Token::Word(text.to_owned());
        assert_eq!(
            tokens("ä.b>=1.5 # no\n'é\\'x' `my-field`|5m"),
            [
                (word("ä.b"), 0, 3),
                (Token::Sign(">="), 3, 5),
                (Token::Number(1.5, "1.5".to_owned()), 5, 8),
                (Token::Text("é'x".to_owned()), 14, 20),
                (Token::Field("my-field".to_owned()), 21, 31),
                (Token::Sign("|"), 31, 32),
                (word("5m"), 32, 34),
            ]
        );
    }

    #[test]
    fn what_is_no_token_is_named() {
        for (text, place, part) in [
            ("a = “b”", (4, 5), "typographic quote"),
            ("a – b", (2, 3), "typographic dash"),
            ("a = 'b", (4, 6), "no closing '"),
            ("a $ b", (2, 3), "backticks"),
        ] {
            let mut lexer = Lexer::new(text);
            let error = loop {
                match lexer.next() {
                    Ok((token, _)) => assert_ne!(token, Token::End),
                    Err(error) => break error,
                }
            };
            let InsightsError::Malformed { message, start, end } = error else { panic!("{error}") };
            assert!(message.contains(part), "{message}");
            assert_eq!((start, end), place);
        }
        assert!(Lexer::new("/abc").regex().is_err());
        let (pattern, _) = Lexer::new(r" /a\/b\d/ ").regex().expect("closed").expect("there");
        assert_eq!(pattern, r"a/b\d");
    }
}
