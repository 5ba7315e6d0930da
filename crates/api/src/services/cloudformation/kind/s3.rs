//! Resources of S3. Its few operations that stacks need are a table like those of the other services.

use serde_json::{Value, json};

use super::{Kind, Made, Was, Work};
use crate::{ApiError, ServiceName::S3};

pub(super) const KINDS: &[Kind] = &[
    Kind::new("AWS::S3::Bucket", create_bucket, delete_bucket)
        .named_small("BucketName", 63)
        .shows(&["Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"])
        .found(|work| work.shown(S3, "HeadBucket", json!({"Bucket": work.name}), &work.name))
        .changes(update_bucket, &[]),
    Kind::new("AWS::S3::BucketPolicy", put_policy, delete_policy)
        .requires(&["Bucket", "PolicyDocument"])
        .changes(|work, _| put_policy(work), &["Bucket"]),
];

fn create_bucket(work: &Work<'_>) -> Result<Made, ApiError> {
    let (name, region) = (&work.name, &work.call.region);
    work.call(S3, "CreateBucket", json!({"Bucket": name}))?;
    configure(work)?;
    let made = Made::of(name);
    retag(work, &Was { made: &made, properties: &Value::Null })?;
    Ok(made
        .with("Arn", format!("arn:aws:s3:::{name}"))
        .with("DomainName", format!("{name}.s3.amazonaws.com"))
        .with("RegionalDomainName", format!("{name}.s3.{region}.amazonaws.com"))
        .with("DualStackDomainName", format!("{name}.s3.dualstack.{region}.amazonaws.com"))
        .with("WebsiteURL", format!("http://{name}.s3-website-{region}.amazonaws.com")))
}

/// Properties of a bucket that are settings, and the operation that takes each.
const SETTINGS: [(&str, &str); 10] = [
    ("AccelerateConfiguration", "PutBucketAccelerateConfiguration"),
    ("BucketEncryption", "PutBucketEncryption"),
    ("CorsConfiguration", "PutBucketCors"),
    ("LifecycleConfiguration", "PutBucketLifecycleConfiguration"),
    ("LoggingConfiguration", "PutBucketLogging"),
    ("NotificationConfiguration", "PutBucketNotificationConfiguration"),
    ("OwnershipControls", "PutBucketOwnershipControls"),
    ("PublicAccessBlockConfiguration", "PutPublicAccessBlock"),
    ("VersioningConfiguration", "PutBucketVersioning"),
    ("WebsiteConfiguration", "PutBucketWebsite"),
];

fn configure(work: &Work<'_>) -> Result<(), ApiError> {
    for (property, operation) in SETTINGS {
        if let Some(value) = work.get(property) {
            work.call(S3, operation, json!({"Bucket": work.name, "Configuration": value}))?;
        }
    }
    Ok(())
}

/// All tags of a bucket are put at once.
fn retag(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let set = |tags: Value| json!({"Bucket": work.name, "Configuration": {"TagSet": tags}});
    work.retag(was, S3, ("PutBucketTagging", set), ("PutBucketTagging", |_| set(json!([]))))
}

fn update_bucket(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    configure(work)?;
    retag(work, was)?;
    Ok(was.made.clone())
}

fn delete_bucket(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(S3, "DeleteBucket", json!({"Bucket": was.made.physical}))
}

fn put_policy(work: &Work<'_>) -> Result<Made, ApiError> {
    let bucket = work.text("Bucket").unwrap_or_default();
    work.call(S3, "PutBucketPolicy", json!({"Bucket": bucket, "Policy": work.document("PolicyDocument")}))?;
    Ok(Made::of(bucket))
}

fn delete_policy(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(S3, "DeleteBucketPolicy", json!({"Bucket": was.properties.get("Bucket")}))
}
