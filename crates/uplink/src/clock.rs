//! How far two clocks are apart.

/// Clocks that differ by more than this are reported: records of two hosts could then be in another order than the
/// packets were.
pub const CLOCK_LIMIT_MS: i64 = 2_000;

/// How far the other clock is ahead of ours, in milliseconds, when it said `theirs` at some moment between our `sent`
/// and `received`. Right to half the time that the exchange took.
pub fn offset_ms(sent: i64, theirs: i64, received: i64) -> i64 {
    let middle = sent.saturating_add(received.saturating_sub(sent) / 2);
    theirs.saturating_sub(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_the_exchange_counts() {
        assert_eq!(offset_ms(1_000, 1_050, 1_100), 0);
        assert_eq!(offset_ms(1_000, 61_050, 1_100), 60_000);
        assert_eq!(offset_ms(i64::MAX, i64::MIN, i64::MAX), i64::MIN);
    }
}
