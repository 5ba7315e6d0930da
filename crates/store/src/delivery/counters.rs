//! What a delivery tells of itself.

use std::collections::BTreeMap;

/// What happened so far, and what waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Windows that were put on disk.
    pub windows: u64,
    /// Records that were put on disk.
    pub records: u64,
    /// Objects delivered.
    pub objects: u64,
    /// Bytes in them.
    pub delivered_bytes: u64,
    /// Records in them.
    pub delivered_records: u64,
    /// Records that are on disk and not yet delivered, those of an earlier run included.
    pub waiting_records: u64,
    /// Bytes they take on disk.
    pub waiting_bytes: u64,
    /// Windows that wait in memory because the disk refused them.
    pub windows_in_memory: u64,
    /// Records in them.
    pub records_in_memory: u64,
    /// Windows that were dropped.
    pub dropped_windows: u64,
    /// Records in them.
    pub dropped_records: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// The last failure.
    pub last_failure: Option<Failure>,
}

/// Something that went wrong. It is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// When, Unix seconds.
    pub time: i64,
    /// What.
    pub message: String,
}

/// Windows that were dropped one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// First second of the first window, Unix time.
    pub start: i64,
    /// First second after the last window, Unix time.
    pub end: i64,
    /// How many windows.
    pub windows: u64,
    /// How many records.
    pub records: u64,
    /// How many records of each interface, by `interface-id`; empty when the format has no such field.
    pub interfaces: BTreeMap<String, u64>,
}
