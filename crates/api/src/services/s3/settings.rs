//! What is set for a bucket: policy, versioning, encryption, ownership, public access, lifecycle, CORS.

use s3s::{S3Error, S3Request, S3Result, dto};
use serde_json::Value;

use super::{
    disk::Versioning,
    error::{WithElement, invalid_request, malformed_xml, refuse},
    facts::Facts,
    lifecycle,
    service::Service,
};
use crate::access::policy::{Policy, PolicyKind};

fn none_set(code: &str, message: &'static str, bucket: &str) -> S3Error {
    refuse(code, 404, message).with("BucketName", bucket)
}

/// An operation that removes what is set under a name.
macro_rules! removal {
    ($function:ident, $input:ident, $output:ident, $name:expr) => {
        pub(super) fn $function(service: &Service, request: S3Request<dto::$input>) -> S3Result<dto::$output> {
            let bucket = service.bucket(&request.input.bucket)?;
            service.disk.set(&bucket, $name, None::<&()>)?;
            Ok(dto::$output::default())
        }
    };
}

removal!(delete_cors, DeleteBucketCorsInput, DeleteBucketCorsOutput, "cors");
removal!(delete_encryption, DeleteBucketEncryptionInput, DeleteBucketEncryptionOutput, "encryption");
removal!(delete_lifecycle, DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput, "lifecycle");
removal!(delete_website, DeleteBucketWebsiteInput, DeleteBucketWebsiteOutput, "website");
removal!(delete_policy, DeleteBucketPolicyInput, DeleteBucketPolicyOutput, POLICY);

/// What a new bucket has until it is removed, which is kept as an empty setting.
fn set_unless_removed<T: serde::de::DeserializeOwned>(
    service: &Service,
    bucket: &str,
    name: &str,
    first: impl FnOnce() -> T,
) -> S3Result<Option<T>> {
    let set: Option<Option<T>> = service.disk.setting(bucket, name)?;
    Ok(set.unwrap_or_else(|| Some(first())))
}

pub(super) fn public_access(service: &Service, bucket: &str) -> S3Result<Option<dto::PublicAccessBlockConfiguration>> {
    set_unless_removed(service, bucket, "public-access", || dto::PublicAccessBlockConfiguration {
        block_public_acls: Some(true),
        block_public_policy: Some(true),
        ignore_public_acls: Some(true),
        restrict_public_buckets: Some(true),
    })
}

pub(super) fn get_public_access(
    service: &Service,
    request: S3Request<dto::GetPublicAccessBlockInput>,
) -> S3Result<dto::GetPublicAccessBlockOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let Some(block) = public_access(service, &bucket.name)? else {
        let text = "The public access block configuration was not found";
        return Err(none_set("NoSuchPublicAccessBlockConfiguration", text, &bucket.name));
    };
    Ok(dto::GetPublicAccessBlockOutput { public_access_block_configuration: Some(block) })
}

pub(super) fn put_public_access(
    service: &Service,
    request: S3Request<dto::PutPublicAccessBlockInput>,
) -> S3Result<dto::PutPublicAccessBlockOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let given = request.input.public_access_block_configuration;
    if given == dto::PublicAccessBlockConfiguration::default() {
        return Err(invalid_request("Must specify at least one configuration."));
    }
    let block = dto::PublicAccessBlockConfiguration {
        block_public_acls: Some(given.block_public_acls.unwrap_or(false)),
        block_public_policy: Some(given.block_public_policy.unwrap_or(false)),
        ignore_public_acls: Some(given.ignore_public_acls.unwrap_or(false)),
        restrict_public_buckets: Some(given.restrict_public_buckets.unwrap_or(false)),
    };
    service.disk.set(&bucket, "public-access", Some(&Some(block)))?;
    Ok(dto::PutPublicAccessBlockOutput::default())
}

pub(super) fn delete_public_access(
    service: &Service,
    request: S3Request<dto::DeletePublicAccessBlockInput>,
) -> S3Result<dto::DeletePublicAccessBlockOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    service.disk.set(&bucket, "public-access", Some(&None::<()>))?;
    Ok(dto::DeletePublicAccessBlockOutput::default())
}

/// What is set about the ownership of objects; none if that was removed.
///
/// # Errors
/// Those of the catalogue.
pub(super) fn ownership(service: &Service, bucket: &str) -> S3Result<Option<String>> {
    set_unless_removed(service, bucket, "ownership", || dto::ObjectOwnership::BUCKET_OWNER_ENFORCED.to_owned())
}

pub(super) fn get_ownership(
    service: &Service,
    request: S3Request<dto::GetBucketOwnershipControlsInput>,
) -> S3Result<dto::GetBucketOwnershipControlsOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let Some(ownership) = ownership(service, &bucket.name)? else {
        let text = "The bucket ownership controls were not found";
        return Err(none_set("OwnershipControlsNotFoundError", text, &bucket.name));
    };
    let controls =
        dto::OwnershipControls { rules: vec![dto::OwnershipControlsRule { object_ownership: ownership.into() }] };
    Ok(dto::GetBucketOwnershipControlsOutput { ownership_controls: Some(controls) })
}

pub(super) fn put_ownership(
    service: &Service,
    request: S3Request<dto::PutBucketOwnershipControlsInput>,
) -> S3Result<dto::PutBucketOwnershipControlsOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let controls = request.input.ownership_controls;
    let known = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];
    let is_known = |rule: &dto::OwnershipControlsRule| known.contains(&rule.object_ownership.as_str());
    if controls.rules.len() != 1 || !controls.rules.iter().all(is_known) {
        return Err(malformed_xml());
    }
    let ownership = controls.rules.first().map(|rule| rule.object_ownership.as_str());
    service.disk.set(&bucket, "ownership", Some(&ownership))?;
    Ok(dto::PutBucketOwnershipControlsOutput::default())
}

pub(super) fn delete_ownership(
    service: &Service,
    request: S3Request<dto::DeleteBucketOwnershipControlsInput>,
) -> S3Result<dto::DeleteBucketOwnershipControlsOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    service.disk.set(&bucket, "ownership", Some(&None::<()>))?;
    Ok(dto::DeleteBucketOwnershipControlsOutput::default())
}

pub(super) fn get_encryption(
    service: &Service,
    request: S3Request<dto::GetBucketEncryptionInput>,
) -> S3Result<dto::GetBucketEncryptionOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let set: Option<dto::ServerSideEncryptionConfiguration> = service.disk.setting(&bucket.name, "encryption")?;
    let first = || {
        let by_default = dto::ServerSideEncryptionByDefault {
            kms_master_key_id: None,
            sse_algorithm: dto::ServerSideEncryption::from_static(dto::ServerSideEncryption::AES256),
        };
        let rule = dto::ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(by_default),
            bucket_key_enabled: Some(false),
        };
        dto::ServerSideEncryptionConfiguration { rules: vec![rule] }
    };
    let configuration = set.unwrap_or_else(first);
    Ok(dto::GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) })
}

/// Whether somebody set an encryption for a bucket.
///
/// # Errors
/// Those of the catalogue.
pub(super) fn has_encryption(service: &Service, bucket: &str) -> S3Result<bool> {
    let set: Option<dto::ServerSideEncryptionConfiguration> = service.disk.setting(bucket, "encryption")?;
    Ok(set.is_some())
}

/// The facts of a new object, with the encryption of its bucket if the request says none.
///
/// # Errors
/// Those of the catalogue.
pub(super) fn with_encryption(service: &Service, bucket: &str, mut facts: Facts) -> S3Result<Facts> {
    if facts.encryption.is_some() {
        return Ok(facts);
    }
    let set: Option<dto::ServerSideEncryptionConfiguration> = service.disk.setting(bucket, "encryption")?;
    let Some(rule) = set.and_then(|set| set.rules.into_iter().next()) else { return Ok(facts) };
    let by_default = rule.apply_server_side_encryption_by_default;
    if let Some(kind) = by_default.filter(|kind| kind.sse_algorithm.as_str() != dto::ServerSideEncryption::AES256) {
        facts.encryption = Some(kind.sse_algorithm.as_str().to_owned());
        facts.kms_key = kind.kms_master_key_id;
        facts.has_bucket_key |= rule.bucket_key_enabled == Some(true);
    }
    Ok(facts)
}

pub(super) fn put_encryption(
    service: &Service,
    request: S3Request<dto::PutBucketEncryptionInput>,
) -> S3Result<dto::PutBucketEncryptionOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let mut configuration = request.input.server_side_encryption_configuration;
    if configuration.rules.len() != 1 {
        return Err(malformed_xml());
    }
    for rule in &mut configuration.rules {
        rule.bucket_key_enabled.get_or_insert(false);
        let Some(by_default) = &rule.apply_server_side_encryption_by_default else { return Err(malformed_xml()) };
        if by_default.sse_algorithm.as_str() == "AES256" && by_default.kms_master_key_id.is_some() {
            return Err(super::error::invalid_argument(
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
                "ApplyServerSideEncryptionByDefault",
                "AES256",
            ));
        }
    }
    service.disk.set(&bucket, "encryption", Some(&configuration))?;
    Ok(dto::PutBucketEncryptionOutput::default())
}

pub(super) fn get_versioning(
    service: &Service,
    request: S3Request<dto::GetBucketVersioningInput>,
) -> S3Result<dto::GetBucketVersioningOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let status = match service.disk.versioning(&bucket.name)? {
        Versioning::Never => None,
        Versioning::Enabled => Some(dto::BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(dto::BucketVersioningStatus::SUSPENDED),
    };
    let status = status.map(dto::BucketVersioningStatus::from_static);
    Ok(dto::GetBucketVersioningOutput { status, ..dto::GetBucketVersioningOutput::default() })
}

pub(super) fn put_versioning(
    service: &Service,
    request: S3Request<dto::PutBucketVersioningInput>,
) -> S3Result<dto::PutBucketVersioningOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let configuration = request.input.versioning_configuration;
    if configuration.mfa_delete.as_ref().is_some_and(|mfa| mfa.as_str() == "Enabled") {
        return Err(refuse("NotImplemented", 501, "MFA delete is not supported"));
    }
    let versioning = match configuration.status.as_ref().map(dto::BucketVersioningStatus::as_str) {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        Some(_) => return Err(malformed_xml()),
        None => {
            let text = "The Versioning element must be specified";
            return Err(refuse("IllegalVersioningConfigurationException", 400, text));
        }
    };
    service.disk.set(&bucket, "versioning", Some(&versioning))?;
    Ok(dto::PutBucketVersioningOutput::default())
}

/// The name under which the policy is set.
pub(super) const POLICY: &str = "policy";

/// The policy of a bucket, as it was given.
///
/// # Errors
/// Those of the catalogue.
pub(super) fn policy(service: &Service, bucket: &str) -> S3Result<Option<String>> {
    service.disk.setting(bucket, POLICY)
}

pub(super) fn no_policy(bucket: &str) -> S3Error {
    none_set("NoSuchBucketPolicy", "The bucket policy does not exist", bucket)
}

pub(super) fn get_policy(
    service: &Service,
    request: S3Request<dto::GetBucketPolicyInput>,
) -> S3Result<dto::GetBucketPolicyOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let set = policy(service, &bucket.name)?;
    Ok(dto::GetBucketPolicyOutput { policy: Some(set.ok_or_else(|| no_policy(&bucket.name))?) })
}

pub(super) fn put_policy(
    service: &Service,
    request: S3Request<dto::PutBucketPolicyInput>,
) -> S3Result<dto::PutBucketPolicyOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let text = request.input.policy;
    check_policy(&text, &bucket.name)?;
    service.disk.set(&bucket, POLICY, Some(&text))?;
    Ok(dto::PutBucketPolicyOutput::default())
}

/// # Errors
/// The text is no policy of this bucket.
fn check_policy(text: &str, bucket: &str) -> S3Result<()> {
    let malformed = |message: String| refuse("MalformedPolicy", 400, message);
    if !text.trim_start().starts_with('{') {
        return Err(malformed("Policies must be valid JSON and the first byte must be '{'".to_owned()));
    }
    Policy::parse(text, PolicyKind::Resource).map_err(|error| malformed(error.0))?;
    let document: Value =
        serde_json::from_str(text).map_err(|_| malformed("Policies must be valid JSON".to_owned()))?;
    let statements = document.get("Statement").into_iter().flat_map(|statements| match statements.as_array() {
        Some(all) => all.iter().collect(),
        None => vec![statements],
    });
    let arn = format!("arn:aws:s3:::{bucket}");
    let resources = statements.filter_map(|statement| statement.get("Resource")).flat_map(texts);
    for resource in resources {
        if !is_about(&resource, &arn) {
            return Err(malformed("Policy has invalid resource".to_owned()).with("Detail", resource));
        }
    }
    Ok(())
}

fn texts(value: &Value) -> Vec<String> {
    let one = std::slice::from_ref(value);
    let all = value.as_array().map_or(one, Vec::as_slice);
    all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn is_about(resource: &str, arn: &str) -> bool {
    let rest = resource.strip_prefix(arn);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with('*')) || resource == "*"
}

pub(super) fn get_lifecycle(
    service: &Service,
    request: S3Request<dto::GetBucketLifecycleConfigurationInput>,
) -> S3Result<dto::GetBucketLifecycleConfigurationOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let Some(rules) = lifecycle::rules(service, &bucket.name)? else {
        let text = "The lifecycle configuration does not exist";
        return Err(none_set("NoSuchLifecycleConfiguration", text, &bucket.name));
    };
    Ok(dto::GetBucketLifecycleConfigurationOutput {
        rules: Some(rules),
        transition_default_minimum_object_size: Some(smallest_transition()),
    })
}

fn smallest_transition() -> dto::TransitionDefaultMinimumObjectSize {
    dto::TransitionDefaultMinimumObjectSize::from_static("all_storage_classes_128K")
}

pub(super) fn put_lifecycle(
    service: &Service,
    request: S3Request<dto::PutBucketLifecycleConfigurationInput>,
) -> S3Result<dto::PutBucketLifecycleConfigurationOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let given = request.input.lifecycle_configuration.ok_or_else(malformed_xml)?;
    let rules = lifecycle::checked(given.rules)?;
    service.disk.set(&bucket, "lifecycle", Some(&rules))?;
    Ok(dto::PutBucketLifecycleConfigurationOutput {
        transition_default_minimum_object_size: Some(smallest_transition()),
    })
}

pub(super) fn get_cors(
    service: &Service,
    request: S3Request<dto::GetBucketCorsInput>,
) -> S3Result<dto::GetBucketCorsOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let Some(rules) = service.disk.setting(&bucket.name, "cors")? else {
        let text = "The CORS configuration does not exist";
        return Err(none_set("NoSuchCORSConfiguration", text, &bucket.name));
    };
    Ok(dto::GetBucketCorsOutput { cors_rules: Some(rules) })
}

pub(super) fn put_cors(
    service: &Service,
    request: S3Request<dto::PutBucketCorsInput>,
) -> S3Result<dto::PutBucketCorsOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let rules = request.input.cors_configuration.cors_rules;
    if rules.is_empty() || rules.len() > 100 {
        return Err(malformed_xml());
    }
    let methods = ["GET", "PUT", "POST", "DELETE", "HEAD"];
    if let Some(other) =
        rules.iter().flat_map(|rule| &rule.allowed_methods).find(|method| !methods.contains(&method.as_str()))
    {
        return Err(invalid_request(format!(
            "Found unsupported HTTP method in CORS config. Unsupported method is {other}"
        )));
    }
    service.disk.set(&bucket, "cors", Some(&rules))?;
    Ok(dto::PutBucketCorsOutput::default())
}
