//! Users, groups, roles, policies: in memory whole, and in the catalogue row by row.

mod aws_managed;
mod entity;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use serde::{Serialize, de::DeserializeOwned};
use weir_store::{Catalogue, CatalogueError, Tables};

use super::AccessError;
use crate::{ApiError, access::policy::Policy};

pub(crate) use entity::{AccessKey, Group, Identity, InstanceProfile, ManagedPolicy, PolicyVersion, Role, Tags, User};

const TABLES: Tables = Tables {
    owner: "access",
    steps: &[
        "CREATE TABLE access_entity (kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name)) \
         WITHOUT ROWID;
         CREATE TABLE access_session (key TEXT PRIMARY KEY, expires INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;",
    ],
};

type Map<T> = BTreeMap<String, Arc<T>>;

/// Everything that IAM knows of the account. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// By name.
    pub(crate) users: Map<User>,
    /// By name.
    pub(crate) groups: Map<Group>,
    /// By name.
    pub(crate) roles: Map<Role>,
    /// By name.
    pub(crate) profiles: Map<InstanceProfile>,
    /// The account's own, by ARN.
    pub(crate) policies: Map<ManagedPolicy>,
    /// Another name for the account.
    pub(crate) alias: Map<String>,
    /// Users by the ids of their access keys.
    keys: HashMap<String, Arc<User>>,
}

/// The directory of an account.
#[derive(Debug)]
pub(crate) struct Directory {
    kept: Option<Catalogue>,
    state: RwLock<Arc<State>>,
    /// Held while something changes.
    changing: Mutex<()>,
}

impl Directory {
    /// Reads the directory.
    pub(super) fn open(catalogue: &Catalogue) -> Result<Self, AccessError> {
        catalogue.provide(&TABLES)?;
        let state = State {
            users: read(catalogue, "user")?,
            groups: read(catalogue, "group")?,
            roles: read(catalogue, "role")?,
            profiles: read(catalogue, "instance-profile")?,
            policies: read(catalogue, "policy")?,
            alias: read(catalogue, "alias")?,
            keys: HashMap::new(),
        };
        Ok(Self::of(state, Some(catalogue.clone())))
    }

    /// An empty one that nothing keeps.
    pub(super) fn in_memory() -> Self {
        Self::of(State::default(), None)
    }

    fn of(state: State, kept: Option<Catalogue>) -> Self {
        Self { kept, state: RwLock::new(Arc::new(state.indexed())), changing: Mutex::default() }
    }

    /// What it is now.
    pub(crate) fn read(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes it: on disk first, then for readers; not at all when `work` fails.
    pub(crate) fn change<T>(&self, work: impl FnOnce(&mut State) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read();
        let mut after = before.as_ref().clone();
        let done = work(&mut after)?;
        if let Some(catalogue) = &self.kept {
            catalogue.change(|transaction| after.write(&before, transaction)).map_err(ApiError::internal)?;
        }
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after.indexed());
        Ok(done)
    }
}

impl State {
    fn indexed(mut self) -> Self {
        let keys =
            |user: &Arc<User>| user.keys.iter().map(|key| (key.id.clone(), Arc::clone(user))).collect::<Vec<_>>();
        self.keys = self.users.values().flat_map(keys).collect();
        self
    }

    /// The user of an access key, and the key.
    pub(crate) fn key(&self, id: &str) -> Option<(&Arc<User>, &AccessKey)> {
        let user = self.keys.get(id)?;
        Some((user, user.keys.iter().find(|key| key.id == id)?))
    }

    /// The groups of a user.
    pub(crate) fn groups_of<'a>(&'a self, user: &'a str) -> impl Iterator<Item = &'a Arc<Group>> {
        self.groups.values().filter(move |group| group.members.contains(user))
    }

    /// A managed policy, of the account or of AWS.
    pub(crate) fn policy(&self, arn: &str) -> Option<&Arc<ManagedPolicy>> {
        self.policies.get(arn).or_else(|| aws_managed::policies().get(arn))
    }

    /// All managed policies of AWS, by ARN.
    pub(crate) fn aws_managed() -> &'static BTreeMap<String, Arc<ManagedPolicy>> {
        aws_managed::policies()
    }

    /// The policies of a user, a group or a role: its own, and those attached.
    pub(crate) fn policies_of<'a>(&'a self, identity: &'a Identity) -> impl Iterator<Item = &'a Policy> {
        let inline = identity.inline.values().map(|document| document.policy());
        let attached = identity.attached.keys().filter_map(|arn| self.policy(arn)).filter_map(|policy| policy.policy());
        inline.chain(attached)
    }

    /// Writes what is another than before.
    fn write(&self, before: &Self, transaction: &rusqlite::Transaction<'_>) -> Result<(), AccessError> {
        write(transaction, "user", &before.users, &self.users)?;
        write(transaction, "group", &before.groups, &self.groups)?;
        write(transaction, "role", &before.roles, &self.roles)?;
        write(transaction, "instance-profile", &before.profiles, &self.profiles)?;
        write(transaction, "policy", &before.policies, &self.policies)?;
        write(transaction, "alias", &before.alias, &self.alias)
    }
}

fn read<T: DeserializeOwned>(catalogue: &Catalogue, kind: &'static str) -> Result<Map<T>, AccessError> {
    let rows: Vec<(String, String)> = catalogue.change(|transaction| {
        let mut select = transaction.prepare("SELECT name, body FROM access_entity WHERE kind = ?1")?;
        let rows = select.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        Ok::<_, CatalogueError>(rows)
    })?;
    let parse = |(name, body): (String, String)| match serde_json::from_str(&body) {
        Ok(entity) => Ok((name, Arc::new(entity))),
        // The text of the problem may quote a secret: it is left out.
        Err(_) => Err(AccessError::Unreadable { kind, name }),
    };
    rows.into_iter().map(parse).collect()
}

fn write<T: Serialize>(
    transaction: &rusqlite::Transaction<'_>,
    kind: &'static str,
    before: &Map<T>,
    after: &Map<T>,
) -> Result<(), AccessError> {
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        transaction.execute("DELETE FROM access_entity WHERE kind = ?1 AND name = ?2", (kind, name))?;
    }
    for (name, entity) in after {
        if before.get(name).is_some_and(|before| Arc::ptr_eq(before, entity)) {
            continue;
        }
        let body =
            serde_json::to_string(entity.as_ref()).map_err(|_| AccessError::Unreadable { kind, name: name.clone() })?;
        transaction.execute("INSERT OR REPLACE INTO access_entity VALUES (?1, ?2, ?3)", (kind, name, body))?;
    }
    Ok(())
}
