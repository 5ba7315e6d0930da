//! Messages.

use weir_watch::topic::{PublishBatchInput, PublishBatchOutput, PublishInput, PublishOutput};

use super::Sns;
use crate::{ApiError, Call};

pub(super) fn publish(sns: &Sns, call: &Call, input: &PublishInput) -> Result<PublishOutput, ApiError> {
    Ok(sns.region(call, "")?.topics.publish(input, call.now)?)
}

pub(super) fn publish_batch(sns: &Sns, call: &Call, input: &PublishBatchInput) -> Result<PublishBatchOutput, ApiError> {
    Ok(sns.region(call, "")?.topics.publish_batch(input, call.now)?)
}
