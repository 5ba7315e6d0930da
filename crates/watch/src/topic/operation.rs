//! Inputs and outputs of the operations, named as SNS names them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{MessageAttributes, MessageId};
use crate::shapes::shapes;

/// Attributes of a topic or a subscription: texts by name.
pub type Attributes = BTreeMap<String, String>;

shapes! {
    /// A tag.
    Tag {
        /// 1 to 128 characters.
        key: String,
        /// Up to 256 characters.
        value: String,
    }
    /// What `CreateTopic` takes.
    CreateTopicInput {
        /// 1 to 256 letters, digits, hyphens and underscores; that of a FIFO topic ends in `.fifo`.
        name: String,
        /// As `SetTopicAttributes` takes them.
        attributes: Attributes,
        /// At most 50.
        tags: Vec<Tag>,
    }
    /// What names a topic.
    TopicRef {
        /// `arn:aws:sns:<region>:<account>:<name>`.
        topic_arn: String,
    }
    /// What `ListTopics` gives.
    ListTopicsOutput {
        /// At most 100.
        topics: Vec<TopicRef>,
        /// Where to go on, if there are more.
        next_token: Option<String>,
    }
    /// What `GetTopicAttributes` and `GetSubscriptionAttributes` give.
    AttributesOutput {
        /// The attributes.
        attributes: Attributes,
    }
    /// What `SetTopicAttributes` takes.
    SetTopicAttributesInput {
        /// The topic.
        topic_arn: String,
        /// Such as `DisplayName`.
        attribute_name: String,
        /// None or an empty text: the default.
        attribute_value: Option<String>,
    }
    /// What `AddPermission` takes.
    AddPermissionInput {
        /// The topic.
        topic_arn: String,
        /// Names the statement.
        label: String,
        /// Who may.
        #[serde(rename = "AWSAccountId")]
        aws_account_id: Vec<String>,
        /// What they may, such as `Publish`.
        action_name: Vec<String>,
    }
    /// What `RemovePermission` takes.
    RemovePermissionInput {
        /// The topic.
        topic_arn: String,
        /// Names the statement.
        label: String,
    }
    /// What `Subscribe` takes.
    SubscribeInput {
        /// The topic.
        topic_arn: String,
        /// `email`, `email-json`, `http` or `https`.
        protocol: String,
        /// An address or a URL.
        endpoint: String,
        /// As `SetSubscriptionAttributes` takes them.
        attributes: Attributes,
        /// Whether to give the ARN although it is not confirmed.
        return_subscription_arn: bool,
    }
    /// What `Subscribe` and `ConfirmSubscription` give.
    SubscriptionOutput {
        /// The ARN, or `pending confirmation`.
        subscription_arn: String,
    }
    /// What `ConfirmSubscription` takes.
    ConfirmSubscriptionInput {
        /// The topic.
        topic_arn: String,
        /// What was sent to the endpoint.
        token: String,
        /// `true`: only the account may unsubscribe, not everyone with the link.
        authenticate_on_unsubscribe: Option<String>,
    }
    /// What names a subscription.
    SubscriptionRef {
        /// The topic's ARN, `:` and a UUID.
        subscription_arn: String,
    }
    /// What the `List…` operations take.
    ListInput {
        /// Of one topic only.
        topic_arn: Option<String>,
        /// Where to go on.
        next_token: Option<String>,
    }
    /// A subscription in a list.
    SubscriptionEntry {
        /// The ARN, `PendingConfirmation` or `Deleted`.
        subscription_arn: String,
        /// The account.
        owner: String,
        /// Such as `email`.
        protocol: String,
        /// The endpoint, without its password.
        endpoint: String,
        /// The topic.
        topic_arn: String,
    }
    /// What `ListSubscriptions` and `ListSubscriptionsByTopic` give.
    ListSubscriptionsOutput {
        /// At most 100.
        subscriptions: Vec<SubscriptionEntry>,
        /// Where to go on, if there are more.
        next_token: Option<String>,
    }
    /// What `SetSubscriptionAttributes` takes.
    SetSubscriptionAttributesInput {
        /// The subscription.
        subscription_arn: String,
        /// Such as `FilterPolicy`.
        attribute_name: String,
        /// None or an empty text: the default.
        attribute_value: Option<String>,
    }
    /// What `Publish` takes.
    PublishInput {
        /// The topic.
        topic_arn: Option<String>,
        /// The topic, too.
        target_arn: Option<String>,
        /// Refused: there is no SMS.
        phone_number: Option<String>,
        /// The text.
        message: String,
        /// The subject of a mail.
        subject: Option<String>,
        /// `json`, or none.
        message_structure: Option<String>,
        /// What filter policies look at.
        message_attributes: MessageAttributes,
        /// What it is in order with; a FIFO topic wants one.
        message_group_id: Option<String>,
        /// What tells it from others, in a FIFO topic.
        message_deduplication_id: Option<String>,
    }
    /// An entry of `PublishBatch`.
    PublishBatchRequestEntry {
        /// Names the entry within the batch.
        id: String,
        /// The text.
        message: String,
        /// The subject of a mail.
        subject: Option<String>,
        /// `json`, or none.
        message_structure: Option<String>,
        /// What filter policies look at.
        message_attributes: MessageAttributes,
        /// What it is in order with; a FIFO topic wants one.
        message_group_id: Option<String>,
        /// What tells it from others, in a FIFO topic.
        message_deduplication_id: Option<String>,
    }
    /// What `PublishBatch` takes.
    PublishBatchInput {
        /// The topic.
        topic_arn: String,
        /// 1 to 10.
        publish_batch_request_entries: Vec<PublishBatchRequestEntry>,
    }
    /// What `PublishBatch` gives.
    PublishBatchOutput {
        /// What was published.
        successful: Vec<PublishBatchResultEntry>,
        /// What was not.
        failed: Vec<BatchResultErrorEntry>,
    }
    /// An entry that was not published.
    BatchResultErrorEntry {
        /// The entry.
        id: String,
        /// Such as `InvalidParameter`.
        code: String,
        /// Why.
        message: String,
        /// Whether the sender has to change something.
        sender_fault: bool,
    }
    /// What `TagResource` takes.
    TagResourceInput {
        /// The topic.
        resource_arn: String,
        /// New or changed tags.
        tags: Vec<Tag>,
    }
    /// What `UntagResource` takes.
    UntagResourceInput {
        /// The topic.
        resource_arn: String,
        /// Tags to remove.
        tag_keys: Vec<String>,
    }
    /// What `ListTagsForResource` takes.
    ResourceRef {
        /// The topic.
        resource_arn: String,
    }
    /// What `ListTagsForResource` gives.
    TagsOutput {
        /// The tags, by key.
        tags: Vec<Tag>,
    }
}

/// What `Publish` gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublishOutput {
    /// Names the message.
    pub message_id: MessageId,
    /// Of a FIFO topic: 20 digits, higher than those of all messages before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence_number: Option<String>,
}

/// An entry that was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublishBatchResultEntry {
    /// The entry.
    pub id: String,
    /// What was published.
    #[serde(flatten)]
    pub published: PublishOutput,
}
