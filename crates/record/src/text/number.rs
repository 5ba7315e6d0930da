//! Digits to numbers, eight at a time.

/// The number of 1 to 16 digits that stands at `start..end`.
///
/// `None` also for what is a number but takes longer to read: one with a sign, with more digits, or
/// at the very start of the text. [`str::parse`] is to judge those.
#[inline(always)]
pub(super) fn digits(text: &[u8], start: usize, end: usize) -> Option<i64> {
    match end.wrapping_sub(start) {
        length @ 1..=8 => eight_digits(text, end, length),
        length @ 9..=16 => {
            let high = eight_digits(text, end - 8, length - 8)?;
            let low = eight_digits(text, end, 8)?;
            Some(high * 100_000_000 + low)
        }
        _ => None,
    }
}

/// The `length` digits, 1 to 8, in front of `end`.
#[inline(always)]
fn eight_digits(text: &[u8], end: usize, length: usize) -> Option<i64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    let bytes = text.get(end.wrapping_sub(8)..end)?;
    let word = u64::from_le_bytes(bytes.try_into().ok()?);
    // What stands in front of the number becomes zeros.
    let number = u64::MAX << (64 - 8 * length);
    let digits = (word ^ ZEROS) & number;
    let above_nine = digits.wrapping_add(0x7676_7676_7676_7676) | digits;
    if above_nine & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    // Neighbours are joined: to pairs, to fours, to the eight.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    Some(eight as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_lies_between_other_bytes() {
        let text = b"999999999 443 9999999999999999 0007 ";
        let at =
            |number: &str| text.windows(number.len()).position(|window| window == number.as_bytes()).expect("there");
        for number in ["443", "9999999999999999", "0007", "7"] {
            let start = at(number);
            assert_eq!(digits(text, start, start + number.len()), number.parse().ok(), "{number}");
        }
        assert_eq!(digits(text, 9, 9), None);
        assert_eq!(digits(text, 9, 13), None);
    }

    proptest! {
        #[test]
        fn agrees_with_parse(cell in "([0-9]{1,17}|[0-9+ :/-]{1,10})") {
            let text = format!("12345678{cell}9");
            let (start, end) = (8, 8 + cell.len());
            let parsed = digits(text.as_bytes(), start, end);
            let expected = cell.parse().ok().filter(|_| cell.len() <= 16 && !cell.starts_with(['+', '-']));
            prop_assert_eq!(parsed, expected);
        }

        #[test]
        fn any_bytes_at_any_place(text in proptest::collection::vec(any::<u8>(), 0..40), start in 0_usize..50, end in 0_usize..50) {
            if let Some(number) = digits(&text, start, end) {
                prop_assert_eq!(std::str::from_utf8(&text[start..end]).expect("digits").parse(), Ok(number));
            }
        }
    }
}
