//! How far a query is: numbers that a progress bar, the statistics of an answer, and the report
//! of refused lines read while the query runs.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use weir_record::Refusals;

/// What a query has read so far. Shared: the scan writes it, anyone may read it at any time.
#[derive(Debug, Default)]
pub struct Progress {
    bytes_total: AtomicU64,
    bytes_done: AtomicU64,
    bytes_scanned: AtomicU64,
    objects_total: AtomicU64,
    objects_done: AtomicU64,
    partitions: AtomicU64,
    rows: AtomicU64,
    refusals: Mutex<Refusals>,
    bad_objects: Mutex<Vec<BadObject>>,
}

/// What a query has to read, as it is known before it reads anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Objects.
    pub objects: u64,
    /// Partitions that hold them; 0 for tables without partitions.
    pub partitions: u64,
    /// Bytes of the objects, as they lie in the store (compressed). Of Parquet and of columnar copies a query reads
    /// fewer: only the columns that it asks for.
    pub bytes: u64,
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "objects={}, partitions={}, bytes={}", self.objects, self.partitions, self.bytes)
    }
}

/// An object that could not be read whole, or not at all (`skip_bad_objects`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadObject {
    /// Path or `s3://` name.
    pub object: String,
    /// What is wrong with it.
    pub reason: String,
    /// Whether records before the damage were read, and count.
    pub partly: bool,
}

impl Progress {
    /// Bytes of the objects that the query has to read, as they lie in the store (compressed).
    /// Grows while tables are being planned; 0 until then.
    pub fn bytes_total(&self) -> u64 {
        self.bytes_total.load(Ordering::Relaxed)
    }

    /// How many of [`bytes_total`](Self::bytes_total) are dealt with: read, or passed over in an object of
    /// columns that is done with.
    pub fn bytes_done(&self) -> u64 {
        self.bytes_done.load(Ordering::Relaxed)
    }

    /// Bytes read so far, as they lie in the store: Athena's DataScannedInBytes.
    pub fn bytes_scanned(&self) -> u64 {
        self.bytes_scanned.load(Ordering::Relaxed)
    }

    /// Objects to read.
    pub fn objects_total(&self) -> u64 {
        self.objects_total.load(Ordering::Relaxed)
    }

    /// Objects read to their end.
    pub fn objects_done(&self) -> u64 {
        self.objects_done.load(Ordering::Relaxed)
    }

    /// Records read from text and JSON, before any filter.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Lines that were refused or had cells that are no numbers, so far.
    pub fn refusals(&self) -> Refusals {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Objects that could not be read whole, so far.
    pub fn bad_objects(&self) -> Vec<BadObject> {
        self.bad_objects.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the query has to read, as far as its tables are planned.
    pub fn estimate(&self) -> Estimate {
        let partitions = self.partitions.load(Ordering::Relaxed);
        Estimate { objects: self.objects_total(), partitions, bytes: self.bytes_total() }
    }

    pub(crate) fn add_work(&self, work: Estimate) {
        self.objects_total.fetch_add(work.objects, Ordering::Relaxed);
        self.partitions.fetch_add(work.partitions, Ordering::Relaxed);
        self.bytes_total.fetch_add(work.bytes, Ordering::Relaxed);
    }

    /// Bytes that were read, of an object that is read from its start to its end.
    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.add_scanned(bytes);
        self.add_done(bytes);
    }

    pub(crate) fn add_scanned(&self, bytes: u64) {
        self.bytes_scanned.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_done(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_object(&self) {
        self.objects_done.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn add_refusals(&self, refusals: Refusals) {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).merge(refusals);
    }

    pub(crate) fn add_bad_object(&self, object: String, reason: String, partly: bool) {
        let bad = BadObject { object, reason, partly };
        let mut all = self.bad_objects.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains(&bad) {
            all.push(bad);
        }
    }
}
