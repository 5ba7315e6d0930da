//! What `SEARCH` looks for.
//!
//! `{Namespace, Dimension, …} term …`: metrics of exactly these dimensions that all terms match. A bare word matches part
//! of any name or value, whatever its case; a quoted one matches a whole one. `Property=word` looks at `Namespace`,
//! `MetricName` or a dimension only. `AND` (or nothing), `OR`, `NOT` and brackets combine.

use super::MathError;
use crate::metric::MetricId;

/// A parsed search.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    schema: Option<Schema>,
    term: Option<Term>,
}

#[derive(Debug, Clone, PartialEq)]
struct Schema {
    namespace: String,
    dimensions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    Word { property: Option<String>, word: String, whole: bool },
    Not(Box<Term>),
    All(Vec<Term>),
    Any(Vec<Term>),
}

impl Search {
    /// Reads a search.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, MathError> {
        let mut parser = Parser { parts: parts(text)?, next: 0, end: text.len(), depth: 0 };
        let schema = parser.schema()?;
        let term = if parser.next < parser.parts.len() { Some(parser.any()?) } else { None };
        if parser.next < parser.parts.len() {
            return Err(parser.error("unexpected `)`"));
        }
        if schema.is_none() && term.is_none() {
            return Err(MathError::new(0, "the search is empty"));
        }
        Ok(Self { schema, term })
    }

    /// Whether it finds a metric.
    pub fn finds(&self, metric: &MetricId) -> bool {
        let schema = self.schema.as_ref().is_none_or(|schema| schema.fits(metric));
        schema && self.term.as_ref().is_none_or(|term| term.matches(metric))
    }
}

impl Schema {
    fn fits(&self, metric: &MetricId) -> bool {
        let dimensions = self.dimensions.len() == metric.dimensions.len()
            && self.dimensions.iter().all(|name| metric.dimensions.contains_key(name));
        self.namespace == metric.namespace && dimensions
    }
}

impl Term {
    fn matches(&self, metric: &MetricId) -> bool {
        match self {
            Self::Not(term) => !term.matches(metric),
            Self::All(terms) => terms.iter().all(|term| term.matches(metric)),
            Self::Any(terms) => terms.iter().any(|term| term.matches(metric)),
            Self::Word { property: None, word, whole } => {
                let dimensions = metric.dimensions.iter().flat_map(|(name, value)| [name, value]);
                [&metric.namespace, &metric.name].into_iter().chain(dimensions).any(|text| fits(text, word, *whole))
            }
            Self::Word { property: Some(property), word, whole } => {
                let text = match property.as_str() {
                    "Namespace" => Some(&metric.namespace),
                    "MetricName" => Some(&metric.name),
                    dimension => metric.dimensions.get(dimension),
                };
                text.is_some_and(|text| fits(text, word, *whole))
            }
        }
    }
}

fn fits(text: &str, word: &str, whole: bool) -> bool {
    if whole { text == word } else { text.to_lowercase().contains(&word.to_lowercase()) }
}

/// A word or a sign, and where it begins.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    at: usize,
    text: String,
    quoted: bool,
}

fn parts(text: &str) -> Result<Vec<Part>, MathError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (part, length) = match first {
            _ if first.is_whitespace() => (None, first.len_utf8()),
            '{' | '}' | '(' | ')' | ',' | '=' => (Some((first.to_string(), false)), 1),
            '"' => {
                let end = rest[1..].find('"').ok_or_else(|| MathError::new(at, "the text has no closing quote"))?;
                (Some((rest[1..=end].to_owned(), true)), end + 2)
            }
            _ => {
                let end = |letter: char| letter.is_whitespace() || "{}(),=\"".contains(letter);
                let length = rest.find(end).unwrap_or(rest.len());
                (Some((rest[..length].to_owned(), false)), length)
            }
        };
        parts.extend(part.map(|(text, quoted)| Part { at, text, quoted }));
        at += length;
    }
    Ok(parts)
}

struct Parser {
    parts: Vec<Part>,
    next: usize,
    end: usize,
    depth: usize,
}

impl Parser {
    fn is(&self, ahead: usize, sign: &str) -> bool {
        self.parts.get(self.next + ahead).is_some_and(|part| !part.quoted && part.text == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(0, sign);
        self.next += usize::from(found);
        found
    }

    fn error(&self, message: &str) -> MathError {
        MathError::new(self.parts.get(self.next).map_or(self.end, |part| part.at), message)
    }

    fn word(&mut self, wanted: &str) -> Result<Part, MathError> {
        const SIGNS: [&str; 6] = ["{", "}", "(", ")", ",", "="];
        match self.parts.get(self.next) {
            Some(part) if part.quoted || !SIGNS.contains(&part.text.as_str()) => {
                self.next += 1;
                Ok(part.clone())
            }
            _ => Err(self.error(&format!("{wanted} should stand here"))),
        }
    }

    fn schema(&mut self) -> Result<Option<Schema>, MathError> {
        if !self.take("{") {
            return Ok(None);
        }
        let namespace = self.word("a namespace")?.text;
        let mut dimensions = Vec::new();
        while self.take(",") {
            dimensions.push(self.word("the name of a dimension")?.text);
        }
        if self.take("}") {
            Ok(Some(Schema { namespace, dimensions }))
        } else {
            Err(self.error("`,` or `}` should stand here"))
        }
    }

    fn any(&mut self) -> Result<Term, MathError> {
        let mut terms = vec![self.all()?];
        while self.take("OR") {
            terms.push(self.all()?);
        }
        Ok(Term::Any(terms))
    }

    fn all(&mut self) -> Result<Term, MathError> {
        let mut terms = vec![self.term()?];
        while self.take("AND") || (self.next < self.parts.len() && !self.is(0, "OR") && !self.is(0, ")")) {
            terms.push(self.term()?);
        }
        Ok(Term::All(terms))
    }

    fn term(&mut self) -> Result<Term, MathError> {
        self.depth += 1;
        if self.depth > 64 {
            return Err(self.error("nested too deep"));
        }
        let term = if self.take("NOT") {
            Term::Not(Box::new(self.term()?))
        } else if self.take("(") {
            let inside = self.any()?;
            if !self.take(")") {
                return Err(self.error("`)` should stand here"));
            }
            inside
        } else {
            self.property()?
        };
        self.depth -= 1;
        Ok(term)
    }

    fn property(&mut self) -> Result<Term, MathError> {
        let first = self.word("a word")?;
        if !self.take("=") {
            return Ok(Term::Word { property: None, word: first.text, whole: first.quoted });
        }
        let value = self.word("a value")?;
        Ok(Term::Word { property: Some(first.text), word: value.text, whole: value.quoted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> MetricId {
        let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        MetricId { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
    }

    #[test]
    fn searches_find_what_they_say() {
        let flow = metric("VPC Flow logs", "SSH-rejects", &[("Interface", "eni-1")]);
        let bytes = metric("VPC Flow logs", "Bytes", &[]);
        for (search, expected) in [
            ("{\"VPC Flow logs\",Interface}", [true, false]),
            ("{\"VPC Flow logs\"}", [false, true]),
            ("flow", [true, true]),
            ("\"flow\"", [false, false]),
            ("MetricName=\"SSH-rejects\"", [true, false]),
            ("MetricName=ssh", [true, false]),
            ("Interface=eni-1", [true, false]),
            ("flow NOT bytes", [true, false]),
            ("ssh OR bytes", [true, true]),
            ("(ssh OR bytes) AND Interface=eni", [true, false]),
            ("{\"VPC Flow logs\",Interface} ssh eni", [true, false]),
        ] {
            let search = Search::parse(search).expect(search);
            assert_eq!([search.finds(&flow), search.finds(&bytes)], expected, "{search:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (search, at) in
            [("", 1), ("{a", 3), ("{}", 2), ("a=", 3), ("(a", 3), ("a)", 2), ("\"a", 1), ("NOT", 4), ("a OR", 5)]
        {
            assert_eq!(Search::parse(search).expect_err(search).at, at, "{search}");
        }
        assert!(Search::parse(&"(".repeat(5000)).is_err());
    }
}
