//! Names of buckets.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use serde::{Deserialize, Serialize};

/// A bucket's name by the rules of S3: 3 to 63 lower-case letters, digits, hyphens and dots, with a letter
/// or digit at either end, no two dots side by side, and not shaped as an IPv4 address.
///
/// Hence it is always one safe path component. Names that S3 gives out itself, such as those of access points,
/// are among them: they are read from like buckets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BucketName(String);

/// A name that is none for a bucket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid bucket name `{name}`: {problem}")]
pub struct BucketNameError {
    /// The name as given.
    pub name: String,
    /// What is wrong and what would be right.
    pub problem: &'static str,
}

impl BucketName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Why nobody but AWS itself makes a bucket of this name.
    pub(crate) fn reserved(&self) -> Option<&'static str> {
        const PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
        const SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
        if PREFIXES.iter().any(|prefix| self.0.starts_with(prefix)) {
            return Some("it begins as only names of AWS itself may");
        }
        let reserved = SUFFIXES.iter().any(|suffix| self.0.ends_with(suffix));
        reserved.then_some("it ends as only names of AWS itself may")
    }
}

impl FromStr for BucketName {
    type Err = BucketNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let refuse = |problem| Err(BucketNameError { name: name.into(), problem });
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
    type Error = BucketNameError;

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
