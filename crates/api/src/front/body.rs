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
/// What of each body is its beginning: most bodies are no longer.
const BEGINNING: usize = 64 << 10;
/// Memory that the beginnings of all bodies may take together.
const BEGINNINGS: usize = 64 << 20;
/// Memory that all bodies may take together beyond their beginnings.
const REST: usize = 192 << 20;
/// Room is given away in parts of this size.
const PART: usize = 4 << 10;

/// Memory for bodies, shared by all requests: a flood of long ones is refused, and takes nothing from short ones or from the
/// rest of the program.
#[derive(Debug, Clone)]
pub struct Room {
    beginnings: Arc<Semaphore>,
    rest: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(BEGINNINGS, REST)
    }
}

impl Room {
    fn of(beginnings: usize, rest: usize) -> Self {
        let parts = |bytes: usize| Arc::new(Semaphore::new(bytes / PART));
        Self { beginnings: parts(beginnings), rest: parts(rest) }
    }
}

/// Some of the room, until it is dropped.
#[derive(Debug, Default)]
struct Share {
    parts: Option<OwnedSemaphorePermit>,
    /// Bytes that it holds.
    held: usize,
}

impl Share {
    /// Takes parts until it holds so many bytes.
    fn reach(&mut self, of: &Arc<Semaphore>, bytes: usize) -> Result<(), Refusal> {
        let parts = bytes.saturating_sub(self.held).div_ceil(PART);
        if parts == 0 {
            return Ok(());
        }
        let count = u32::try_from(parts).map_err(|_| Refusal::Busy)?;
        let permit = Arc::clone(of).try_acquire_many_owned(count).map_err(|_| Refusal::Busy)?;
        match &mut self.parts {
            Some(held) => held.merge(permit),
            none => *none = Some(permit),
        }
        self.held += parts * PART;
        Ok(())
    }
}

/// A body, and the room that it takes until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    beginning: Share,
    rest: Share,
}

impl Held {
    /// Takes room for a body of so many bytes.
    fn reach(&mut self, room: &Room, bytes: usize) -> Result<(), Refusal> {
        self.beginning.reach(&room.beginnings, bytes.min(BEGINNING))?;
        self.rest.reach(&room.rest, bytes.saturating_sub(BEGINNING))
    }
}

/// Reads a body as it comes.
pub(crate) async fn read(mut body: Body, room: &Room) -> Result<Held, Refusal> {
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
        held.reach(room, whole.len() + piece.len())?;
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
            Ok(_) => held.reach(room, inflated.len())?,
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

    #[tokio::test]
    async fn bodies_share_the_room_and_give_it_back() {
        let room = Room::of(3 * BEGINNING, 8 * PART);
        let whole = vec![b'a'; BEGINNING + 6 * PART];
        let first = read(Body::from(whole.clone()), &room).await.expect("there is room");
        assert_eq!(first.bytes, whole);
        assert_eq!(read(Body::from(vec![0; BEGINNING + 3 * PART]), &room).await.expect_err("no room"), Refusal::Busy);
        assert!(read(Body::from(vec![0; BEGINNING + 2 * PART]), &room).await.is_ok());
        drop(first);
        assert!(read(Body::from(whole), &room).await.is_ok());
        assert_eq!((room.beginnings.available_permits(), room.rest.available_permits()), (3 * BEGINNING / PART, 8));
    }

    #[tokio::test]
    async fn long_bodies_leave_room_for_short_ones() {
        let room = Room::of(2 * BEGINNING, PART);
        let long = read(Body::from(vec![0; BEGINNING + PART]), &room).await.expect("there is room");
        assert_eq!(room.rest.available_permits(), 0);
        let short = read(Body::from(vec![0; BEGINNING]), &room).await.expect("there is room for a short one");
        assert_eq!(read(Body::from(vec![0]), &room).await.expect_err("no room"), Refusal::Busy);
        drop((long, short));
    }

    #[tokio::test]
    async fn a_long_body_is_refused_before_it_is_read() {
        let refused = read(Body::from(vec![0; LONGEST + 1]), &Room::default()).await;
        assert_eq!(refused.expect_err("too long"), Refusal::TooLarge(LONGEST));
    }

    #[test]
    fn what_inflates_beyond_measure_is_refused() {
        let bomb = |length: usize| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&vec![0; length]).expect("in memory");
            encoder.finish().expect("in memory")
        };
        assert_eq!(inflated(&bomb(LONGEST), &Room::default()).expect("just").bytes.len(), LONGEST);
        assert_eq!(inflated(&bomb(LONGEST + 1), &Room::default()).expect_err("too long"), Refusal::TooLarge(LONGEST));
        assert_eq!(inflated(&bomb(LONGEST), &Room::of(BEGINNING, 8 * PART)).expect_err("no room"), Refusal::Busy);
        assert!(matches!(inflated(b"no gzip", &Room::default()), Err(Refusal::Malformed(_))));
    }
}
