//! What is known of buckets: where and when each was made, and what is set for it. In memory whole, and in the catalogue row
//! by row, so that nobody who puts or gets an object waits for the catalogue to say that nothing is set.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use weir_store::{Catalogue, CatalogueError};

use super::rows;

/// A bucket that has rows.
#[derive(Debug)]
pub(super) struct KnownBucket {
    pub(super) region: String,
    /// Unix milliseconds.
    pub(super) created: i64,
    /// Documents by their names.
    pub(super) settings: BTreeMap<String, Arc<str>>,
}

impl KnownBucket {
    /// A bucket that nothing is set for.
    pub(super) fn new(region: &str, created: i64) -> Self {
        Self { region: region.to_owned(), created, settings: BTreeMap::new() }
    }
}

pub(super) type ByName = BTreeMap<String, KnownBucket>;

/// All buckets that have rows, by name. Whoever changes rows holds it for writing until they are on disk.
#[derive(Debug)]
pub(super) struct Known(RwLock<ByName>);

impl Known {
    pub(super) fn open(catalogue: &Catalogue) -> Result<Self, CatalogueError> {
        let (buckets, settings) =
            catalogue.change(|on| Ok::<_, CatalogueError>((rows::buckets(on)?, rows::settings(on)?)))?;
        let known = buckets.into_iter().map(|(name, region, created)| (name, KnownBucket::new(&region, created)));
        let mut known: ByName = known.collect();
        for (bucket, name, document) in settings {
            // Rows of settings are written after that of their bucket, and go with it.
            if let Some(bucket) = known.get_mut(&bucket) {
                bucket.settings.insert(name, document.into());
            }
        }
        Ok(Self(RwLock::new(known)))
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, ByName> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, ByName> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
