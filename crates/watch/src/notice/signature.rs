//! The key that signs notices, so that an endpoint knows from whom they are.

use serde::{Deserialize, Serialize};

/// Which digest is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SignatureVersion {
    /// SHA-1.
    #[default]
    #[serde(rename = "1")]
    One,
    /// SHA-256.
    #[serde(rename = "2")]
    Two,
}

impl SignatureVersion {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::One, Self::Two].into_iter().find(|version| version.number() == text)
    }

    /// As SNS writes it.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
        }
    }
}
