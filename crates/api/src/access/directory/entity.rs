//! What a directory holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::access::{
    Secret,
    policy::{Document, Policy},
};

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// What users, groups and roles have alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) name: String,
    /// `/` or `/division/team/`.
    pub(crate) path: String,
    /// `AIDA…`, `AGPA…`, `AROA…`.
    pub(crate) id: String,
    pub(crate) arn: String,
    /// Unix milliseconds.
    pub(crate) created: i64,
    pub(crate) tags: Tags,
    /// Its own policies, by name.
    pub(crate) inline: BTreeMap<String, Document>,
    /// ARNs of the policies attached to it, and when they were, in Unix milliseconds.
    pub(crate) attached: BTreeMap<String, i64>,
    /// The ARN of the policy that it is cut to.
    pub(crate) boundary: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    #[serde(flatten)]
    pub(crate) identity: Identity,
    /// Two at most.
    pub(crate) keys: Vec<AccessKey>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) is_active: bool,
    /// Unix milliseconds.
    pub(crate) created: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    #[serde(flatten)]
    pub(crate) identity: Identity,
    /// Names of users.
    pub(crate) members: BTreeSet<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Role {
    #[serde(flatten)]
    pub(crate) identity: Identity,
    /// Who may take it on.
    pub(crate) trust: Document,
    pub(crate) description: Option<String>,
    /// Longest session, in seconds.
    pub(crate) longest_session: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InstanceProfile {
    pub(crate) name: String,
    pub(crate) path: String,
    /// `AIPA…`.
    pub(crate) id: String,
    pub(crate) arn: String,
    /// Unix milliseconds.
    pub(crate) created: i64,
    pub(crate) tags: Tags,
    /// The name of its role.
    pub(crate) role: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ManagedPolicy {
    pub(crate) name: String,
    pub(crate) path: String,
    /// `ANPA…`.
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) description: Option<String>,
    /// Unix milliseconds.
    pub(crate) created: i64,
    /// Unix milliseconds.
    pub(crate) updated: i64,
    pub(crate) tags: Tags,
    /// Five at most, oldest first.
    pub(crate) versions: Vec<PolicyVersion>,
    /// The id of the version in force.
    pub(crate) default: String,
    /// The number of the version that comes next.
    pub(crate) next: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PolicyVersion {
    /// `v1`.
    pub(crate) id: String,
    pub(crate) document: Document,
    /// Unix milliseconds.
    pub(crate) created: i64,
}

impl ManagedPolicy {
    /// What it says: the version in force.
    pub(crate) fn policy(&self) -> Option<&Policy> {
        Some(self.version(&self.default)?.document.policy())
    }

    pub(crate) fn version(&self, id: &str) -> Option<&PolicyVersion> {
        self.versions.iter().find(|version| version.id == id)
    }
}
