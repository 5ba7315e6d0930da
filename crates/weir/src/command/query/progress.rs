//! The progress bar of a long scan: on a terminal only, on standard error.

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;
use weir_query::Progress;

use super::PATIENCE;

/// A bar that follows a query, or nothing when standard error is no terminal.
pub(super) struct Bar {
    bar: ProgressBar,
    follower: Option<JoinHandle<()>>,
}

impl Bar {
    /// Follows a query; the bar appears when it takes long.
    pub(super) fn start(progress: Arc<Progress>) -> Self {
        let bar = ProgressBar::hidden();
        if !io::stderr().is_terminal() {
            return Self { bar, follower: None };
        }
        let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left{msg}";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let shown = bar.clone();
        let follower = tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            shown.set_draw_target(ProgressDrawTarget::stderr());
            loop {
                shown.set_length(progress.bytes_total());
                shown.set_position(progress.bytes_done());
                let refused = progress.refusals().refused;
                if refused > 0 {
                    shown.set_message(format!(", {refused} lines refused"));
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { bar, follower: Some(follower) }
    }

    /// Does something that writes to the terminal, with the bar out of the way.
    pub(super) fn hide_for<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub(super) fn stop(&self) {
        if let Some(follower) = &self.follower {
            follower.abort();
        }
        self.bar.finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.stop();
    }
}
