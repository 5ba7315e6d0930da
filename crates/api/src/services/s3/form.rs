//! Forms of browsers, for a listener that does not look at signatures: `s3s` checks one that has a signature, so it gets none.

use std::future::ready;

use axum::{
    body::{Body, BodyDataStream, Bytes},
    http::{Method, Request, header::CONTENT_TYPE},
};
use futures::{Stream, StreamExt, stream};

/// Fields with signatures, and names of the same length that S3 says mean nothing.
const SIGNATURES: [(&[u8], &[u8]); 2] =
    [(b"name=\"x-amz-signature\"", b"name=\"x-ignore-signat\""), (b"name=\"signature\"", b"name=\"x-ignore-\"")];
/// The last field.
const FILE: &[u8] = b"name=\"file\"";
/// So many bytes have all fields before the file at most.
const LONGEST: usize = 256 << 10;

/// The same request; a form is without its signature.
pub(super) fn unsigned(request: Request<Body>) -> Request<Body> {
    let kind = request.headers().get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    if request.method() != Method::POST || !kind.to_ascii_lowercase().starts_with(b"multipart/form-data") {
        return request;
    }
    request.map(|body| Body::from_stream(without_signature(body.into_data_stream())))
}

/// The fields before the file are held until all are there; the file goes on as it comes.
fn without_signature(mut body: BodyDataStream) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    let fields = async move {
        let mut head = Vec::new();
        while head.len() < LONGEST && find(&head, FILE).is_none() {
            match body.next().await {
                Some(Ok(bytes)) => head.extend_from_slice(&bytes),
                Some(Err(error)) => return (Err(error), body),
                None => break,
            }
        }
        rename(&mut head);
        (Ok(Bytes::from(head)), body)
    };
    stream::once(fields).flat_map(|(head, rest)| stream::once(ready(head)).chain(rest))
}

fn rename(form: &mut [u8]) {
    let end = find(form, FILE).unwrap_or(form.len());
    for (name, other) in SIGNATURES {
        if let Some(at) = find(&form[..end], name) {
            form[at..at + name.len()].copy_from_slice(other);
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn a_signature_is_a_field_that_means_nothing_however_the_form_is_cut() {
        let form = "--b\r\nContent-Disposition: form-data; name=\"x-amz-signature\"\r\n\r\nabc\r\n--b\r\n\
                    Content-Disposition: form-data; name=\"file\"\r\n\r\nname=\"signature\"\r\n--b--\r\n";
        for size in [1, 7, 1000] {
            let pieces: Vec<Result<Bytes, axum::Error>> =
                form.as_bytes().chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            let body = Body::from_stream(stream::iter(pieces));
            let request = Request::post("/b").header(CONTENT_TYPE, "multipart/form-data; boundary=b").body(body);
            let body = unsigned(request.expect("a request")).into_body();
            let read = block_on(axum::body::to_bytes(body, usize::MAX)).expect("read");
            let expected = form.replace("x-amz-signature", "x-ignore-signat");
            assert_eq!(std::str::from_utf8(&read).expect("a text"), expected);
        }
    }
}
