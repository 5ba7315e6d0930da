//! Names that nobody can guess.

use std::fmt::Write as _;

use rustls::crypto::ring;

use super::TopicError;

/// Random bytes from the library that does TLS.
fn bytes<const N: usize>() -> Result<[u8; N], TopicError> {
    let mut bytes = [0; N];
    ring::default_provider().secure_random.fill(&mut bytes).map_err(|_| TopicError::NoRandomNumbers)?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A random UUID (version 4), such as `6f1e…-4…-a…`.
pub(crate) fn uuid() -> Result<String, TopicError> {
    let mut bytes = bytes::<16>()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    Ok([&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-"))
}

/// What a subscriber shows to confirm: 64 hexadecimal digits.
pub(crate) fn token() -> Result<String, TopicError> {
    Ok(hex(&bytes::<32>()?))
}

/// Whether a text may be a token.
pub(crate) fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Anything from 0 up to, not including, 1.
pub(crate) fn fraction() -> Result<f64, TopicError> {
    Ok(f64::from(u32::from_le_bytes(bytes()?)) / (f64::from(u32::MAX) + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_form_and_differ() {
        let one = uuid().expect("random");
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4', "{one}");
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{one}");
        assert_ne!(one, uuid().expect("random"));
        assert_eq!(token().expect("random").len(), 64);
        assert!((0.0..1.0).contains(&fraction().expect("random")));
    }
}
