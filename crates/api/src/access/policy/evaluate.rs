//! Whether policies allow something: an explicit deny, then an allow, then no.
//!
//! Source: "Policy evaluation logic" in the IAM user guide, for one account.

use super::{
    Effect, Policy, Statement,
    who::{Caller, Meant},
};
use crate::access::Context;

/// What is asked of policies.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub caller: Caller<'a>,
    /// Such as `logs:PutLogEvents`.
    pub action: &'a str,
    /// An ARN, or `*` for none in particular.
    pub resource: &'a str,
    /// What conditions may ask about.
    pub context: &'a Context,
}

/// The kinds of policy that decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Identity,
    Resource,
    Boundary,
    Session,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// One says no.
    Denied(Source),
    /// None says yes.
    NotAllowed(Source),
}

/// All policies that bear on a question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits<'a> {
    /// The caller may do everything: the account itself.
    pub(crate) is_root: bool,
    /// Those of the user and its groups, or of the role.
    pub(crate) identity: Vec<&'a Policy>,
    /// What the policies of the user or role are cut to.
    pub(crate) boundary: Option<&'a Policy>,
    /// What the session is cut to; none: nothing was said when it began.
    pub(crate) session: Option<Vec<&'a Policy>>,
    /// Those of the resource.
    pub(crate) resource: Vec<&'a Policy>,
}

/// Whether the policies allow it.
pub(crate) fn decide(question: &Question<'_>, limits: &Limits<'_>) -> Result<(), Reason> {
    let session = limits.session.as_deref().unwrap_or_default();
    let denies = |policies: &[&Policy]| policies.iter().any(|policy| policy.denies(question));
    let denied = [
        (Source::Identity, denies(&limits.identity)),
        (Source::Resource, denies(&limits.resource)),
        (Source::Boundary, limits.boundary.is_some_and(|boundary| boundary.denies(question))),
        (Source::Session, denies(session)),
    ];
    if let Some((source, _)) = denied.into_iter().find(|(_, denied)| *denied) {
        return Err(Reason::Denied(source));
    }
    let by_resource = limits.resource.iter().map(|policy| policy.allows(question)).max().unwrap_or(Meant::Not);
    if by_resource == Meant::Itself {
        return Ok(());
    }
    let allowed = |policies: &[&Policy]| policies.iter().any(|policy| policy.allows(question) > Meant::Not);
    if !(limits.is_root || by_resource == Meant::Widely || allowed(&limits.identity)) {
        return Err(Reason::NotAllowed(Source::Identity));
    }
    if limits.boundary.is_some_and(|boundary| !allowed(&[boundary])) {
        return Err(Reason::NotAllowed(Source::Boundary));
    }
    if limits.session.is_some() && !allowed(session) {
        return Err(Reason::NotAllowed(Source::Session));
    }
    Ok(())
}

impl Policy {
    /// Whether a statement says no.
    pub fn denies(&self, question: &Question<'_>) -> bool {
        let denies = |statement: &&Statement| statement.effect == Effect::Deny;
        self.statements.iter().filter(denies).any(|statement| statement.means(question) > Meant::Not)
    }

    /// The strongest way in which a statement says yes.
    pub(super) fn allows(&self, question: &Question<'_>) -> Meant {
        let allows = |statement: &&Statement| statement.effect == Effect::Allow;
        let meant = self.statements.iter().filter(allows).map(|statement| statement.means(question));
        meant.max().unwrap_or(Meant::Not)
    }

    /// Whether it allows the caller itself, and denies nothing of it: what a policy of a resource or a role says alone.
    pub fn grants(&self, question: &Question<'_>) -> bool {
        !self.denies(question) && self.allows(question) >= Meant::Widely
    }

    /// The same for what the account may pass on.
    pub(crate) fn grants_account(&self, question: &Question<'_>) -> bool {
        !self.denies(question) && self.allows(question) >= Meant::ByAccount
    }
}

impl Statement {
    /// Whether, and how, the statement is about the question. Of a policy without principals, it means whom it is attached
    /// to.
    fn means(&self, question: &Question<'_>) -> Meant {
        let Question { caller, action, resource, context } = *question;
        let action = action.to_ascii_lowercase();
        let is_about = self.actions.holds(|pattern| pattern.fits(&action, context))
            && self.resources.as_ref().is_none_or(|listed| listed.holds(|pattern| pattern.fits(resource, context)))
            && self.conditions.iter().all(|condition| condition.holds(context));
        if !is_about {
            return Meant::Not;
        }
        match &self.who {
            None => Meant::Itself,
            Some(super::Listed::These(who)) => who.iter().map(|who| who.means(caller)).max().unwrap_or(Meant::Not),
            Some(all_but) if all_but.holds(|who| who.means(caller) > Meant::Not) => Meant::Widely,
            Some(_) => Meant::Not,
        }
    }
}
