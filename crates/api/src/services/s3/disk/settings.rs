//! What is set for a bucket: a document by its name.

use rusqlite::Transaction;
use s3s::S3Result;
use serde::{Serialize, de::DeserializeOwned};
use weir_store::CatalogueError;

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

fn read<T: DeserializeOwned>(document: &str) -> S3Result<T> {
    serde_json::from_str(document).map_err(broke)
}

fn write(on: &Transaction<'_>, bucket: &Bucket, name: &str, document: Option<&str>) -> Result<(), CatalogueError> {
    // A folder that was made by hand is known from here on.
    if rows::bucket(on, &bucket.name)?.is_none() {
        rows::put_bucket(on, &bucket.name, &bucket.region, bucket.created)?;
    }
    rows::set(on, &bucket.name, name, document)
}

impl Disk {
    /// The document of a name; none if it is not set.
    ///
    /// # Errors
    /// Those of the catalogue.
    pub(in super::super) fn setting<T: DeserializeOwned>(&self, bucket: &str, name: &str) -> S3Result<Option<T>> {
        let document = self.change(|on| rows::setting(on, bucket, name))?;
        document.as_deref().map(read).transpose()
    }

    /// Sets a document; none removes it.
    ///
    /// # Errors
    /// Those of the catalogue.
    pub(in super::super) fn set<T: Serialize>(&self, bucket: &Bucket, name: &str, value: Option<&T>) -> S3Result<()> {
        let document = value.map(serde_json::to_string).transpose().map_err(broke)?;
        self.change(|on| write(on, bucket, name, document.as_deref()))
    }

    /// Makes a document out of the one that is set, in one transaction: of two at once neither is lost.
    ///
    /// # Errors
    /// Those of `work`, which must be short and must not ask the catalogue, and those of the catalogue.
    pub(in super::super) fn update<T: Serialize + DeserializeOwned>(
        &self,
        bucket: &Bucket,
        name: &str,
        work: impl FnOnce(Option<T>) -> S3Result<T>,
    ) -> S3Result<()> {
        self.change(|on| {
            let before = rows::setting(on, &bucket.name, name)?;
            let after = before.as_deref().map(read).transpose().and_then(work);
            let after = after.and_then(|after| serde_json::to_string(&after).map_err(broke));
            Ok(match after {
                Ok(after) if before.as_ref() == Some(&after) => Ok(()),
                Ok(after) => Ok(write(on, bucket, name, Some(&after))?),
                Err(error) => Err(error),
            })
        })?
    }

    /// Whether versions stay.
    ///
    /// # Errors
    /// Those of the catalogue.
    pub(in super::super) fn versioning(&self, bucket: &str) -> S3Result<Versioning> {
        Ok(self.setting(bucket, "versioning")?.unwrap_or_default())
    }
}
