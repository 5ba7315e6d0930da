//! Words and signs to a query.
//!
//! ```text
//! SELECT function(metric) FROM namespace | SCHEMA(namespace [, label …])
//! [WHERE label = | != 'value' [AND …]] [GROUP BY label [, …]] [ORDER BY function() [ASC | DESC]] [LIMIT number]
//! ```

use super::{
    Condition, Function, InsightsQuery, MOST_SERIES, Order,
    lex::{Kind, Token, tokens},
};
use crate::math::MathError;

/// Longest text, as CloudWatch's of any expression.
const LONGEST: usize = 2048;

/// Most conditions, and most labels of `SCHEMA` and `GROUP BY`: no metric has more dimensions.
const MOST_LABELS: usize = super::super::MOST_DIMENSIONS;

const FUNCTIONS: [(&str, Function); 5] = [
    ("AVG", Function::Avg),
    ("COUNT", Function::Count),
    ("MAX", Function::Max),
    ("MIN", Function::Min),
    ("SUM", Function::Sum),
];

/// Words that are no names unless they are quoted. CloudWatch reserves every word that some SQL does.
const RESERVED: [&str; 12] =
    ["SELECT", "FROM", "SCHEMA", "WHERE", "AND", "OR", "GROUP", "ORDER", "BY", "ASC", "DESC", "LIMIT"];

impl InsightsQuery {
    /// Whether a text is a query and not metric math: `SELECT` and another word.
    pub(in super::super) fn is_one(text: &str) -> bool {
        let text = text.trim_start();
        let (Some(word), Some(rest)) = (text.get(..6), text.get(6..)) else { return false };
        let next = rest.trim_start();
        word.eq_ignore_ascii_case("SELECT")
            && next.len() < rest.len()
            && next.starts_with(|letter: char| letter.is_ascii_alphabetic())
    }

    /// Reads a query.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(in super::super) fn parse(text: &str) -> Result<Self, MathError> {
        if text.len() > LONGEST {
            return Err(MathError::new(LONGEST, format!("an expression has at most {LONGEST} characters")));
        }
        let mut parser = Parser { tokens: tokens(text)?, next: 0 };
        let query = parser.query()?;
        parser.take(";");
        match parser.peek().kind {
            Kind::End => Ok(query),
            _ => Err(parser.unexpected("the next clause (WHERE, GROUP BY, ORDER BY, LIMIT, in this order) or the end")),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        // The last one is the end, which nothing takes.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek().kind, Kind::Sign(found) if found == sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), MathError> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let found = matches!(&self.peek().kind, Kind::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.next += usize::from(found);
        found
    }

    fn expect_word(&mut self, keyword: &str) -> Result<(), MathError> {
        if self.take_word(keyword) { Ok(()) } else { Err(self.unexpected(&format!("`{keyword}`"))) }
    }

    fn query(&mut self) -> Result<InsightsQuery, MathError> {
        self.expect_word("SELECT")?;
        let function = self.function()?;
        self.expect("(")?;
        let metric = self.name("the name of a metric")?;
        self.expect(")")?;
        self.expect_word("FROM")?;
        let (namespace, schema) = self.source()?;
        let conditions = if self.take_word("WHERE") { self.conditions()? } else { Vec::new() };
        let mut groups = Vec::new();
        if self.take_word("GROUP") {
            self.expect_word("BY")?;
            groups.push(self.label()?);
            self.more_labels(&mut groups)?;
        }
        let order = if self.take_word("ORDER") { Some(self.order()?) } else { None };
        let limit = if self.take_word("LIMIT") { self.limit()? } else { MOST_SERIES };
        Ok(InsightsQuery { function, metric, namespace, schema, conditions, groups, order, limit })
    }

    fn function(&mut self) -> Result<Function, MathError> {
        let found = FUNCTIONS.into_iter().find(|(name, _)| self.take_word(name));
        found.map(|(_, function)| function).ok_or_else(|| self.unexpected("AVG, COUNT, MAX, MIN or SUM"))
    }

    fn source(&mut self) -> Result<(String, Option<Vec<String>>), MathError> {
        if !self.take_word("SCHEMA") {
            return Ok((self.name("a namespace or SCHEMA")?, None));
        }
        self.expect("(")?;
        let namespace = self.name("a namespace")?;
        let mut labels = Vec::new();
        self.more_labels(&mut labels)?;
        self.expect(")")?;
        Ok((namespace, Some(labels)))
    }

    fn conditions(&mut self) -> Result<Vec<Condition>, MathError> {
        let mut conditions = Vec::new();
        loop {
            let label = self.label()?;
            let equal = self.take("=");
            if !equal && !self.take("!=") {
                return Err(self.unexpected("`=` or `!=`"));
            }
            let Kind::Value(value) = self.peek().kind.clone() else {
                return Err(self.unexpected("a value in single quotes"));
            };
            self.next += 1;
            conditions.push(Condition { label, value, equal });
            if !self.take_word("AND") {
                return Ok(conditions);
            }
            self.check_count(conditions.len())?;
        }
    }

    /// `, label, …`
    fn more_labels(&mut self, labels: &mut Vec<String>) -> Result<(), MathError> {
        while self.take(",") {
            self.check_count(labels.len())?;
            let at = self.peek().at;
            let label = self.label()?;
            if labels.contains(&label) {
                return Err(MathError::new(at, format!("the label `{label}` is given twice")));
            }
            labels.push(label);
        }
        Ok(())
    }

    fn check_count(&self, count: usize) -> Result<(), MathError> {
        if count < MOST_LABELS {
            return Ok(());
        }
        Err(MathError::new(self.peek().at, format!("there are at most {MOST_LABELS} labels")))
    }

    fn label(&mut self) -> Result<String, MathError> {
        let label = self.name("a label, which is the name of a dimension,")?;
        if matches!(self.peek().kind, Kind::Sign(".")) {
            let message = format!("`{label}.` leads to tags or accounts, which cannot be asked for: use a dimension");
            return Err(MathError::new(self.peek().at, message));
        }
        Ok(label)
    }

    fn name(&mut self, wanted: &str) -> Result<String, MathError> {
        let name = match &self.peek().kind {
            Kind::Name(name) if !name.is_empty() => name.clone(),
            Kind::Word(word) if !RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) => word.clone(),
            Kind::Word(word) => {
                let message = format!("`{word}` is a keyword: as a name it stands in double quotes");
                return Err(MathError::new(self.peek().at, message));
            }
            _ => return Err(self.unexpected(wanted)),
        };
        self.next += 1;
        Ok(name)
    }

    fn order(&mut self) -> Result<Order, MathError> {
        self.expect_word("BY")?;
        let by = self.function()?;
        self.expect("(")?;
        self.expect(")")?;
        let descending = self.take_word("DESC");
        if !descending {
            self.take_word("ASC");
        }
        Ok(Order { by, descending })
    }

    fn limit(&mut self) -> Result<usize, MathError> {
        let number = match &self.peek().kind {
            Kind::Word(word) => word.parse().ok().filter(|limit| (1..=MOST_SERIES).contains(limit)),
            _ => None,
        };
        let number = number.ok_or_else(|| self.unexpected(&format!("a number from 1 to {MOST_SERIES}")))?;
        self.next += 1;
        Ok(number)
    }

    fn unexpected(&self, wanted: &str) -> MathError {
        let Token { at, kind } = self.peek();
        let found = match kind {
            Kind::Word(word) => format!("`{word}`"),
            Kind::Name(name) => format!("the name `{name}`"),
            Kind::Value(value) => format!("the value `{value}`"),
            Kind::Sign(sign) => format!("`{sign}`"),
            Kind::End => "the end".to_owned(),
        };
        MathError::new(*at, format!("unexpected {found}, {wanted} should stand here"))
    }
}
