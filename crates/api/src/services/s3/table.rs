//! Operations of S3 as a table like those of the other services, with the members that the model of S3 names: the pages of the
//! console ask them.
//!
//! Clients do not come this way: what they say is read by `s3s`.

use axum::http::{Extensions, HeaderMap, Method, Uri};
use s3s::{S3Request, dto};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{buckets, list, service::Service, time};
use crate::{ApiError, Call, Operation, Payload, ServiceName, Table, handle};

pub(super) fn table(service: Service) -> Table<Service> {
    Table::new(ServiceName::S3, service, OPERATIONS)
}

const OPERATIONS: &[Operation<Service>] = &[
    Operation::new("CreateBucket", handle!(create)).on(bucket),
    Operation::new("DeleteBucket", handle!(delete)).on(bucket),
    Operation::new("ListBuckets", handle!(list_buckets)).allowed_by("ListAllMyBuckets"),
    Operation::new("ListObjectsV2", handle!(list_objects)).on(bucket).allowed_by("ListBucket").telling(listing),
];

/// The bucket that an input names, as ARN.
pub(super) fn bucket(_: &Call, payload: &Payload) -> Vec<String> {
    vec![format!("arn:aws:s3:::{}", payload.text("Bucket").unwrap_or("*"))]
}

/// A request of which nothing but its input is known.
pub(super) fn request<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: Method::PUT,
        uri: Uri::default(),
        headers: HeaderMap::new(),
        extensions: Extensions::new(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

/// What conditions may ask about a listing. Source: the condition keys of S3 in the service authorization reference.
fn listing(payload: &Payload) -> Vec<(&'static str, String)> {
    let text = |key, member| payload.text(member).map(|value| (key, value.to_owned()));
    let most = payload.value().ok().and_then(|input| input.get("MaxKeys")?.as_i64());
    let texts = [text("s3:prefix", "Prefix"), text("s3:delimiter", "Delimiter")];
    texts.into_iter().flatten().chain(most.map(|most| ("s3:max-keys", most.to_string()))).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateInput {
    bucket: String,
    create_bucket_configuration: Option<Constraint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Constraint {
    location_constraint: Option<String>,
}

fn create(service: &Service, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    let constraint = input.create_bucket_configuration.as_ref().and_then(|given| given.location_constraint.clone());
    let configuration = dto::CreateBucketConfiguration {
        location_constraint: constraint.map(Into::into),
        ..dto::CreateBucketConfiguration::default()
    };
    let input = dto::CreateBucketInput {
        bucket: input.bucket.clone(),
        create_bucket_configuration: Some(configuration),
        ..dto::CreateBucketInput::default()
    };
    let made = buckets::create_bucket(service, &input, &HeaderMap::new(), &call.region)?;
    Ok(json!({ "Location": made.output.location }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BucketInput {
    bucket: String,
}

fn delete(service: &Service, _: &Call, input: &BucketInput) -> Result<(), ApiError> {
    let input = dto::DeleteBucketInput { bucket: input.bucket.clone(), ..dto::DeleteBucketInput::default() };
    Ok(buckets::delete(service, request(input)).map(drop)?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListBucketsInput {
    bucket_region: Option<String>,
    continuation_token: Option<String>,
    max_buckets: Option<i32>,
    prefix: Option<String>,
}

fn list_buckets(service: &Service, _: &Call, input: &ListBucketsInput) -> Result<Value, ApiError> {
    let input = dto::ListBucketsInput {
        bucket_region: input.bucket_region.clone(),
        continuation_token: input.continuation_token.clone(),
        max_buckets: input.max_buckets,
        prefix: input.prefix.clone(),
    };
    let listed = buckets::list(service, request(input))?;
    let bucket = |bucket: &dto::Bucket| {
        json!({
            "Name": bucket.name,
            "CreationDate": bucket.creation_date.as_ref().map(time::millis),
            "BucketRegion": bucket.bucket_region,
        })
    };
    Ok(json!({
        "Buckets": listed.buckets.iter().flatten().map(bucket).collect::<Vec<_>>(),
        "ContinuationToken": listed.continuation_token,
        "Prefix": listed.prefix,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListObjectsInput {
    bucket: String,
    continuation_token: Option<String>,
    delimiter: Option<String>,
    max_keys: Option<i32>,
    prefix: Option<String>,
    start_after: Option<String>,
}

fn list_objects(service: &Service, _: &Call, input: &ListObjectsInput) -> Result<Value, ApiError> {
    let input = dto::ListObjectsV2Input {
        bucket: input.bucket.clone(),
        continuation_token: input.continuation_token.clone(),
        delimiter: input.delimiter.clone(),
        max_keys: input.max_keys,
        prefix: input.prefix.clone(),
        start_after: input.start_after.clone(),
        ..dto::ListObjectsV2Input::default()
    };
    let listed = list::list_objects_v2(service, request(input))?;
    let object = |object: &dto::Object| {
        json!({
            "Key": object.key,
            "LastModified": object.last_modified.as_ref().map(time::millis),
            "ETag": object.e_tag.as_ref().map(|tag| format!("\"{}\"", tag.value())),
            "Size": object.size,
            "StorageClass": object.storage_class.as_ref().map(dto::ObjectStorageClass::as_str),
        })
    };
    let prefix = |common: &dto::CommonPrefix| json!({ "Prefix": common.prefix });
    Ok(json!({
        "Name": listed.name,
        "Prefix": listed.prefix,
        "Delimiter": listed.delimiter,
        "MaxKeys": listed.max_keys,
        "KeyCount": listed.key_count,
        "IsTruncated": listed.is_truncated,
        "NextContinuationToken": listed.next_continuation_token,
        "Contents": listed.contents.iter().flatten().map(object).collect::<Vec<_>>(),
        "CommonPrefixes": listed.common_prefixes.iter().flatten().map(prefix).collect::<Vec<_>>(),
    }))
}
