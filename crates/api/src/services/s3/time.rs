//! Times, as S3 writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use s3s::dto::{Timestamp, TimestampFormat};

/// Unix nanoseconds as Unix seconds.
pub(super) fn seconds(nanoseconds: i64) -> i64 {
    nanoseconds.div_euclid(1_000_000_000)
}

/// Unix seconds of a time.
pub(super) fn seconds_of(time: &Timestamp) -> i64 {
    let mut text = Vec::new();
    // It has no other way to say it.
    let written = time.format(TimestampFormat::EpochSeconds, &mut text);
    let text = String::from_utf8(text).unwrap_or_default();
    let whole = text.split('.').next().and_then(|seconds| seconds.parse().ok());
    written.ok().and(whole).unwrap_or_default()
}

/// Unix milliseconds of a time, which S3 tells in whole seconds.
pub(super) fn millis(time: &Timestamp) -> i64 {
    seconds_of(time).saturating_mul(1000)
}

/// The time of a version. S3 tells whole seconds.
pub(super) fn of_version(nanoseconds: i64) -> Timestamp {
    of_millis(seconds(nanoseconds).saturating_mul(1000))
}

/// A time in Unix milliseconds.
pub(super) fn of_millis(milliseconds: i64) -> Timestamp {
    let since = Duration::from_millis(milliseconds.unsigned_abs());
    let time: SystemTime = if milliseconds < 0 { UNIX_EPOCH - since } else { UNIX_EPOCH + since };
    Timestamp::from(time)
}

/// A time as headers have it.
pub(super) fn http(nanoseconds: i64) -> String {
    let time = DateTime::from_timestamp_nanos(nanoseconds);
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
