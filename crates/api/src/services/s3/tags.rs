//! Tags of objects and buckets.

use s3s::{S3Error, S3Request, S3Result, dto};
use url::form_urlencoded;

use super::{
    error::{WithElement, invalid_argument, refuse},
    get::{find, told_version},
    service::Service,
};

/// So many tags has an object at most.
const MOST_OF_OBJECT: usize = 10;

/// So many tags has a bucket at most.
const MOST_OF_BUCKET: usize = 50;

type Tags = Vec<(String, String)>;

fn invalid(text: &'static str) -> S3Error {
    refuse("InvalidTag", 400, text)
}

/// # Errors
/// The tags cannot be.
fn check(tags: &Tags, most: usize, whose: &str) -> S3Result<()> {
    if tags.len() > most {
        return Err(refuse("BadRequest", 400, format!("{whose} tags cannot be greater than {most}")));
    }
    for (at, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > 128 || !key.chars().all(is_allowed) {
            return Err(invalid("The TagKey you have provided is invalid").with("TagKey", key));
        }
        if value.chars().count() > 256 || !value.chars().all(is_allowed) {
            let error = invalid("The TagValue you have provided is invalid");
            return Err(error.with("TagKey", key).with("TagValue", value));
        }
        if key.starts_with("aws:") {
            return Err(invalid("System tags cannot be added/updated by requester").with("TagKey", key));
        }
        if tags[..at].iter().any(|(other, _)| other == key) {
            return Err(invalid("Cannot provide multiple Tags with the same key").with("TagKey", key));
        }
    }
    Ok(())
}

fn is_allowed(letter: char) -> bool {
    letter.is_alphanumeric() || letter == ' ' || "_.:/=+-@".contains(letter)
}

/// The tags of the header of a request, as a query.
///
/// # Errors
/// The tags cannot be.
pub(super) fn of_header(header: Option<&str>) -> S3Result<Tags> {
    let tags: Tags = form_urlencoded::parse(header.unwrap_or_default().as_bytes()).into_owned().collect();
    if let Some((key, _)) = tags.iter().find(|(key, _)| key.starts_with("aws:")) {
        return Err(invalid("Your TagKey cannot be prefixed with aws:").with("TagKey", key));
    }
    let text = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name \
                duplicates.";
    let error = |_| invalid_argument(text, "x-amz-tagging", header.unwrap_or_default());
    check(&tags, MOST_OF_OBJECT, "Object")
        .map_err(|refused| if refused.code().as_str() == "InvalidTag" { error(refused) } else { refused })?;
    Ok(tags)
}

fn of_set(set: dto::TagSet) -> Tags {
    set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect()
}

fn to_set(tags: &Tags) -> dto::TagSet {
    let tag = |(key, value): &(String, String)| dto::Tag { key: Some(key.clone()), value: Some(value.clone()) };
    tags.iter().map(tag).collect()
}

/// Replaces the tags of a version, and gives its id where the bucket has versions.
fn replace(service: &Service, bucket: &str, key: &str, id: Option<&str>, tags: Tags) -> S3Result<Option<String>> {
    let found = find(service, bucket, key, id)?;
    service.disk.describe(&service.bucket(bucket)?, &found.version, |facts| facts.tags = tags)?;
    told_version(service, bucket, &found.version)
}

pub(super) fn put_of_object(
    service: &Service,
    request: S3Request<dto::PutObjectTaggingInput>,
) -> S3Result<dto::PutObjectTaggingOutput> {
    let input = request.input;
    let tags = of_set(input.tagging.tag_set);
    check(&tags, MOST_OF_OBJECT, "Object")?;
    let version_id = replace(service, &input.bucket, &input.key, input.version_id.as_deref(), tags)?;
    Ok(dto::PutObjectTaggingOutput { version_id })
}

pub(super) fn get_of_object(
    service: &Service,
    request: S3Request<dto::GetObjectTaggingInput>,
) -> S3Result<dto::GetObjectTaggingOutput> {
    let input = request.input;
    let found = find(service, &input.bucket, &input.key, input.version_id.as_deref())?;
    let version_id = told_version(service, &input.bucket, &found.version)?;
    Ok(dto::GetObjectTaggingOutput { tag_set: to_set(&found.version.facts.tags), version_id })
}

pub(super) fn delete_of_object(
    service: &Service,
    request: S3Request<dto::DeleteObjectTaggingInput>,
) -> S3Result<dto::DeleteObjectTaggingOutput> {
    let input = request.input;
    let version_id = replace(service, &input.bucket, &input.key, input.version_id.as_deref(), Vec::new())?;
    Ok(dto::DeleteObjectTaggingOutput { version_id })
}

pub(super) fn put_of_bucket(
    service: &Service,
    request: S3Request<dto::PutBucketTaggingInput>,
) -> S3Result<dto::PutBucketTaggingOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let tags = of_set(request.input.tagging.tag_set);
    check(&tags, MOST_OF_BUCKET, "Bucket")?;
    service.disk.set(&bucket, "tagging", Some(&tags).filter(|tags| !tags.is_empty()))?;
    Ok(dto::PutBucketTaggingOutput::default())
}

pub(super) fn get_of_bucket(
    service: &Service,
    request: S3Request<dto::GetBucketTaggingInput>,
) -> S3Result<dto::GetBucketTaggingOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    let tags: Option<Tags> = service.disk.setting(&bucket.name, "tagging")?;
    let tags =
        tags.ok_or_else(|| refuse("NoSuchTagSet", 404, "The TagSet does not exist").with("BucketName", &bucket.name))?;
    Ok(dto::GetBucketTaggingOutput { tag_set: to_set(&tags) })
}

pub(super) fn delete_of_bucket(
    service: &Service,
    request: S3Request<dto::DeleteBucketTaggingInput>,
) -> S3Result<dto::DeleteBucketTaggingOutput> {
    let bucket = service.bucket(&request.input.bucket)?;
    service.disk.set(&bucket, "tagging", None::<&Tags>)?;
    Ok(dto::DeleteBucketTaggingOutput::default())
}
