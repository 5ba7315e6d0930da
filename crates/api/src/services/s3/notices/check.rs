//! What rules may say.

use s3s::S3Result;

use super::Rule;
use crate::{
    access::Context,
    services::s3::{
        disk::Bucket,
        error::{invalid_argument, malformed_xml},
        service::Service,
    },
};

/// Events that S3 tells of. Those of things that do not happen here are taken, and never come. Source: "Event notification
/// types and destinations" of the S3 user guide.
const EVENTS: [&str; 27] = [
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectAcl:Put",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Put",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ObjectRestore:Post",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Delete",
    "s3:ObjectTagging:Put",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationReplicatedAfterThreshold",
];
/// The longest prefix or suffix, in bytes.
const LONGEST: usize = 1024;
/// So many rules has a bucket at most.
const MOST: usize = 100;
const UNABLE: &str = "Unable to validate the following destination configurations";

/// # Errors
/// Rules that cannot be.
pub(super) fn rules(bucket: &Bucket, rules: &[Rule]) -> S3Result<()> {
    if rules.len() > MOST || rules.iter().any(|rule| rule.events.is_empty()) {
        return Err(malformed_xml());
    }
    for (at, rule) in rules.iter().enumerate() {
        arn(bucket, rule)?;
        if let Some(event) = rule.events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
            let all = EVENTS.map(|event| format!("'{event}'")).join(", ");
            let text = format!(
                "The event '{event}' is not supported for notifications. Supported events are as follows: [{all}]"
            );
            return Err(invalid_argument(text, "Event", event));
        }
        keys(rule)?;
        if rules[..at].iter().any(|other| other.id == rule.id) {
            let text = "Same ID used for multiple configurations. IDs must be unique";
            return Err(invalid_argument(text, "ID", &rule.id));
        }
        rules[..at].iter().try_for_each(|other| overlap(other, rule))?;
    }
    Ok(())
}

fn arn(bucket: &Bucket, rule: &Rule) -> S3Result<()> {
    let parts: Vec<&str> = rule.target.split(':').collect();
    let ["arn", _, "sqs" | "sns", region, _, name] = parts.as_slice() else {
        return Err(invalid_argument("The ARN is not well formed", "ARN", &rule.target));
    };
    if *region != bucket.region {
        let text = "The notification destination service region is not valid for the bucket location constraint";
        return Err(invalid_argument(text, &rule.target, region));
    }
    if name.ends_with(".fifo") {
        return Err(invalid_argument(UNABLE, &rule.target, "FIFO queues and topics are not supported"));
    }
    Ok(())
}

fn keys(rule: &Rule) -> S3Result<()> {
    let keys = rule.keys.as_deref().unwrap_or_default();
    for (at, (name, value)) in keys.iter().enumerate() {
        let (text, name) = match name.as_str() {
            "Prefix" | "Suffix" if keys[..at].iter().any(|(other, _)| other == name) => {
                let text = format!("Cannot specify more than one {} rule in a filter.", name.to_lowercase());
                (text, "FilterRule")
            }
            "Prefix" | "Suffix" if value.len() > LONGEST => (
                format!("Size of filter rule value cannot exceed {LONGEST} bytes in UTF-8 representation"),
                "FilterRule",
            ),
            "Prefix" | "Suffix" => continue,
            _ => ("filter rule name must be either prefix or suffix".to_owned(), "FilterRule.Name"),
        };
        return Err(invalid_argument(text, name, value));
    }
    Ok(())
}

/// # Errors
/// Two rules could be about the same event.
fn overlap(one: &Rule, other: &Rule) -> S3Result<()> {
    let covers = |one: &String, other: &String| {
        one == other || one.strip_suffix('*').is_some_and(|head| other.starts_with(head))
    };
    let mut pairs = one.events.iter().flat_map(|one| other.events.iter().map(move |other| (one, other)));
    let (first, second) = (one.part("Prefix"), other.part("Prefix"));
    let prefixes = first.starts_with(second) || second.starts_with(first);
    let (first, second) = (one.part("Suffix"), other.part("Suffix"));
    let suffixes = first.ends_with(second) || second.ends_with(first);
    if !prefixes || !suffixes || !pairs.any(|(one, other)| covers(one, other) || covers(other, one)) {
        return Ok(());
    }
    let text = match (&one.keys, &other.keys) {
        (None, None) => "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
        _ => {
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are \
             overlapping for the same event type."
        }
    };
    Err(invalid_argument(text, "Id", &other.id))
}

/// # Errors
/// The queue or topic is not there, or does not let S3 in.
pub(super) fn destination(service: &Service, bucket: &Bucket, rule: &Rule) -> S3Result<()> {
    let kind = if rule.is_of("sqs") { "queue" } else { "topic" };
    let problem = match service.regions.region(&bucket.region) {
        Ok(region) if rule.is_of("sqs") => region.topics.queues().policy(&rule.target).is_err(),
        Ok(region) => region.topics.policy(&rule.target).is_err(),
        Err(_) => true,
    };
    let reason = if problem {
        format!("The destination {kind} does not exist")
    } else if !may_send(service, bucket, rule) {
        format!("Permissions on the destination {kind} do not allow S3 to publish notifications from this bucket")
    } else {
        return Ok(());
    };
    Err(invalid_argument(UNABLE, &rule.target, reason))
}

/// Whether the policy of the queue or topic lets S3 in.
pub(super) fn may_send(service: &Service, bucket: &Bucket, rule: &Rule) -> bool {
    let action = if rule.is_of("sqs") { "sqs:SendMessage" } else { "sns:Publish" };
    let context = Context::default()
        .with("aws:SourceArn", format!("arn:aws:s3:::{}", bucket.name))
        .with("aws:SourceAccount", service.access.account())
        .with("aws:PrincipalIsAWSService", "true");
    !service.access.is_on() || service.access.allows_service("s3.amazonaws.com", action, &rule.target, &context)
}
