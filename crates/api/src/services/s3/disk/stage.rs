//! Bytes that come in: into a file that nobody sees, while their digests are made.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::Arc,
};

use axum::body::Bytes;
use futures::{Stream, StreamExt, stream};
use s3s::{
    S3Error, S3Result, StdError,
    crypto::{Checksum as _, Md5},
    dto::StreamingBlob,
};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{Bucket, Disk};
use crate::services::s3::{
    checksum::{Algorithm, Hasher, Sum},
    error::{broke, refuse},
};

/// So much is written and read at once.
const CHUNK: usize = 1 << 20;

/// The digests that are made while bytes come in.
pub(in super::super) struct Digests {
    md5: Md5,
    hasher: Hasher,
}

impl Digests {
    pub(in super::super) fn new(algorithm: Algorithm) -> Self {
        Self { md5: Md5::new(), hasher: Hasher::new(algorithm) }
    }

    pub(in super::super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.hasher.update(bytes);
    }
}

/// A file that is being written. Dropped, it leaves nothing.
pub(in super::super) struct Staged {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) size: u64,
    pub(super) kept: bool,
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A file with all its bytes, and what they amount to.
pub(in super::super) struct Filled {
    pub(in super::super) staged: Staged,
    pub(in super::super) md5: [u8; 16],
    pub(in super::super) sum: Sum,
}

impl Staged {
    pub(in super::super) fn size(&self) -> u64 {
        self.size
    }

    pub(in super::super) fn write(&mut self, bytes: &[u8]) -> S3Result<()> {
        self.file.write_all(bytes).map_err(broke)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Copies a file to the end: within the kernel, where that can be.
    pub(super) fn append(&mut self, mut file: File) -> S3Result<()> {
        self.size += std::io::copy(&mut file, &mut self.file).map_err(broke)?;
        Ok(())
    }

    pub(in super::super) fn filled(self, digests: Digests) -> Filled {
        Filled { staged: self, md5: digests.md5.finalize(), sum: digests.hasher.finish() }
    }
}

impl Disk {
    /// A new file that nobody sees, on the file system of the bucket.
    ///
    /// # Errors
    /// Those of the disk.
    pub(in super::super) fn stage(&self, bucket: &Bucket) -> S3Result<Staged> {
        let path = bucket.system("temporary", &Uuid::new_v4().simple().to_string());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(broke)?;
        }
        let file = File::create_new(&path).map_err(broke)?;
        Ok(Staged { path, file, size: 0, kept: false })
    }
}

/// Takes a body in, a chunk at a time.
///
/// # Errors
/// Those of the disk, and those of the body: what was signed is not what came.
pub(in super::super) async fn fill(
    disk: &Arc<Disk>,
    bucket: &Bucket,
    body: Option<StreamingBlob>,
    algorithm: Algorithm,
) -> S3Result<Filled> {
    let (of, name) = (Arc::clone(disk), bucket.clone());
    let mut writing = blocking(move || Ok((of.stage(&name)?, Digests::new(algorithm)))).await?;
    let mut waiting: Vec<Bytes> = Vec::new();
    let mut length = 0;
    if let Some(mut body) = body {
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|error| not_read(&error))?;
            length += bytes.len();
            waiting.push(bytes);
            if length >= CHUNK {
                let chunk = std::mem::take(&mut waiting);
                writing = blocking(move || write(writing, &chunk)).await?;
                length = 0;
            }
        }
    }
    blocking(move || write(writing, &waiting).map(|(staged, digests)| staged.filled(digests))).await
}

fn write((mut staged, mut digests): (Staged, Digests), chunk: &[Bytes]) -> S3Result<(Staged, Digests)> {
    for bytes in chunk {
        digests.update(bytes);
        staged.write(bytes)?;
    }
    Ok((staged, digests))
}

/// Why a body ended before its end.
fn not_read(error: &StdError) -> S3Error {
    let text = error.to_string();
    if text.contains("SignatureMismatch") {
        let message = "The request signature we calculated does not match the signature you provided. Check your key and \
                       signing method.";
        return refuse("SignatureDoesNotMatch", 403, message);
    }
    if text.contains("Sha256Mismatch") {
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        return refuse("XAmzContentSHA256Mismatch", 400, message);
    }
    let message = "You did not provide the number of bytes specified by the Content-Length HTTP header";
    refuse("IncompleteBody", 400, message)
}

/// The bytes of a file from `at` on, `length` of them, a chunk at a time.
pub(in super::super) fn open_for_reading(file: File, at: u64, length: u64) -> StreamingBlob {
    StreamingBlob::wrap(read_chunks(Arc::new(file), at, at + length))
}

fn read_chunks(file: Arc<File>, at: u64, end: u64) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    stream::try_unfold((file, at), move |(file, at)| async move {
        if at >= end {
            return Ok(None);
        }
        let length = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
        let reading = Arc::clone(&file);
        let read = spawn_blocking(move || {
            let mut chunk = vec![0; length];
            reading.read_exact_at(&mut chunk, at).map(|()| chunk)
        });
        let chunk = read.await.map_err(std::io::Error::other)??;
        Ok(Some((Bytes::from(chunk), (file, at + length as u64))))
    })
}

/// Runs what waits for the disk on a thread for that.
///
/// # Errors
/// Those of the work.
pub(in super::super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> S3Result<T> + Send + 'static,
) -> S3Result<T> {
    spawn_blocking(work).await.map_err(broke)?
}
