//! The body of a request to an operation: short, and read whole.

use std::io::Read as _;

use axum::{
    body::{self, Body, Bytes},
    http::{HeaderMap, header::CONTENT_ENCODING},
};
use flate2::read::GzDecoder;

use crate::Refusal;

/// Longest body, compressed or not. The longest input of an operation, `PutLogEvents`, is 1 MiB of messages, which JSON may
/// write six times as long.
const LONGEST: usize = 16 << 20;

/// Reads a body as it comes.
pub(super) async fn read(body: Body) -> Result<Bytes, Refusal> {
    body::to_bytes(body, LONGEST).await.map_err(|_| Refusal::TooLarge(LONGEST))
}

/// Inflates a body where the client says that it is compressed.
pub(super) fn plain(body: &Bytes, headers: &HeaderMap) -> Result<Bytes, Refusal> {
    let is_gzip = headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
    if is_gzip { inflate(body) } else { Ok(body.clone()) }
}

fn inflate(body: &[u8]) -> Result<Bytes, Refusal> {
    let mut inflated = Vec::new();
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    let read = GzDecoder::new(body).take(most + 1).read_to_end(&mut inflated);
    match read {
        Ok(length) if length > LONGEST => Err(Refusal::TooLarge(LONGEST)),
        Ok(_) => Ok(inflated.into()),
        Err(error) => Err(Refusal::Malformed(format!("the body is not gzip: {error}"))),
    }
}
