//! Who is signed in to the console.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};

use super::KeyInput;
use crate::{
    ApiError,
    access::{Access, Principal},
};

/// Most sessions at a time; one more ends the one that would end first.
const MOST: usize = 10_000;

/// Sessions by the digest of their token. In memory: a restart ends them all.
pub(super) struct Sessions {
    /// Milliseconds.
    lifetime: i64,
    live: Mutex<HashMap<Vec<u8>, Session>>,
}

struct Session {
    access_key: String,
    /// Of whoever had the key at the beginning.
    user_id: String,
    /// Unix milliseconds.
    expires: i64,
}

impl Sessions {
    pub(super) fn new(lifetime: i64) -> Self {
        Self { lifetime, live: Mutex::default() }
    }

    /// How long a session lasts.
    pub(super) fn seconds(&self) -> i64 {
        self.lifetime / 1000
    }

    /// Begins a session for whoever holds a key: its token, and who that is.
    ///
    /// # Errors
    /// No key that is in force is this one.
    pub(super) fn begin(&self, access: &Access, key: &KeyInput, now: i64) -> Result<(String, Principal), ApiError> {
        let wrong = || {
            let text = "No access key that is in force has this id and secret. `weir env` prints the root's.";
            ApiError::new("SignInFailed", text).with_status(403)
        };
        let found = access.key(key.access_key_id.trim(), now).ok_or_else(wrong)?;
        let has_token = match &found.session_token {
            Some(token) => token.is(key.session_token.trim()),
            None => key.session_token.trim().is_empty(),
        };
        if !found.secret.is(key.secret_access_key.trim()) || !has_token {
            return Err(wrong());
        }
        let token = new_token()?;
        let Principal { access_key, user_id, .. } = found.principal.clone();
        self.add(digest_of(&token), Session { access_key, user_id, expires: now.saturating_add(self.lifetime) }, now);
        Ok((token, found.principal))
    }

    fn add(&self, id: Vec<u8>, session: Session, now: i64) {
        let mut live = self.live();
        live.retain(|_, session| session.expires > now);
        if live.len() >= MOST {
            let first = live.iter().min_by_key(|(_, session)| session.expires).map(|(id, _)| id.clone());
            first.map(|first| live.remove(&first));
        }
        live.insert(id, session);
    }

    /// Whose session a token is of. A session ends with its time, and with its key.
    pub(super) fn holder(&self, access: &Access, token: &str, now: i64) -> Option<Principal> {
        let id = digest_of(token);
        let (access_key, user_id) = {
            let live = self.live();
            let session = live.get(&id).filter(|session| session.expires > now)?;
            (session.access_key.clone(), session.user_id.clone())
        };
        let principal = access.key(&access_key, now).map(|key| key.principal);
        let principal = principal.filter(|principal| principal.user_id == user_id);
        if principal.is_none() {
            self.live().remove(&id);
        }
        principal
    }

    /// Ends a session.
    pub(super) fn end(&self, token: &str) {
        self.live().remove(&digest_of(token));
    }

    fn live(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Session>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest_of(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

/// 256 random bits.
fn new_token() -> Result<String, ApiError> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| ApiError::internal("the system has no random numbers"))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
