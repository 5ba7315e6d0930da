//! Text that several scans of one query read: inflated once.
//!
//! The two halves of a UNION ALL over one table go through the same objects at about the same pace. What the first
//! inflates it leaves for the others, as long as that does not take too much memory.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use datafusion::arrow::buffer::Buffer;
use weir_record::text::TextChunks;

use super::Unit;

/// The most text that is kept for other scans, in bytes.
const ROOM: usize = 256 << 20;

/// The texts of one query.
#[derive(Debug)]
pub(crate) struct SharedTexts {
    wanted: Mutex<HashMap<Arc<str>, Wanted>>,
    /// Bytes of text that are kept.
    kept: Arc<AtomicUsize>,
    room: usize,
}

/// An object.
#[derive(Debug, Default)]
struct Wanted {
    /// How many scans are still to read it.
    scans: usize,
    text: Text,
}

/// Set by the first scan: what the object holds, or nothing when each scan is to read it for itself.
type Text = Arc<OnceLock<Option<Kept>>>;

/// A text that counts among those that are kept until no scan wants it any more.
#[derive(Debug)]
struct Kept {
    text: Buffer,
    kept: Arc<AtomicUsize>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.kept.fetch_sub(self.text.len(), Ordering::Relaxed);
    }
}

impl SharedTexts {
    /// None yet. A query that may use so much memory, in bytes, keeps at most a quarter of it.
    pub(crate) fn new(memory_limit: Option<usize>) -> Self {
        let room = memory_limit.map_or(ROOM, |limit| ROOM.min(limit / 4));
        Self { wanted: Mutex::default(), kept: Arc::default(), room }
    }

    /// One more scan is going to read these objects.
    pub(super) fn expect<'a>(&self, units: impl Iterator<Item = &'a Unit>) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        for unit in units {
            wanted.entry(Arc::clone(&unit.object.name)).or_default().scans += 1;
        }
    }

    /// The text of an object, for one of the scans that were expected.
    ///
    /// # Errors
    /// When the head of a compressed object cannot be read.
    pub(super) fn chunks(&self, name: &Arc<str>, object: Bytes) -> io::Result<TextChunks<'static>> {
        let shared = self.take(name).and_then(|(text, others)| {
            let kept = text.get_or_init(|| if others { self.inflate(&object) } else { None });
            kept.as_ref().map(|kept| kept.text.clone())
        });
        match shared {
            Some(text) => Ok(TextChunks::from_text(text)),
            None => TextChunks::from_bytes(object),
        }
    }

    /// The object's text, set or not, and whether another scan is still to read it.
    fn take(&self, name: &str) -> Option<(Text, bool)> {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let object = wanted.get_mut(name)?;
        object.scans = object.scans.saturating_sub(1);
        let text = Arc::clone(&object.text);
        let others = object.scans > 0;
        if !others {
            wanted.remove(name);
        }
        Some((text, others))
    }

    /// The text, if it is sound and there is room for it.
    fn inflate(&self, object: &Bytes) -> Option<Kept> {
        if self.kept.load(Ordering::Relaxed) >= self.room {
            return None;
        }
        let text = TextChunks::inflate(object)?.ok()?;
        self.kept.fetch_add(text.len(), Ordering::Relaxed);
        Some(Kept { text, kept: Arc::clone(&self.kept) })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use weir_record::Refusals;

    use super::*;

    fn texts(room: usize, scans: usize) -> (SharedTexts, Arc<str>) {
        let texts = SharedTexts { room, ..SharedTexts::new(None) };
        let name: Arc<str> = "object".into();
        let wanted = Wanted { scans, ..Wanted::default() };
        texts.wanted.lock().expect("free").insert(Arc::clone(&name), wanted);
        (texts, name)
    }

    fn gzip(text: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).expect("in memory");
        encoder.finish().expect("in memory").into()
    }

    fn read(texts: &SharedTexts, name: &Arc<str>) -> Buffer {
        let mut chunks = texts.chunks(name, gzip(b"1 2\n3 4\n")).expect("readable");
        chunks.next_chunk(name, &mut Refusals::default()).expect("a chunk").expect("sound").text
    }

    #[test]
    fn the_second_scan_takes_what_the_first_inflated_and_then_it_is_gone() {
        let (texts, name) = texts(100, 2);
        let first = read(&texts, &name);
        assert_eq!(texts.kept.load(Ordering::Relaxed), first.len());
        let second = read(&texts, &name);
        assert_eq!(second.as_ptr(), first.as_ptr());
        assert_eq!(texts.kept.load(Ordering::Relaxed), 0);
        assert!(texts.wanted.lock().expect("free").is_empty());
        assert_eq!(read(&texts, &name), first, "one more scan than expected reads for itself");
    }

    #[test]
    fn nothing_is_kept_for_one_scan_or_without_room() {
        for (room, scans) in [(100, 1), (0, 3)] {
            let (texts, name) = texts(room, scans);
            for _ in 0..scans {
                assert_eq!(read(&texts, &name).as_slice(), b"1 2\n3 4\n");
                assert_eq!(texts.kept.load(Ordering::Relaxed), 0);
            }
            assert!(texts.wanted.lock().expect("free").is_empty());
        }
    }
}
