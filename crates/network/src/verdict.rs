//! The verdict on a packet, and the rule behind it.

use std::{fmt, sync::Arc};

use crate::Action;

/// A rule of a security group, by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupRule {
    /// `sg-…`
    pub group: Arc<str>,
    /// `sgr-…`
    pub rule: Arc<str>,
}

impl fmt::Display for GroupRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.rule)
    }
}

/// What decided.
///
/// Where a packet is accepted by a network ACL and by a security group, the security group is named: its rule is the
/// narrower one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Rule {
    /// This rule of a security group allows it.
    SecurityGroup(GroupRule),
    /// It belongs to a tracked connection, which this rule let open; `None` when the rule is not known.
    TrackedConnection(Option<GroupRule>),
    /// No rule of the interface's security groups allows it.
    NoSecurityGroupRule,
    /// This entry of a network ACL allows or denies it.
    AclEntry {
        /// `acl-…`
        acl: Arc<str>,
        /// The number of the entry.
        number: u16,
    },
    /// No entry of this network ACL matches: the entry `*` denies it.
    AclDefault {
        /// `acl-…`
        acl: Arc<str>,
    },
    /// The interface has no security group, and no network ACL stands in the way.
    Unfiltered,
    /// Neither of them: the host's own firewall refuses it.
    HostFirewall,
}

impl Rule {
    /// The rule as the record field `${rule}` writes it: one word without spaces. A tracked connection has the token of
    /// the rule that let it open.
    pub fn token(&self) -> String {
        match self {
            Rule::SecurityGroup(rule) | Rule::TrackedConnection(Some(rule)) => rule.to_string(),
            Rule::TrackedConnection(None) => "tracked".to_owned(),
            Rule::NoSecurityGroupRule => "default-deny".to_owned(),
            Rule::AclEntry { acl, number } => format!("{acl}/{number}"),
            Rule::AclDefault { acl } => format!("{acl}/*"),
            Rule::Unfiltered => "unfiltered".to_owned(),
            Rule::HostFirewall => "host-firewall".to_owned(),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::SecurityGroup(rule) => rule.fmt(f),
            Rule::TrackedConnection(Some(rule)) => write!(f, "tracked connection, opened by {rule}"),
            Rule::TrackedConnection(None) => f.write_str("tracked connection"),
            Rule::NoSecurityGroupRule => f.write_str("no security group rule"),
            Rule::AclEntry { acl, number } => write!(f, "{acl} #{number}"),
            Rule::AclDefault { acl } => write!(f, "{acl} *"),
            Rule::Unfiltered => f.write_str("no security group"),
            Rule::HostFirewall => f.write_str("the host's own firewall"),
        }
    }
}

/// What became of a packet, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// Accepted or refused.
    pub action: Action,
    /// What decided.
    pub rule: Rule,
}

impl Verdict {
    pub(crate) const fn accept(rule: Rule) -> Self {
        Self { action: Action::Accept, rule }
    }

    pub(crate) const fn reject(rule: Rule) -> Self {
        Self { action: Action::Reject, rule }
    }
}

/// Such as `ACCEPT: sg-web/sgr-0123456789abcdef0` or `REJECT: acl-lab #100`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.action.as_str(), self.rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_reads_as_action_and_rule() {
        let rule = GroupRule { group: "sg-web".into(), rule: "sgr-1".into() };
        for (verdict, text) in [
            (Verdict::accept(Rule::SecurityGroup(rule.clone())), "ACCEPT: sg-web/sgr-1"),
            (
                Verdict::accept(Rule::TrackedConnection(Some(rule))),
                "ACCEPT: tracked connection, opened by sg-web/sgr-1",
            ),
            (Verdict::accept(Rule::TrackedConnection(None)), "ACCEPT: tracked connection"),
            (Verdict::reject(Rule::NoSecurityGroupRule), "REJECT: no security group rule"),
            (Verdict::reject(Rule::AclEntry { acl: "acl-a".into(), number: 100 }), "REJECT: acl-a #100"),
            (Verdict::reject(Rule::AclDefault { acl: "acl-a".into() }), "REJECT: acl-a *"),
            (Verdict::accept(Rule::Unfiltered), "ACCEPT: no security group"),
            (Verdict::reject(Rule::HostFirewall), "REJECT: the host's own firewall"),
        ] {
            assert_eq!(verdict.to_string(), text);
        }
    }

    #[test]
    fn a_token_is_one_word() {
        let rule = GroupRule { group: "sg-web".into(), rule: "sgr-1".into() };
        for (rule, token) in [
            (Rule::SecurityGroup(rule.clone()), "sg-web/sgr-1"),
            (Rule::TrackedConnection(Some(rule)), "sg-web/sgr-1"),
            (Rule::TrackedConnection(None), "tracked"),
            (Rule::NoSecurityGroupRule, "default-deny"),
            (Rule::AclEntry { acl: "acl-a".into(), number: 100 }, "acl-a/100"),
            (Rule::AclDefault { acl: "acl-a".into() }, "acl-a/*"),
            (Rule::Unfiltered, "unfiltered"),
            (Rule::HostFirewall, "host-firewall"),
        ] {
            assert_eq!(rule.token(), token);
        }
    }
}
