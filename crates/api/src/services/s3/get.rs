//! Objects go out.

use std::ops::Range;

use s3s::{S3Error, S3Request, S3Response, S3Result, dto};

use super::{
    checksum::{Sum, put_sum},
    conditions::{Conditions, read_conditions},
    disk::{Found, Version, Versioning, blocking, open_for_reading},
    error::{WithElement, broke, invalid_argument, invalid_request, no_such_key, no_such_version, refuse, with_header},
    lifecycle,
    service::Service,
    time,
};

/// What a read asks for.
pub(super) struct Wish {
    bucket: String,
    key: String,
    version: Option<String>,
    range: Option<dto::Range>,
    part: Option<i32>,
    with_checksum: bool,
    conditions: Conditions,
}

macro_rules! wish_of {
    ($input:expr) => {
        Wish {
            bucket: $input.bucket.clone(),
            key: $input.key.clone(),
            version: $input.version_id.take(),
            range: $input.range.take(),
            part: $input.part_number.take(),
            with_checksum: $input
                .checksum_mode
                .as_ref()
                .is_some_and(|mode| mode.as_str().eq_ignore_ascii_case("ENABLED")),
            conditions: read_conditions!($input),
        }
    };
}

/// What a read gives.
struct Granted {
    found: Found,
    /// Bytes.
    span: Range<u64>,
    is_partial: bool,
    parts: Option<i32>,
    sum: Option<Sum>,
    /// Where the bucket has versions.
    version: Option<String>,
    /// When a lifecycle rule ends it.
    expiration: Option<String>,
}

/// Finds the version that a request is about.
///
/// # Errors
/// There is none, or it is a delete marker.
pub(super) fn find(service: &Service, bucket: &str, key: &str, version: Option<&str>) -> S3Result<Found> {
    let bucket = service.bucket(bucket)?;
    let Some(id) = version else {
        let found = service.disk.newest(&bucket, key)?.ok_or_else(|| no_such_key(key))?;
        if found.version.marker {
            let error = with_header(no_such_key(key), "x-amz-delete-marker", "true");
            return Err(with_header(error, "x-amz-version-id", &found.version.version));
        }
        return Ok(found);
    };
    check_version(service, &bucket.name, id)?;
    let found = service.disk.version(&bucket, key, id)?.ok_or_else(|| no_such_version(key, id))?;
    if found.version.marker {
        let error = refuse("MethodNotAllowed", 405, "The specified method is not allowed against this resource.");
        let error = error.with("ResourceType", "DeleteMarker");
        let error = with_header(error, "x-amz-delete-marker", "true");
        let error = with_header(error, "last-modified", &time::http(found.version.modified));
        return Err(with_header(with_header(error, "allow", "DELETE"), "x-amz-version-id", id));
    }
    Ok(found)
}

/// # Errors
/// It can be no version: a bucket that never had any has but the one `null` of a key.
pub(super) fn check_version(service: &Service, bucket: &str, id: &str) -> S3Result<()> {
    let is_id = !id.is_empty() && id.len() <= 1024 && id.bytes().all(|byte| byte.is_ascii_graphic());
    let is_one = id == "null" || (is_id && service.disk.versioning(bucket)? != Versioning::Never);
    if is_one { Ok(()) } else { Err(invalid_argument("Invalid version id specified", "versionId", id)) }
}

/// The id that answers tell, where the bucket has versions.
///
/// # Errors
/// Those of the disk.
pub(super) fn told_version(service: &Service, bucket: &str, version: &Version) -> S3Result<Option<String>> {
    let has_versions = service.disk.versioning(bucket)? != Versioning::Never;
    Ok(has_versions.then(|| version.version.clone()))
}

fn grant(service: &Service, wish: &Wish) -> S3Result<Granted> {
    let found = find(service, &wish.bucket, &wish.key, wish.version.as_deref())?;
    wish.conditions.check(&found.version)?;
    let (version, size) = (&found.version, found.version.size);
    let range = wish.range.as_ref();
    let whole = version.facts.sum.clone();
    let (span, parts, sum) = match (range, wish.part) {
        (Some(_), Some(_)) => {
            return Err(invalid_request("Cannot specify both Range header and partNumber query parameter"));
        }
        (None, None) => (0..size, None, whole),
        (Some(range), None) => {
            (range.check(size).ok().filter(|_| size > 0).ok_or_else(|| unsatisfiable(range, size))?, None, None)
        }
        (None, Some(number)) => part(version, number)?,
    };
    let is_partial = range.is_some() || wish.part.is_some();
    let told = told_version(service, &wish.bucket, version)?;
    let expiration = lifecycle::header(service, &wish.bucket, version)?;
    Ok(Granted { span, is_partial, parts, sum: sum.filter(|_| wish.with_checksum), version: told, expiration, found })
}

fn unsatisfiable(range: &dto::Range, size: u64) -> S3Error {
    let error = refuse("InvalidRange", 416, "The requested range is not satisfiable");
    let error = error.with("RangeRequested", range.to_header_string()).with("ActualObjectSize", size);
    with_header(error, "content-range", &format!("bytes */{size}"))
}

/// Where a part is, how many there are, and its checksum.
fn part(version: &Version, number: i32) -> S3Result<(Range<u64>, Option<i32>, Option<Sum>)> {
    let parts = &version.facts.parts;
    let none = || {
        let error = refuse("InvalidPartNumber", 416, "The requested partnumber is not satisfiable");
        error.with("ActualPartCount", parts.len().max(1)).with("PartNumberRequested", number)
    };
    if parts.is_empty() {
        return if number == 1 { Ok((0..version.size, None, version.facts.sum.clone())) } else { Err(none()) };
    }
    let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)).filter(|at| *at < parts.len());
    let at = at.ok_or_else(none)?;
    let start: u64 = parts[..at].iter().map(|part| part.size).sum();
    Ok((start..start + parts[at].size, i32::try_from(parts.len()).ok(), parts[at].sum.clone()))
}

/// Writes what both reads say of an object.
macro_rules! describe {
    ($output:ident, $granted:expr) => {{
        let (granted, version) = (&$granted, &$granted.found.version);
        let facts = &version.facts;
        let content_type = facts.headers.content_type.clone().unwrap_or_else(|| "binary/octet-stream".to_owned());
        let mut output = dto::$output {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: facts.headers.cache_control.clone(),
            checksum_type: granted.sum.as_ref().map(Sum::kind),
            content_disposition: facts.headers.content_disposition.clone(),
            content_encoding: facts.headers.content_encoding.clone(),
            content_language: facts.headers.content_language.clone(),
            content_length: i64::try_from(granted.span.end - granted.span.start).ok(),
            content_type: Some(content_type),
            e_tag: Some(facts.etag()),
            expiration: granted.expiration.clone(),
            expires: facts.headers.expires.clone(),
            last_modified: Some(time::of_version(version.modified)),
            metadata: Some(facts.metadata.clone().into_iter().collect()),
            parts_count: granted.parts,
            server_side_encryption: Some(facts.encryption()),
            ssekms_key_id: facts.kms_key.clone(),
            bucket_key_enabled: facts.bucket_key(),
            storage_class: facts.unusual_class(),
            version_id: granted.version.clone(),
            website_redirect_location: facts.headers.redirect.clone(),
            ..dto::$output::default()
        };
        if granted.is_partial {
            let Range { start, end } = granted.span;
            output.content_range = Some(format!("bytes {start}-{}/{}", end.saturating_sub(1), version.size));
        }
        put_sum!(output, &granted.sum);
        output
    }};
}

pub(super) async fn get_object(
    service: &Service,
    mut request: S3Request<dto::GetObjectInput>,
) -> S3Result<S3Response<dto::GetObjectOutput>> {
    let wish = wish_of!(request.input);
    let of = service.clone();
    let mut granted = blocking(move || grant(&of, &wish)).await?;
    let mut output = describe!(GetObjectOutput, granted);
    output.tag_count = i32::try_from(granted.found.version.facts.tags.len()).ok().filter(|count| *count > 0);
    let file = granted.found.file.take().ok_or_else(|| broke("a version without a file"))?;
    output.body = Some(open_for_reading(file, granted.span.start, granted.span.end - granted.span.start));
    Ok(S3Response::new(output))
}

pub(super) async fn head_object(
    service: &Service,
    mut request: S3Request<dto::HeadObjectInput>,
) -> S3Result<S3Response<dto::HeadObjectOutput>> {
    let wish = wish_of!(request.input);
    let of = service.clone();
    let granted = blocking(move || grant(&of, &wish)).await?;
    let tags = granted.found.version.facts.tags.len();
    let mut response = S3Response::new(describe!(HeadObjectOutput, granted));
    if tags > 0 {
        // The type of the answer has no member for it.
        response.headers.insert("x-amz-tagging-count", tags.into());
    }
    Ok(response)
}
