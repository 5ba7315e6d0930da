//! Buckets: made, found, taken away.

use axum::http::{HeaderMap, HeaderValue};
use s3s::{S3Error, S3Request, S3Response, S3Result, dto};

use super::{
    acl,
    disk::blocking,
    error::{WithElement, invalid_argument, refuse},
    gate::Caller,
    service::Service,
    time,
};

/// The region that has no location constraint, and whose buckets may be made again by their owner.
const FIRST_REGION: &str = "us-east-1";

pub(super) async fn create(
    service: &Service,
    request: S3Request<dto::CreateBucketInput>,
) -> S3Result<S3Response<dto::CreateBucketOutput>> {
    let service = service.clone();
    let signed_for = request.extensions.get::<Caller>().and_then(|caller| caller.region.clone());
    let endpoint = signed_for.unwrap_or_else(|| FIRST_REGION.to_owned());
    blocking(move || create_bucket(&service, &request.input, &request.headers, &endpoint)).await
}

/// Makes a bucket. `endpoint` is the region that is asked; `headers` may have an access control list.
///
/// # Errors
/// Its name or its region cannot be, or the bucket is there.
pub(super) fn create_bucket(
    service: &Service,
    input: &dto::CreateBucketInput,
    headers: &HeaderMap,
    endpoint: &str,
) -> S3Result<S3Response<dto::CreateBucketOutput>> {
    let name = &input.bucket;
    let constraint = input.create_bucket_configuration.as_ref().and_then(|given| given.location_constraint.as_ref());
    let constraint = constraint.map(|constraint| constraint.as_str()).filter(|constraint| !constraint.is_empty());
    let region = region(endpoint, constraint)?;
    if input.object_lock_enabled_for_bucket == Some(true) {
        let text = "A header you provided implies functionality that is not implemented";
        return Err(refuse("NotImplemented", 501, text).with("Header", "x-amz-bucket-object-lock-enabled"));
    }
    check_namespace(service, headers, name, &region)?;
    let acl = acl::said(input.acl.as_ref().map(dto::BucketCannedACL::as_str), headers)?;
    acl::check_new_bucket(input, acl.as_ref())?;
    match service.bucket(name) {
        Ok(bucket) if bucket.region != FIRST_REGION || region != FIRST_REGION => {
            let text = "Your previous request to create the named bucket succeeded and you already own it.";
            return Err(refuse("BucketAlreadyOwnedByYou", 409, text).with("BucketName", name));
        }
        Ok(_) => {}
        Err(_) => {
            service.disk.create_bucket(name, &region, service.now())?;
            acl::set_of_new_bucket(service, input, acl.as_ref())?;
        }
    }
    let location = if constraint.is_some() { format!("http://{name}.s3.amazonaws.com/") } else { format!("/{name}") };
    let mut headers = HeaderMap::new();
    if let Ok(arn) = HeaderValue::from_str(&format!("arn:aws:s3:::{name}")) {
        headers.insert("x-amz-bucket-arn", arn);
    }
    Ok(S3Response::with_headers(dto::CreateBucketOutput { location: Some(location) }, headers))
}

/// # Errors
/// The name is not one of the account's own in this region, and is said to be.
fn check_namespace(service: &Service, headers: &HeaderMap, name: &str, region: &str) -> S3Result<()> {
    let Some(namespace) = headers.get("x-amz-bucket-namespace") else { return Ok(()) };
    let end = format!("-{}-{region}-an", service.access.account());
    let is_right = match namespace.as_bytes() {
        b"global" => true,
        b"account-regional" => name.ends_with(&end),
        _ => false,
    };
    if is_right {
        return Ok(());
    }
    let text = format!("The name of a bucket in the namespace account-regional ends in {end}");
    Err(refuse("InvalidNamespaceHeader", 400, text).with("BucketName", name))
}

/// The region of a new bucket.
fn region(endpoint: &str, constraint: Option<&str>) -> S3Result<String> {
    let code = "IllegalLocationConstraintException";
    match constraint {
        None if endpoint == FIRST_REGION => Ok(FIRST_REGION.to_owned()),
        None => {
            let text = "The unspecified location constraint is incompatible for the region specific endpoint this request \
                        was sent to.";
            Err(refuse(code, 400, text))
        }
        Some(FIRST_REGION) if endpoint == FIRST_REGION => {
            let error = refuse("InvalidLocationConstraint", 400, "The specified location-constraint is not valid");
            Err(error.with("LocationConstraint", FIRST_REGION))
        }
        Some("EU") if endpoint == FIRST_REGION || endpoint == "eu-west-1" => Ok("eu-west-1".to_owned()),
        Some(constraint) if endpoint == FIRST_REGION || endpoint == constraint => Ok(constraint.to_owned()),
        Some(constraint) => {
            let text = format!(
                "The {constraint} location constraint is incompatible for the region specific endpoint this request was \
                 sent to."
            );
            Err(refuse(code, 400, text))
        }
    }
}

pub(super) fn delete(
    service: &Service,
    request: S3Request<dto::DeleteBucketInput>,
) -> S3Result<dto::DeleteBucketOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    if service.disk.delete_bucket(&bucket)? {
        return Ok(dto::DeleteBucketOutput::default());
    }
    Err(not_empty(service, &bucket.name))
}

fn not_empty(service: &Service, name: &str) -> S3Error {
    let has_versions =
        service.disk.versioning(name).is_ok_and(|versioning| versioning != super::disk::Versioning::Never);
    let text = if has_versions {
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
    } else {
        "The bucket you tried to delete is not empty"
    };
    refuse("BucketNotEmpty", 409, text).with("BucketName", name)
}

pub(super) fn head(service: &Service, request: S3Request<dto::HeadBucketInput>) -> S3Result<dto::HeadBucketOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    Ok(dto::HeadBucketOutput {
        access_point_alias: Some(false),
        bucket_region: Some(bucket.region),
        ..dto::HeadBucketOutput::default()
    })
}

pub(super) fn location(
    service: &Service,
    request: S3Request<dto::GetBucketLocationInput>,
) -> S3Result<dto::GetBucketLocationOutput> {
    let region = service.bucket(&request.input.bucket)?.region;
    let location_constraint = (region != FIRST_REGION).then(|| region.into());
    Ok(dto::GetBucketLocationOutput { location_constraint })
}

pub(super) fn list(service: &Service, request: S3Request<dto::ListBucketsInput>) -> S3Result<dto::ListBucketsOutput> {
    let input = request.input;
    let most = input.max_buckets.unwrap_or(10_000);
    let Some(most) = usize::try_from(most).ok().filter(|most| (1..=10_000).contains(most)) else {
        let text = "Argument max-buckets must be an integer between 1 and 10000";
        return Err(invalid_argument(text, "max-buckets", most));
    };
    let is_paged = input.max_buckets.is_some() || input.prefix.is_some() || input.bucket_region.is_some();
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let from = input.continuation_token.as_deref().unwrap_or_default();
    let mut wanted = service.disk.all_buckets()?;
    wanted.retain(|bucket| {
        let in_region = input.bucket_region.as_ref().is_none_or(|region| *region == bucket.region);
        bucket.name.starts_with(prefix) && bucket.name.as_str() > from && in_region
    });
    let is_truncated = wanted.len() > most;
    wanted.truncate(most);
    let token = wanted.last().filter(|_| is_truncated).map(|bucket| bucket.name.clone());
    let buckets = wanted.into_iter().map(|bucket| dto::Bucket {
        bucket_region: is_paged.then_some(bucket.region),
        creation_date: Some(time::of_millis(bucket.created / 1000 * 1000)),
        name: Some(bucket.name),
    });
    Ok(dto::ListBucketsOutput {
        buckets: Some(buckets.collect()),
        continuation_token: token,
        owner: Some(service.owner()),
        prefix: input.prefix,
    })
}
