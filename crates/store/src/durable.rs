//! Objects on local disk that are there after a power loss.

/// Whether a file name is that of an object still being written: `name#1`, the way of `LocalFileSystem`.
pub(crate) fn is_staged(name: &str) -> bool {
    let suffix = name.split_once('#').map_or("", |(_, suffix)| suffix);
    !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_digit())
}
