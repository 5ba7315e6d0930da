//! The sending thread: reports, and batches one after another.

use std::time::Duration;

use weir_agent::{AgentError, Backoff, Segment, random};
use weir_uplink::{Epoch, batch::Span};

use super::shared::Shared;
use crate::clock;

/// How often the server hears of us when nothing happens.
const REPORT_EVERY_MS: i64 = 5_000;
/// How long to wait when there is nothing to send.
const REST: Duration = Duration::from_millis(500);

/// Sends until the agent ends, and then what is left as far as the server takes it.
pub fn send(shared: &Shared) {
    let mut sender = Sender { shared, backoff: Backoff::default(), attempted: None, reported_ms: None, reached: true };
    loop {
        let farewell = shared.is_farewell();
        match sender.step() {
            Ok(true) => {}
            Ok(false) if farewell => return,
            Ok(false) => shared.rest(REST),
            Err(_) if farewell => return,
            Err(error) => sender.failed(&error),
        }
    }
}

struct Sender<'a> {
    shared: &'a Shared,
    backoff: Backoff,
    /// The batch that the server was asked to take last.
    attempted: Option<u64>,
    reported_ms: Option<i64>,
    reached: bool,
}

impl Sender<'_> {
    /// Sends what is due; whether there may be more.
    fn step(&mut self) -> Result<bool, AgentError> {
        self.report()?;
        let first = self.shared.spool().first().cloned();
        let Some(segment) = first else { return Ok(self.settle()? > 0) };
        match self.send(&segment) {
            Err(error) if error.is_final() => {
                tracing::error!("dropped {} records, which become SKIPDATA: {error}", segment.records());
                self.shared.spool().refused(segment.sequence)?;
            }
            result => result?,
        }
        self.settle()?;
        Ok(true)
    }

    /// The server answers: what was dropped while it did not becomes SKIPDATA.
    fn settle(&self) -> Result<u64, AgentError> {
        self.shared.spool().settle()
    }

    fn report(&mut self) -> Result<(), AgentError> {
        let now_ms = clock::milliseconds();
        let due = self.reported_ms.is_none_or(|at| !(at..at + REPORT_EVERY_MS).contains(&now_ms));
        let Some(report) = self.shared.report(due) else { return Ok(()) };
        match self.shared.client.report(&self.shared.credential, &report) {
            Ok(told) => {
                self.reported_ms = Some(now_ms);
                self.answered(told.offset_ms);
                Ok(())
            }
            Err(error) => {
                self.shared.unreported();
                Err(error)
            }
        }
    }

    fn send(&mut self, segment: &Segment) -> Result<(), AgentError> {
        let (id, body) = {
            let spool = self.shared.spool();
            (spool.id_of(segment)?, spool.body(segment)?)
        };
        let (start, end) = segment.window();
        let before = self.attempted.replace(segment.sequence);
        let (client, credential) = (&self.shared.client, &self.shared.credential);
        let told = client.send(credential, segment.flow_log_id(), id, Span { start, end }, &body)?;
        self.answered(told.offset_ms);
        let may_repeat = segment.inherited || before == Some(segment.sequence);
        if told.answer.repeat && !may_repeat {
            // The spool was restored from a copy, or its machine was cloned.
            tracing::warn!("the server knows a batch that was never sent; all batches get new names");
            return self.shared.spool().renew(Epoch::new(random()?));
        }
        self.shared.spool().taken(segment.sequence)
    }

    fn answered(&mut self, offset_ms: Option<i64>) {
        self.backoff.succeeded();
        if !std::mem::replace(&mut self.reached, true) {
            tracing::info!("{} answers again", self.shared.client.server());
        }
        self.shared.clock_offset(offset_ms);
    }

    fn failed(&mut self, error: &AgentError) {
        if std::mem::replace(&mut self.reached, false) {
            tracing::warn!("{error}; records wait on disk until it works");
        } else {
            tracing::debug!("{error}");
        }
        self.shared.pause(self.backoff.failed(Shared::jitter()));
    }
}
