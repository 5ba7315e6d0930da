//! Bitmaps of one length, side by side.

use arrow::buffer::{BooleanBuffer, Buffer};

/// A number of bitmaps with a bit for each row.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    /// Words of one bitmap.
    width: usize,
    rows: usize,
}

impl Bits {
    /// So many bitmaps of so many rows, all bits off.
    pub(super) fn reset(&mut self, maps: usize, rows: usize) {
        self.width = rows.div_ceil(64);
        self.rows = rows;
        self.words.clear();
        self.words.resize(maps * self.width, 0);
    }

    pub(super) fn get(&self, map: usize, row: usize) -> bool {
        self.words[map * self.width + row / 64] >> (row % 64) & 1 == 1
    }

    #[inline]
    pub(super) fn set(&mut self, map: usize, row: usize) {
        self.set_if(map, row, true);
    }

    #[inline]
    pub(super) fn set_if(&mut self, map: usize, row: usize, condition: bool) {
        self.words[map * self.width + row / 64] |= u64::from(condition) << (row % 64);
    }

    pub(super) fn clear(&mut self, map: usize, row: usize) {
        self.words[map * self.width + row / 64] &= !(1 << (row % 64));
    }

    fn word(&self, map: usize, word: usize) -> u64 {
        self.words[map * self.width + word]
    }

    /// Turns every bit of a bitmap on or off.
    pub(super) fn fill(&mut self, map: usize, on: bool) {
        let word = if on { u64::MAX } else { 0 };
        self.map_mut(map).fill(word);
        self.trim(map);
    }

    /// Turns off the bits beyond the last row.
    pub(super) fn trim(&mut self, map: usize) {
        let last = mask(self.rows + 64 - self.width * 64);
        if let Some(word) = self.map_mut(map).last_mut() {
            *word &= last;
        }
    }

    /// Turns on what is on in a second bitmap and, if there is a third one, not on in that.
    pub(super) fn add(&mut self, map: usize, on: usize, but: Option<usize>) {
        for word in 0..self.width {
            let but = but.map_or(0, |but| self.word(but, word));
            let more = self.word(on, word) & !but;
            self.words[map * self.width + word] |= more;
        }
    }

    /// Leaves on only what is on in the first bitmap of `others`.
    pub(super) fn keep(&mut self, map: usize, others: &Self) {
        self.map_mut(map).iter_mut().zip(&others.words).for_each(|(own, other)| *own &= other);
    }

    pub(super) fn is_full(&self, map: usize) -> bool {
        self.count(map) == self.rows
    }

    pub(super) fn count(&self, map: usize) -> usize {
        self.map(map).iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The rows whose bits are on.
    pub(super) fn rows(&self, map: usize) -> impl Iterator<Item = usize> {
        self.map(map).iter().enumerate().flat_map(|(index, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(index * 64 + bit)
            })
        })
    }

    pub(super) fn buffer(&self, map: usize) -> BooleanBuffer {
        BooleanBuffer::new(Buffer::from_iter(self.map(map).iter().map(|word| word.to_le())), 0, self.rows)
    }

    pub(super) fn map_mut(&mut self, map: usize) -> &mut [u64] {
        &mut self.words[map * self.width..(map + 1) * self.width]
    }

    pub(super) fn map(&self, map: usize) -> &[u64] {
        &self.words[map * self.width..(map + 1) * self.width]
    }
}

/// So many bits, at most 64, from the lowest on.
fn mask(bits: usize) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_do_not_touch_each_other() {
        let mut bits = Bits::default();
        bits.reset(3, 70);
        bits.fill(1, true);
        bits.set(2, 69);
        assert_eq!((bits.count(0), bits.count(1), bits.count(2)), (0, 70, 1));
        assert!(bits.is_full(1));
        assert_eq!(bits.rows(2).collect::<Vec<_>>(), [69]);
        bits.clear(1, 64);
        assert_eq!(bits.buffer(1).count_set_bits(), 69);
        assert!(!bits.buffer(1).value(64));
        let mut wanted = Bits::default();
        wanted.reset(1, 70);
        wanted.set(0, 3);
        bits.keep(1, &wanted);
        assert_eq!(bits.rows(1).collect::<Vec<_>>(), [3]);
    }
}
