//! Putting one object into its bucket.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, path::Path as Key};
use weir_record::ObjectKey;

use crate::{
    BucketName, Buckets, StoreError,
    merge::Merge,
    spool::{Pending, Target},
};

/// The buckets that objects were put in, kept open.
#[derive(Debug)]
pub(super) struct Bucketing {
    buckets: Buckets,
    s3: BTreeMap<BucketName, Arc<dyn ObjectStore>>,
    /// Bytes of a part. An object of no more goes in one piece.
    pub(super) part: usize,
}

/// At least 5 MiB for S3; all parts but the last alike, as some stores ask.
const PART: usize = 8 << 20;

/// An object that is in its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Put {
    pub records: u64,
    pub bytes: u64,
}

impl Bucketing {
    pub(super) fn new(buckets: Buckets) -> Self {
        Self { buckets, s3: BTreeMap::new(), part: PART }
    }

    /// Encodes the segments and puts the object: whole or not at all.
    pub(super) async fn put(&mut self, pending: &Pending) -> Result<Put, StoreError> {
        let target = &pending.target;
        let name = format!("s3://{}/{}", target.bucket, target.key);
        let store = self.store(target)?;
        let file_format = target.key.parse::<ObjectKey>()?.file_format();
        let key = Key::parse(&target.key).map_err(|error| StoreError::object("put", &name)(error.into()))?;
        let merge = Merge::new(file_format, pending.segments()?, self.part);

        let (merge, first) = next_part(merge).await?;
        let first = first.unwrap_or_default();
        if first.len() < self.part {
            let bytes = first.len() as u64;
            store.put(&key, first.into()).await.map_err(StoreError::object("put", name))?;
            return Ok(Put { records: merge.records(), bytes });
        }
        let mut upload = store.put_multipart(&key).await.map_err(StoreError::object("put", &name))?;
        match send_parts(upload.as_mut(), merge, first, &name).await {
            Ok(put) => Ok(put),
            Err(error) => {
                // The first error says more than one of clearing up.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }

    fn store(&mut self, target: &Target) -> Result<Arc<dyn ObjectStore>, StoreError> {
        if target.folder {
            return self.buckets.store(&target.bucket, true);
        }
        if let Some(store) = self.s3.get(&target.bucket) {
            return Ok(Arc::clone(store));
        }
        let store = self.buckets.store(&target.bucket, false)?;
        self.s3.insert(target.bucket.clone(), Arc::clone(&store));
        Ok(store)
    }
}

async fn send_parts(
    upload: &mut dyn MultipartUpload,
    mut merge: Merge,
    first: Bytes,
    name: &str,
) -> Result<Put, StoreError> {
    let mut bytes = 0;
    let mut part = Some(first);
    while let Some(sending) = part {
        bytes += sending.len() as u64;
        upload.put_part(sending.into()).await.map_err(StoreError::object("put", name))?;
        (merge, part) = next_part(merge).await?;
    }
    upload.complete().await.map_err(StoreError::object("put", name))?;
    Ok(Put { records: merge.records(), bytes })
}

/// Encodes on a thread for blocking work.
async fn next_part(mut merge: Merge) -> Result<(Merge, Option<Bytes>), StoreError> {
    let work = tokio::task::spawn_blocking(move || merge.part().map(|part| (merge, part)));
    work.await.map_err(|error| StoreError::Interrupted { problem: error.to_string() })?
}
