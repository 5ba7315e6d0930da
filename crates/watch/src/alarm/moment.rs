//! Times as alarms write them, in UTC.

use chrono::{DateTime, Utc};

fn utc(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

/// `2026-03-26T09:42:53.123+0000`
pub fn iso(milliseconds: i64) -> String {
    utc(milliseconds).format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// `26/03/26 09:42:53`
pub(crate) fn short(milliseconds: i64) -> String {
    utc(milliseconds).format("%d/%m/%y %H:%M:%S").to_string()
}

/// `Friday 15 January, 2021 01:14:34 UTC`
pub(crate) fn long(milliseconds: i64) -> String {
    utc(milliseconds).format("%A %d %B, %Y %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(super::iso(1_774_518_173_123), "2026-03-26T09:42:53.123+0000");
        assert_eq!(super::short(1_774_518_173_123), "26/03/26 09:42:53");
        assert_eq!(super::long(1_774_518_173_123), "Thursday 26 March, 2026 09:42:53 UTC");
    }
}
