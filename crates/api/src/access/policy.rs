//! Policy documents: parsed once, into what cannot be wrong.
//!
//! Source: "IAM JSON policy reference" in the IAM user guide; the texts of errors are those of AWS's answers.

mod condition;
mod date;
mod evaluate;
mod pattern;
mod resource;
mod syntax;
mod who;

use serde::{Deserialize, Serialize};

use condition::Condition;
use pattern::Pattern;
use resource::ResourcePattern;

pub use evaluate::Question;
pub(crate) use evaluate::{Limits, Reason, Source as PolicySource, decide};
pub use who::{Caller, Who};

/// What a policy is attached to, which decides what it must and must not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// To a user, a group or a role: it names no principal.
    Identity,
    /// To a session: the same, of any version of the language.
    Session,
    /// To a role, as who may take it on: it names principals, and no resource.
    Trust,
    /// To a bucket, a topic, the log groups of an account: it names principals.
    Resource,
}

/// A policy document.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq)]
struct Statement {
    effect: Effect,
    who: Option<Listed<Who>>,
    actions: Listed<Pattern>,
    /// None: of a trust policy, which is about the role that it is attached to.
    resources: Option<Listed<ResourcePattern>>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// `Action` or `NotAction`, and the like.
#[derive(Debug, Clone, PartialEq)]
enum Listed<T> {
    These(Vec<T>),
    AllBut(Vec<T>),
}

impl<T> Listed<T> {
    fn holds(&self, mut fits: impl FnMut(&T) -> bool) -> bool {
        match self {
            Self::These(items) => items.iter().any(fits),
            Self::AllBut(items) => !items.iter().any(&mut fits),
        }
    }
}

/// Why a document is no policy, in the words of AWS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(pub String);

impl Policy {
    /// Reads a document.
    ///
    /// # Errors
    /// It is no JSON, or no policy of that kind.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, PolicyError> {
        syntax::parse(text, kind)
    }

    /// The principals that it names, of all statements.
    pub fn principals(&self) -> impl Iterator<Item = &Who> {
        self.statements.iter().filter_map(|statement| statement.who.as_ref()).flat_map(|listed| match listed {
            Listed::These(who) | Listed::AllBut(who) => who.iter(),
        })
    }
}

/// A policy with the text that it was read from, which is what AWS gives back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Kept", into = "Kept")]
pub struct Document {
    text: String,
    kind: PolicyKind,
    policy: Policy,
}

/// A document as the catalogue keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
    kind: u8,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// It is no JSON, or no policy of that kind.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, PolicyError> {
        Ok(Self { text: text.to_owned(), kind, policy: Policy::parse(text, kind)? })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl TryFrom<Kept> for Document {
    type Error = PolicyError;

    fn try_from(kept: Kept) -> Result<Self, PolicyError> {
        let kind = match kept.kind {
            0 => PolicyKind::Identity,
            1 => PolicyKind::Trust,
            3 => PolicyKind::Session,
            _ => PolicyKind::Resource,
        };
        Self::parse(&kept.text, kind)
    }
}

impl From<Document> for Kept {
    fn from(document: Document) -> Self {
        let kind = match document.kind {
            PolicyKind::Identity => 0,
            PolicyKind::Trust => 1,
            PolicyKind::Resource => 2,
            PolicyKind::Session => 3,
        };
        Self { text: document.text, kind }
    }
}

#[cfg(test)]
mod tests;
