//! Who asks, and whether they may.
//!
//! [`Access`] holds the keys, users, roles and policies of the account: IAM changes them, STS makes temporary keys of them,
//! and every request to an operation is held against them, [`Access::authenticate`] first and [`Access::authorize`] then.

mod context;
mod decide;
pub(crate) mod directory;
mod key;
pub mod policy;
mod principal;
mod role;
pub(crate) mod session;

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError, RwLock},
};

use axum::http::{HeaderMap, Method, Uri};
use weir_store::{Catalogue, CatalogueError};

use crate::{Refusal, ServiceName, signature, wire::Scope};
use directory::Directory;
use session::{SessionOf, Sessions};

pub use context::Context;
pub(crate) use context::TagSet;
pub use decide::ResourcePolicies;
pub use key::{Key, RootKey, Secret};
pub(crate) use key::{new_entity_id, new_id, new_secret, new_session_token};
pub use principal::{OverTls, Principal, Source};
pub use role::{FLOW_LOG_ACTIONS, RoleProblem};

/// What a signature is over.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub uri: &'a Uri,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The body as it came, compressed if it was.
    pub body: &'a [u8],
}

/// Why the directory was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The catalogue refused.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A row is not what this program writes.
    #[error(
        "the {kind} {name} in the catalogue cannot be read: restore the catalogue, or delete that row of `access_entity`"
    )]
    Unreadable {
        /// A user, a role, and so on.
        kind: &'static str,
        /// Its name.
        name: String,
    },
}

impl From<rusqlite::Error> for AccessError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Catalogue(source.into())
    }
}

/// When, where and for what an access key was used last.
#[derive(Debug, Clone)]
pub(crate) struct LastUse {
    /// Unix milliseconds.
    pub(crate) time: i64,
    pub(crate) region: String,
    pub(crate) service: &'static str,
}

/// Keys, users, roles and policies of one account.
pub struct Access {
    account: String,
    root: Option<RootKey>,
    directory: Directory,
    sessions: Sessions,
    resource_policies: RwLock<HashMap<&'static str, ResourcePolicies>>,
    /// By access key. Not kept: after a start a key was not used yet.
    last_uses: Mutex<HashMap<String, LastUse>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("account", &self.account).field("is_on", &self.is_on()).finish_non_exhaustive()
    }
}

impl Access {
    /// Reads who may do what.
    ///
    /// `root` is the key of the account itself, which the program keeps. Without one every key is the account itself, and
    /// nobody looks at signatures: for a listener on this machine only.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn open(catalogue: &Catalogue, account: &str, root: Option<RootKey>) -> Result<Self, AccessError> {
        let directory = Directory::open(catalogue)?;
        Ok(Self::of(account, root, directory, Sessions::open(catalogue)?))
    }

    /// Takes every access key for the account itself, without looking at signatures, and keeps nothing: for trials.
    pub fn off(account: &str) -> Self {
        Self::of(account, None, Directory::in_memory(), Sessions::in_memory())
    }

    fn of(account: &str, root: Option<RootKey>, directory: Directory, sessions: Sessions) -> Self {
        let account = account.to_owned();
        let (resource_policies, last_uses) = (RwLock::default(), Mutex::default());
        Self { account, root, directory, sessions, resource_policies, last_uses }
    }

    /// The account, 12 digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether signatures are looked at and policies are held to.
    pub fn is_on(&self) -> bool {
        self.root.is_some()
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// An access key that is in force at `now`, in Unix milliseconds; for what checks signatures itself, as S3 does.
    ///
    /// Whoever asks must hold the session token against that of the request ([`Secret::is`]). Of an `Access` that is off,
    /// only keys that it made itself are known: ask [`Access::is_on`] first.
    pub fn key(&self, access_key: &str, now: i64) -> Option<Key> {
        self.find_key(access_key, now).ok()
    }

    /// The same, with why there is none.
    fn find_key(&self, access_key: &str, now: i64) -> Result<Key, Refusal> {
        if let Some(root) = self.root.as_ref().filter(|root| root.id == access_key) {
            let principal = Principal::root(&self.account, access_key);
            return Ok(Key { secret: root.secret.clone(), session_token: None, principal });
        }
        let state = self.directory.read();
        if let Some((user, key)) = state.key(access_key).filter(|(_, key)| key.is_active) {
            let (arn, user_id) = (user.identity.arn.clone(), user.identity.id.clone());
            let principal = Principal { arn, user_id, access_key: access_key.to_owned() };
            return Ok(Key { secret: key.secret.clone(), session_token: None, principal });
        }
        let session = self.sessions.get(access_key).ok_or(Refusal::UnknownKey)?;
        if session.expires <= now {
            return Err(Refusal::ExpiredToken);
        }
        let user_arn = match &session.of {
            SessionOf::User { name, .. } => state.users.get(name).map(|user| user.identity.arn.as_str()),
            _ => None,
        };
        let principal = session.principal(&self.account, user_arn);
        Ok(Key { secret: session.secret.clone(), session_token: Some(session.token.clone()), principal })
    }

    /// Whether a key is temporary.
    pub(crate) fn is_session(&self, access_key: &str) -> bool {
        self.sessions.get(access_key).is_some()
    }

    /// Whether there is such a key, in force or not.
    pub(crate) fn is_key(&self, access_key: &str) -> bool {
        let is_root = self.root.as_ref().is_some_and(|root| root.id == access_key);
        is_root || self.directory.read().key(access_key).is_some() || self.is_session(access_key)
    }

    /// Who holds an access key, when nobody looks at signatures: whoever it was made for, otherwise the account itself.
    pub fn trusted(&self, access_key: &str, now: i64) -> Principal {
        let known = self.key(access_key, now).map(|key| key.principal);
        known.unwrap_or_else(|| Principal::root(&self.account, access_key))
    }

    /// Who signed a request.
    ///
    /// # Errors
    /// Nobody did, or not as the rules of signature version 4 say.
    pub fn authenticate(&self, signed: &Signed<'_>, service: ServiceName, now: i64) -> Result<Principal, Refusal> {
        let principal = if self.is_on() {
            signature::verify(signed, service, now, |id| self.find_key(id, now))?.principal
        } else {
            let scope = Scope::of(signed.uri, signed.headers).ok_or(Refusal::MissingToken)?;
            self.trusted(&scope.access_key, now)
        };
        let region = || Scope::of(signed.uri, signed.headers).map(|scope| scope.region).unwrap_or_default();
        self.note_use(&principal.access_key, region, service, now);
        Ok(principal)
    }

    /// Remembers that a key was used.
    pub(crate) fn note_use(&self, key: &str, region: impl FnOnce() -> String, service: ServiceName, now: i64) {
        // Only keys of users are asked about.
        if self.directory.read().key(key).is_none() {
            return;
        }
        let last = LastUse { time: now, region: region(), service: service.signing_name() };
        self.last_uses.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), last);
    }

    /// When a key of a user was used last, since this program started.
    pub(crate) fn last_use(&self, key: &str) -> Option<LastUse> {
        self.last_uses.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}

#[cfg(test)]
mod tests;
