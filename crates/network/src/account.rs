//! Account ids and region names.

/// Checks an account id: 12 digits, or `unknown`, which AWS writes for interfaces that it made itself.
pub(crate) fn check_account_id(id: &str) -> Result<(), String> {
    if id == "unknown" || (id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())) {
        return Ok(());
    }
    Err(format!("`{id}` is no account id: write 12 digits, such as 123456789012"))
}

/// Checks the name of a region. Any name is a region of its own, as long as it can stand in the key of an object.
pub(crate) fn check_region(region: &str) -> Result<(), String> {
    let good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if (1..=64).contains(&region.len()) && region.bytes().all(good) {
        return Ok(());
    }
    Err(format!("`{region}` is no region: write lower-case letters, digits and hyphens, such as us-east-1"))
}
