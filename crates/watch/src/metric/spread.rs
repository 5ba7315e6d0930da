//! Which values were observed how often: what percentiles and trimmed statistics are computed from.
//!
//! Exact for up to [`EXACT`] distinct values. Beyond that values are counted in classes whose bounds are powers of 1.02,
//! so that a value read back is off by less than 1 %. Beyond [`CLASSES`] classes the lowest are counted as one.

use smallvec::{SmallVec, smallvec};

/// How many distinct values are kept as they are.
pub const EXACT: usize = 100;

/// Most classes of a sketch; 2,048 classes span more than 17 powers of ten.
pub const CLASSES: usize = 2048;

/// The bound of each class divided by that of the class below.
const GAMMA: f64 = 1.02;

/// The class of the value 0.
const ZERO: i32 = i32::MIN;

/// Values or classes, ascending, each with its count. Most are one: the value 1 of a metric that counts. That one needs no
/// memory of its own.
type Counted<K> = SmallVec<[(K, f64); 1]>;

/// Values and how often each was observed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Spread {
    /// The values as they are.
    Exact(Counted<f64>),
    /// Their classes.
    Sketch(Counted<i32>),
    /// A value was negative, or came within a statistic set: CloudWatch has no percentiles of those either.
    Unknown,
}

impl Spread {
    pub(crate) fn of(value: f64, count: f64) -> Self {
        if value < 0.0 { Self::Unknown } else { Self::Exact(smallvec![(value, count)]) }
    }

    /// Adds what another one counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Unknown, _) => {}
            (_, Self::Unknown) => *self = Self::Unknown,
            (Self::Exact(ours), Self::Exact(theirs)) => {
                add_all(ours, theirs, f64::total_cmp);
                if ours.len() > EXACT {
                    *self = Self::Sketch(classes(ours));
                }
            }
            (Self::Exact(ours), Self::Sketch(theirs)) => {
                let mut merged = classes(ours);
                add_all(&mut merged, theirs, i32::cmp);
                *self = Self::Sketch(bounded(merged));
            }
            (Self::Sketch(ours), theirs) => {
                match theirs {
                    Self::Exact(values) => add_all(ours, &classes(values), i32::cmp),
                    Self::Sketch(theirs) => add_all(ours, theirs, i32::cmp),
                    Self::Unknown => {}
                }
                *ours = bounded(std::mem::take(ours));
            }
        }
    }

    /// Values and counts, ascending by value. `None`: not known.
    pub(crate) fn values(&self) -> Option<Vec<(f64, f64)>> {
        match self {
            Self::Exact(values) => Some(values.to_vec()),
            Self::Sketch(classes) => Some(classes.iter().map(|(class, count)| (middle(*class), *count)).collect()),
            Self::Unknown => None,
        }
    }

    /// Appends what [`Spread::decode`] reads: a tag, then pairs of numbers in little-endian order.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Exact(values) => {
                out.push(0);
                values.iter().for_each(|(value, count)| encode_pair(*value, *count, out));
            }
            Self::Sketch(classes) => {
                out.push(1);
                classes.iter().for_each(|(class, count)| encode_pair(f64::from(*class), *count, out));
            }
            Self::Unknown => out.push(2),
        }
    }

    /// `None`: the bytes are no spread.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (tag, pairs) = bytes.split_first()?;
        let pairs = decode_pairs(pairs)?;
        match tag {
            0 => Some(Self::Exact(pairs)),
            1 => Some(Self::Sketch(pairs.into_iter().map(|(class, count)| (class as i32, count)).collect())),
            2 => Some(Self::Unknown),
            _ => None,
        }
    }
}

fn encode_pair(key: f64, count: f64, out: &mut Vec<u8>) {
    out.extend(key.to_le_bytes());
    out.extend(count.to_le_bytes());
}

fn decode_pairs(bytes: &[u8]) -> Option<Counted<f64>> {
    let (pairs, rest) = bytes.as_chunks::<16>();
    let number = |bytes: &[u8]| bytes.try_into().ok().map(f64::from_le_bytes);
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|pair| Some((number(&pair[..8])?, number(&pair[8..])?))).collect()
}

/// Adds the counts of one ascending list to those of another.
fn add_all<K: Copy>(ours: &mut Counted<K>, theirs: &[(K, f64)], order: fn(&K, &K) -> std::cmp::Ordering) {
    for (key, count) in theirs {
        match ours.binary_search_by(|(other, _)| order(other, key)) {
            Ok(place) => ours[place].1 += count,
            Err(place) => ours.insert(place, (*key, *count)),
        }
    }
}

fn classes(values: &[(f64, f64)]) -> Counted<i32> {
    let mut classes: Counted<i32> = SmallVec::with_capacity(values.len());
    for (value, count) in values {
        match classes.last_mut() {
            Some((class, counted)) if *class == class_of(*value) => *counted += count,
            _ => classes.push((class_of(*value), *count)),
        }
    }
    classes
}

/// The lowest classes as one when there are too many.
fn bounded(mut classes: Counted<i32>) -> Counted<i32> {
    let excess = classes.len().saturating_sub(CLASSES);
    if excess > 0 {
        let lowest: f64 = classes.drain(..excess).map(|(_, count)| count).sum();
        classes[0].1 += lowest;
    }
    classes
}

fn class_of(value: f64) -> i32 {
    if value > 0.0 { (value.ln() / GAMMA.ln()).ceil() as i32 } else { ZERO }
}

/// The value that is off by the same share from both bounds of a class.
fn middle(class: i32) -> f64 {
    if class == ZERO { 0.0 } else { GAMMA.powi(class) * 2.0 / (1.0 + GAMMA) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(values: impl IntoIterator<Item = f64>) -> Spread {
        let mut spread = Spread::Exact(SmallVec::new());
        values.into_iter().for_each(|value| spread.merge(&Spread::of(value, 1.0)));
        spread
    }

    #[test]
    fn a_hundred_values_are_kept_as_they_are() {
        let spread = counted((0..EXACT).chain(0..10).map(|value| value as f64));
        let values = spread.values().expect("known");
        assert_eq!(values.len(), EXACT);
        assert_eq!(values[9], (9.0, 2.0));
        assert_eq!(values[10], (10.0, 1.0));
    }

    #[test]
    fn more_values_are_off_by_less_than_one_percent_and_none_is_lost() {
        let spread = counted((0..5000).map(|step| f64::from(step) * 1.7));
        let values = spread.values().expect("known");
        assert!(values.len() < 600, "{}", values.len());
        assert_eq!(values.iter().map(|(_, count)| count).sum::<f64>(), 5000.0);
        assert_eq!(values[0], (0.0, 1.0));
        for step in 1..5000 {
            let value = f64::from(step) * 1.7;
            let nearest = values.iter().map(|(read, _)| ((read - value) / value).abs()).fold(f64::MAX, f64::min);
            assert!(nearest < 0.01, "{value} is off by {nearest}");
        }
    }

    #[test]
    fn classes_are_bounded_and_the_highest_stay() {
        let spread = counted((0..9000).map(|step| 1.03f64.powi(step - 4500)));
        let values = spread.values().expect("known");
        assert_eq!(values.len(), CLASSES);
        assert_eq!(values.iter().map(|(_, count)| count).sum::<f64>(), 9000.0);
        let highest = 1.03f64.powi(4499);
        assert!((values[CLASSES - 1].0 / highest - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_negative_value_makes_it_unknown() {
        assert_eq!(counted([1.0, -1.0, 2.0]).values(), None);
    }

    #[test]
    fn bytes_go_both_ways_and_damage_is_seen() {
        for spread in [counted([]), counted([0.1, 3.0]), counted((0..300).map(f64::from)), Spread::Unknown] {
            let mut bytes = Vec::new();
            spread.encode(&mut bytes);
            assert_eq!(Spread::decode(&bytes), Some(spread));
        }
        assert_eq!(Spread::decode(&[]), None);
        assert_eq!(Spread::decode(&[0, 1]), None);
        assert_eq!(Spread::decode(&[9]), None);
    }
}
