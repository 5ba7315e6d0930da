//! One event, looked at as often as conditions ask and taken apart once.

use std::cell::OnceCell;

use serde_json::Value;

use super::{
    Predicate,
    token::{self, Token},
};

/// An event's text, and what it is made of once that was asked.
pub(super) struct Message<'a> {
    pub(super) text: &'a str,
    tokens: OnceCell<Vec<Token>>,
    json: OnceCell<Option<Value>>,
}

impl<'a> Message<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, tokens: OnceCell::new(), json: OnceCell::new() }
    }

    pub(super) fn tokens(&self) -> &[Token] {
        self.tokens.get_or_init(|| {
            let mut tokens = Vec::new();
            token::split(self.text, &mut tokens);
            tokens
        })
    }

    /// None when the event is no JSON object or array.
    pub(super) fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| parse_json(self.text)).as_ref()
    }

    pub(super) fn satisfies(&self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::Search(search) => search.finds(self.text),
            Predicate::Tokens(least) => self.tokens().len() >= *least,
            Predicate::Token(source, test) => {
                source.text(self.text, self.tokens()).is_some_and(|token| test.holds(token))
            }
            Predicate::Member(selector, test) => self.json().is_some_and(|event| test.holds(selector, event)),
        }
    }
}

/// Only objects and arrays hold something that a selector reaches: other texts are not tried.
pub(super) fn parse_json(text: &str) -> Option<Value> {
    let looks_so = text.trim_start().starts_with(['{', '[']);
    looks_so.then(|| serde_json::from_str(text).ok())?
}
