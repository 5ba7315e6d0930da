//! The command `parse`.

use regex::Regex;

use super::{Parser, regex};
use crate::insights::{
    InsightsError,
    lexer::Token,
    tree::{Expr, Name, Node, Parse, ParseHow, Span, Verb},
};

impl Parser {
    /// `parse [field] "glob" as a, b`, `parse [field] /regex/`, `parse [field] logfmt as …`, `csv as …`, `json …`.
    pub(super) fn extract(&mut self) -> Result<Verb, InsightsError> {
        let start = self.span;
        let message = Expr { span: start, node: Node::Field("@message".to_owned()) };
        let begins = matches!(self.token, Token::Text(_)) || self.is_sign("/") || self.is_form();
        let mut from = if begins { message } else { self.operand()? };
        let span = self.span;
        let (how, names) = if let Some(pattern) = self.slashed()? {
            self.groups(pattern, self.since(span))?
        } else if self.takes_word("logfmt")? {
            (ParseHow::Logfmt, self.names()?)
        } else if self.takes_word("csv")? {
            (ParseHow::Csv, self.names()?)
        } else if self.takes_word("json")? {
            if self.takes_word("field")? {
                self.expect_sign("=")?;
                from = self.operand()?;
            }
            self.paths()?
        } else {
            let pattern = self.text("a pattern: \"user=* …\" or /(?<user>…)/")?;
            self.glob(&pattern, self.since(span))?
        };
        Ok(Verb::Parse(Parse { from, how, names }))
    }

    /// Whether what comes is the name of a form and not a field: a form is not followed by a pattern.
    fn is_form(&self) -> bool {
        ["logfmt", "csv", "json"].iter().any(|form| self.is_word(form))
    }

    /// The names of a regular expression's groups are the fields.
    fn groups(&mut self, pattern: Regex, span: Span) -> Result<(ParseHow, Vec<Name>), InsightsError> {
        let names: Vec<String> = pattern.capture_names().flatten().map(str::to_owned).collect();
        if names.is_empty() {
            return Err(InsightsError::at(span, "the regular expression names no group: write (?<field>…)"));
        }
        Ok((ParseHow::Groups(pattern), names.into_iter().map(|text| Name { text, span }).collect()))
    }

    /// A text with `*` for each field.
    fn glob(&mut self, pattern: &str, span: Span) -> Result<(ParseHow, Vec<Name>), InsightsError> {
        let names = self.names()?;
        let parts: Vec<&str> = pattern.split('*').collect();
        if parts.len() - 1 != names.len() {
            let message = format!("the pattern has {} times `*` and {} names", parts.len() - 1, names.len());
            return Err(InsightsError::at(span, message));
        }
        let mut expression = "(?s)".to_owned();
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                // The last one takes all that is left.
                let last = place + 1 == parts.len() && part.is_empty();
                expression.push_str(&format!("(?<f{place}>{})", if last { ".*" } else { ".*?" }));
            }
            expression.push_str(&regex::escape(part));
        }
        Ok((ParseHow::Groups(regex(&expression, span)?), names))
    }

    fn names(&mut self) -> Result<Vec<Name>, InsightsError> {
        self.expect_word("as")?;
        self.list(Self::name)
    }

    /// `"a.b" as x, "c" as y`.
    fn paths(&mut self) -> Result<(ParseHow, Vec<Name>), InsightsError> {
        let pairs = self.list(|parser| {
            let path = parser.text("a path such as \"a.b\"")?;
            parser.expect_word("as")?;
            Ok((path, parser.name()?))
        })?;
        let (paths, names) = pairs.into_iter().unzip();
        Ok((ParseHow::Json(paths), names))
    }
}
