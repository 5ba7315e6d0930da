//! An object store that refuses, stalls, or loses its answers when told to.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use futures::stream::BoxStream;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart, memory::InMemory, path::Path as Key,
};
use tokio::sync::{Notify, watch};

#[derive(Debug)]
pub(super) struct Faults {
    inner: InMemory,
    refuse: Mutex<Option<&'static str>>,
    lose_answers: AtomicBool,
    stall: watch::Sender<bool>,
    stalled: Notify,
    parts_left: Arc<AtomicUsize>,
    aborted: Arc<AtomicUsize>,
}

impl Faults {
    pub(super) fn new(inner: InMemory) -> Self {
        let (refuse, lose_answers) = (Mutex::new(None), AtomicBool::new(false));
        let (parts_left, aborted) = (Arc::new(AtomicUsize::new(usize::MAX)), Arc::default());
        let (stall, stalled) = (watch::Sender::new(false), Notify::new());
        Self { inner, refuse, lose_answers, stall, stalled, parts_left, aborted }
    }

    /// Refuses every put with this reason.
    pub(super) fn refuse(&self, reason: Option<&'static str>) {
        *self.refuse.lock().expect("not poisoned") = reason;
    }

    /// Does what is asked and then says that it failed.
    pub(super) fn lose_answers(&self, lose: bool) {
        self.lose_answers.store(lose, Ordering::Relaxed);
    }

    /// Takes so many more parts of uploads.
    pub(super) fn refuse_parts_after(&self, parts: Option<usize>) {
        self.parts_left.store(parts.unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    /// How many uploads were given up in order.
    pub(super) fn aborted(&self) -> usize {
        self.aborted.load(Ordering::Relaxed)
    }

    /// Answers no put until told otherwise.
    pub(super) fn stall(&self, stall: bool) {
        self.stall.send_replace(stall);
    }

    /// Waits until a put waits.
    pub(super) async fn stalled(&self) {
        self.stalled.notified().await;
    }

    async fn gate(&self) -> Result<()> {
        self.stalled.notify_one();
        let _ = self.stall.subscribe().wait_for(|stall| !stall).await;
        let reason = *self.refuse.lock().expect("not poisoned");
        reason.map_or(Ok(()), |reason| Err(Error::Generic { store: "test", source: reason.into() }))
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Faults")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Faults {
    async fn put_opts(&self, location: &Key, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.gate().await?;
        let result = self.inner.put_opts(location, payload, options).await?;
        if self.lose_answers.load(Ordering::Relaxed) {
            return Err(Error::Generic { store: "test", source: "the answer was lost".into() });
        }
        Ok(result)
    }

    async fn put_multipart_opts(
        &self,
        location: &Key,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.gate().await?;
        let inner = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(Upload { inner, parts_left: Arc::clone(&self.parts_left), aborted: Arc::clone(&self.aborted) }))
    }

    async fn get_opts(&self, location: &Key, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Key>>) -> BoxStream<'static, Result<Key>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct Upload {
    inner: Box<dyn MultipartUpload>,
    parts_left: Arc<AtomicUsize>,
    aborted: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let one_less = |left: usize| left.checked_sub(1);
        match self.parts_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
            Ok(_) => self.inner.put_part(data),
            Err(_) => Box::pin(async { Err(Error::Generic { store: "test", source: "no more parts".into() }) }),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.aborted.fetch_add(1, Ordering::Relaxed);
        self.inner.abort().await
    }
}
