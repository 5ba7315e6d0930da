//! Ids for things that have none.

/// An id of an interface, as AWS has them, that is always the same for the same text.
pub fn interface_id(text: &str) -> String {
    format!("eni-{}", digits(text))
}

/// 17 hexadecimal digits that are always the same for the same text (FNV-1a).
pub fn digits(text: &str) -> String {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!("0{hash:016x}")
}
