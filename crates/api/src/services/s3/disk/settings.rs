//! What is set for a bucket: a document by its name.

use s3s::S3Result;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Bucket, Disk,
    known::{ByName, KnownBucket},
    rows,
};
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

impl Disk {
    /// The document of a name; none if it is not set.
    ///
    /// # Errors
    /// It cannot be read.
    pub(in super::super) fn setting<T: DeserializeOwned>(&self, bucket: &str, name: &str) -> S3Result<Option<T>> {
        let known = self.known.read();
        let document = known.get(bucket).and_then(|known| known.settings.get(name).cloned());
        drop(known);
        document.as_deref().map(read).transpose()
    }

    /// Sets a document; none removes it.
    ///
    /// # Errors
    /// Those of the catalogue.
    pub(in super::super) fn set<T: Serialize>(&self, bucket: &Bucket, name: &str, value: Option<&T>) -> S3Result<()> {
        let document = value.map(serde_json::to_string).transpose().map_err(broke)?;
        self.write(&mut self.known.write(), bucket, name, document)
    }

    /// Makes a document out of the one that is set, while nobody else sets any: of two at once neither is lost.
    ///
    /// # Errors
    /// Those of `work`, which must be short and must not ask for settings, and those of the catalogue.
    pub(in super::super) fn update<T: Serialize + DeserializeOwned>(
        &self,
        bucket: &Bucket,
        name: &str,
        work: impl FnOnce(Option<T>) -> S3Result<T>,
    ) -> S3Result<()> {
        let mut known = self.known.write();
        let before = known.get(&bucket.name).and_then(|known| known.settings.get(name));
        let after = work(before.map(|before| read(before)).transpose()?)?;
        let after = serde_json::to_string(&after).map_err(broke)?;
        if before.is_some_and(|before| **before == after) {
            return Ok(());
        }
        self.write(&mut known, bucket, name, Some(after))
    }

    /// On disk first, then for readers.
    fn write(&self, known: &mut ByName, bucket: &Bucket, name: &str, document: Option<String>) -> S3Result<()> {
        let Bucket { name: of, region, created, .. } = bucket;
        // A folder that was made by hand is known from here on.
        let is_new = !known.contains_key(of);
        self.change(|on| {
            if is_new {
                rows::put_bucket(on, of, region, *created)?;
            }
            rows::set(on, of, name, document.as_deref())
        })?;
        let bucket = known.entry(of.clone()).or_insert_with(|| KnownBucket::new(region, *created));
        match document {
            Some(document) => drop(bucket.settings.insert(name.to_owned(), document.into())),
            None => drop(bucket.settings.remove(name)),
        }
        Ok(())
    }

    /// Whether versions stay.
    ///
    /// # Errors
    /// What is set cannot be read.
    pub(in super::super) fn versioning(&self, bucket: &str) -> S3Result<Versioning> {
        Ok(self.setting(bucket, "versioning")?.unwrap_or_default())
    }
}
