//! Dead letters: what could not be delivered, as files that a person can read.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{json::timestamp, queue::Queued};
use crate::topic::{Message, shown_endpoint};

/// The folder within the data directory.
const FOLDER: &str = "dead-letters";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Letter<'a> {
    r#type: &'static str,
    message_id: &'a str,
    topic_arn: &'a str,
    subscription_arn: &'a str,
    protocol: &'static str,
    endpoint: String,
    published: String,
    given_up: String,
    attempts: u32,
    problem: &'a str,
    message: &'a Message,
}

/// Writes what is given up, and gives its path. The same delivery has the same file, however often it is written.
///
/// A `RedrivePolicy` puts it into a folder with the name of the queue.
pub(super) fn write(data: &Path, queued: &Queued, problem: &str, now: i64) -> io::Result<PathBuf> {
    let folder = data.join(FOLDER);
    // Checked when it was set.
    let folder = match queued.subscription.settings.dead_letter_queue().ok().flatten() {
        Some(queue) => folder.join(queue),
        None => folder,
    };
    let subscription = &queued.subscription;
    let letter = Letter {
        r#type: queued.kind.name(),
        message_id: &queued.message_id,
        topic_arn: &subscription.topic,
        subscription_arn: &subscription.arn,
        protocol: subscription.protocol.name(),
        endpoint: shown_endpoint(&subscription.endpoint),
        published: timestamp(queued.published),
        given_up: timestamp(now),
        attempts: queued.failures + 1,
        problem,
        message: &queued.message,
    };
    let date: String = timestamp(queued.published).chars().take(10).collect();
    let path = folder.join(format!("{date}-{}-{}.json", queued.message_id, queued.id));
    fs::create_dir_all(&folder)?;
    let unfinished = path.with_extension("unfinished");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    serde_json::to_writer_pretty(&mut file, &letter)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    fs::File::open(&folder)?.sync_all()?;
    Ok(path)
}
