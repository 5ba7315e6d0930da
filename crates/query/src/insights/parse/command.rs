//! Commands.

use super::Parser;
use crate::insights::{
    InsightsError,
    lexer::Token,
    tree::{Command, Earlier, Expr, Item, Join, Name, Node, Pipeline, SortKey, Source, Verb},
};

/// Commands that CloudWatch Logs has and that are not here, with why. They are refused by name.
const NOT_HERE: [(&str, &str); 5] = [
    ("unmask", "nothing is masked here; the function unmask(field) gives the field"),
    ("anomaly", "how it judges is not documented"),
    ("logcompare", "what it answers is not documented; use pattern and diff"),
    ("relevantfields", "how it scores is not documented"),
    ("estimate", "what it answers is not documented; statistics of a query say what it read"),
];

impl Parser {
    /// Commands up to the end, or to a closing parenthesis.
    pub(super) fn pipeline(&mut self) -> Result<Pipeline, InsightsError> {
        self.takes_sign("|")?;
        let source = if self.is_word("source") { Some(self.source()?) } else { None };
        let mut commands = Vec::new();
        if source.is_none() || self.takes_sign("|")? {
            commands.push(self.command()?);
            while self.takes_sign("|")? {
                commands.push(self.command()?);
            }
        }
        if !matches!(self.token, Token::End) && !self.is_sign(")") {
            return Err(self.expected("`|`"));
        }
        Ok(Pipeline { source, commands })
    }

    fn command(&mut self) -> Result<Command, InsightsError> {
        let start = self.span;
        let Token::Word(word) = &self.token else { return Err(self.expected("a command")) };
        let word = word.to_ascii_lowercase();
        if let Some((_, why)) = NOT_HERE.iter().find(|(name, _)| *name == word) {
            return Err(InsightsError::at(start, format!("the command `{word}` is not supported: {why}")));
        }
        if !KNOWN.contains(&word.as_str()) {
            return Err(InsightsError::at(start, format!("there is no command `{word}`")));
        }
        self.take()?;
        let verb = self.verb(&word)?;
        Ok(Command { span: self.since(start), verb })
    }

    fn verb(&mut self, word: &str) -> Result<Verb, InsightsError> {
        Ok(match word {
            "fields" => Verb::Fields(self.list(Self::item)?),
            "display" => Verb::Display(self.list(Self::item)?),
            "filter" | "where" | "filterindex" => Verb::Filter(self.expression()?),
            "stats" => self.stats()?,
            "sort" => self.sort()?,
            "limit" => {
                let any = self.takes_word("any")?;
                Verb::Limit { count: self.whole_number("a number of rows")?, any }
            }
            "parse" => self.extract()?,
            "dedup" => Verb::Dedup(self.list(Self::field)?),
            "pattern" => Verb::Pattern(self.expression()?),
            "diff" => Verb::Diff(self.earlier()?),
            "unnest" => {
                let field = self.expression()?;
                self.expect_word("into")?;
                Verb::Unnest { field, into: self.name()?.text }
            }
            "expand" => {
                let name = self.name()?;
                Verb::Unnest { field: Expr { span: name.span, node: Node::Field(name.text.clone()) }, into: name.text }
            }
            "join" => self.join()?,
            "lookup" => self.lookup(false)?,
            "cidrlookup" => self.lookup(true)?,
            "autoregress" => self.autoregress()?,
            "sessionize" => self.sessionize()?,
            "fillmissing" => self.fill_missing()?,
            "addtotals" => self.add_totals()?,
            "outlier" => self.outlier()?,
            "countfrequent" | "count_frequent" => Verb::CountFrequent(self.list(Self::name)?),
            "appendcols" => self.append_columns()?,
            "filldown" => Verb::FillDown(self.list(Self::name)?),
            _ => {
                let field = self.expression()?;
                let into = if self.takes_word("as")? { self.name()?.text } else { self.lexer.slice(field.span) };
                Verb::Accum { field, into }
            }
        })
    }

    /// An expression, named by `as` or by its own text.
    fn item(&mut self) -> Result<Item, InsightsError> {
        let expr = self.expression()?;
        let name = match (self.takes_word("as")?, &expr.node) {
            (true, _) => self.name()?.text,
            (false, Node::Field(name)) => name.clone(),
            (false, _) => self.lexer.slice(expr.span),
        };
        Ok(Item { expr, name })
    }

    fn stats(&mut self) -> Result<Verb, InsightsError> {
        let values = self.list(Self::item)?;
        let by = if self.takes_word("by")? { self.list(Self::group)? } else { Vec::new() };
        Ok(Verb::Stats { values, by })
    }

    /// What `stats` groups by: an item, or `bin(1h) offset 30m`.
    fn group(&mut self) -> Result<Item, InsightsError> {
        let mut expr = self.expression()?;
        let name = self.lexer.slice(expr.span);
        if let (Node::Call(call), true) = (&mut expr.node, self.takes_word("offset")?) {
            call.arguments.push(self.operand()?);
        }
        let name = match (self.takes_word("as")?, &expr.node) {
            (true, _) => self.name()?.text,
            (false, Node::Field(field)) => field.clone(),
            (false, _) => name,
        };
        Ok(Item { expr, name })
    }

    fn sort(&mut self) -> Result<Verb, InsightsError> {
        self.takes_word("by")?;
        self.list(|parser| {
            let expr = parser.expression()?;
            let descending = parser.takes_word("desc")?;
            if !descending {
                parser.takes_word("asc")?;
            }
            Ok(SortKey { expr, descending })
        })
        .map(Verb::Sort)
    }

    fn earlier(&mut self) -> Result<Earlier, InsightsError> {
        for (word, earlier) in
            [("previousDay", Earlier::Day), ("previousWeek", Earlier::Week), ("previousMonth", Earlier::Month)]
        {
            if self.takes_word(word)? {
                return Ok(earlier);
            }
        }
        Ok(Earlier::Before)
    }

    fn source(&mut self) -> Result<Source, InsightsError> {
        self.expect_word("source")?;
        if matches!(self.token, Token::Text(_)) {
            return Ok(Source::Names(self.list(|parser| parser.text("the name of a log group"))?));
        }
        if !self.is_word("logGroups") {
            return Err(self.expected("the name of a log group, or `logGroups(…)`"));
        }
        self.take()?;
        self.expect_sign("(")?;
        if !self.is_word("namePrefix") {
            return Err(self.expected("`namePrefix: […]`; log groups are found in no other way here"));
        }
        self.take()?;
        self.expect_sign(":")?;
        self.expect_sign("[")?;
        let span = self.span;
        let prefixes = self.list(|parser| parser.text("the beginning of a log group's name"))?;
        if prefixes.len() > 5 {
            return Err(InsightsError::at(self.since(span), "namePrefix has at most 5 prefixes"));
        }
        self.expect_sign("]")?;
        self.expect_sign(")")?;
        Ok(Source::Prefixes(prefixes))
    }

    /// `join type=left left=a right=b where a.k = b.k (SOURCE … | …)`.
    fn join(&mut self) -> Result<Verb, InsightsError> {
        let keep_left = if self.takes_word("type")? {
            self.expect_sign("=")?;
            let left = self.takes_word("left")?;
            if !left {
                self.expect_word("inner")?;
            }
            left
        } else {
            false
        };
        let mut side = |word: &str| -> Result<Name, InsightsError> {
            self.expect_word(word)?;
            self.expect_sign("=")?;
            self.name()
        };
        let (left, right) = (side("left")?, side("right")?);
        if left.text == right.text {
            return Err(InsightsError::at(right.span, "both sides of the join have the same name"));
        }
        if !self.takes_word("where")? {
            self.expect_word("on")?;
        }
        let mut on = vec![self.equality(&left.text, &right.text)?];
        while self.takes_word("and")? || self.takes_sign(",")? {
            on.push(self.equality(&left.text, &right.text)?);
        }
        self.expect_sign("(")?;
        let with = self.nested(Self::pipeline)?;
        self.expect_sign(")")?;
        Ok(Verb::Join(Box::new(Join { keep_left, left: left.text, right: right.text, on, with })))
    }

    /// `a.k = b.k`, in either order: the fields of the left and of the right.
    fn equality(&mut self, left: &str, right: &str) -> Result<(Name, Name), InsightsError> {
        let first = self.name()?;
        self.expect_sign("=")?;
        let second = self.name()?;
        let of = |name: &Name, side: &str| {
            let field = name.text.strip_prefix(side)?.strip_prefix('.')?;
            Some(Name { text: field.to_owned(), span: name.span })
        };
        let pair = of(&first, left).zip(of(&second, right)).or_else(|| of(&second, left).zip(of(&first, right)));
        pair.ok_or_else(|| {
            let message = format!("a join compares a field of `{left}` with one of `{right}`: {left}.x = {right}.y");
            InsightsError::at(first.span.to(second.span), message)
        })
    }
}

const KNOWN: [&str; 27] = [
    "fields",
    "display",
    "filter",
    "where",
    "filterindex",
    "stats",
    "sort",
    "limit",
    "parse",
    "dedup",
    "pattern",
    "diff",
    "unnest",
    "join",
    "lookup",
    "cidrlookup",
    "filldown",
    "accum",
    "expand",
    "autoregress",
    "sessionize",
    "fillmissing",
    "addtotals",
    "outlier",
    "countfrequent",
    "count_frequent",
    "appendcols",
];
