//! Ordered rules over numbers, turned into disjoint ranges.

use std::collections::{BTreeMap, BTreeSet};

/// Numbers from first to last, both included, and what holds for them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Segment<V> {
    pub(crate) first: u128,
    pub(crate) last: u128,
    pub(crate) value: V,
}

impl<V> Segment<V> {
    pub(crate) const fn new(first: u128, last: u128, value: V) -> Self {
        Self { first, last, value }
    }
}

/// What becomes of every number when, of several ranges that hold it, the first one decides: disjoint segments in
/// ascending order, as few as possible. Numbers in no range are in no segment.
///
/// Takes n log n steps for n ranges, and gives at most 2n - 1 segments.
pub(crate) fn first_match<V: Clone + PartialEq>(ranges: &[Segment<V>]) -> Vec<Segment<V>> {
    // Where a range begins or has just ended, its rank is named.
    let mut edges: BTreeMap<u128, Vec<usize>> = BTreeMap::new();
    for (rank, range) in ranges.iter().enumerate() {
        edges.entry(range.first).or_default().push(rank);
        if let Some(after) = range.last.checked_add(1) {
            edges.entry(after).or_default().push(rank);
        }
    }
    let mut segments: Vec<Segment<V>> = Vec::new();
    let mut active = BTreeSet::new();
    let mut edges = edges.into_iter().peekable();
    while let Some((first, ranks)) = edges.next() {
        for rank in ranks {
            if !active.remove(&rank) {
                active.insert(rank);
            }
        }
        let Some(value) = active.first().map(|rank| &ranges[*rank].value) else { continue };
        let last = edges.peek().map_or(u128::MAX, |(next, _)| next - 1);
        match segments.last_mut() {
            Some(before) if before.value == *value && before.last.checked_add(1) == Some(first) => before.last = last,
            _ => segments.push(Segment::new(first, last, value.clone())),
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_range_decides() {
        let ranges = [Segment::new(20, 29, 'a'), Segment::new(25, 40, 'b'), Segment::new(0, u128::MAX, 'c')];
        let expected = [
            Segment::new(0, 19, 'c'),
            Segment::new(20, 29, 'a'),
            Segment::new(30, 40, 'b'),
            Segment::new(41, u128::MAX, 'c'),
        ];
        assert_eq!(first_match(&ranges), expected);
        assert_eq!(first_match::<char>(&[]), []);
    }

    proptest! {
        #[test]
        fn every_number_gets_what_the_first_range_says(
            ranges in prop::collection::vec((0_u128..40, 0_u128..12, 0_u8..3), 0..12),
        ) {
            let ranges: Vec<_> =
                ranges.into_iter().map(|(first, more, value)| Segment::new(first, first + more, value)).collect();
            let segments = first_match(&ranges);
            for number in 0..60 {
                let holds = |segment: &&Segment<u8>| segment.first <= number && number <= segment.last;
                let expected = ranges.iter().find(holds).map(|range| range.value);
                let held: Vec<_> = segments.iter().filter(holds).map(|segment| segment.value).collect();
                prop_assert_eq!(held, expected.into_iter().collect::<Vec<_>>());
            }
            for pair in segments.windows(2) {
                prop_assert!(pair[0].last < pair[1].first);
                prop_assert!(pair[0].value != pair[1].value || pair[0].last + 1 < pair[1].first, "could be one");
            }
        }
    }
}
