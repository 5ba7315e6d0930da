//! A server on loopback, and clients of it.

use std::{path::PathBuf, sync::Arc};

use axum::{Router, body::Body, extract::Request, http::Response};
use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use tokio::{net::TcpListener, runtime::Runtime};
use weir_store::Buckets;

use crate::{
    Foundation,
    access::{Access, RootKey},
    services::{
        fixture::{ACCOUNT, Folder, NOW},
        s3::S3,
    },
};

pub(super) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
pub(super) const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// A server, and its data.
pub(super) struct Server {
    pub(super) address: String,
    pub(super) s3: Arc<S3>,
    pub(super) folder: Arc<Folder>,
    pub(super) buckets: Buckets,
    runtime: Runtime,
}

impl Server {
    /// One that looks at signatures.
    pub(super) fn start() -> Self {
        Self::over(Folder::new(), true)
    }

    /// One that does not.
    pub(super) fn open() -> Self {
        Self::over(Folder::new(), false)
    }

    /// What a program finds that starts after this one has ended.
    pub(super) fn again(self) -> Self {
        let folder = self.folder.again();
        // What still runs ends first; the folder stays until then.
        let Self { runtime, folder: kept, .. } = self;
        drop(runtime);
        let mut server = Self::over(folder, true);
        server.folder = kept;
        server
    }

    fn over(folder: Arc<Folder>, is_on: bool) -> Self {
        let foundation = folder.foundation();
        let root = is_on.then(|| RootKey::new(KEY, SECRET));
        let access = Access::open(&foundation.catalogue, ACCOUNT, root).expect("access");
        let foundation = Foundation { access: Arc::new(access), ..foundation };
        let s3 = S3::open(&foundation, Arc::new(|_| {}), || NOW).expect("opened");
        let runtime = Runtime::new().expect("a runtime");
        let handler = s3.handler();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(move |request: Request<Body>| {
            let answer = handler(request);
            async move { answer.await as Response<Body> }
        });
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, s3, folder, buckets: foundation.buckets, runtime }
    }

    /// Does what a client does.
    pub(super) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The folder of a bucket.
    pub(super) fn bucket(&self, name: &str) -> PathBuf {
        self.folder.path().join("buckets").join(name)
    }

    /// A bucket through the client of `object_store`; it is made if need be.
    pub(super) fn store(&self, bucket: &str) -> AmazonS3 {
        let path = self.bucket(bucket);
        if !path.exists() {
            self.s3.service.disk.create_bucket(bucket, "us-east-1", NOW).expect("made");
        }
        AmazonS3Builder::new()
            .with_endpoint(&self.address)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_access_key_id(KEY)
            .with_secret_access_key(SECRET)
            .with_bucket_name(bucket)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .build()
            .expect("a client")
    }
}
