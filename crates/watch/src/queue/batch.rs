//! What holds of every batch.

use std::collections::BTreeSet;

use super::{QueueError, SendMessageInput, message};

/// The most entries of a batch.
const LIMIT: usize = 10;
/// The most bytes of a batch.
const BYTES: usize = 1_048_576;

/// Refuses a batch as a whole: none or too many entries, names that are wrong or stand twice. `list` is the name of the list.
///
/// # Errors
/// What is wrong with it.
pub fn check_batch<'a>(list: &'static str, ids: impl IntoIterator<Item = &'a str>) -> Result<(), QueueError> {
    let ids: Vec<&str> = ids.into_iter().collect();
    if ids.is_empty() {
        return Err(QueueError::EmptyBatchRequest(list));
    }
    if ids.len() > LIMIT {
        return Err(QueueError::TooManyEntriesInBatchRequest(ids.len()));
    }
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if ids.iter().any(|id| !(1..=80).contains(&id.len()) || !id.bytes().all(is_good)) {
        return Err(QueueError::InvalidBatchEntryId);
    }
    let mut seen = BTreeSet::new();
    match ids.into_iter().find(|id| !seen.insert(*id)) {
        Some(twice) => Err(QueueError::BatchEntryIdsNotDistinct(twice.to_owned())),
        None => Ok(()),
    }
}

/// Refuses a batch of messages that are too long together.
///
/// # Errors
/// When they are.
pub(super) fn check_batch_size(entries: &[SendMessageInput]) -> Result<(), QueueError> {
    let sent: usize = entries.iter().map(message::size).sum();
    if sent > BYTES {
        return Err(QueueError::BatchRequestTooLong { sent, limit: BYTES });
    }
    Ok(())
}
