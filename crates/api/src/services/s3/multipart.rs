//! Objects that come in parts.

use s3s::{S3Request, S3Response, S3Result, dto};

use super::{
    acl,
    checksum::{Algorithm, check_md5, hex, put_sum, wanted},
    disk::{PartDigests, Upload, UploadFacts, blocking, fill},
    error::{invalid_argument, invalid_request, no_such_upload},
    list::{Page, encoded, encoding, natural, page_size},
    put::{check_length, declared_length, facts_of, refuse_unsupported, trailers},
    service::Service,
    settings, time,
};

/// # Errors
/// No part has this number.
pub(super) fn part_number(number: i32) -> S3Result<()> {
    if (1..=10_000).contains(&number) {
        return Ok(());
    }
    let text = "Part number must be an integer between 1 and 10000, inclusive";
    Err(invalid_argument(text, "partNumber", number))
}

pub(super) fn create(
    service: &Service,
    mut request: S3Request<dto::CreateMultipartUploadInput>,
) -> S3Result<dto::CreateMultipartUploadOutput> {
    let input = &mut request.input;
    let bucket = service.bucket(&input.bucket)?;
    let acl = acl::said(input.acl.as_ref().map(dto::ObjectCannedACL::as_str), &request.headers)?;
    acl::check_object(service, &bucket, acl.as_ref())?;
    refuse_unsupported!(input)?;
    let algorithm = input.checksum_algorithm.as_ref().map(|name| Algorithm::parse(name.as_str())).transpose()?;
    let is_full_object = is_full_object(algorithm, input.checksum_type.as_ref())?;
    let object = settings::with_encryption(service, &bucket.name, facts_of!(input, acl)?)?;
    let facts = UploadFacts { object, algorithm, is_full_object };
    let id = service.disk.begin_upload(&bucket, &input.key, &facts, service.now())?;
    Ok(dto::CreateMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(id),
        checksum_algorithm: algorithm.map(Algorithm::dto),
        checksum_type: algorithm.map(|_| kind(is_full_object)),
        server_side_encryption: Some(facts.object.encryption()),
        bucket_key_enabled: facts.object.bucket_key(),
        ssekms_key_id: facts.object.kms_key,
        ..dto::CreateMultipartUploadOutput::default()
    })
}

fn kind(is_full_object: bool) -> dto::ChecksumType {
    let kind = if is_full_object { dto::ChecksumType::FULL_OBJECT } else { dto::ChecksumType::COMPOSITE };
    dto::ChecksumType::from_static(kind)
}

/// Which kind of checksum an upload gets; S3 has not all kinds of each algorithm.
fn is_full_object(algorithm: Option<Algorithm>, kind: Option<&dto::ChecksumType>) -> S3Result<bool> {
    let Some(algorithm) = algorithm else {
        return match kind {
            None => Ok(true),
            Some(_) => Err(invalid_request(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
            )),
        };
    };
    let is_full = match kind.map(dto::ChecksumType::as_str) {
        None => algorithm == Algorithm::Crc64Nvme,
        Some(dto::ChecksumType::FULL_OBJECT) => true,
        Some(dto::ChecksumType::COMPOSITE) => false,
        Some(_) => return Err(invalid_request("Value for x-amz-checksum-type header is invalid.")),
    };
    let cannot = match algorithm {
        Algorithm::Sha1 | Algorithm::Sha256 => is_full,
        Algorithm::Crc64Nvme => !is_full,
        Algorithm::Crc32 | Algorithm::Crc32c => false,
    };
    if cannot {
        let (kind, name) = (if is_full { "FULL_OBJECT" } else { "COMPOSITE" }, algorithm.name().to_ascii_lowercase());
        return Err(invalid_request(format!(
            "The {kind} checksum type cannot be used with the {name} checksum algorithm."
        )));
    }
    Ok(is_full)
}

pub(super) async fn upload_part(
    service: &Service,
    mut request: S3Request<dto::UploadPartInput>,
) -> S3Result<S3Response<dto::UploadPartOutput>> {
    let input = &mut request.input;
    part_number(input.part_number)?;
    let (of, bucket, key, id) = (service.clone(), input.bucket.clone(), input.key.clone(), input.upload_id.clone());
    let (bucket, upload) = blocking(move || {
        let bucket = of.bucket(&bucket)?;
        let upload = of.disk.upload(&bucket, &key, &id)?;
        Ok((bucket, upload))
    })
    .await?;
    let declared = declared_length(&request.headers, input.content_length)?;
    let wanted = wanted(&request.headers)?;
    if let (Some(wanted), Some(expected)) = (wanted, upload.facts.algorithm)
        && wanted.algorithm != expected
    {
        let (expected, actual) = (expected.name().to_lowercase(), wanted.algorithm.name().to_lowercase());
        return Err(invalid_request(format!(
            "Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: {actual}"
        )));
    }
    let algorithm = wanted.map(|wanted| wanted.algorithm).or(upload.facts.algorithm);
    let body = input.body.take();
    let filled = fill(&service.disk, &bucket, body, algorithm.unwrap_or(Algorithm::Crc64Nvme)).await?;
    check_length(&filled, declared)?;
    check_md5(request.input.content_md5.as_deref(), &filled.md5)?;
    if let Some(wanted) = wanted {
        wanted.check(&filled.sum, &request.headers, trailers(&request).as_ref())?;
    }
    let (service, number) = (service.clone(), request.input.part_number);
    blocking(move || {
        let digests = PartDigests { etag: hex(filled.md5), sum: filled.sum };
        service.disk.put_part(&bucket, &upload, number, filled.staged, &digests, service.now())?;
        let mut output = dto::UploadPartOutput {
            e_tag: Some(dto::ETag::Strong(digests.etag)),
            server_side_encryption: Some(upload.facts.object.encryption()),
            ssekms_key_id: upload.facts.object.kms_key.clone(),
            bucket_key_enabled: upload.facts.object.bucket_key(),
            ..dto::UploadPartOutput::default()
        };
        put_sum!(output, &algorithm.map(|_| digests.sum));
        Ok(S3Response::new(output))
    })
    .await
}

pub(super) fn abort(
    service: &Service,
    request: S3Request<dto::AbortMultipartUploadInput>,
) -> S3Result<dto::AbortMultipartUploadOutput> {
    let input = &request.input;
    let bucket = service.bucket(&input.bucket)?;
    let upload = service.disk.upload(&bucket, &input.key, &input.upload_id)?;
    service.disk.end_upload(&bucket, &upload.id)?;
    Ok(dto::AbortMultipartUploadOutput::default())
}

fn initiator(service: &Service) -> dto::Initiator {
    dto::Initiator { display_name: None, id: Some(service.owner.to_string()) }
}

pub(super) fn list_parts(service: &Service, request: S3Request<dto::ListPartsInput>) -> S3Result<dto::ListPartsOutput> {
    let input = request.input;
    let bucket = service.bucket(&input.bucket)?;
    let upload = service.disk.upload(&bucket, &input.key, &input.upload_id)?;
    let most = page_size(input.max_parts, "max-parts")?;
    natural(input.part_number_marker, "part-number-marker")?;
    let marker = input.part_number_marker.unwrap_or_default();
    let mut parts = service.disk.parts(&upload.id)?;
    parts.retain(|part| part.number > marker);
    let is_truncated = parts.len() > most;
    parts.truncate(most);
    let next = parts.last().map_or(0, |part| part.number);
    let parts = parts.into_iter().map(|part| {
        let mut listed = dto::Part {
            e_tag: Some(dto::ETag::Strong(part.facts.etag)),
            last_modified: Some(time::of_millis(part.modified)),
            part_number: Some(part.number),
            size: i64::try_from(part.size).ok(),
            ..dto::Part::default()
        };
        put_sum!(listed, &upload.facts.algorithm.map(|_| part.facts.sum));
        listed
    });
    Ok(dto::ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        checksum_algorithm: upload.facts.algorithm.map(Algorithm::dto),
        checksum_type: upload.facts.algorithm.map(|_| kind(upload.facts.is_full_object)),
        initiator: Some(initiator(service)),
        owner: Some(service.owner()),
        is_truncated: Some(is_truncated),
        max_parts: i32::try_from(most).ok(),
        part_number_marker: Some(marker),
        next_part_number_marker: Some(next),
        parts: Some(parts.collect()),
        storage_class: Some(upload.facts.object.storage_class().to_owned().into()),
        ..dto::ListPartsOutput::default()
    })
}

pub(super) fn list(
    service: &Service,
    request: S3Request<dto::ListMultipartUploadsInput>,
) -> S3Result<dto::ListMultipartUploadsOutput> {
    let input = request.input;
    let bucket = service.bucket(&input.bucket)?;
    let most = page_size(input.max_uploads, "max-uploads")?;
    let (marker, id_marker) =
        (input.key_marker.clone().unwrap_or_default(), input.upload_id_marker.clone().unwrap_or_default());
    let mut all = service.disk.uploads(&bucket, input.prefix.as_deref().unwrap_or_default())?;
    all.retain(|upload| upload.key > marker || (upload.key == marker && !id_marker.is_empty()));
    if let Some(at) = all.iter().position(|upload| upload.id == id_marker) {
        all.drain(..=at);
    }
    let mut page = Page::new(input.prefix.as_deref(), input.delimiter.as_deref(), most);
    for upload in all {
        if page.is_common(&upload.key) {
            page.count_common(&upload.key);
        } else {
            page.push(upload.key.clone(), upload);
        }
    }
    let last: Option<&Upload> = page.items.last().map(|(_, upload)| upload);
    let next_id = last.map(|upload| upload.id.clone()).unwrap_or_default();
    let (next_key, encoding) = (page.last.clone(), encoding(input.encoding_type.as_ref())?);
    let uploads = page.items.iter().map(|(key, upload)| dto::MultipartUpload {
        checksum_algorithm: upload.facts.algorithm.map(Algorithm::dto),
        checksum_type: upload.facts.algorithm.map(|_| kind(upload.facts.is_full_object)),
        initiated: Some(time::of_millis(upload.started)),
        initiator: Some(initiator(service)),
        key: Some(encoded(key, encoding)),
        owner: Some(service.owner()),
        storage_class: Some(upload.facts.object.storage_class().to_owned().into()),
        upload_id: Some(upload.id.clone()),
    });
    Ok(dto::ListMultipartUploadsOutput {
        uploads: Some(uploads.collect()),
        common_prefixes: page.common_prefixes(encoding),
        bucket: Some(input.bucket),
        is_truncated: Some(page.is_truncated),
        key_marker: Some(encoded(&marker, encoding)),
        upload_id_marker: Some(id_marker),
        next_key_marker: Some(
            next_key.filter(|_| page.is_truncated).map_or_else(String::new, |key| encoded(&key, encoding)),
        ),
        next_upload_id_marker: Some(if page.is_truncated { next_id } else { String::new() }),
        max_uploads: i32::try_from(most).ok(),
        prefix: Some(encoded(input.prefix.as_deref().unwrap_or_default(), encoding)),
        delimiter: input.delimiter.map(|delimiter| encoded(&delimiter, encoding)),
        encoding_type: input.encoding_type,
        ..dto::ListMultipartUploadsOutput::default()
    })
}

/// The upload of a request.
///
/// # Errors
/// There is none.
pub(super) fn upload(service: &Service, bucket: &str, key: &str, id: &str) -> S3Result<Upload> {
    if id.is_empty() {
        return Err(no_such_upload(id));
    }
    service.disk.upload(&service.bucket(bucket)?, key, id)
}
