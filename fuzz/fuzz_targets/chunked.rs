//! Any bytes as a body in the encoding `aws-chunked`: it is read or refused, the same however it is cut on the way.

#![no_main]

use axum::{
    body::{Body, Bytes, to_bytes},
    http::Request,
};
use futures::{executor::block_on, stream};
use libfuzzer_sys::fuzz_target;
use weir_fuzz::services::s3::decoded_body;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, body) = input;
    let whole = read(body, body.len().max(1));
    assert_eq!(whole, read(body, usize::from(size).max(1)));
    assert!(whole.is_none_or(|whole| whole.len() <= body.len()));
});

/// What is in the chunks of a body that comes in pieces.
fn read(body: &[u8], size: usize) -> Option<Bytes> {
    let pieces: Vec<Result<Bytes, axum::Error>> =
        body.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let request = Request::put("/bucket/key")
        .header("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        .header("x-amz-decoded-content-length", "5")
        .body(Body::from_stream(stream::iter(pieces)))
        .expect("a request");
    block_on(to_bytes(decoded_body(request).into_body(), usize::MAX)).ok()
}
