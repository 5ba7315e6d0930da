//! Objects and parts are made of others.

use s3s::{S3Request, S3Result, dto};

use super::{
    acl::{self, Acl},
    checksum::{Algorithm, hex, put_sum},
    conditions::source_conditions,
    disk::{Found, PartDigests, Versioning},
    error::{broke, invalid_argument, invalid_request},
    facts::Facts,
    get::find,
    multipart::part_number,
    notices::{Happened, Who, name},
    put::{facts_of, refuse_unsupported},
    service::Service,
    settings, time,
};

/// What stands in `x-amz-copy-source`.
pub(super) struct Source {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) version: Option<String>,
}

/// # Errors
/// It is no object in a bucket.
pub(super) fn source(given: &dto::CopySource) -> S3Result<Source> {
    match given {
        dto::CopySource::Bucket { bucket, key, version_id } => Ok(Source {
            bucket: bucket.to_string(),
            key: key.to_string(),
            version: version_id.as_ref().map(ToString::to_string),
        }),
        _ => {
            let text = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
            Err(invalid_argument(text, "x-amz-copy-source", given.format_to_string()))
        }
    }
}

fn told_source(service: &Service, source: &Source, found: &Found) -> S3Result<Option<String>> {
    let has_versions = service.disk.versioning(&source.bucket)? != Versioning::Never;
    Ok(has_versions.then(|| found.version.version.clone()))
}

pub(super) fn copy_object(
    service: &Service,
    mut request: S3Request<dto::CopyObjectInput>,
) -> S3Result<dto::CopyObjectOutput> {
    let who = Who::of(&request);
    let input = &mut request.input;
    let bucket = service.bucket(&input.bucket)?;
    let acl = acl::said(input.acl.as_ref().map(dto::ObjectCannedACL::as_str), &request.headers)?;
    acl::check_object(service, &bucket, acl.as_ref())?;
    refuse_unsupported!(input)?;
    let from = source(&input.copy_source)?;
    let mut found = find(service, &from.bucket, &from.key, from.version.as_deref())?;
    source_conditions!(input).check_source(&found.version)?;
    let replaces = input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == "REPLACE");
    let changes = replaces
        || input.storage_class.is_some()
        || input.server_side_encryption.is_some()
        || input.website_redirect_location.is_some()
        // One that is set for the bucket is taken for a change, whatever it says.
        || settings::has_encryption(service, &bucket.name)?;
    if from.bucket == input.bucket && from.key == input.key && from.version.is_none() && !changes {
        return Err(invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's \
             metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    let old = found.version.facts.clone();
    let facts = settings::with_encryption(service, &bucket.name, new_facts(input, acl, &old, replaces)?)?;
    let asked = input.checksum_algorithm.as_ref().map(|name| Algorithm::parse(name.as_str())).transpose()?;
    let algorithm = asked.or(old.sum.map(|sum| sum.algorithm)).unwrap_or(Algorithm::Crc64Nvme);
    let file = found.file.take().ok_or_else(|| broke("a version without a file"))?;
    let filled = service.disk.copy(&bucket, file, 0, found.version.size, algorithm)?;
    let facts = Facts { etag: hex(filled.md5), sum: Some(filled.sum), ..facts };
    let said = facts.clone();
    let now = service.now();
    let size = filled.staged.size();
    let committed = service.disk.commit(&input.bucket, &input.key, filled.staged, facts, &|_| Ok(()), now)?;
    service.tell(&input.bucket, &Happened::came(name::COPY, &input.key, size, &said, &committed), &who);
    let mut result = dto::CopyObjectResult {
        e_tag: Some(said.etag()),
        last_modified: Some(time::of_version(committed.modified)),
        checksum_type: said.sum.as_ref().map(super::checksum::Sum::kind),
        ..dto::CopyObjectResult::default()
    };
    put_sum!(result, &said.sum);
    Ok(dto::CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id: told_source(service, &from, &found)?,
        server_side_encryption: Some(said.encryption()),
        bucket_key_enabled: said.bucket_key(),
        ssekms_key_id: said.kms_key,
        version_id: committed.version,
        ..dto::CopyObjectOutput::default()
    })
}

/// Metadata and tags are those of the source, or those of the request, as its directives say.
fn new_facts(input: &mut dto::CopyObjectInput, acl: Option<Acl>, old: &Facts, replaces: bool) -> S3Result<Facts> {
    let given = facts_of!(input, acl)?;
    let replaces_tags = input.tagging_directive.as_ref().is_some_and(|directive| directive.as_str() == "REPLACE");
    let tags = if replaces_tags { given.tags } else { old.tags.clone() };
    let redirect = given.headers.redirect.clone();
    let mut facts = if replaces {
        Facts { tags, ..given }
    } else {
        Facts { headers: old.headers.clone(), metadata: old.metadata.clone(), tags, ..given }
    };
    facts.headers.redirect = redirect;
    Ok(facts)
}

pub(super) fn upload_part_copy(
    service: &Service,
    mut request: S3Request<dto::UploadPartCopyInput>,
) -> S3Result<dto::UploadPartCopyOutput> {
    let input = &mut request.input;
    let bucket = service.bucket(&input.bucket)?;
    part_number(input.part_number)?;
    let upload = service.disk.upload(&bucket, &input.key, &input.upload_id)?;
    let from = source(&input.copy_source)?;
    let mut found = find(service, &from.bucket, &from.key, from.version.as_deref())?;
    source_conditions!(input).check_source(&found.version)?;
    let size = found.version.size;
    let span = match input.copy_source_range.as_deref() {
        None => 0..size,
        Some(range) => copied(range, size)?,
    };
    let algorithm = upload.facts.algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let file = found.file.take().ok_or_else(|| broke("a version without a file"))?;
    let filled = service.disk.copy(&bucket, file, span.start, span.end - span.start, algorithm)?;
    let digests = PartDigests { etag: hex(filled.md5), sum: filled.sum };
    let now = service.now();
    service.disk.put_part(&bucket, &upload, input.part_number, filled.staged, &digests, now)?;
    let mut result = dto::CopyPartResult {
        e_tag: Some(dto::ETag::Strong(digests.etag)),
        last_modified: Some(time::of_millis(now / 1000 * 1000)),
        ..dto::CopyPartResult::default()
    };
    put_sum!(result, &upload.facts.algorithm.map(|_| digests.sum));
    Ok(dto::UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: told_source(service, &from, &found)?,
        server_side_encryption: Some(upload.facts.object.encryption()),
        ssekms_key_id: upload.facts.object.kms_key.clone(),
        bucket_key_enabled: upload.facts.object.bucket_key(),
        ..dto::UploadPartCopyOutput::default()
    })
}

/// Both ends must be given, and be in the object.
fn copied(range: &str, size: u64) -> S3Result<std::ops::Range<u64>> {
    let numbers = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let ends = numbers.and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    match ends {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some((first, last)) if first <= last => {
            let text = format!("Range specified is not valid for source object of size: {size}");
            Err(invalid_argument(text, "x-amz-copy-source-range", range))
        }
        _ => {
            let text = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
                        zero-based offsets of the first and last bytes to copy";
            Err(invalid_argument(text, "x-amz-copy-source-range", range))
        }
    }
}
