//! Messages.

use weir_watch::topic::{PublishBatchInput, PublishBatchOutput, PublishInput, PublishOutput};

use super::Sns;
use crate::{ApiError, Call, Region};

pub(super) fn publish(sns: &Sns, call: &Call, input: &PublishInput) -> Result<PublishOutput, ApiError> {
    let region = sns.region(call, "")?;
    let output = region.topics.publish(input, call.now)?;
    fill_queues(&region, output.message_id.as_str(), call.now);
    Ok(output)
}

pub(super) fn publish_batch(sns: &Sns, call: &Call, input: &PublishBatchInput) -> Result<PublishBatchOutput, ApiError> {
    let region = sns.region(call, "")?;
    let output = region.topics.publish_batch(input, call.now)?;
    output.successful.iter().for_each(|entry| fill_queues(&region, entry.published.message_id.as_str(), call.now));
    Ok(output)
}

/// Into queues at once. The message is published, whatever becomes of that.
fn fill_queues(region: &Region, message_id: &str, now: i64) {
    if let Err(error) = region.courier.fill_queues(message_id, now) {
        tracing::warn!(%error, "a notice for a queue waits");
    }
}
