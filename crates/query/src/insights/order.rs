//! The order of values: texts before numbers, numbers by size, texts in chunks of letters and digits.

use std::cmp::Ordering;

use super::function::read_number;

/// How two values compare.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    match (read_number(left), read_number(right)) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => chunks(left).cmp(chunks(right)).then_with(|| left.cmp(right)),
    }
}

/// Bytes that sort as the value does.
pub(super) fn key(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(text.len() + 16);
    if let Some(number) = read_number(text) {
        key.push(2);
        let bits = if number == 0.0 { 0 } else { number.to_bits() };
        // Negative numbers sort the other way around.
        let sortable = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
        key.extend(sortable.to_be_bytes());
        return key;
    }
    key.push(1);
    for chunk in chunks(text) {
        match chunk {
            Chunk::Digits(digits) => {
                key.push(1);
                key.extend(u32::try_from(digits.len()).unwrap_or(u32::MAX).to_be_bytes());
                key.extend(digits);
            }
            Chunk::Others(others) => {
                key.push(2);
                key.extend(others.iter().map(|byte| byte.saturating_add(1)));
                key.push(0);
            }
        }
    }
    key.push(0);
    key.extend(text.as_bytes());
    key
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Chunk<'a> {
    /// Without zeros in front: by length, then by digits.
    Digits(Digits<'a>),
    Others(&'a [u8]),
}

#[derive(Debug, PartialEq, Eq)]
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'a> IntoIterator for Digits<'a> {
    type Item = &'a u8;
    type IntoIter = std::slice::Iter<'a, u8>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Ord for Digits<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), self.0).cmp(&(other.0.len(), other.0))
    }
}

impl PartialOrd for Digits<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn chunks(text: &str) -> impl Iterator<Item = Chunk<'_>> {
    text.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()).map(|chunk| {
        if chunk[0].is_ascii_digit() {
            let zeros = chunk.iter().take_while(|digit| **digit == b'0').count();
            Chunk::Digits(Digits(&chunk[zeros..]))
        } else {
            Chunk::Others(chunk)
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_sort_naturally() {
        let mut values = ["10", "9", "-1", "host-10", "host-9", "-", "2.5", "eni-2a", "eni-10a", "ACCEPT"];
        values.sort_by(|a, b| compare(a, b));
        assert_eq!(values, ["-", "ACCEPT", "eni-2a", "eni-10a", "host-9", "host-10", "-1", "2.5", "9", "10"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn keys_sort_as_values(left in "[0-9a-c.é-]{0,6}", right in "[0-9a-c.é-]{0,6}") {
            prop_assert_eq!(key(&left).cmp(&key(&right)), compare(&left, &right));
        }
    }
}
