//! Inputs and outputs of the operations, named as SQS names them.

use std::collections::BTreeMap;

use crate::shapes::shapes;

/// Attributes of a queue or a message: texts by name.
pub type Attributes = BTreeMap<String, String>;

/// Message attributes by name.
pub type MessageAttributes = BTreeMap<String, MessageAttributeValue>;

shapes! {
    /// What `CreateQueue` takes.
    CreateQueueInput {
        /// 1 to 80 letters, digits, hyphens and underscores; that of a FIFO queue ends in `.fifo`.
        queue_name: Option<String>,
        /// As `SetQueueAttributes` takes them.
        attributes: Attributes,
        /// At most 50.
        #[serde(alias = "tags")]
        tags: BTreeMap<String, String>,
    }
    /// What `SetQueueAttributes` takes.
    SetQueueAttributesInput {
        /// The queue.
        queue_url: String,
        /// By name.
        attributes: Attributes,
    }
    /// What `AddPermission` takes.
    AddPermissionInput {
        /// The queue.
        queue_url: String,
        /// The name of the statement.
        label: String,
        /// Accounts.
        #[serde(rename = "AWSAccountIds", alias = "AWSAccountId")]
        accounts: Vec<String>,
        /// Such as `SendMessage`, or `*`.
        #[serde(alias = "ActionName")]
        actions: Vec<String>,
    }
    /// What `RemovePermission` takes.
    RemovePermissionInput {
        /// The queue.
        queue_url: String,
        /// The name of the statement.
        label: String,
    }
    /// What `ListQueues` takes.
    ListQueuesInput {
        /// What names begin with.
        queue_name_prefix: Option<String>,
        /// At most 1000.
        max_results: Option<i64>,
        /// Where to go on.
        next_token: Option<String>,
    }
    /// A message attribute.
    MessageAttributeValue {
        /// `String`, `Number` or `Binary`, perhaps with a label behind a dot.
        data_type: String,
        /// The value, but for `Binary`.
        #[serde(skip_serializing_if = "Option::is_none")]
        string_value: Option<String>,
        /// The value of `Binary` in base64.
        #[serde(skip_serializing_if = "Option::is_none")]
        binary_value: Option<String>,
    }
    /// What `SendMessage` takes, and an entry of `SendMessageBatch`.
    SendMessageInput {
        /// Of an entry: its name within the batch.
        id: String,
        /// The text.
        message_body: Option<String>,
        /// 0 to 900 seconds; the queue's if there is none.
        delay_seconds: Option<i64>,
        /// At most 10.
        message_attributes: MessageAttributes,
        /// `AWSTraceHeader`.
        message_system_attributes: MessageAttributes,
        /// What it is in order with, in a FIFO queue.
        message_group_id: Option<String>,
        /// What tells it from others, in a FIFO queue.
        message_deduplication_id: Option<String>,
    }
    /// What `SendMessage` gives.
    SendMessageOutput {
        /// MD5 of the attributes, if there are any.
        #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
        md5_of_message_attributes: Option<String>,
        /// MD5 of the text.
        #[serde(rename = "MD5OfMessageBody")]
        md5_of_message_body: String,
        /// MD5 of the system attributes, if there are any.
        #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
        md5_of_message_system_attributes: Option<String>,
        /// A UUID.
        message_id: String,
        /// 20 digits, in a FIFO queue: higher than those of all messages before.
        #[serde(skip_serializing_if = "Option::is_none")]
        sequence_number: Option<String>,
    }
    /// What `ReceiveMessage` takes.
    ReceiveMessageInput {
        /// The queue.
        queue_url: String,
        /// System attributes to give, as they were called first.
        attribute_names: Vec<String>,
        /// System attributes to give.
        message_system_attribute_names: Vec<String>,
        /// Message attributes to give: names, `prefix.*`, `All`.
        message_attribute_names: Vec<String>,
        /// 1 to 10.
        max_number_of_messages: Option<i64>,
        /// Seconds; the queue's if there is none.
        visibility_timeout: Option<i64>,
        /// 0 to 20 seconds; the queue's if there is none.
        wait_time_seconds: Option<i64>,
    }
    /// A message that was received.
    Message {
        /// A UUID.
        message_id: String,
        /// What to delete it with.
        receipt_handle: String,
        /// MD5 of the text.
        #[serde(rename = "MD5OfBody")]
        md5_of_body: String,
        /// The text.
        body: String,
        /// System attributes that were asked for.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        attributes: Attributes,
        /// MD5 of the message attributes that are given.
        #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
        md5_of_message_attributes: Option<String>,
        /// Message attributes that were asked for.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        message_attributes: MessageAttributes,
    }
    /// An entry of a batch that names a message.
    ReceiptEntry {
        /// The name of the entry.
        id: String,
        /// The message.
        receipt_handle: String,
        /// 0 to 43200 seconds, of `ChangeMessageVisibilityBatch`.
        visibility_timeout: Option<i64>,
    }
}
