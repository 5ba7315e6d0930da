//! SQS: queues of messages, such as topics deliver to.

mod messages;
mod queues;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use weir_watch::queue::{QueueError, Queues};

use super::Parsed;
use crate::{ApiError, Call, Operation, Payload, Regions, ServiceName, Table, access::ResourcePolicies, handle};

/// What the operations work on.
pub struct Sqs {
    regions: Arc<dyn Regions>,
}

/// The table of SQS.
pub fn table(regions: Arc<dyn Regions>) -> Table<Sqs> {
    Table::new(ServiceName::Sqs, Sqs { regions }, OPERATIONS)
}

const OPERATIONS: &[Operation<Sqs>] = &[
    Operation::new("AddPermission", handle!(queues::add_permission)).on(queue),
    Operation::unsupported("CancelMessageMoveTask"),
    Operation::new("ChangeMessageVisibility", handle!(messages::change_visibility)).on(queue),
    Operation::new("ChangeMessageVisibilityBatch", handle!(messages::change_visibility_batch))
        .on(queue)
        .allowed_by("ChangeMessageVisibility"),
    Operation::new("CreateQueue", handle!(queues::create)).on(queue),
    Operation::new("DeleteMessage", handle!(messages::delete)).on(queue),
    Operation::new("DeleteMessageBatch", handle!(messages::delete_batch)).on(queue).allowed_by("DeleteMessage"),
    Operation::new("DeleteQueue", handle!(queues::delete)).on(queue),
    Operation::new("GetQueueAttributes", handle!(queues::get_attributes)).on(queue),
    Operation::new("GetQueueUrl", handle!(queues::get_url)).on(queue),
    Operation::new("ListDeadLetterSourceQueues", handle!(queues::list_sources)).on(queue),
    Operation::unsupported("ListMessageMoveTasks"),
    Operation::new("ListQueueTags", handle!(queues::list_tags)).on(queue),
    Operation::new("ListQueues", handle!(queues::list)),
    Operation::new("PurgeQueue", handle!(queues::purge)).on(queue),
    Operation::new("ReceiveMessage", handle!(messages::receive)).on(queue),
    Operation::new("RemovePermission", handle!(queues::remove_permission)).on(queue),
    Operation::new("SendMessage", handle!(messages::send)).on(queue),
    Operation::new("SendMessageBatch", handle!(messages::send_batch)).on(queue).allowed_by("SendMessage"),
    Operation::new("SetQueueAttributes", handle!(queues::set_attributes)).on(queue),
    Operation::unsupported("StartMessageMoveTask"),
    Operation::new("TagQueue", handle!(queues::tag)).on(queue),
    Operation::new("UntagQueue", handle!(queues::untag)).on(queue),
];

/// The policies of queues, by the ARN.
pub(super) fn policies(regions: Arc<dyn Regions>) -> ResourcePolicies {
    let parsed = Parsed::default();
    Arc::new(move |arn| {
        let region = arn.split(':').nth(3).unwrap_or_default();
        let text = regions.region(region).ok().and_then(|region| region.topics.queues().policy(arn).ok().flatten());
        parsed.policy(arn, text).into_iter().collect()
    })
}

impl Sqs {
    fn queues(&self, call: &Call) -> Result<Queues, ApiError> {
        Ok(self.regions.region(&call.region)?.topics.queues().clone())
    }
}

/// The queue that an input names by its URL or its name.
fn queue(call: &Call, payload: &Payload) -> Vec<String> {
    let named = payload.text("QueueUrl").or_else(|| payload.text("QueueName"));
    let name = named.and_then(|url| url.rsplit(['/', ':']).next()).unwrap_or("*");
    vec![call.arn("sqs", name)]
}

/// Where a client finds a queue: at this server, as the client calls it.
pub(crate) fn url(call: &Call, name: &str) -> String {
    let scheme = if call.source.is_secure { "https" } else { "http" };
    let host = if call.source.host.is_empty() { "localhost" } else { &call.source.host };
    format!("{scheme}://{host}/{}/{name}", call.account)
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        Self::new(error.code(), error.to_string()).with_status(error.status())
    }
}
