//! Tables of what is asked for: many values are compared with at the price of one.

use std::borrow::Borrow;

/// Keys with a number each. A key may be there several times.
#[derive(Debug)]
pub(super) struct Lookup<K> {
    entries: Vec<(K, usize)>,
    /// Places of entries, by hash; twice as many as there are entries, or more.
    slots: Vec<Option<u32>>,
}

impl<K> Default for Lookup<K> {
    fn default() -> Self {
        Self { entries: Vec::new(), slots: Vec::new() }
    }
}

impl<K: Hashed> Lookup<K> {
    pub(super) fn add(&mut self, key: K, number: usize) {
        self.entries.push((key, number));
        let size = (self.entries.len() * 2).next_power_of_two();
        self.slots.clear();
        self.slots.resize(size, None);
        for (place, (key, _)) in (0_u32..).zip(&self.entries) {
            let free = probe(key.hash(), size).find(|slot| self.slots[*slot].is_none());
            if let Some(slot) = free {
                self.slots[slot] = Some(place);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Gives the number of each entry that has this key.
    #[inline]
    pub(super) fn find<Q>(&self, key: &Q, hit: &mut impl FnMut(usize))
    where
        K: Borrow<Q>,
        Q: Hashed + PartialEq + ?Sized,
    {
        if self.entries.is_empty() {
            return;
        }
        for slot in probe(key.hash(), self.slots.len()) {
            let Some(place) = self.slots[slot] else { return };
            let (known, number) = &self.entries[place as usize];
            if known.borrow() == key {
                hit(*number);
            }
        }
    }
}

/// Where a hash may stand, first to last; `size` is a power of two.
#[inline]
fn probe(hash: u64, size: usize) -> impl Iterator<Item = usize> {
    #[allow(clippy::cast_possible_truncation, reason = "the upper half of the hash is what is wanted")]
    let first = (hash >> 32) as usize;
    (0..size).map(move |step| (first + step) & (size - 1))
}

/// What a [`Lookup`] can be asked for.
pub(super) trait Hashed {
    fn hash(&self) -> u64;
}

/// An odd number without a pattern: multiplying by it mixes lower bits into upper ones.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hashed for i64 {
    #[inline]
    fn hash(&self) -> u64 {
        self.cast_unsigned().wrapping_mul(MIX)
    }
}

/// A text of at most 12 bytes as a string view holds it.
impl Hashed for u128 {
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "both halves are taken")]
    fn hash(&self) -> u64 {
        ((*self as u64).wrapping_mul(MIX) ^ (*self >> 64) as u64).wrapping_mul(MIX)
    }
}

/// A longer text.
impl Hashed for str {
    #[inline]
    fn hash(&self) -> u64 {
        let mixed = self.as_bytes().chunks(8).fold(self.len() as u64, |hash, chunk| {
            let word = chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            (hash ^ word).wrapping_mul(MIX).rotate_left(32)
        });
        mixed.wrapping_mul(MIX)
    }
}

impl Hashed for String {
    fn hash(&self) -> u64 {
        self.as_str().hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<K: Hashed + Borrow<Q>, Q: Hashed + PartialEq + ?Sized>(lookup: &Lookup<K>, key: &Q) -> Vec<usize> {
        let mut numbers = Vec::new();
        lookup.find(key, &mut |number| numbers.push(number));
        numbers
    }

    #[test]
    fn every_entry_of_a_key_is_found() {
        let mut lookup = Lookup::<i64>::default();
        assert_eq!(found(&lookup, &0), [0; 0]);
        for number in 0..100_i64 {
            lookup.add(number % 50, usize::try_from(number).expect("small"));
        }
        for key in 0..50 {
            assert_eq!(found(&lookup, &key).len(), 2, "{key}");
        }
        assert_eq!(found(&lookup, &50), [0; 0]);

        let mut lookup = Lookup::<String>::default();
        lookup.add("eni-0d5d75b41f9befe9e".to_owned(), 7);
        assert_eq!(found(&lookup, "eni-0d5d75b41f9befe9e"), [7]);
        assert_eq!(found(&lookup, "eni-0d5d75b41f9befe9f"), [0; 0]);
    }
}
