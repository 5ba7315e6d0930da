//! Temporary keys: sessions of roles, users and the account.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};
use weir_store::{Catalogue, CatalogueError};

use super::{AccessError, Principal, Secret, directory::Tags, policy::Document};
use crate::ApiError;

/// Most sessions at a time.
const MOST: usize = 100_000;

/// A session: a temporary key, and whose it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    /// `ASIA…`.
    pub(crate) key: String,
    pub(crate) secret: Secret,
    pub(crate) token: Secret,
    pub(crate) of: SessionOf,
    /// Unix milliseconds.
    pub(crate) issued: i64,
    /// Unix milliseconds.
    pub(crate) expires: i64,
    /// What it is cut to, of its own; none: nothing was said.
    pub(crate) policy: Option<Document>,
    /// ARNs of managed policies that it is cut to.
    pub(crate) policy_arns: Vec<String>,
    pub(crate) tags: Tags,
    pub(crate) source_identity: Option<String>,
}

/// Whose session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SessionOf {
    Root,
    User {
        name: String,
        /// Of the user when the session began: another user of the same name is another.
        id: String,
    },
    Role {
        name: String,
        id: String,
        session: String,
    },
    Federated {
        name: String,
        /// The user who vouches for it, by name and id; none: the account itself.
        by: Option<(String, String)>,
    },
}

impl Session {
    /// Whether it is cut to something.
    pub(crate) fn is_cut(&self) -> bool {
        self.policy.is_some() || !self.policy_arns.is_empty() || matches!(self.of, SessionOf::Federated { .. })
    }

    /// Who holds it.
    pub(crate) fn principal(&self, account: &str, user_arn: Option<&str>) -> Principal {
        let access_key = self.key.clone();
        let sts = |resource: String| format!("arn:aws:sts::{account}:{resource}");
        match &self.of {
            SessionOf::Root => Principal::root(account, &access_key),
            SessionOf::User { name, id } => {
                let arn = user_arn.map_or_else(|| format!("arn:aws:iam::{account}:user/{name}"), str::to_owned);
                Principal { arn, user_id: id.clone(), access_key }
            }
            SessionOf::Role { name, id, session } => Principal {
                arn: sts(format!("assumed-role/{name}/{session}")),
                user_id: format!("{id}:{session}"),
                access_key,
            },
            SessionOf::Federated { name, .. } => Principal {
                arn: sts(format!("federated-user/{name}")),
                user_id: format!("{account}:{name}"),
                access_key,
            },
        }
    }
}

/// The sessions that have not ended.
#[derive(Debug)]
pub(crate) struct Sessions {
    kept: Option<Catalogue>,
    by_key: RwLock<HashMap<String, Arc<Session>>>,
    /// Held while one is added.
    adding: Mutex<()>,
}

impl Sessions {
    /// Reads them. The tables are there: the directory made them.
    pub(super) fn open(catalogue: &Catalogue) -> Result<Self, AccessError> {
        let bodies: Vec<String> = catalogue.change(|transaction| {
            let mut select = transaction.prepare("SELECT body FROM access_session")?;
            let bodies = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok::<_, CatalogueError>(bodies)
        })?;
        // One that cannot be read is one that has ended.
        let sessions = bodies.iter().filter_map(|body| serde_json::from_str::<Session>(body).ok());
        let by_key = sessions.map(|session| (session.key.clone(), Arc::new(session))).collect();
        Ok(Self { kept: Some(catalogue.clone()), by_key: RwLock::new(by_key), adding: Mutex::default() })
    }

    pub(super) fn in_memory() -> Self {
        Self { kept: None, by_key: RwLock::default(), adding: Mutex::default() }
    }

    /// A session, also one that has ended not long ago.
    pub(super) fn get(&self, key: &str) -> Option<Arc<Session>> {
        self.by_key.read().unwrap_or_else(PoisonError::into_inner).get(key).map(Arc::clone)
    }

    /// Adds one, on disk first, and forgets those that ended an hour ago.
    pub(crate) fn add(&self, session: Session, now: i64) -> Result<Arc<Session>, ApiError> {
        const HOUR: i64 = 3_600_000;
        let session = Arc::new(session);
        let is_over = |session: &Session| session.expires < now - HOUR;
        // Every request asks for its session: nobody waits for the disk but who adds another.
        let _alone = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let by_key = self.by_key.read().unwrap_or_else(PoisonError::into_inner);
        let alive = by_key.values().filter(|session| !is_over(session)).count();
        drop(by_key);
        if alive >= MOST {
            let text = format!("There are {MOST} sessions that have not ended; wait until some have.");
            return Err(ApiError::new("LimitExceeded", text).with_status(409));
        }
        if let Some(catalogue) = &self.kept {
            let body =
                serde_json::to_string(session.as_ref()).map_err(|_| ApiError::internal("a session has no JSON"))?;
            catalogue
                .change(|transaction| {
                    transaction.execute("DELETE FROM access_session WHERE expires < ?1", [now - HOUR])?;
                    let insert = "INSERT OR REPLACE INTO access_session VALUES (?1, ?2, ?3)";
                    transaction.execute(insert, (&session.key, session.expires, body))?;
                    Ok::<_, CatalogueError>(())
                })
                .map_err(ApiError::internal)?;
        }
        let mut by_key = self.by_key.write().unwrap_or_else(PoisonError::into_inner);
        by_key.retain(|_, session| !is_over(session));
        by_key.insert(session.key.clone(), Arc::clone(&session));
        Ok(session)
    }
}
