//! The body of a request to an operation: short, and read whole.

use std::{future::poll_fn, io::Read as _, pin::Pin, sync::Arc};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    http::{HeaderMap, header::CONTENT_ENCODING},
};
use bytes::BytesMut;
use flate2::read::GzDecoder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Refusal;

/// Longest body, compressed or not. The longest input of an operation, `PutLogEvents`, is 1 MiB of messages, which JSON may
/// write six times as long.
const LONGEST: usize = 16 << 20;
/// Memory that all bodies may take together.
const ROOM: usize = 256 << 20;
/// Room is given away in parts of this size.
const PART: usize = 4 << 10;

/// Memory for bodies, shared by all requests: a flood of long ones is refused, and takes nothing from the rest of the program.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM / PART)))
    }
}

/// A body, and the room that it takes until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) bytes: Bytes,
    parts: Option<OwnedSemaphorePermit>,
    /// What of the parts is not used.
    spare: usize,
}

impl Held {
    /// Takes room for so many bytes more.
    fn grow(&mut self, room: &Room, bytes: usize) -> Result<(), Refusal> {
        if bytes > self.spare {
            let parts = (bytes - self.spare).div_ceil(PART);
            let count = u32::try_from(parts).map_err(|_| Refusal::Busy)?;
            let permit = Arc::clone(&room.0).try_acquire_many_owned(count).map_err(|_| Refusal::Busy)?;
            match &mut self.parts {
                Some(held) => held.merge(permit),
                none => *none = Some(permit),
            }
            self.spare += parts * PART;
        }
        self.spare -= bytes;
        Ok(())
    }
}

/// Reads a body as it comes.
pub(super) async fn read(mut body: Body, room: &Room) -> Result<Held, Refusal> {
    let least = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if least > LONGEST {
        return Err(Refusal::TooLarge(LONGEST));
    }
    let mut held = Held::default();
    let mut whole = BytesMut::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        // What is no data is a trailer.
        let Ok(piece) = frame.map_err(|_| Refusal::Unfinished)?.into_data() else { continue };
        if whole.len() + piece.len() > LONGEST {
            return Err(Refusal::TooLarge(LONGEST));
        }
        held.grow(room, piece.len())?;
        whole.extend_from_slice(&piece);
    }
    held.bytes = whole.freeze();
    Ok(held)
}

/// Whether the client says that the body is compressed.
pub(super) fn is_compressed(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip")
}

/// Inflates a body.
pub(super) fn inflated(body: &[u8], room: &Room) -> Result<Held, Refusal> {
    let mut decoder = GzDecoder::new(body);
    let mut held = Held::default();
    let mut inflated = Vec::new();
    let most = u64::try_from(PART).unwrap_or(u64::MAX);
    loop {
        match decoder.by_ref().take(most).read_to_end(&mut inflated) {
            Ok(0) => break,
            Ok(_) if inflated.len() > LONGEST => return Err(Refusal::TooLarge(LONGEST)),
            Ok(bytes) => held.grow(room, bytes)?,
            Err(error) => return Err(Refusal::Malformed(format!("the body is not gzip: {error}"))),
        }
    }
    held.bytes = inflated.into();
    Ok(held)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn room(bytes: usize) -> Room {
        Room(Arc::new(Semaphore::new(bytes / PART)))
    }

    #[tokio::test]
    async fn bodies_share_the_room_and_give_it_back() {
        let room = room(8 * PART);
        let whole = vec![b'a'; 6 * PART];
        let first = read(Body::from(whole.clone()), &room).await.expect("there is room");
        assert_eq!(first.bytes, whole);
        assert_eq!(read(Body::from(vec![0; 3 * PART]), &room).await.expect_err("no room"), Refusal::Busy);
        assert!(read(Body::from(vec![0; 2 * PART]), &room).await.is_ok());
        drop(first);
        assert!(read(Body::from(whole), &room).await.is_ok());
        assert_eq!(room.0.available_permits(), 8);
    }

    #[tokio::test]
    async fn a_long_body_is_refused_before_it_is_read() {
        let refused = read(Body::from(vec![0; LONGEST + 1]), &room(PART)).await;
        assert_eq!(refused.expect_err("too long"), Refusal::TooLarge(LONGEST));
    }

    #[test]
    fn what_inflates_beyond_measure_is_refused() {
        let bomb = |length: usize| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&vec![0; length]).expect("in memory");
            encoder.finish().expect("in memory")
        };
        assert_eq!(inflated(&bomb(LONGEST), &room(ROOM)).expect("just").bytes.len(), LONGEST);
        assert_eq!(inflated(&bomb(LONGEST + 1), &room(ROOM)).expect_err("too long"), Refusal::TooLarge(LONGEST));
        assert_eq!(inflated(&bomb(LONGEST), &room(8 * PART)).expect_err("no room"), Refusal::Busy);
        assert!(matches!(inflated(b"no gzip", &room(ROOM)), Err(Refusal::Malformed(_))));
    }
}
