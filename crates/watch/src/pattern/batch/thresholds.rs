//! Comparisons of one token with many numbers at the price of one.
//!
//! The numbers compared with, in order, part the whole numbers into ranges. A token is in one of them, and has its bit in the
//! bitmap of that range. What is at least a number is then in one of the ranges from there on.

use std::ops::Range;

use super::bits::Bits;
use crate::pattern::value::{Number, Order};

/// The numbers that a token is compared with.
#[derive(Debug, Default)]
pub(super) struct Thresholds {
    /// With the number of its predicate.
    tests: Vec<(Order, Number, usize)>,
    /// Where ranges begin but the lowest, ascending.
    bounds: Vec<i64>,
    /// The number of the bitmap of the lowest range; those of the others follow.
    lowest: usize,
}

impl Thresholds {
    pub(super) fn add(&mut self, order: Order, wanted: Number, predicate: usize) {
        self.tests.push((order, wanted, predicate));
        self.bounds.extend(bound(order, wanted));
    }

    /// Takes the bitmaps that it needs, from the next free one on.
    pub(super) fn finish(&mut self, maps: &mut usize) {
        self.bounds.sort_unstable();
        self.bounds.dedup();
        self.lowest = *maps;
        *maps += self.ranges();
    }

    fn ranges(&self) -> usize {
        if self.tests.is_empty() { 0 } else { self.bounds.len() + 1 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// The numbers of its own bitmaps.
    pub(super) fn maps(&self) -> Range<usize> {
        self.lowest..self.lowest + self.ranges()
    }

    /// The number of the bitmap of the range of a whole number. There are tests.
    #[inline]
    pub(super) fn range(&self, whole: i64) -> usize {
        self.lowest + self.bounds.partition_point(|bound| *bound <= whole)
    }

    /// Gives the number of each test that a number passes, one by one.
    pub(super) fn try_each(&self, found: Number, hit: &mut impl FnMut(usize)) {
        let passed = self.tests.iter().filter(|(order, wanted, _)| order.holds(found, *wanted));
        passed.for_each(|(_, _, predicate)| hit(*predicate));
    }

    /// Makes bitmaps of predicates out of those of ranges.
    pub(super) fn sum_up(&self, found: &mut Bits) {
        // From here on a range's bitmap is that of all ranges from it on.
        for range in self.maps().rev().skip(1) {
            found.add(range, range + 1, None);
        }
        for (order, wanted, predicate) in &self.tests {
            let place = bound(*order, *wanted).and_then(|bound| self.bounds.binary_search(&bound).ok());
            let above = place.map(|place| self.lowest + place + 1);
            match (order, above) {
                (Order::Greater | Order::GreaterOrEqual, Some(above)) => found.add(*predicate, above, None),
                (Order::Greater | Order::GreaterOrEqual, None) => {}
                (Order::Less | Order::LessOrEqual, above) => found.add(*predicate, self.lowest, above),
            }
        }
    }
}

/// The whole number from which on `>` and `>=` hold, and `<` and `<=` do not. None: there is none.
fn bound(order: Order, wanted: Number) -> Option<i64> {
    match (order, wanted) {
        (Order::GreaterOrEqual | Order::Less, Number::Whole(whole)) => Some(whole),
        (_, wanted) => wanted.next_whole(),
    }
}
