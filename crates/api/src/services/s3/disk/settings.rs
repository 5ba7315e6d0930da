//! What is set for a bucket: a document by its name.

use s3s::S3Result;
use serde::{Serialize, de::DeserializeOwned};

use super::{Bucket, Disk, rows};
use crate::services::s3::error::broke;

/// What becomes of a version when a newer one is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
pub(in super::super) enum Versioning {
    /// It is gone.
    #[default]
    Never,
    /// It stays.
    Enabled,
    /// It stays if it was written while versioning was enabled.
    Suspended,
}

impl Disk {
    /// The document of a name; none if it is not set.
    ///
    /// # Errors
    /// Those of the catalogue.
    pub(in super::super) fn setting<T: DeserializeOwned>(&self, bucket: &str, name: &str) -> S3Result<Option<T>> {
        let document = self.change(|on| rows::setting(on, bucket, name))?;
        document.map(|document| serde_json::from_str(&document).map_err(broke)).transpose()
    }

    /// Sets a document; none removes it.
    ///
    /// # Errors
    /// Those of the catalogue.
    pub(in super::super) fn set<T: Serialize>(&self, bucket: &Bucket, name: &str, value: Option<&T>) -> S3Result<()> {
        let document = value.map(serde_json::to_string).transpose().map_err(broke)?;
        let (region, created) = (&bucket.region, bucket.created);
        self.change(|on| {
            // A folder that was made by hand is known from here on.
            if rows::bucket(on, &bucket.name)?.is_none() {
                rows::put_bucket(on, &bucket.name, region, created)?;
            }
            rows::set(on, &bucket.name, name, document.as_deref())
        })
    }

    /// Whether versions stay.
    ///
    /// # Errors
    /// Those of the catalogue.
    pub(in super::super) fn versioning(&self, bucket: &str) -> S3Result<Versioning> {
        Ok(self.setting(bucket, "versioning")?.unwrap_or_default())
    }
}
