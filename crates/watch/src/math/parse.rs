//! Tokens of an expression to a tree.
//!
//! From loose to tight: `OR`, `AND`, comparison, `+ -`, `* /`, unary minus, `^` (from the right).

use super::{
    MathError,
    lex::{Kind, Token, tokens},
};

/// How deep brackets and signs may nest.
const DEEPEST: usize = 64;

/// Longest text, as CloudWatch's.
const LONGEST: usize = 2048;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    pub(super) root: Node,
}

/// A part of an expression, and the byte where it begins; of an operation, that of its operator.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) kind: NodeKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum NodeKind {
    Number(f64),
    Text(String),
    Name(String),
    List(Vec<Node>),
    Negate(Box<Node>),
    Operation(Operator, Box<Node>, Box<Node>),
    Call(String, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

/// The operators that go from the left, loosest first.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<", Operator::Less),
        ("<=", Operator::LessOrEqual),
        (">", Operator::Greater),
        (">=", Operator::GreaterOrEqual),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide)],
];

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, MathError> {
        if text.len() > LONGEST {
            return Err(MathError::new(LONGEST, format!("an expression has at most {LONGEST} characters")));
        }
        let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
        let root = parser.level(0)?;
        match parser.peek().kind {
            Kind::End => Ok(Self { root }),
            _ => Err(parser.unexpected("an operator or the end")),
        }
    }

    /// The names of queries that it uses.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.root.names(&mut names);
        names
    }

    /// Whether it uses a function.
    pub fn calls(&self, function: &str) -> bool {
        self.root.calls(function)
    }
}

impl Node {
    fn names<'a>(&'a self, names: &mut Vec<&'a str>) {
        match &self.kind {
            NodeKind::Name(name) if name.starts_with(|letter: char| letter.is_ascii_lowercase()) => names.push(name),
            _ => self.parts().for_each(|part| part.names(names)),
        }
    }

    fn calls(&self, function: &str) -> bool {
        let called = matches!(&self.kind, NodeKind::Call(name, _) if name == function);
        called || self.parts().any(|part| part.calls(function))
    }

    fn parts(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        match &self.kind {
            NodeKind::Number(_) | NodeKind::Text(_) | NodeKind::Name(_) => Box::new(std::iter::empty()),
            NodeKind::List(parts) | NodeKind::Call(_, parts) => Box::new(parts.iter()),
            NodeKind::Negate(part) => Box::new(std::iter::once(part.as_ref())),
            NodeKind::Operation(_, left, right) => Box::new([left.as_ref(), right.as_ref()].into_iter()),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
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

    fn level(&mut self, level: usize) -> Result<Node, MathError> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        loop {
            let at = self.peek().at;
            let Some((_, operator)) = operators.iter().find(|(sign, _)| self.take(sign)) else { return Ok(left) };
            let right = self.level(level + 1)?;
            left = Node { at, kind: NodeKind::Operation(*operator, Box::new(left), Box::new(right)) };
        }
    }

    fn unary(&mut self) -> Result<Node, MathError> {
        let at = self.peek().at;
        if !self.take("-") {
            return self.power();
        }
        let negated = self.nested(Self::unary)?;
        Ok(Node { at, kind: NodeKind::Negate(Box::new(negated)) })
    }

    fn power(&mut self) -> Result<Node, MathError> {
        let base = self.operand()?;
        let at = self.peek().at;
        if !self.take("^") {
            return Ok(base);
        }
        let exponent = self.nested(Self::unary)?;
        Ok(Node { at, kind: NodeKind::Operation(Operator::Power, Box::new(base), Box::new(exponent)) })
    }

    fn operand(&mut self) -> Result<Node, MathError> {
        let Token { at, kind } = self.peek().clone();
        let kind = match kind {
            Kind::Number(number) => NodeKind::Number(number),
            Kind::Text(text) => NodeKind::Text(text),
            Kind::Name(name) => {
                self.next += 1;
                let kind = if self.take("(") { NodeKind::Call(name, self.list(")")?) } else { NodeKind::Name(name) };
                return Ok(Node { at, kind });
            }
            Kind::Sign("(") => {
                self.next += 1;
                let inside = self.nested(|parser| parser.level(0))?;
                return if self.take(")") { Ok(inside) } else { Err(self.unexpected("`)`")) };
            }
            Kind::Sign("[") => {
                self.next += 1;
                return Ok(Node { at, kind: NodeKind::List(self.list("]")?) });
            }
            _ => return Err(self.unexpected("a number, a name or a function")),
        };
        self.next += 1;
        Ok(Node { at, kind })
    }

    /// What stands between commas until a bracket closes.
    fn list(&mut self, close: &str) -> Result<Vec<Node>, MathError> {
        let mut list = Vec::new();
        if self.take(close) {
            return Ok(list);
        }
        loop {
            list.push(self.nested(|parser| parser.level(0))?);
            if self.take(close) {
                return Ok(list);
            }
            if !self.take(",") {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Result<Node, MathError>) -> Result<Node, MathError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(MathError::new(self.peek().at, format!("nested deeper than {DEEPEST}")));
        }
        let node = parse(self)?;
        self.depth -= 1;
        Ok(node)
    }

    fn unexpected(&self, wanted: &str) -> MathError {
        let Token { at, kind } = self.peek();
        let found = match kind {
            Kind::Number(number) => format!("`{number}`"),
            Kind::Text(text) => format!("the text `{text}`"),
            Kind::Name(name) => format!("`{name}`"),
            Kind::Sign(sign) => format!("`{sign}`"),
            Kind::End => "the end".to_owned(),
        };
        MathError::new(*at, format!("unexpected {found}, {wanted} should stand here"))
    }
}
