//! What is known of an object beside its bytes.

use std::collections::BTreeMap;

use s3s::dto;
use serde::{Deserialize, Serialize};

use super::{acl::Acl, checksum::Sum};

/// What a client said of an object, and what was found out about it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    /// Without quotes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) etag: String,
    #[serde(flatten)]
    pub(super) headers: Headers,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
    /// None is `STANDARD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) storage_class: Option<String>,
    /// None is `AES256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encryption: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kms_key: Option<String>,
    /// Whether the key of KMS is one for the whole bucket.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) has_bucket_key: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sum: Option<Sum>,
    /// Of an object that came in parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<PartFacts>,
    /// The upload that it came by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) upload: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<(String, String)>,
    /// Where the bucket takes access control lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acl: Option<Acl>,
}

/// The content headers, as they are given back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Headers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<dto::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) redirect: Option<String>,
}

/// One part of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PartFacts {
    pub(super) number: i32,
    /// Bytes.
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sum: Option<Sum>,
}

/// The content headers of an input that has them all.
macro_rules! headers_of {
    ($input:expr) => {
        $crate::services::s3::facts::Headers {
            content_type: $input.content_type.take(),
            cache_control: $input.cache_control.take(),
            content_disposition: $input.content_disposition.take(),
            content_encoding: $crate::services::s3::chunked::stored_encoding($input.content_encoding.take()),
            content_language: $input.content_language.take(),
            expires: $input.expires.take(),
            redirect: $input.website_redirect_location.take(),
        }
    };
}
pub(super) use headers_of;

impl Facts {
    pub(super) fn storage_class(&self) -> &str {
        self.storage_class.as_deref().unwrap_or("STANDARD")
    }

    /// What S3 says in a header only if it is not the usual one.
    pub(super) fn unusual_class(&self) -> Option<dto::StorageClass> {
        self.storage_class.clone().filter(|class| class != "STANDARD").map(Into::into)
    }

    pub(super) fn encryption(&self) -> dto::ServerSideEncryption {
        self.encryption.clone().unwrap_or_else(|| "AES256".to_owned()).into()
    }

    /// What headers say of the key of KMS, if there is one.
    pub(super) fn bucket_key(&self) -> Option<bool> {
        (self.has_bucket_key && self.encryption.is_some()).then_some(true)
    }

    pub(super) fn etag(&self) -> dto::ETag {
        dto::ETag::Strong(self.etag.clone())
    }
}
