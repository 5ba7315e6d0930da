//! How queues and topics are told.

use weir_watch::{queue::SendMessageInput, topic::PublishInput};

use super::{Rule, check::may_send};
use crate::{
    ApiError, Region,
    services::s3::{disk::Bucket, service::Service},
};

/// Who sends into queues.
const SENDER: &str = "AIDAJHIPRHEMV73VRJEBU";

/// Tells the target of a rule. What cannot be told is in the log: nobody waits for it.
pub(super) fn send(service: &Service, bucket: &Bucket, rule: &Rule, text: &str) {
    if !may_send(service, bucket, rule) {
        tracing::warn!(bucket = bucket.name, target = rule.target, "the policy of the target keeps a notification out");
        return;
    }
    let region = service.regions.region(&bucket.region);
    let sent = region.and_then(|region| match rule.is_of("sqs") {
        true => into_queue(&region, &rule.target, text, service.now()),
        false => into_topic(&region, &rule.target, text, service.now()),
    });
    if let Err(error) = sent {
        let (bucket, target) = (&bucket.name, &rule.target);
        tracing::warn!(bucket, target, error = %error.message, "a notification of a bucket is lost");
    }
}

fn into_queue(region: &Region, arn: &str, text: &str, now: i64) -> Result<(), ApiError> {
    let input = SendMessageInput { message_body: Some(text.to_owned()), ..SendMessageInput::default() };
    region.topics.queues().send_message(arn, &input, SENDER, now)?;
    Ok(())
}

fn into_topic(region: &Region, arn: &str, text: &str, now: i64) -> Result<(), ApiError> {
    let input = PublishInput {
        topic_arn: Some(arn.to_owned()),
        subject: Some("Amazon S3 Notification".to_owned()),
        message: text.to_owned(),
        ..PublishInput::default()
    };
    let published = region.topics.publish(&input, now)?;
    region.courier.fill_queues(published.message_id.as_str(), now).map_err(ApiError::internal)
}
