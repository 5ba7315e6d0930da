//! Who asks, and whether they may.

use axum::http::{HeaderMap, Method, Uri};
use serde::Serialize;

use crate::{Call, Refusal, ServiceName, wire::Scope};

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// `arn:aws:iam::<account>:root`, `…:user/<name>`, or `arn:aws:sts::<account>:assumed-role/<role>/<session>`; empty of
    /// nobody.
    pub arn: String,
    /// The unique id, as `GetCallerIdentity` gives it.
    pub user_id: String,
    /// The access key that signed.
    pub access_key: String,
}

impl Principal {
    /// The account itself, which may do everything.
    pub fn root(account: &str, access_key: &str) -> Self {
        let arn = format!("arn:aws:iam::{account}:root");
        Self { arn, user_id: account.to_owned(), access_key: access_key.to_owned() }
    }

    /// Whoever did not sign.
    pub fn nobody() -> Self {
        Self { arn: String::new(), user_id: String::new(), access_key: String::new() }
    }

    /// Whether somebody signed.
    pub fn is_somebody(&self) -> bool {
        !self.arn.is_empty()
    }
}

/// What a signature is over.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub uri: &'a Uri,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The body as it came.
    pub body: &'a [u8],
}

/// Keys, users, roles and policies of one account.
#[derive(Debug)]
pub struct Access {
    account: String,
}

impl Access {
    /// Takes every access key for the account itself, without looking at signatures: for a listener on this machine only.
    pub fn off(account: &str) -> Self {
        Self { account: account.to_owned() }
    }

    /// The account, 12 digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Who signed a request.
    ///
    /// # Errors
    /// Nobody did, or not as the rules of signature version 4 say.
    pub fn authenticate(&self, signed: &Signed<'_>, _service: ServiceName, _now: i64) -> Result<Principal, Refusal> {
        let scope = Scope::of(signed.uri, signed.headers).ok_or(Refusal::MissingToken)?;
        Ok(Principal::root(&self.account, &scope.access_key))
    }

    /// Whether the caller may do something to all of these resources.
    ///
    /// # Errors
    /// They may not; the text says what is missing.
    pub fn authorize(&self, _call: &Call, _action: &str, _resources: &[String]) -> Result<(), Refusal> {
        Ok(())
    }
}
