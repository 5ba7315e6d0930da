//! Expressions, by precedence: `or`, `and`, `not`, comparisons, `+ -`, `* / %`, unary minus, `^`.

use super::{Parser, regex};
use crate::insights::{
    InsightsError,
    lexer::Token,
    time::Period,
    tree::{Arithmetic, Call, Comparison, Expr, Node, Span},
};

const COMPARISONS: [(&str, Comparison); 6] = [
    ("=", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];
const SUMS: [(&str, Arithmetic); 2] = [("+", Arithmetic::Add), ("-", Arithmetic::Subtract)];
const PRODUCTS: [(&str, Arithmetic); 3] =
    [("*", Arithmetic::Multiply), ("/", Arithmetic::Divide), ("%", Arithmetic::Remainder)];

/// How many operators of one kind may stand in a row.
const LONGEST_CHAIN: usize = 256;

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Expr, InsightsError> {
        self.nested(Self::either)
    }

    fn either(&mut self) -> Result<Expr, InsightsError> {
        let start = self.span;
        let mut parts = vec![self.both()?];
        while self.takes_word("or")? {
            parts.push(self.both()?);
        }
        Ok(self.joined(start, parts, Node::Any))
    }

    fn both(&mut self) -> Result<Expr, InsightsError> {
        let start = self.span;
        let mut parts = vec![self.negation()?];
        while self.takes_word("and")? {
            parts.push(self.negation()?);
        }
        Ok(self.joined(start, parts, Node::All))
    }

    fn joined(&self, start: Span, mut parts: Vec<Expr>, node: fn(Vec<Expr>) -> Node) -> Expr {
        match parts.len() {
            1 => parts.swap_remove(0),
            _ => Expr { span: self.since(start), node: node(parts) },
        }
    }

    fn negation(&mut self) -> Result<Expr, InsightsError> {
        let start = self.span;
        if self.is_word("not") || self.is_sign("!") {
            self.take()?;
            let inner = self.nested(Self::negation)?;
            return Ok(Expr { span: self.since(start), node: Node::Not(Box::new(inner)) });
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expr, InsightsError> {
        let start = self.span;
        let left = self.sum()?;
        if self.is_sign("==") {
            return Err(InsightsError::at(self.span, "unexpected `==`: equality is `=`"));
        }
        if let Some((_, comparison)) = COMPARISONS.iter().find(|(sign, _)| self.is_sign(sign)) {
            self.take()?;
            let node = Node::Comparison(*comparison, Box::new(left), Box::new(self.sum()?));
            return Ok(Expr { span: self.since(start), node });
        }
        if self.is_sign("=~") || self.is_word("like") || self.is_word("in") {
            return self.membership(start, left);
        }
        if self.is_word("not") {
            self.take()?;
            let inner = self.membership(start, left)?;
            return Ok(Expr { span: inner.span, node: Node::Not(Box::new(inner)) });
        }
        Ok(left)
    }

    /// `like`, `=~` or `in` behind a value.
    fn membership(&mut self, start: Span, value: Expr) -> Result<Expr, InsightsError> {
        let node = if self.takes_word("in")? {
            self.members(value)?
        } else if self.takes_sign("=~")? {
            let span = self.span;
            match self.slashed()? {
                Some(pattern) => Node::Matches(Box::new(value), pattern),
                None => {
                    let pattern = self.text("a regular expression")?;
                    Node::Matches(Box::new(value), regex(&pattern, span)?)
                }
            }
        } else {
            self.expect_word("like")?;
            match self.slashed()? {
                Some(pattern) => Node::Matches(Box::new(value), pattern),
                None => Node::Contains(Box::new(value), self.text("a text or a regular expression")?),
            }
        };
        Ok(Expr { span: self.since(start), node })
    }

    fn members(&mut self, value: Expr) -> Result<Node, InsightsError> {
        if self.takes_sign("(")? {
            let query = self.nested(Self::pipeline)?;
            self.expect_sign(")")?;
            return Ok(Node::InQuery(Box::new(value), Box::new(query)));
        }
        self.expect_sign("[")?;
        let members = self.list(Self::sum)?;
        self.expect_sign("]")?;
        Ok(Node::In(Box::new(value), members))
    }

    fn sum(&mut self) -> Result<Expr, InsightsError> {
        self.chain(&SUMS, Self::product)
    }

    fn product(&mut self) -> Result<Expr, InsightsError> {
        self.chain(&PRODUCTS, Self::sign)
    }

    fn chain(
        &mut self,
        operators: &[(&str, Arithmetic)],
        operand: fn(&mut Self) -> Result<Expr, InsightsError>,
    ) -> Result<Expr, InsightsError> {
        let start = self.span;
        let mut left = operand(self)?;
        for _ in 0..LONGEST_CHAIN {
            let Some((_, operator)) = operators.iter().find(|(sign, _)| self.is_sign(sign)) else { return Ok(left) };
            self.take()?;
            let node = Node::Arithmetic(*operator, Box::new(left), Box::new(operand(self)?));
            left = Expr { span: self.since(start), node };
        }
        Err(InsightsError::at(self.span, format!("more than {LONGEST_CHAIN} operators in a row")))
    }

    pub(super) fn sign(&mut self) -> Result<Expr, InsightsError> {
        let start = self.span;
        if !self.takes_sign("-")? {
            return self.power();
        }
        let inner = self.nested(Self::sign)?;
        let span = self.since(start);
        Ok(match inner.node {
            Node::Number(value, text) if !text.starts_with('-') => {
                Expr { span, node: Node::Number(-value, format!("-{text}")) }
            }
            _ => Expr { span, node: Node::Negative(Box::new(inner)) },
        })
    }

    fn power(&mut self) -> Result<Expr, InsightsError> {
        let start = self.span;
        let base = self.operand()?;
        if !self.takes_sign("^")? {
            return Ok(base);
        }
        let exponent = self.nested(Self::sign)?;
        let node = Node::Arithmetic(Arithmetic::Power, Box::new(base), Box::new(exponent));
        Ok(Expr { span: self.since(start), node })
    }

    pub(super) fn operand(&mut self) -> Result<Expr, InsightsError> {
        let start = self.span;
        if self.is_sign("(") {
            self.take()?;
            let inner = self.expression()?;
            self.expect_sign(")")?;
            return Ok(Expr { span: self.since(start), ..inner });
        }
        if let Some(pattern) = self.slashed()? {
            return Ok(Expr { span: self.since(start), node: Node::Text(pattern.as_str().to_owned()) });
        }
        if matches!(self.token, Token::End | Token::Sign(_)) {
            return Err(self.expected("a value"));
        }
        let node = match self.take()? {
            Token::Number(value, text) => self.number(value, text)?,
            Token::Text(text) => Node::Text(text),
            Token::Field(name) => Node::Field(name),
            Token::Word(name) if self.is_sign("(") => self.call(name)?,
            Token::Word(name) if name.eq_ignore_ascii_case("true") => Node::Boolean(true),
            Token::Word(name) if name.eq_ignore_ascii_case("false") => Node::Boolean(false),
            Token::Word(name) => period(&name).unwrap_or(Node::Field(name)),
            Token::Sign(_) | Token::End => return Err(self.expected("a value")),
        };
        Ok(Expr { span: self.since(start), node })
    }

    /// A number; with a unit behind it, a period.
    fn number(&mut self, value: f64, text: String) -> Result<Node, InsightsError> {
        if let (Token::Word(unit), Ok(count)) = (&self.token, text.parse::<i64>())
            && let Some(period) = Period::new(count, unit)
        {
            self.take()?;
            return Ok(Node::Period(period));
        }
        Ok(Node::Number(value, text))
    }

    fn call(&mut self, name: String) -> Result<Node, InsightsError> {
        self.expect_sign("(")?;
        let star = self.takes_sign("*")?;
        let arguments = if star || self.is_sign(")") { Vec::new() } else { self.list(Self::expression)? };
        self.expect_sign(")")?;
        Ok(Node::Call(Call { name, arguments, star }))
    }
}

fn period(word: &str) -> Option<Node> {
    word.starts_with(|first: char| first.is_ascii_digit()).then(|| Period::parse(word)).flatten().map(Node::Period)
}
