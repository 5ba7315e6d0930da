//! Who asks, and whether they may.

mod context;
mod key;
mod principal;

use axum::http::{HeaderMap, Method, Uri};
use weir_store::{Catalogue, CatalogueError};

use crate::{Call, Refusal, ServiceName, signature, wire::Scope};

pub use context::Context;
pub use key::{Key, RootKey, Secret};
pub use principal::{OverTls, Principal, Source};

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

/// Keys, users, roles and policies of one account.
#[derive(Debug)]
pub struct Access {
    account: String,
    root: Option<RootKey>,
}

impl Access {
    /// Reads who may do what.
    ///
    /// `root` is the key of the account itself, which the program keeps. Without one every key is the account itself, and
    /// nobody looks at signatures: for a listener on this machine only.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn open(_catalogue: &Catalogue, account: &str, root: Option<RootKey>) -> Result<Self, CatalogueError> {
        Ok(Self { account: account.to_owned(), root })
    }

    /// Takes every access key for the account itself, without looking at signatures, and keeps nothing: for trials.
    pub fn off(account: &str) -> Self {
        Self { account: account.to_owned(), root: None }
    }

    /// The account, 12 digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether signatures are looked at and policies are held to.
    pub fn is_on(&self) -> bool {
        self.root.is_some()
    }

    /// An access key that is in force at `now`, in Unix milliseconds; for what checks signatures itself, as S3 does.
    ///
    /// Whoever asks must hold the session token against that of the request ([`Secret::is`]). Of an `Access` that is off,
    /// only keys that it made itself are known: ask [`Access::is_on`] first.
    pub fn key(&self, access_key: &str, _now: i64) -> Option<Key> {
        let root = self.root.as_ref().filter(|root| root.id == access_key)?;
        let principal = Principal::root(&self.account, access_key);
        Some(Key { secret: root.secret.clone(), session_token: None, principal })
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
        if self.is_on() {
            let find = |id: &str| self.key(id, now).ok_or(Refusal::UnknownKey);
            return signature::verify(signed, service, now, find).map(|key| key.principal);
        }
        let scope = Scope::of(signed.uri, signed.headers).ok_or(Refusal::MissingToken)?;
        Ok(self.trusted(&scope.access_key, now))
    }

    /// Whether the caller may do something to all of these resources.
    ///
    /// # Errors
    /// They may not; the text says what is missing.
    pub fn authorize(&self, call: &Call, action: &str, resources: &[String]) -> Result<(), Refusal> {
        self.authorize_in(call, action, resources, Context::of(call))
    }

    /// The same, where conditions may ask about more than [`Context::of`] has, such as `s3:prefix`.
    ///
    /// # Errors
    /// They may not; the text says what is missing.
    pub fn authorize_in(&self, _call: &Call, _action: &str, _: &[String], _context: Context) -> Result<(), Refusal> {
        Ok(())
    }
}
