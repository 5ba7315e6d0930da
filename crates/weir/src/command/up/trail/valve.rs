//! How much of what is asked comes into the audit trail: a flood must not fill the disk, and what is left out is a number.

use std::fmt;

use weir_api::AuditEvent;

/// Requests a minute of callers whom nobody knows that are written, at most.
const STRANGERS: u32 = 60;
/// In milliseconds.
const MINUTE: i64 = 60_000;

/// Lets events through.
#[derive(Debug, Default)]
pub(super) struct Valve {
    /// Unix milliseconds: when the minute began in which strangers are counted.
    began: i64,
    /// Those of this minute that were let through.
    strangers: u32,
    left_out: LeftOut,
    /// Unix milliseconds: when it was last said what was left out.
    said: i64,
}

/// Requests that are not in the trail.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// Refused requests of callers whom nobody knows, beyond those of a minute.
    strangers: u64,
    /// Too many waited for the disk.
    no_room: u64,
    /// The log group refused them.
    refused: u64,
}

impl Valve {
    /// Whether an event is written. Whoever signs with a key of the account always is.
    pub(super) fn admits(&mut self, event: &AuditEvent) -> bool {
        let is_strange = event.user_arn.is_empty() && event.error_code.is_some();
        if !is_strange {
            return true;
        }
        if !(self.began..self.began.saturating_add(MINUTE)).contains(&event.time) {
            (self.began, self.strangers) = (event.time, 0);
        }
        if self.strangers == STRANGERS {
            self.left_out.strangers += 1;
            return false;
        }
        self.strangers += 1;
        true
    }

    /// One did not find room among those that wait.
    pub(super) fn found_no_room(&mut self) {
        self.left_out.no_room += 1;
    }

    /// The log group refused so many.
    pub(super) fn were_refused(&mut self, count: usize) {
        self.left_out.refused += u64::try_from(count).unwrap_or(u64::MAX);
    }

    /// What was left out and not said yet; once a minute. `now` in Unix milliseconds.
    pub(super) fn left_out(&mut self, now: i64) -> Option<LeftOut> {
        if (self.said..self.said.saturating_add(MINUTE)).contains(&now) {
            return None;
        }
        let left_out = self.rest()?;
        self.said = now;
        Some(left_out)
    }

    /// What was left out and not said yet.
    pub(super) fn rest(&mut self) -> Option<LeftOut> {
        let left_out = std::mem::take(&mut self.left_out);
        (left_out != LeftOut::default()).then_some(left_out)
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { strangers, no_room, refused } = self;
        write!(
            f,
            "{} requests were left out: {strangers} refused ones without a valid signature ({STRANGERS} a minute are \
             written), {no_room} for which the disk was too slow, {refused} that the log group did not take",
            strangers + no_room + refused
        )
    }
}

impl LeftOut {
    /// As the trail itself says it.
    pub(super) fn event(&self, now: i64) -> AuditEvent {
        AuditEvent {
            time: now,
            event_source: "weir".to_owned(),
            event_name: "LeaveOutOfAudit".to_owned(),
            aws_region: String::new(),
            user_arn: String::new(),
            access_key_id: String::new(),
            source_ip_address: String::new(),
            user_agent: String::new(),
            from_console: None,
            request_id: String::new(),
            error_code: Some("RequestsLeftOut".to_owned()),
            error_message: Some(self.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(time: i64, user: &str, error: Option<&str>) -> AuditEvent {
        let event = LeftOut::default().event(time);
        AuditEvent { user_arn: user.to_owned(), error_code: error.map(str::to_owned), ..event }
    }

    #[test]
    fn a_flood_of_bad_signatures_is_counted_and_not_written() {
        let mut valve = Valve::default();
        let now = 1_700_000_000_000;
        let admitted = |valve: &mut Valve, time| {
            (0..1000).filter(|_| valve.admits(&asked(time, "", Some("SignatureDoesNotMatch")))).count()
        };
        assert_eq!(admitted(&mut valve, now), 60);
        assert_eq!(admitted(&mut valve, now + MINUTE - 1), 0);
        let left_out = valve.left_out(now).expect("something was left out");
        assert_eq!(left_out, LeftOut { strangers: 1940, ..LeftOut::default() });
        let event = serde_json::to_value(left_out.event(now)).expect("JSON");
        assert!(
            event["errorMessage"].as_str().expect("a text").starts_with("1940 requests were left out: 1940 refused")
        );
        assert_eq!(admitted(&mut valve, now + MINUTE), 60);
        assert_eq!(valve.left_out(now + MINUTE - 1), None, "once a minute");
        assert_eq!(valve.left_out(now + MINUTE), Some(LeftOut { strangers: 940, ..LeftOut::default() }));
        assert_eq!(valve.left_out(now + 3 * MINUTE), None, "nothing more");
    }

    #[test]
    fn who_is_known_is_always_written_and_so_is_what_was_done() {
        let mut valve = Valve::default();
        for _ in 0..1000 {
            assert!(valve.admits(&asked(0, "arn:aws:iam::123456789012:root", Some("AccessDenied"))));
            assert!(valve.admits(&asked(0, "", None)));
        }
        assert_eq!(valve.rest(), None);
    }

    #[test]
    fn a_clock_that_is_set_back_opens_a_new_minute() {
        let mut valve = Valve::default();
        for time in [2 * MINUTE, 0] {
            assert_eq!((0..100).filter(|_| valve.admits(&asked(time, "", Some("x")))).count(), 60);
        }
    }

    #[test]
    fn whatever_was_left_out_is_said_in_the_end() {
        let mut valve = Valve::default();
        valve.found_no_room();
        valve.were_refused(2);
        assert_eq!(valve.rest(), Some(LeftOut { strangers: 0, no_room: 1, refused: 2 }));
        assert_eq!(valve.rest(), None);
    }
}
