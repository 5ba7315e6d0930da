//! Bodies in the encoding `aws-chunked`, where nobody looks at signatures: chunks with their lengths, then trailers.
//!
//! Where signatures are looked at, `s3s` takes the encoding off.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    http::{
        HeaderMap, HeaderName, HeaderValue, Request,
        header::{CONTENT_ENCODING, CONTENT_LENGTH},
    },
};
use futures::{Stream, StreamExt, stream};

/// The trailers of a body, once it was read to its end.
#[derive(Debug, Clone, Default)]
pub(super) struct Trailers(Arc<Mutex<Option<HeaderMap>>>);

impl Trailers {
    pub(super) fn take(&self) -> Option<HeaderMap> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn add(&self, name: &str, value: &str) {
        let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) else {
            return;
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().insert(name, value);
    }
}

/// Longest line between chunks.
const LONGEST_LINE: usize = 4096;

/// Most trailers.
const MOST_TRAILERS: usize = 32;

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChunkError {
    #[error("the body ended before its last chunk")]
    Incomplete,
    #[error("a line between chunks is not what aws-chunked has there")]
    Malformed,
    #[error("{0}")]
    Broken(#[from] axum::Error),
}

/// The same request with its body as it is meant, if it is in this encoding.
pub(super) fn decoded(mut request: Request<Body>) -> Request<Body> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if !text("x-amz-content-sha256").is_some_and(|kind| kind.starts_with("STREAMING-")) {
        return request;
    }
    let length = text("x-amz-decoded-content-length").and_then(|length| length.parse::<u64>().ok());
    let trailers = Trailers::default();
    let body = std::mem::take(request.body_mut());
    let headers = request.headers_mut();
    headers.remove(CONTENT_LENGTH);
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    let encoding = headers.remove(CONTENT_ENCODING).and_then(|encoding| encoding.to_str().ok().map(str::to_owned));
    if let Some(rest) = stored_encoding(encoding).and_then(|rest| rest.parse().ok()) {
        headers.insert(CONTENT_ENCODING, rest);
    }
    request.extensions_mut().insert(trailers.clone());
    *request.body_mut() = Body::from_stream(chunks(body.into_data_stream(), trailers));
    request
}

/// `aws-chunked` is an encoding of the request, not of the object.
pub(super) fn stored_encoding(encoding: Option<String>) -> Option<String> {
    let parts = encoding?.split(',').map(str::trim).filter(|part| *part != "aws-chunked").collect::<Vec<_>>().join(",");
    (!parts.is_empty()).then_some(parts)
}

/// What is left to do with the bytes of the body.
enum Expected {
    /// The line with the length of a chunk.
    Length,
    /// So many bytes.
    Data(usize),
    /// The end of the line behind a chunk.
    End,
    /// Trailers.
    Trailer,
}

struct Reader {
    body: BodyDataStream,
    /// Came, and was not read yet.
    waiting: Bytes,
    expected: Expected,
    trailers: Trailers,
    count: usize,
}

fn chunks(body: BodyDataStream, trailers: Trailers) -> impl Stream<Item = Result<Bytes, ChunkError>> {
    let reader = Reader { body, waiting: Bytes::new(), expected: Expected::Length, trailers, count: 0 };
    stream::try_unfold(reader, |mut reader| async move { Ok(reader.next().await?.map(|bytes| (bytes, reader))) })
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Bytes>, ChunkError> {
        loop {
            match self.expected {
                Expected::Length => {
                    let line = self.line().await?.ok_or(ChunkError::Incomplete)?;
                    let digits = line.split(';').next().unwrap_or_default();
                    let length = usize::from_str_radix(digits.trim(), 16).map_err(|_| ChunkError::Malformed)?;
                    self.expected = if length == 0 { Expected::Trailer } else { Expected::Data(length) };
                }
                Expected::Data(length) => {
                    if self.waiting.is_empty() && !self.more().await? {
                        return Err(ChunkError::Incomplete);
                    }
                    let bytes = self.waiting.split_to(length.min(self.waiting.len()));
                    let rest = length - bytes.len();
                    self.expected = if rest == 0 { Expected::End } else { Expected::Data(rest) };
                    if !bytes.is_empty() {
                        return Ok(Some(bytes));
                    }
                }
                Expected::End => {
                    if !self.line().await?.ok_or(ChunkError::Incomplete)?.is_empty() {
                        return Err(ChunkError::Malformed);
                    }
                    self.expected = Expected::Length;
                }
                Expected::Trailer => {
                    let Some(line) = self.line().await? else { return Ok(None) };
                    if let Some((name, value)) = line.split_once(':') {
                        self.count += 1;
                        if self.count > MOST_TRAILERS {
                            return Err(ChunkError::Malformed);
                        }
                        self.trailers.add(name.trim(), value.trim());
                    }
                }
            }
        }
    }

    /// The next line without its end; none at the end of the body.
    async fn line(&mut self) -> Result<Option<String>, ChunkError> {
        loop {
            if let Some(at) = self.waiting.iter().position(|byte| *byte == b'\n') {
                let line = self.waiting.split_to(at + 1);
                let line = std::str::from_utf8(&line).map_err(|_| ChunkError::Malformed)?;
                return Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()));
            }
            if self.waiting.len() > LONGEST_LINE {
                return Err(ChunkError::Malformed);
            }
            if !self.more().await? {
                return if self.waiting.is_empty() { Ok(None) } else { Err(ChunkError::Incomplete) };
            }
        }
    }

    /// Waits for more of the body; false at its end.
    async fn more(&mut self) -> Result<bool, ChunkError> {
        let Some(bytes) = self.body.next().await else { return Ok(false) };
        let bytes = bytes?;
        self.waiting =
            if self.waiting.is_empty() { bytes } else { [std::mem::take(&mut self.waiting), bytes].concat().into() };
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(pieces: Vec<&'static [u8]>) -> (Result<Vec<u8>, String>, Option<HeaderMap>) {
        let body = Body::from_stream(stream::iter(
            pieces.into_iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece))),
        ));
        let request = Request::put("/b/k")
            .header("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
            .header("x-amz-decoded-content-length", "11")
            .header("content-encoding", "aws-chunked, gzip")
            .body(body)
            .expect("request");
        let request = decoded(request);
        assert_eq!(request.headers()["content-length"], "11");
        assert_eq!(request.headers()["content-encoding"], "gzip");
        let trailers = request.extensions().get::<Trailers>().expect("there").clone();
        let read = axum::body::to_bytes(request.into_body(), usize::MAX).await;
        (read.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string()), trailers.take())
    }

    const WHOLE: &[u8] = b"5;chunk-signature=00\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";

    #[tokio::test]
    async fn chunks_are_put_together_wherever_they_are_cut() {
        for cut in 0..WHOLE.len() {
            let (read, trailers) = read(vec![&WHOLE[..cut], &WHOLE[cut..]]).await;
            assert_eq!(read.expect("read"), b"hello world", "{cut}");
            assert_eq!(trailers.expect("came")["x-amz-checksum-crc32"], "AAAA");
        }
    }

    #[tokio::test]
    async fn what_is_not_the_encoding_is_refused() {
        for wrong in
            [&b"5\r\nhel"[..], b"", b"zz\r\nhello\r\n", b"5\r\nhelloworld\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n"]
        {
            assert!(read(vec![wrong]).await.0.is_err(), "{wrong:?}");
        }
        let long = vec![b'1'; 10_000].leak();
        assert!(read(vec![long]).await.0.is_err());
    }
}
