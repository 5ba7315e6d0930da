//! What no queue and no topic took.

use std::sync::{Mutex, PoisonError};

/// Notifications of buckets that were lost since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LostNotifications {
    /// How many.
    pub count: u64,
    /// Why the last one was.
    pub last: Option<String>,
}

#[derive(Debug, Default)]
pub(in super::super) struct Lost(Mutex<LostNotifications>);

impl Lost {
    /// Counts one, which the log tells of too.
    pub(in super::super) fn add(&self, reason: String) {
        tracing::warn!(reason, "a notification of a bucket is lost");
        let mut lost = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *lost = LostNotifications { count: lost.count + 1, last: Some(reason) };
    }

    pub(in super::super) fn so_far(&self) -> LostNotifications {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
