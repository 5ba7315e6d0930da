//! A place in the text of a pattern.

use super::PatternError;

/// Reads a pattern from left to right, and counts what a pattern may have only so many of.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// Regular expressions read so far.
    pub(super) regexes: usize,
    /// Wildcards in selectors read so far.
    pub(super) wildcards: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, regexes: 0, wildcards: 0 }
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next character, left where it is.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes the next character.
    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Takes this text if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Takes characters as long as they are wanted.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|next| !wanted(next)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    pub(super) fn place(&self) -> Place {
        Place(self.at)
    }

    /// What was read since then.
    pub(super) fn since(&self, place: Place) -> &'a str {
        &self.text[place.0..self.at]
    }

    /// The refusal of what comes next.
    pub(super) fn refuse(&self, problem: impl Into<String>) -> PatternError {
        self.refuse_at(self.place(), problem)
    }

    /// The refusal of what stands there.
    pub(super) fn refuse_at(&self, place: Place, problem: impl Into<String>) -> PatternError {
        PatternError { column: self.text[..place.0].chars().count() + 1, problem: problem.into() }
    }

    /// The refusal of what comes next, which should have been something else.
    pub(super) fn expected(&self, what: &str) -> PatternError {
        let found = self.peek().map_or("the end of the pattern".to_owned(), |next| format!("`{next}`"));
        self.refuse(format!("expected {what}, found {found}"))
    }
}

/// A place that a [`Cursor`] was at.
#[derive(Clone, Copy)]
pub(super) struct Place(usize);
