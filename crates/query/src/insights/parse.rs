//! From the text of a query to its tree.

mod command;
mod expression;
mod extract;
mod rows;

use regex::Regex;

use super::{
    InsightsError,
    lexer::{Lexer, Token},
    tree::{Expr, Name, Node, Pipeline, Span},
};

/// Longest query, in characters.
const LONGEST: usize = 10_000;

/// How deep parentheses, functions and queries may stand in each other.
const DEEPEST: usize = 64;

/// Reads a whole query.
pub(super) fn pipeline(text: &str) -> Result<Pipeline, InsightsError> {
    let length = text.chars().count();
    if length > LONGEST {
        let message = format!("the query has {length} characters: at most {LONGEST}");
        return Err(InsightsError::at(Span { start: LONGEST, end: length }, message));
    }
    let mut parser = Parser::new(text)?;
    let pipeline = parser.pipeline()?;
    parser.expect(&Token::End)?;
    Ok(pipeline)
}

/// A place in the tokens of a query.
struct Parser {
    lexer: Lexer,
    token: Token,
    span: Span,
    /// The end of the token before.
    before: usize,
    depth: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Self, InsightsError> {
        let mut lexer = Lexer::new(text);
        let (token, span) = lexer.next()?;
        Ok(Self { lexer, token, span, before: 0, depth: 0 })
    }

    /// Goes on, and gives the token that was passed.
    fn take(&mut self) -> Result<Token, InsightsError> {
        let (next, span) = self.lexer.next()?;
        self.before = self.span.end;
        self.span = span;
        Ok(std::mem::replace(&mut self.token, next))
    }

    /// What was passed since a place.
    fn since(&self, start: Span) -> Span {
        Span { start: start.start, end: self.before.max(start.start) }
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(&self.token, Token::Sign(found) if *found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    /// Passes a sign, if it is there.
    fn takes_sign(&mut self, sign: &str) -> Result<bool, InsightsError> {
        let there = self.is_sign(sign);
        if there {
            self.take()?;
        }
        Ok(there)
    }

    /// Passes a keyword, if it is there.
    fn takes_word(&mut self, word: &str) -> Result<bool, InsightsError> {
        let there = self.is_word(word);
        if there {
            self.take()?;
        }
        Ok(there)
    }

    fn expect(&mut self, token: &Token) -> Result<(), InsightsError> {
        if self.token != *token {
            return Err(self.expected(&token.shown()));
        }
        self.take().map(drop)
    }

    fn expect_sign(&mut self, sign: &'static str) -> Result<(), InsightsError> {
        self.expect(&Token::Sign(sign))
    }

    fn expect_word(&mut self, word: &str) -> Result<(), InsightsError> {
        if self.takes_word(word)? { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    fn expected(&self, what: &str) -> InsightsError {
        InsightsError::at(self.span, format!("expected {what}, found {}", self.token.shown()))
    }

    /// Goes one level down, and up again behind `inner`.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, InsightsError>) -> Result<T, InsightsError> {
        if self.depth == DEEPEST {
            return Err(InsightsError::at(self.span, format!("the query is nested deeper than {DEEPEST} levels")));
        }
        self.depth += 1;
        let done = inner(self);
        self.depth -= 1;
        done
    }

    /// One or more, separated by commas.
    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T, InsightsError>) -> Result<Vec<T>, InsightsError> {
        let mut all = vec![one(self)?];
        while self.takes_sign(",")? {
            all.push(one(self)?);
        }
        Ok(all)
    }

    /// The name of a field, bare or in backticks.
    fn name(&mut self) -> Result<Name, InsightsError> {
        let span = self.span;
        match &self.token {
            Token::Word(_) | Token::Field(_) => {}
            _ => return Err(self.expected("the name of a field")),
        }
        match self.take()? {
            Token::Word(text) | Token::Field(text) => Ok(Name { text, span }),
            _ => Err(self.expected("the name of a field")),
        }
    }

    fn field(&mut self) -> Result<Expr, InsightsError> {
        self.name().map(|name| Expr { span: name.span, node: Node::Field(name.text) })
    }

    fn text(&mut self, what: &str) -> Result<String, InsightsError> {
        if !matches!(self.token, Token::Text(_)) {
            return Err(self.expected(what));
        }
        match self.take()? {
            Token::Text(text) => Ok(text),
            _ => Err(self.expected(what)),
        }
    }

    fn whole_number(&mut self, what: &str) -> Result<usize, InsightsError> {
        let Token::Number(_, text) = &self.token else { return Err(self.expected(what)) };
        let number = text.parse().map_err(|_| self.expected(what))?;
        self.take()?;
        Ok(number)
    }

    /// A regular expression between slashes, if one stands here.
    fn slashed(&mut self) -> Result<Option<Regex>, InsightsError> {
        if !self.is_sign("/") {
            return Ok(None);
        }
        self.lexer.back_to(self.span.start);
        let Some((pattern, span)) = self.lexer.regex()? else { return Ok(None) };
        (self.token, self.span) = self.lexer.next()?;
        self.before = span.end;
        regex(&pattern, span).map(Some)
    }
}

/// A regular expression, or why it is none.
fn regex(pattern: &str, span: Span) -> Result<Regex, InsightsError> {
    Regex::new(pattern).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        InsightsError::at(span, format!("the regular expression cannot be read: {reason}"))
    })
}

#[cfg(test)]
mod tests;
