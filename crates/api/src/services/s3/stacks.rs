//! The few operations of S3 that stacks are made with, as a table like those of the other services.
//!
//! Clients do not come this way: what they say is read by `s3s`.

use std::io::Read as _;

use s3s::{S3Result, dto};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    buckets,
    error::no_such_key,
    kept,
    notices::{self, Rule, Who},
    service::Service,
    settings,
    table::{bucket, request},
    tags,
};
use crate::{ApiError, Call, Operation, Payload, ServiceName, Table, handle};

/// Longest template in a bucket, in bytes. Source: the quotas of CloudFormation.
const LONGEST: u64 = 1 << 20;

/// The table of what stacks are made with.
pub(super) fn table(service: Service) -> Table<Service> {
    Table::new(ServiceName::S3, service, OPERATIONS)
}

const OPERATIONS: &[Operation<Service>] = &[
    Operation::new("CreateBucket", handle!(create)).on(bucket),
    Operation::new("DeleteBucket", handle!(delete)).on(bucket),
    Operation::new("DeleteBucketPolicy", handle!(delete_policy)).on(bucket),
    Operation::new("GetObject", handle!(get)).on(object),
    Operation::new("HeadBucket", handle!(head)).on(bucket).allowed_by("ListBucket"),
    Operation::new("PutBucketAccelerateConfiguration", handle!(put_accelerate))
        .on(bucket)
        .allowed_by("PutAccelerateConfiguration"),
    Operation::new("PutBucketCors", handle!(put_cors)).on(bucket).allowed_by("PutBucketCORS"),
    Operation::new("PutBucketEncryption", handle!(put_encryption)).on(bucket).allowed_by("PutEncryptionConfiguration"),
    Operation::new("PutBucketLifecycleConfiguration", handle!(put_lifecycle))
        .on(bucket)
        .allowed_by("PutLifecycleConfiguration"),
    Operation::new("PutBucketLogging", handle!(put_logging)).on(bucket),
    Operation::new("PutBucketNotificationConfiguration", handle!(put_notification))
        .on(bucket)
        .allowed_by("PutBucketNotification"),
    Operation::new("PutBucketOwnershipControls", handle!(put_ownership)).on(bucket),
    Operation::new("PutBucketPolicy", handle!(put_policy)).on(bucket),
    Operation::new("PutBucketTagging", handle!(put_tags)).on(bucket),
    Operation::new("PutBucketVersioning", handle!(put_versioning)).on(bucket),
    Operation::new("PutBucketWebsite", handle!(put_website)).on(bucket),
    Operation::new("PutPublicAccessBlock", handle!(put_public_access))
        .on(bucket)
        .allowed_by("PutBucketPublicAccessBlock"),
];

fn object(_: &Call, payload: &Payload) -> Vec<String> {
    let (bucket, key) = (payload.text("Bucket").unwrap_or("*"), payload.text("Key").unwrap_or("*"));
    vec![format!("arn:aws:s3:::{bucket}/{key}")]
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    bucket: String,
    key: String,
    policy: String,
    /// What is set, with the names that templates have.
    configuration: Value,
}

/// A setting as its type has it: `BlockPublicAcls` is `block_public_acls` there.
fn setting<T: DeserializeOwned>(value: &Value) -> Result<T, ApiError> {
    serde_json::from_value(snaked(value)).map_err(|error| ApiError::new("MalformedXML", error.to_string()))
}

/// Names that are not what their words say.
const NAMES: [(&str, &str); 9] = [
    ("SSEAlgorithm", "sse_algorithm"),
    ("KMSMasterKeyID", "kms_master_key_id"),
    ("ServerSideEncryptionConfiguration", "rules"),
    ("ServerSideEncryptionByDefault", "apply_server_side_encryption_by_default"),
    ("ExposedHeaders", "expose_headers"),
    ("MaxAge", "max_age_seconds"),
    ("ExpirationInDays", "days"),
    ("ID", "id"),
    ("CORSRules", "cors_rules"),
];

fn snaked(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(snaked).collect(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| (snake(name), snaked(value));
            Value::Object(members.iter().map(member).collect::<Map<_, _>>())
        }
        Value::String(text) if text == "true" || text == "false" => Value::Bool(text == "true"),
        leaf => leaf.clone(),
    }
}

fn snake(name: &str) -> String {
    if let Some((_, known)) = NAMES.iter().find(|(camel, _)| *camel == name) {
        return (*known).to_owned();
    }
    let mut snake = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn create(service: &Service, call: &Call, input: &Input) -> Result<(), ApiError> {
    if service.bucket(&input.bucket).is_ok() {
        let message = format!("{} already exists", input.bucket);
        return Err(ApiError::new("BucketAlreadyExists", message).with_status(409));
    }
    Ok(service.disk.create_bucket(&input.bucket, &call.region, call.now)?)
}

fn head(service: &Service, _: &Call, input: &Input) -> Result<(), ApiError> {
    Ok(service.bucket(&input.bucket).map(drop)?)
}

fn delete(service: &Service, _: &Call, input: &Input) -> Result<(), ApiError> {
    let input = dto::DeleteBucketInput { bucket: input.bucket.clone(), ..Default::default() };
    Ok(buckets::delete(service, request(input)).map(drop)?)
}

fn put_policy(service: &Service, _: &Call, input: &Input) -> Result<(), ApiError> {
    let (bucket, policy) = (input.bucket.clone(), input.policy.clone());
    let input = dto::PutBucketPolicyInput { bucket, policy, ..Default::default() };
    Ok(settings::put_policy(service, request(input)).map(drop)?)
}

fn delete_policy(service: &Service, _: &Call, input: &Input) -> Result<(), ApiError> {
    let input = dto::DeleteBucketPolicyInput { bucket: input.bucket.clone(), ..Default::default() };
    Ok(settings::delete_policy(service, request(input)).map(drop)?)
}

fn get(service: &Service, _: &Call, input: &Input) -> Result<Value, ApiError> {
    let text = || -> S3Result<Option<String>> {
        let bucket = service.bucket(&input.bucket)?;
        let found = service.disk.newest(&bucket, &input.key)?.ok_or_else(|| no_such_key(&input.key))?;
        let file = found.file.ok_or_else(|| no_such_key(&input.key))?;
        let mut text = String::new();
        let read = file.take(LONGEST + 1).read_to_string(&mut text);
        Ok(read.is_ok_and(|length| length as u64 <= LONGEST).then_some(text))
    };
    let body = text()?.ok_or_else(|| ApiError::new("EntityTooLarge", "it is no text, or longer than 1 MiB"))?;
    Ok(json!({"Body": body}))
}

/// An operation that sets something under the name of a member; the further members have nothing to say.
macro_rules! setter {
    ($function:ident, $input:ident { $member:ident $(, $further:ident)* }, $work:path) => {
        fn $function(service: &Service, _: &Call, input: &Input) -> Result<(), ApiError> {
            let $member = setting(&input.configuration)?;
            let set = dto::$input {
                bucket: input.bucket.clone(),
                $member,
                content_md5: None,
                expected_bucket_owner: None,
                $($further: None,)*
            };
            Ok($work(service, request(set)).map(drop)?)
        }
    };
}

setter!(put_cors, PutBucketCorsInput { cors_configuration, checksum_algorithm }, settings::put_cors);
setter!(
    put_encryption,
    PutBucketEncryptionInput { server_side_encryption_configuration, checksum_algorithm },
    settings::put_encryption
);
setter!(
    put_public_access,
    PutPublicAccessBlockInput { public_access_block_configuration, checksum_algorithm },
    settings::put_public_access
);
setter!(put_tags, PutBucketTaggingInput { tagging, checksum_algorithm }, tags::put_of_bucket);
setter!(
    put_versioning,
    PutBucketVersioningInput { versioning_configuration, checksum_algorithm, mfa },
    settings::put_versioning
);

fn unsupported(property: &str) -> ApiError {
    ApiError::new("InvalidRequest", format!("Encountered unsupported property {property}"))
}

/// The members that a template has, and no others.
fn only<'a>(value: &'a Value, known: &[&str]) -> Result<&'a Value, ApiError> {
    let mut names = value.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    names.find(|name| !known.contains(name)).map_or(Ok(value), |other| Err(unsupported(other)))
}

fn text(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn put_accelerate(service: &Service, _: &Call, input: &Input) -> Result<(), ApiError> {
    let given = only(&input.configuration, &["AccelerationStatus"])?;
    let set = dto::PutBucketAccelerateConfigurationInput {
        accelerate_configuration: dto::AccelerateConfiguration {
            status: Some(text(given, "AccelerationStatus").into()),
        },
        bucket: input.bucket.clone(),
        checksum_algorithm: None,
        expected_bucket_owner: None,
    };
    Ok(kept::put_accelerate(service, request(set)).map(drop)?)
}

fn put_logging(service: &Service, _: &Call, input: &Input) -> Result<(), ApiError> {
    let given = only(&input.configuration, &["DestinationBucketName", "LogFilePrefix"])?;
    let target = Some(text(given, "DestinationBucketName")).filter(|name| !name.is_empty());
    let logging = dto::LoggingEnabled {
        // A bucket without another one has its logs itself.
        target_bucket: target.unwrap_or_else(|| input.bucket.clone()),
        target_prefix: text(given, "LogFilePrefix"),
        ..dto::LoggingEnabled::default()
    };
    let set = dto::PutBucketLoggingInput {
        bucket: input.bucket.clone(),
        bucket_logging_status: dto::BucketLoggingStatus { logging_enabled: Some(logging) },
        checksum_algorithm: None,
        content_md5: None,
        expected_bucket_owner: None,
    };
    Ok(kept::put_logging(service, request(set)).map(drop)?)
}

fn put_notification(service: &Service, call: &Call, input: &Input) -> Result<(), ApiError> {
    let given = only(&input.configuration, &["QueueConfigurations", "TopicConfigurations"])?;
    let of = |list: &str, target: &'static str| {
        let rules = given.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        rules.into_iter().map(move |rule| {
            let keys = rule.pointer("/Filter/S3Key/Rules").and_then(Value::as_array);
            let key = |key: &Value| (text(key, "Name"), text(key, "Value"));
            only(&rule, &["Event", "Filter", target])?;
            Ok(Rule::of(text(&rule, target), text(&rule, "Event"), keys.map(|keys| keys.iter().map(key).collect())))
        })
    };
    let queues = of("QueueConfigurations", "Queue");
    let rules = queues.chain(of("TopicConfigurations", "Topic")).collect::<Result<_, ApiError>>()?;
    Ok(notices::set(service, &input.bucket, rules, false, &Who::calling(call))?)
}

fn put_ownership(service: &Service, _: &Call, input: &Input) -> Result<(), ApiError> {
    let given = only(&input.configuration, &["Rules"])?.get("Rules").and_then(Value::as_array);
    let rule = |rule: &Value| dto::OwnershipControlsRule { object_ownership: text(rule, "ObjectOwnership").into() };
    let set = dto::PutBucketOwnershipControlsInput {
        bucket: input.bucket.clone(),
        content_md5: None,
        expected_bucket_owner: None,
        ownership_controls: dto::OwnershipControls { rules: given.into_iter().flatten().map(rule).collect() },
    };
    Ok(settings::put_ownership(service, request(set)).map(drop)?)
}

fn put_website(service: &Service, _: &Call, input: &Input) -> Result<(), ApiError> {
    let known = ["ErrorDocument", "IndexDocument", "RedirectAllRequestsTo", "RoutingRules"];
    let given = only(&input.configuration, &known)?;
    let rule =
        |rule: &Value| json!({"Redirect": rule.get("RedirectRule"), "Condition": rule.get("RoutingRuleCondition")});
    let rules = given.get("RoutingRules").and_then(Value::as_array);
    let website: dto::WebsiteConfiguration = setting(&json!({
        "ErrorDocument": given.get("ErrorDocument").map(|key| json!({"Key": key})),
        "IndexDocument": given.get("IndexDocument").map(|suffix| json!({"Suffix": suffix})),
        "RedirectAllRequestsTo": given.get("RedirectAllRequestsTo"),
        "RoutingRules": rules.map(|rules| rules.iter().map(rule).collect::<Vec<_>>()),
    }))?;
    let set = dto::PutBucketWebsiteInput {
        bucket: input.bucket.clone(),
        checksum_algorithm: None,
        content_md5: None,
        expected_bucket_owner: None,
        website_configuration: website,
    };
    Ok(kept::put_website(service, request(set)).map(drop)?)
}

/// What a rule of a template may have.
const RULE: [&str; 8] = [
    "AbortIncompleteMultipartUpload",
    "ExpirationInDays",
    "Id",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionExpirationInDays",
    "Prefix",
    "Status",
    "Transitions",
];

fn put_lifecycle(service: &Service, _: &Call, input: &Input) -> Result<(), ApiError> {
    let given = input.configuration.get("Rules").and_then(Value::as_array).into_iter().flatten();
    let rules: Result<Vec<Value>, ApiError> = given.map(rule).collect();
    let configuration: dto::BucketLifecycleConfiguration = setting(&json!({"Rules": rules?}))?;
    let input = dto::PutBucketLifecycleConfigurationInput {
        bucket: input.bucket.clone(),
        lifecycle_configuration: Some(configuration),
        ..Default::default()
    };
    Ok(settings::put_lifecycle(service, request(input)).map(drop)?)
}

/// A rule as the operation has it.
fn rule(rule: &Value) -> Result<Value, ApiError> {
    only(rule, &RULE)?;
    let transitions = rule.get("Transitions").and_then(Value::as_array);
    let transition = |given: &Value| {
        let given = only(given, &["StorageClass", "TransitionInDays"])?;
        let days = given.get("TransitionInDays").and_then(|days| days.as_i64().or_else(|| days.as_str()?.parse().ok()));
        Ok::<_, ApiError>(json!({"Days": days, "StorageClass": given.get("StorageClass")}))
    };
    let transitions = transitions.map(|all| all.iter().map(transition).collect::<Result<Vec<_>, _>>()).transpose()?;
    let days = |name: &str| rule.get(name).and_then(|days| days.as_i64().or_else(|| days.as_str()?.parse().ok()));
    let later = rule.pointer("/NoncurrentVersionExpiration/NoncurrentDays").and_then(Value::as_i64);
    let later = later.or_else(|| days("NoncurrentVersionExpirationInDays"));
    Ok(json!({
        "Id": rule.get("Id"),
        "Status": rule.get("Status"),
        "Filter": {"Prefix": rule.get("Prefix").cloned().unwrap_or_else(|| "".into())},
        "Expiration": days("ExpirationInDays").map(|days| json!({"Days": days})),
        "NoncurrentVersionExpiration": later.map(|days| json!({"NoncurrentDays": days})),
        "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload"),
        "Transitions": transitions,
    }))
}
