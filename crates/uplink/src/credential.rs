//! Who may do what: tokens to join, and what a host that has joined shows.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{UplinkError, hex};

/// 128 bits that nobody can guess. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret([u8; 16]);

impl Secret {
    /// A secret of random bytes.
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for Secret {
    type Err = UplinkError;

    fn from_str(text: &str) -> Result<Self, UplinkError> {
        hex::decode(text).map(Self).ok_or(UplinkError::Credential)
    }
}

impl TryFrom<String> for Secret {
    type Error = UplinkError;

    fn try_from(text: String) -> Result<Self, UplinkError> {
        text.parse()
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.to_string()
    }
}

/// SHA-256 of a server's certificate: an agent talks to no server that shows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The digest.
    pub const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex::encode(&self.0))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = UplinkError;

    fn try_from(text: String) -> Result<Self, UplinkError> {
        hex::decode(&text).map(Self).ok_or(UplinkError::Fingerprint)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

/// What `Authorization: Bearer …` shows: the id of a token or of a host, and its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Id of a join token, or of a host: `i-…`.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
}

impl fmt::Display for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.id, self.secret)
    }
}

impl FromStr for Credential {
    type Err = UplinkError;

    fn from_str(text: &str) -> Result<Self, UplinkError> {
        let (id, secret) = text.split_once(':').ok_or(UplinkError::Credential)?;
        if !is_id(id) {
            return Err(UplinkError::Credential);
        }
        Ok(Self { id: id.to_owned(), secret: secret.parse()? })
    }
}

/// Whether a text is an id of a token or a host: short, and safe as the name of a file.
fn is_id(text: &str) -> bool {
    let good = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=40).contains(&text.len()) && text.bytes().all(good)
}

/// What is given to a host so that it may join, and nothing else: `weir-join-<id>-<secret>-<fingerprint>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// Eight hexadecimal digits: how people name it, to revoke it.
    pub id: String,
    /// Its secret. The server keeps only a digest.
    pub secret: Secret,
    /// The certificate of the server that made it.
    pub fingerprint: Fingerprint,
}

const TOKEN_PREFIX: &str = "weir-join-";

impl JoinToken {
    /// An id of random bytes.
    pub fn id(random: [u8; 4]) -> String {
        hex::encode(&random)
    }

    /// What the host shows with it.
    pub fn credential(&self) -> Credential {
        Credential { id: self.id.clone(), secret: self.secret.clone() }
    }
}

impl fmt::Display for JoinToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{TOKEN_PREFIX}{}-{}-{}", self.id, self.secret, self.fingerprint)
    }
}

impl FromStr for JoinToken {
    type Err = UplinkError;

    fn from_str(text: &str) -> Result<Self, UplinkError> {
        let parts: Vec<&str> = text.strip_prefix(TOKEN_PREFIX).ok_or(UplinkError::Token)?.split('-').collect();
        let [id, secret, fingerprint] = parts[..] else { return Err(UplinkError::Token) };
        hex::decode::<4>(id).ok_or(UplinkError::Token)?;
        Ok(Self {
            id: id.to_owned(),
            secret: secret.parse().map_err(|_| UplinkError::Token)?,
            fingerprint: fingerprint.to_owned().try_into().map_err(|_| UplinkError::Token)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> JoinToken {
        JoinToken {
            id: JoinToken::id([0xab; 4]),
            secret: Secret::new([7; 16]),
            fingerprint: Fingerprint::new([0x1f; 32]),
        }
    }

    #[test]
    fn a_token_is_read_back_as_it_was_written() {
        let text = token().to_string();
        assert!(text.starts_with("weir-join-abababab-0707"), "{text}");
        assert_eq!(text.parse(), Ok(token()));
    }

    #[test]
    fn a_token_that_lost_a_letter_is_refused() {
        let text = token().to_string();
        for cut in [&text[..text.len() - 1], &text[1..], "", "weir-join-", &text.to_uppercase()] {
            assert_eq!(cut.parse::<JoinToken>(), Err(UplinkError::Token), "{cut}");
        }
    }

    #[test]
    fn credentials_name_a_file_and_nothing_else() {
        let text = format!("i-0123456789abcdef0:{}", Secret::new([9; 16]));
        assert_eq!(text.parse::<Credential>().unwrap().to_string(), text);
        for id in ["../../etc/passwd", "", "i-A", "a.b", &"a".repeat(41)] {
            let text = format!("{id}:{}", Secret::new([9; 16]));
            assert_eq!(text.parse::<Credential>(), Err(UplinkError::Credential), "{id}");
        }
    }

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        assert!(!format!("{:?}", token()).contains("0707"));
    }
}
