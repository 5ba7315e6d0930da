//! Names of buckets.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::StoreError;

/// A bucket's name by the rules of S3: 3 to 63 lower-case letters, digits, hyphens and dots, with a letter
/// or digit at either end, no two dots side by side, and not shaped as an IPv4 address.
///
/// Hence it is always one safe path component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BucketName(String);

impl BucketName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BucketName {
    type Err = StoreError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let refuse = |problem| Err(StoreError::BucketName { name: name.into(), problem });
        let alphanumeric = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let bytes = name.as_bytes();
        if !(3..=63).contains(&bytes.len()) {
            return refuse("give 3 to 63 characters");
        }
        let allowed = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
        if !bytes.iter().all(allowed) {
            return refuse("only lower-case letters, digits, hyphens and dots are allowed");
        }
        if !alphanumeric(bytes.first()) || !alphanumeric(bytes.last()) {
            return refuse("begin and end it with a letter or a digit");
        }
        if name.contains("..") {
            return refuse("two dots side by side are not allowed");
        }
        if name.parse::<Ipv4Addr>().is_ok() {
            return refuse("an IPv4 address is not allowed");
        }
        Ok(Self(name.into()))
    }
}

impl TryFrom<String> for BucketName {
    type Error = StoreError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<BucketName> for String {
    fn from(name: BucketName) -> Self {
        name.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_s3_are_taken_and_others_refused() {
        for good in ["flow-logs", "abc", "a.b.c", "1logs", &"x".repeat(63)] {
            assert!(good.parse::<BucketName>().is_ok(), "{good}");
        }
        let too_long = "x".repeat(64);
        for bad in [
            "", "ab", &too_long, "Logs", "a_b", "a/b", "..", "../etc", ".hidden", "a..b", "-ab", "ab-", "10.0.0.1",
            "bü-cket", "a b",
        ] {
            assert!(bad.parse::<BucketName>().is_err(), "{bad}");
        }
    }
}
