//! Ids that look like those of AWS and are always the same for the same thing.

/// FNV-1a, 128 bits: simple, and the same on every machine and in every version.
const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// 17 hexadecimal digits.
const ID_BITS: u32 = 68;

/// `prefix-` and 17 hexadecimal digits that stand for the parts.
pub(super) fn derive(prefix: &str, parts: &[&str]) -> String {
    let mut hash = OFFSET_BASIS;
    let mut eat = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    };
    eat(prefix.as_bytes());
    for part in parts {
        // A byte that no part contains keeps `ab`, `c` apart from `a`, `bc`.
        eat(&[0xff]);
        eat(part.as_bytes());
    }
    let folded = (hash ^ (hash >> 64)) & ((1 << ID_BITS) - 1);
    format!("{prefix}-{folded:017x}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn shape_and_separation() {
        let id = derive("eni", &["a", "bc"]);
        assert_eq!(id.len(), "eni-".len() + 17);
        assert_ne!(id, derive("eni", &["ab", "c"]));
        assert_ne!(id[4..], derive("subnet", &["a", "bc"])[7..]);
    }

    #[test]
    fn small_differences_do_not_collide() {
        let ids: HashSet<_> =
            (0..100_000).map(|number| derive("eni", &["machine", &format!("veth{number}")])).collect();
        assert_eq!(ids.len(), 100_000);
    }
}
