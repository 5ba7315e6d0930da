//! Who is told of what happens to the objects of a bucket: queues and topics.

mod check;
mod event;
mod lost;
mod rule;
mod send;

use s3s::{S3Request, S3Result, dto};

use super::service::Service;

pub(super) use event::{Happened, Who, name};
pub(super) use lost::Lost;
pub use lost::LostNotifications;
pub(super) use rule::Rule;

/// The name of the setting.
const SETTING: &str = "notifications";

pub(super) fn get(
    service: &Service,
    request: S3Request<dto::GetBucketNotificationConfigurationInput>,
) -> S3Result<dto::GetBucketNotificationConfigurationOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let rules = rules(service, &bucket.name)?;
    let queues: Vec<_> = rules.iter().filter(|rule| rule.is_of("sqs")).map(Rule::queue).collect();
    let topics: Vec<_> = rules.iter().filter(|rule| rule.is_of("sns")).map(Rule::topic).collect();
    Ok(dto::GetBucketNotificationConfigurationOutput {
        queue_configurations: (!queues.is_empty()).then_some(queues),
        topic_configurations: (!topics.is_empty()).then_some(topics),
        ..dto::GetBucketNotificationConfigurationOutput::default()
    })
}

pub(super) fn put(
    service: &Service,
    request: S3Request<dto::PutBucketNotificationConfigurationInput>,
) -> S3Result<dto::PutBucketNotificationConfigurationOutput> {
    let who = Who::of(&request);
    let input = request.input;
    let is_unchecked = input.skip_destination_validation == Some(true);
    set(service, &input.bucket, rule::of(input.notification_configuration)?, is_unchecked, &who)?;
    Ok(dto::PutBucketNotificationConfigurationOutput::default())
}

/// Takes these rules in place of those that are there, and tells each queue and topic so.
///
/// # Errors
/// Rules that cannot be, or a queue or topic that is not there or does not let S3 in.
pub(super) fn set(service: &Service, bucket: &str, rules: Vec<Rule>, is_unchecked: bool, who: &Who) -> S3Result<()> {
    let bucket = service.bucket(bucket)?;
    check::rules(&bucket, &rules)?;
    if !is_unchecked {
        rules.iter().try_for_each(|rule| check::destination(service, &bucket, rule))?;
    }
    service.disk.set(&bucket, SETTING, (!rules.is_empty()).then_some(&rules))?;
    if !is_unchecked {
        let test = event::test(&bucket.name, who, service.now());
        rules.iter().for_each(|rule| send::send(service, &bucket, rule, &test));
    }
    Ok(())
}

fn rules(service: &Service, bucket: &str) -> S3Result<Vec<Rule>> {
    Ok(service.disk.setting(bucket, SETTING)?.unwrap_or_default())
}

impl Service {
    /// Tells whoever wants to know, before whoever did it is told that it is done. What has happened has happened, whatever
    /// becomes of that.
    pub(super) fn tell(&self, bucket: &str, happened: &Happened<'_>, who: &Who) {
        let told = rules(self, bucket).and_then(|mut rules| {
            rules.retain(|rule| rule.is_about(happened));
            // Most buckets have no rules.
            if rules.is_empty() {
                return Ok(());
            }
            let bucket = self.bucket(bucket)?;
            for rule in &rules {
                send::send(self, &bucket, rule, &event::text(self, &bucket, rule, happened, who));
            }
            Ok(())
        });
        if let Err(error) = told {
            self.lost.add(format!("nobody was told of {bucket}/{}: {error}", happened.key));
        }
    }

    /// Tells of an object that another part of this program has put there.
    pub(super) fn tell_of_delivered(&self, bucket: &str, key: &str, is_of_parts: bool) {
        let told = rules(self, bucket).and_then(|rules| {
            // What is known of an object without a row is read from its file.
            if rules.is_empty() {
                return Ok(());
            }
            if let Some(version) = self.disk.object(&self.bucket(bucket)?, key)? {
                let event = if is_of_parts { name::COMPLETED } else { name::PUT };
                self.tell(bucket, &Happened::to(event, &version), &Who::a_service(self));
            }
            Ok(())
        });
        if let Err(error) = told {
            self.lost.add(format!("nobody was told of {bucket}/{key}: {error}"));
        }
    }
}
