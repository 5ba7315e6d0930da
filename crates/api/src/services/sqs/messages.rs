//! Messages: sent, received, deleted, one or ten at a time.

use serde::{Deserialize, Serialize};
use weir_watch::queue::{
    Message, QueueError, ReceiptEntry, ReceiveMessageInput, SendMessageInput, SendMessageOutput, check_batch,
};

use super::Sqs;
use crate::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendInput {
    #[serde(default)]
    queue_url: String,
    #[serde(flatten)]
    message: SendMessageInput,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ReceiptInput {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchInput<E> {
    #[serde(default)]
    queue_url: String,
    #[serde(default = "Vec::new")]
    entries: Vec<E>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveOutput {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Message>,
}

/// Lists that are empty are not there.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchOutput<T> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successful: Vec<Done<T>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Failed>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Done<T> {
    id: String,
    #[serde(flatten)]
    result: T,
}

/// What an entry gives that gives nothing but its name.
#[derive(Serialize)]
pub(super) struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    sender_fault: bool,
    code: String,
    message: String,
}

pub(super) fn send(sqs: &Sqs, call: &Call, input: &SendInput) -> Result<SendMessageOutput, ApiError> {
    let sender = &call.principal.user_id;
    Ok(sqs.queues(call)?.send_message(&input.queue_url, &input.message, sender, call.now)?)
}

pub(super) fn send_batch(
    sqs: &Sqs,
    call: &Call,
    input: &BatchInput<SendMessageInput>,
) -> Result<BatchOutput<SendMessageOutput>, ApiError> {
    let queues = sqs.queues(call)?;
    queues.check_send_batch(&input.queue_url, &input.entries)?;
    let sender = &call.principal.user_id;
    Ok(each(&input.entries, |entry| &entry.id, |entry| queues.send_message(&input.queue_url, entry, sender, call.now)))
}

pub(super) fn receive(sqs: &Sqs, call: &Call, input: &ReceiveMessageInput) -> Result<ReceiveOutput, ApiError> {
    Ok(ReceiveOutput { messages: sqs.queues(call)?.receive_message(input, call.now)? })
}

pub(super) fn delete(sqs: &Sqs, call: &Call, input: &ReceiptInput) -> Result<(), ApiError> {
    Ok(sqs.queues(call)?.delete_message(&input.queue_url, &input.receipt_handle, call.now)?)
}

pub(super) fn delete_batch(
    sqs: &Sqs,
    call: &Call,
    input: &BatchInput<ReceiptEntry>,
) -> Result<BatchOutput<Nothing>, ApiError> {
    let queues = sqs.queues(call)?;
    queues.queue_of_name(&queues.named(&input.queue_url)?)?;
    check_batch("DeleteMessageBatchRequestEntry", input.entries.iter().map(|entry| entry.id.as_str()))?;
    let delete = |entry: &ReceiptEntry| queues.delete_message(&input.queue_url, &entry.receipt_handle, call.now);
    Ok(each(&input.entries, |entry| &entry.id, |entry| delete(entry).map(|()| Nothing {})))
}

pub(super) fn change_visibility(sqs: &Sqs, call: &Call, input: &ReceiptInput) -> Result<(), ApiError> {
    let ReceiptInput { queue_url, receipt_handle, visibility_timeout } = input;
    Ok(sqs.queues(call)?.change_message_visibility(queue_url, receipt_handle, *visibility_timeout, call.now)?)
}

pub(super) fn change_visibility_batch(
    sqs: &Sqs,
    call: &Call,
    input: &BatchInput<ReceiptEntry>,
) -> Result<BatchOutput<Nothing>, ApiError> {
    let queues = sqs.queues(call)?;
    queues.queue_of_name(&queues.named(&input.queue_url)?)?;
    check_batch("ChangeMessageVisibilityBatchRequestEntry", input.entries.iter().map(|entry| entry.id.as_str()))?;
    let change = |entry: &ReceiptEntry| {
        let timeout = Some(entry.visibility_timeout.unwrap_or_default());
        queues.change_message_visibility(&input.queue_url, &entry.receipt_handle, timeout, call.now)
    };
    Ok(each(&input.entries, |entry| &entry.id, |entry| change(entry).map(|()| Nothing {})))
}

/// Each entry is done or not, whatever became of the others.
fn each<E, T>(entries: &[E], id: impl Fn(&E) -> &String, work: impl Fn(&E) -> Result<T, QueueError>) -> BatchOutput<T> {
    let mut output = BatchOutput { successful: Vec::new(), failed: Vec::new() };
    for entry in entries {
        let id = id(entry).clone();
        match work(entry) {
            Ok(result) => output.successful.push(Done { id, result }),
            Err(error) => output.failed.push(Failed {
                id,
                sender_fault: error.status() < 500,
                code: error.code().to_owned(),
                message: error.to_string(),
            }),
        }
    }
    output
}
