//! The thread that asks the server what to record. The server answers when there is something new, so a change arrives
//! as fast as the network is.

use std::time::Duration;

use weir_agent::{Answer, Backoff};
use weir_uplink::LONGEST_WAIT_SECONDS;

use super::shared::Shared;

/// Follows the server's definition as long as the process lives.
pub fn follow(shared: &Shared) {
    let mut backoff = Backoff::default();
    let mut have = shared.version();
    loop {
        let wait = Duration::from_secs(LONGEST_WAIT_SECONDS);
        match shared.client.definition(&shared.credential, have.as_deref(), wait) {
            Ok(told) => {
                backoff.succeeded();
                if let Answer::Definition { version, text } = told.answer {
                    // Also when it is refused: the next one may be better, this one stays as it is.
                    have = Some(version.clone());
                    shared.define(version, &text);
                }
            }
            Err(error) => {
                tracing::debug!("{error}");
                shared.pause(backoff.failed(Shared::jitter()));
            }
        }
    }
}
