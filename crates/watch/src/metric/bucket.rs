//! What is kept of the values of one metric within one span of time.

use serde::{Deserialize, Serialize};

use super::spread::Spread;

/// Values that were added up by whoever sends them (`StatisticSet`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StatisticSet {
    /// How many values.
    #[serde(deserialize_with = "crate::lenient::number")]
    pub sample_count: f64,
    /// Their sum.
    #[serde(deserialize_with = "crate::lenient::number")]
    pub sum: f64,
    /// The smallest.
    #[serde(deserialize_with = "crate::lenient::number")]
    pub minimum: f64,
    /// The largest.
    #[serde(deserialize_with = "crate::lenient::number")]
    pub maximum: f64,
}

/// Count, sum, least and greatest of values, and which values they were.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
    pub(crate) spread: Spread,
}

impl Bucket {
    /// A value that was observed `count` times.
    pub fn of(value: f64, count: f64) -> Self {
        Self { count, sum: value * count, minimum: value, maximum: value, spread: Spread::of(value, count) }
    }

    /// What a statistic set says. The values are known when there is one, or when all are the same.
    pub fn of_set(set: &StatisticSet) -> Self {
        let StatisticSet { sample_count: count, sum, minimum, maximum } = *set;
        let known = count == 1.0 || minimum == maximum;
        let spread = if known { Spread::of(sum / count, count) } else { Spread::Unknown };
        Self { count, sum, minimum, maximum, spread }
    }

    /// Adds the values of another one.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        self.spread.merge(&other.spread);
    }

    /// As it lies in the database: four numbers in little-endian order, and the values.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        for number in [self.count, self.sum, self.minimum, self.maximum] {
            out.extend(number.to_le_bytes());
        }
        self.spread.encode(&mut out);
        out
    }

    /// `None`: the bytes are no bucket.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (numbers, spread) = bytes.split_first_chunk::<32>()?;
        let number = |place: usize| numbers[place * 8..][..8].try_into().ok().map(f64::from_le_bytes);
        let (count, sum, minimum, maximum) = (number(0)?, number(1)?, number(2)?, number(3)?);
        Some(Self { count, sum, minimum, maximum, spread: Spread::decode(spread)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(sample_count: f64, sum: f64, minimum: f64, maximum: f64) -> Bucket {
        Bucket::of_set(&StatisticSet { sample_count, sum, minimum, maximum })
    }

    #[test]
    fn buckets_add_up() {
        let mut bucket = Bucket::of(3.0, 2.0);
        bucket.merge(&Bucket::of(-1.0, 1.0));
        bucket.merge(&set(4.0, 40.0, 5.0, 15.0));
        assert_eq!((bucket.count, bucket.sum, bucket.minimum, bucket.maximum), (7.0, 45.0, -1.0, 15.0));
    }

    #[test]
    fn values_of_a_set_are_known_when_they_can_be() {
        assert_eq!(set(1.0, 5.0, 5.0, 5.0), Bucket::of(5.0, 1.0));
        assert_eq!(set(3.0, 15.0, 5.0, 5.0), Bucket::of(5.0, 3.0));
        assert_eq!(set(2.0, 15.0, 5.0, 10.0).spread.values(), None);
    }

    #[test]
    fn bytes_go_both_ways_and_damage_is_seen() {
        let mut bucket = Bucket::of(0.1, 3.0);
        bucket.merge(&Bucket::of(7.5, 1.0));
        let bytes = bucket.encode();
        assert_eq!(Bucket::decode(&bytes), Some(bucket));
        assert_eq!(Bucket::decode(&bytes[..31]), None);
    }
}
