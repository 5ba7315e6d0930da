//! Principals in policies, and who calls in their terms.

/// A principal that a policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// `*`: everybody, also without a signature.
    Anyone,
    /// An account, by its 12 digits: whom its own policies allow.
    Account(String),
    /// A user, a role, a session, by its ARN.
    Arn(String),
    /// The unique id of a user or role that was deleted: nobody any more.
    Id(String),
    /// A service, such as `vpc-flow-logs.amazonaws.com`.
    Service(String),
    /// An identity provider.
    Federated(String),
    /// An account, by S3's own id of it.
    Canonical(String),
}

/// Who asks, in the terms of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller<'a> {
    /// Without a signature.
    Nobody,
    /// A user, the account itself, or a session.
    Aws {
        /// The account, 12 digits.
        account: &'a str,
        /// Its ARN.
        arn: &'a str,
        /// The role that the session is of.
        role: Option<&'a str>,
    },
    /// A service of AWS.
    Service(&'a str),
}

/// How a policy means a caller, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meant {
    /// Not at all.
    Not,
    /// By the account: what the policy allows is for the account to pass on.
    ByAccount,
    /// By the role, or as one of all: limits of the session hold.
    Widely,
    /// Itself: limits of the session do not hold.
    Itself,
}

impl Who {
    /// As it stands under `AWS`; none if it is nothing that can be there.
    pub(super) fn aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Anyone);
        }
        if is_account(text) {
            return Some(Self::Account(text.to_owned()));
        }
        if text.len() >= 16 && text.starts_with('A') && text.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            return Some(Self::Id(text.to_owned()));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "iam", "", account, "root"] if is_account(account) => Some(Self::Account((*account).to_owned())),
            ["arn", _, "iam" | "sts", "", account, name] if is_account(account) && is_of_principal(name) => {
                Some(Self::Arn(text.to_owned()))
            }
            _ => None,
        }
    }

    pub(super) fn means(&self, caller: Caller<'_>) -> Meant {
        match (self, caller) {
            (Self::Anyone, Caller::Nobody | Caller::Service(_)) => Meant::Itself,
            (Self::Anyone, Caller::Aws { .. }) => Meant::Widely,
            (Self::Service(service), Caller::Service(other)) if service == other => Meant::Itself,
            (Self::Arn(arn), Caller::Aws { arn: own, .. }) if arn == own => Meant::Itself,
            (Self::Arn(arn), Caller::Aws { role: Some(role), .. }) if arn == role => Meant::Widely,
            (Self::Account(account), Caller::Aws { account: own, arn, .. }) if account == own => {
                if arn.ends_with(":root") { Meant::Itself } else { Meant::ByAccount }
            }
            _ => Meant::Not,
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_of_principal(name: &str) -> bool {
    let kinds = ["user/", "role/", "assumed-role/", "federated-user/"];
    kinds.iter().any(|kind| name.strip_prefix(kind).is_some_and(|rest| !rest.is_empty() && !rest.contains('*')))
}
