//! The body of a request from a client that may be slow, but not for ever.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long to wait for a client in all, at first.
const GRACE: Duration = Duration::from_secs(30);
/// Each second that is waited for a client must bring so many bytes, beyond the grace.
const BYTES_A_SECOND: u64 = 8 << 10;

/// A body. Only the time that is waited for the client counts, not that in which nobody wanted more.
pub struct Patient {
    body: Incoming,
    /// Time that may still be waited.
    left: Duration,
    waiting: Option<Waiting>,
    is_read: Read,
}

/// Whether a body was read to its end.
#[derive(Clone, Default)]
pub struct Read(Arc<AtomicBool>);

impl Read {
    pub fn is_done(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn note(&self, body: &Incoming) {
        self.0.fetch_or(body.is_end_stream(), Ordering::Relaxed);
    }
}

struct Waiting {
    since: Instant,
    end: Pin<Box<Sleep>>,
}

impl Patient {
    pub fn new(body: Incoming) -> Self {
        let is_read = Read::default();
        is_read.note(&body);
        Self { body, left: GRACE, waiting: None, is_read }
    }

    /// Tells when all of it has been read.
    pub fn is_read(&self) -> Read {
        self.is_read.clone()
    }

    /// Something came: what was waited is used up, what was brought is earned.
    fn settle(&mut self, bytes: usize) {
        let Some(waiting) = self.waiting.take() else { return };
        let earned = Duration::from_secs(1).mul_f64(bytes as f64 / BYTES_A_SECOND as f64);
        self.left = self.left.saturating_sub(waiting.since.elapsed()).saturating_add(earned).min(GRACE);
    }
}

impl Body for Patient {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
            let bytes = data.map_or(0, Bytes::len);
            self.settle(bytes);
            self.is_read.note(&self.body);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let left = self.left;
        let waiting = self.waiting.get_or_insert_with(|| {
            let since = Instant::now();
            Waiting { since, end: Box::pin(sleep_until(since + left)) }
        });
        ready!(waiting.end.as_mut().poll(context));
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the client is too slow").into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
