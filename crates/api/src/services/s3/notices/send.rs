//! How queues and topics are told.

use weir_watch::{queue::SendMessageInput, topic::PublishInput};

use super::{Rule, check::may_send};
use crate::{
    ApiError, Region,
    services::s3::{disk::Bucket, service::Service},
};

/// Who sends into queues.
const SENDER: &str = "AIDAJHIPRHEMV73VRJEBU";

/// Tells the target of a rule. What cannot be told is counted: nobody waits for it.
pub(super) fn send(service: &Service, bucket: &Bucket, rule: &Rule, text: &str) {
    if let Err(reason) = try_send(service, bucket, rule, text) {
        service.lost.add(format!("{} was not told of bucket {}: {reason}", rule.target, bucket.name));
    }
}

fn try_send(service: &Service, bucket: &Bucket, rule: &Rule, text: &str) -> Result<(), String> {
    if !may_send(service, bucket, rule) {
        return Err("its policy keeps s3.amazonaws.com out".to_owned());
    }
    let region = service.regions.region(&bucket.region);
    let sent = region.and_then(|region| match rule.is_of("sqs") {
        true => into_queue(&region, &rule.target, text, service.now()),
        false => into_topic(&region, &rule.target, text, service.now()),
    });
    sent.map_err(|error| error.message)
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
