//! Access keys and their secrets.

use std::fmt;

use ring::{
    error::Unspecified,
    rand::{SecureRandom as _, SystemRandom},
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::Principal;

/// A text that is never shown: `Debug` leaves it out, and it has no `Display`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes a secret in.
    pub fn new(secret: impl Into<Box<str>>) -> Self {
        Self(secret.into())
    }

    /// The secret itself: for signing, and for whoever made it, once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is this one. Takes as long whatever they share.
    pub fn is(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The access key of the account itself, which the program keeps.
#[derive(Debug, Clone)]
pub struct RootKey {
    /// Such as `AKIA…`.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
}

impl RootKey {
    /// A key that the program read.
    pub fn new(id: impl Into<String>, secret: impl Into<Box<str>>) -> Self {
        Self { id: id.into(), secret: Secret::new(secret) }
    }

    /// A new key.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn generate() -> Result<Self, Unspecified> {
        Ok(Self { id: new_id("AKIA")?, secret: new_secret()? })
    }
}

/// An access key that is in force.
#[derive(Debug, Clone)]
pub struct Key {
    /// What its holder signs with.
    pub secret: Secret,
    /// What its holder must send beside the signature; temporary keys have one.
    pub session_token: Option<Secret>,
    /// Who holds it.
    pub principal: Principal,
}

/// What the random part of ids is made of. Source: the form of ids in AWS's answers.
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Base64, and its variant without signs that mean something elsewhere.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `AKIA` and 16 letters, and the like for users, roles and policies.
///
/// # Errors
/// The system has no random numbers.
pub(crate) fn new_id(prefix: &str) -> Result<String, Unspecified> {
    Ok(format!("{prefix}{}", random(LETTERS, 16)?))
}

/// The same, one letter longer: users, roles, groups and policies have 21.
///
/// # Errors
/// The system has no random numbers.
pub(crate) fn new_entity_id(prefix: &str) -> Result<String, Unspecified> {
    Ok(format!("{prefix}{}", random(LETTERS, 17)?))
}

/// 40 letters.
///
/// # Errors
/// The system has no random numbers.
pub(crate) fn new_secret() -> Result<Secret, Unspecified> {
    Ok(Secret::new(random(BASE64, 40)?))
}

/// The token of a session: 356 letters, of which the first 13 are always the same.
///
/// # Errors
/// The system has no random numbers.
pub(crate) fn new_session_token() -> Result<Secret, Unspecified> {
    Ok(Secret::new(format!("FQoGZXIvYXdzE{}", random(BASE64, 343)?)))
}

/// The alphabets have a power of two of letters, so each is as likely.
fn random(alphabet: &[u8], length: usize) -> Result<String, Unspecified> {
    let mut bytes = vec![0; length];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_form_of_aws_and_no_secret_is_shown() {
        let key = RootKey::generate().expect("random");
        assert_eq!((key.id.len(), key.secret.expose().len()), (20, 40));
        assert!(key.id.starts_with("AKIA"));
        assert!(key.secret.is(key.secret.expose()) && !key.secret.is("x"));
        let shown = format!("{key:?}");
        assert!(shown.contains(&key.id) && !shown.contains(key.secret.expose()), "{shown}");
    }
}
