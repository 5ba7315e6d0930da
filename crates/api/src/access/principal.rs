//! Who calls, and from where.

use std::net::IpAddr;

use serde::Serialize;

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

/// From where a call came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// The address; none of a call that this program makes itself.
    pub ip: Option<IpAddr>,
    /// The program, as it calls itself.
    pub user_agent: String,
    /// The page that sent a browser here, as it says; empty if it says nothing.
    pub referer: String,
    /// What the client calls this server, such as `localhost:4780`; empty of a call that this program makes itself.
    pub host: String,
    /// Whether it came through TLS.
    pub is_secure: bool,
}

/// Put among the extensions of a request that came through TLS.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;
