//! Filter patterns: which log events are meant.
//!
//! There are three ways to write one, told apart by the first character:
//!
//! - terms: `ERROR -"health check"`, `?WARN ?ERROR`, `%4[0-9]{2}%`: what the text of an event has and has not;
//! - `[version, account, …, destport="22", …, action="REJECT", …]`: what the tokens of an event are;
//! - `{ $.eventType = "UpdateTrail" && $.count > 3 }`: what the values of a JSON event are.
//!
//! All three become one tree of conditions. An event that is text is asked one condition after the other; a batch of events is
//! asked each condition once for all of them, on the columns of its flow log records where it has some (`pattern/batch.rs`).
//! Source of the rules: the filter pattern chapter of the CloudWatch Logs user guide.

mod batch;
mod comparison;
mod cursor;
mod delimited;
mod error;
mod json;
mod message;
mod regex;
mod selector;
mod terms;
mod token;
mod tree;
mod value;

use std::{fmt, str::FromStr};

use arrow::{
    array::{Array, StringArray},
    buffer::BooleanBuffer,
};
use weir_store::logs::{Committed, Records};

pub(crate) use batch::{Cells, Matches, Plan, Scratch};
pub use error::PatternError;
pub(crate) use value::Number;

use cursor::Cursor;
use delimited::{Slots, TokenTest};
use json::MemberTest;
use message::Message;
use selector::Selector;
use terms::Search;
use token::Source;
use tree::Tree;

/// Characters of a pattern, at most.
const LENGTH_LIMIT: usize = 1024;

/// A filter pattern that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    text: String,
    condition: Tree<Leaf>,
    shape: Shape,
}

/// What can be taken out of events that match.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// Nothing.
    Terms,
    Delimited(Slots),
    Json,
}

/// One condition, or that it must not hold.
#[derive(Debug, Clone, PartialEq)]
struct Leaf {
    predicate: Predicate,
    negated: bool,
}

/// One condition on one event.
#[derive(Debug, Clone, PartialEq)]
enum Predicate {
    /// Something is found in the text.
    Search(Search),
    /// There are at least so many tokens.
    Tokens(usize),
    /// A token is there and is that.
    Token(Source, TokenTest),
    /// The event is JSON, and what a selector reaches is that.
    Member(Selector, MemberTest),
}

/// Something to take out of the events that a pattern matches; see [`Pattern::value`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Extract {
    Token(Source),
    Member(Selector),
}

impl Pattern {
    /// Whether an event with this text is meant.
    pub fn matches(&self, message: &str) -> bool {
        self.matches_message(&Message::new(message))
    }

    /// If an event is meant: what TestMetricFilter extracts of it, labels and texts in order.
    ///
    /// A space-delimited pattern gives every token, as `$name` or, without a name, `$1`, `$2`, …; a JSON pattern gives the values
    /// that its selectors reach, as `$.path`; terms give nothing.
    pub fn extract(&self, message: &str) -> Option<Vec<(String, String)>> {
        let message = Message::new(message);
        if !self.matches_message(&message) {
            return None;
        }
        Some(match &self.shape {
            Shape::Terms => Vec::new(),
            Shape::Delimited(slots) => slots.extract(message.text, message.tokens()),
            Shape::Json => {
                let text = |selector: &Selector| Some((selector.to_string(), selector.text(message.json()?)?));
                self.selectors().into_iter().filter_map(text).collect()
            }
        })
    }

    /// Which events of a batch are meant: the same as [`matches`](Self::matches) says of the text of each, found by comparing
    /// columns where the events are flow log records.
    pub fn matches_batch(&self, batch: &Committed) -> BooleanBuffer {
        let plan = Plan::new([self]);
        let mut scratch = Scratch::default();
        plan.run(batch, &mut scratch).pattern(0)
    }

    /// The same for events that are read back, by their texts, and their columns where they are flow log records: what
    /// [`LogStore::filter_log_events`](weir_store::logs::LogStore::filter_log_events) asks.
    pub fn matches_lines(&self, messages: &StringArray, records: Option<&Records>) -> BooleanBuffer {
        self.matches_batch(&Committed {
            position: 0,
            group: "".into(),
            stream: "".into(),
            ingestion_time: 0,
            timestamps: vec![0; messages.len()],
            messages: messages.clone(),
            records: records.cloned(),
        })
    }

    /// How many regular expressions it has: 0, 1 or 2.
    pub fn regexes(&self) -> usize {
        let mut count = 0;
        self.condition.visit(&mut |leaf| {
            let operand = match &leaf.predicate {
                Predicate::Search(Search::Regex(_)) => return count += 1,
                Predicate::Token(_, TokenTest::Is(operand))
                | Predicate::Member(_, MemberTest::Is(operand) | MemberTest::IsNot(operand)) => operand,
                _ => return,
            };
            count += usize::from(matches!(operand, value::Operand::Regex(_)));
        });
        count
    }

    /// What `$name` or `$.path` means for events of this pattern.
    ///
    /// # Errors
    /// A sentence that says why it means nothing.
    pub(crate) fn value(&self, label: &str) -> Result<Extract, String> {
        match &self.shape {
            Shape::Terms => Err(format!("`{label}`: a pattern of terms has no fields to take a value from")),
            Shape::Delimited(slots) => {
                let found = slots.labelled(label).map(Extract::Token);
                found.ok_or_else(|| format!("`{label}` is no field of the filter pattern"))
            }
            Shape::Json => {
                let mut cursor = Cursor::new(label);
                let selector = Selector::read(&mut cursor).map_err(|error| format!("`{label}`: {}", error.problem))?;
                if !cursor.rest().is_empty() {
                    return Err(format!("`{label}`: {}", cursor.expected("the end of the selector").problem));
                }
                Ok(Extract::Member(selector))
            }
        }
    }

    fn matches_message(&self, message: &Message<'_>) -> bool {
        self.condition.holds(&mut |leaf| message.satisfies(&leaf.predicate) != leaf.negated)
    }

    /// The selectors in it, each once, as they come.
    fn selectors(&self) -> Vec<&Selector> {
        let mut selectors = Vec::new();
        self.condition.visit(&mut |leaf| {
            if let Predicate::Member(selector, _) = &leaf.predicate
                && !selectors.contains(&selector)
            {
                selectors.push(selector);
            }
        });
        selectors
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.chars().count() > LENGTH_LIMIT {
            let problem = format!("a pattern has at most {LENGTH_LIMIT} characters");
            return Err(PatternError { column: LENGTH_LIMIT + 1, problem });
        }
        let mut cursor = Cursor::new(text);
        cursor.skip_blanks();
        let (shape, condition) = match cursor.peek() {
            Some('[') => delimited::read(&mut cursor).map(|(slots, tree)| (Shape::Delimited(slots), tree))?,
            Some('{') => (Shape::Json, json::read(&mut cursor)?),
            _ => (Shape::Terms, terms::read(&mut cursor)?),
        };
        cursor.skip_blanks();
        if cursor.peek().is_some() {
            return Err(cursor.expected("the end of the pattern"));
        }
        Ok(Self { text: text.to_owned(), condition, shape })
    }
}

/// As it was written.
impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
