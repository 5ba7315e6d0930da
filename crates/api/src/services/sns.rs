//! SNS: topics, subscriptions, messages.

mod publish;
mod subscriptions;
mod tags;
mod topics;

use std::sync::Arc;

use weir_watch::topic::TopicError;

use super::Parsed;
use crate::{
    ApiError, Call, Operation, Payload, Region, Regions, ServiceName, Table, access::ResourcePolicies, handle,
};

/// What the operations work on.
pub struct Sns {
    regions: Arc<dyn Regions>,
}

/// The table of SNS.
pub fn table(regions: Arc<dyn Regions>) -> Table<Sns> {
    Table::new(ServiceName::Sns, Sns { regions }, OPERATIONS)
}

/// Without checks: SNS has words of its own for all that is wrong.
const OPERATIONS: &[Operation<Sns>] = &[
    Operation::new("CreateTopic", handle!(topics::create)).on(named),
    Operation::new("DeleteTopic", handle!(topics::delete)).on(topic),
    Operation::new("ListTopics", handle!(topics::list)),
    Operation::new("GetTopicAttributes", handle!(topics::get_attributes)).on(topic),
    Operation::new("SetTopicAttributes", handle!(topics::set_attributes)).on(topic),
    Operation::new("AddPermission", handle!(topics::add_permission)).on(topic),
    Operation::new("RemovePermission", handle!(topics::remove_permission)).on(topic),
    Operation::new("Subscribe", handle!(subscriptions::subscribe)).on(topic),
    // Links in notices call these two without a signature.
    Operation::new("ConfirmSubscription", handle!(subscriptions::confirm)).on(topic).open(),
    Operation::new("Unsubscribe", handle!(subscriptions::unsubscribe)).on(subscription).open(),
    Operation::new("ListSubscriptions", handle!(subscriptions::list)),
    Operation::new("ListSubscriptionsByTopic", handle!(subscriptions::list_by_topic)).on(topic),
    Operation::new("GetSubscriptionAttributes", handle!(subscriptions::get_attributes)).on(subscription),
    Operation::new("SetSubscriptionAttributes", handle!(subscriptions::set_attributes)).on(subscription),
    Operation::new("Publish", handle!(publish::publish)).on(topic),
    Operation::new("PublishBatch", handle!(publish::publish_batch)).on(topic).allowed_by("Publish"),
    Operation::new("TagResource", handle!(tags::tag)).on(resource),
    Operation::new("UntagResource", handle!(tags::untag)).on(resource),
    Operation::new("ListTagsForResource", handle!(tags::list)).on(resource),
];

/// What SNS has and Weir has not.
pub fn unsupported() -> Table<()> {
    Table::new(ServiceName::Sns, (), UNSUPPORTED)
}

const UNSUPPORTED: &[Operation<()>] = &Operation::all_unsupported([
    "CheckIfPhoneNumberIsOptedOut",
    "CreatePlatformApplication",
    "CreatePlatformEndpoint",
    "CreateSMSSandboxPhoneNumber",
    "DeleteEndpoint",
    "DeletePlatformApplication",
    "DeleteSMSSandboxPhoneNumber",
    "GetDataProtectionPolicy",
    "GetEndpointAttributes",
    "GetPlatformApplicationAttributes",
    "GetSMSAttributes",
    "GetSMSSandboxAccountStatus",
    "ListEndpointsByPlatformApplication",
    "ListOriginationNumbers",
    "ListPhoneNumbersOptedOut",
    "ListPlatformApplications",
    "ListSMSSandboxPhoneNumbers",
    "OptInPhoneNumber",
    "PutDataProtectionPolicy",
    "SetEndpointAttributes",
    "SetPlatformApplicationAttributes",
    "SetSMSAttributes",
    "VerifySMSSandboxPhoneNumber",
]);

/// The policies of topics, by the ARN. What a topic has by default is about its account, which needs no leave of it.
pub(super) fn policies(regions: Arc<dyn Regions>) -> ResourcePolicies {
    let parsed = Parsed::default();
    Arc::new(move |arn| {
        let region = arn.split(':').nth(3).unwrap_or_default();
        let text = regions.region(region).ok().and_then(|region| region.topics.policy(arn).ok().flatten());
        parsed.policy(arn, text).into_iter().collect()
    })
}

impl Sns {
    /// The region of the call. A link is not signed for one: there it is that of the ARN.
    fn region(&self, call: &Call, arn: &str) -> Result<Arc<Region>, ApiError> {
        let of_arn = || arn.split(':').nth(3).filter(|region| !region.is_empty());
        let region = if call.principal.is_somebody() { None } else { of_arn() };
        self.regions.region(region.unwrap_or(&call.region))
    }
}

impl From<TopicError> for ApiError {
    fn from(error: TopicError) -> Self {
        Self::new(error.code(), error.to_string()).with_status(error.status())
    }
}

/// The topic that an input has the ARN of.
fn topic(_: &Call, payload: &Payload) -> Vec<String> {
    vec![payload.text("TopicArn").or_else(|| payload.text("TargetArn")).unwrap_or("*").to_owned()]
}

/// The topic that is made.
fn named(call: &Call, payload: &Payload) -> Vec<String> {
    vec![call.arn("sns", payload.text("Name").unwrap_or("*"))]
}

/// The topic of a subscription: policies do not know subscriptions.
fn subscription(_: &Call, payload: &Payload) -> Vec<String> {
    let topic = payload.text("SubscriptionArn").and_then(|arn| arn.rsplit_once(':')).map(|(topic, _)| topic);
    vec![topic.unwrap_or("*").to_owned()]
}

/// The resource that an input has the ARN of.
fn resource(_: &Call, payload: &Payload) -> Vec<String> {
    vec![payload.text("ResourceArn").unwrap_or("*").to_owned()]
}

#[cfg(test)]
mod tests;
