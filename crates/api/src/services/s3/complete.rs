//! Parts become an object.

use s3s::{
    S3Error, S3Request, S3Result,
    crypto::{Checksum as _, Md5},
    dto,
};

use super::{
    checksum::{Algorithm, Sum, hex, mismatch, put_sum, wanted},
    conditions::WriteConditions,
    disk::{Part, Upload, Version},
    error::{WithElement, invalid_request, malformed_xml, refuse},
    facts::{Facts, PartFacts},
    multipart::upload,
    service::Service,
};

/// Every part but the last has so many bytes at least.
const SMALLEST: u64 = 5 << 20;

pub(super) fn complete(
    service: &Service,
    mut request: S3Request<dto::CompleteMultipartUploadInput>,
) -> S3Result<dto::CompleteMultipartUploadOutput> {
    let input = &mut request.input;
    let upload = upload(service, &input.bucket, &input.key, &input.upload_id)?;
    let bucket = service.bucket(&input.bucket)?;
    let conditions = WriteConditions::new(&input.key, input.if_match.take(), input.if_none_match.as_ref())?;
    let listed = input.multipart_upload.take().and_then(|listed| listed.parts).unwrap_or_default();
    let parts = chosen(&upload, &listed, service.disk.parts(&upload.id)?)?;
    let size: u64 = parts.iter().map(|part| part.size).sum();
    if let Some(said) = input.mpu_object_size.filter(|said| u64::try_from(*said).ok() != Some(size)) {
        return Err(invalid_request(format!(
            "The provided 'x-amz-mp-object-size' header value {said} does not match what was computed: {size}"
        )));
    }
    let algorithm = upload.facts.algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let filled = service.disk.assemble(&bucket, &parts, algorithm)?;
    let is_full = upload.facts.is_full_object;
    let sum = if is_full { filled.sum } else { Sum::of_parts(algorithm, parts.iter().map(|part| &part.facts.sum)) };
    check_whole(&request.headers, &sum)?;
    let facts = Facts {
        etag: etag(&parts),
        parts: parts.iter().map(|part| facts_of_part(part, &upload)).collect(),
        sum: Some(sum),
        ..upload.facts.object.clone()
    };
    let said = facts.clone();
    let (input, now) = (request.input, service.now());
    let guard = |newest: Option<&Version>| conditions.check(newest);
    let committed = service.disk.commit(&input.bucket, &input.key, filled.staged, facts, &guard, now)?;
    service.disk.end_upload(&bucket, &upload.id)?;
    let mut output = dto::CompleteMultipartUploadOutput {
        location: Some(format!(
            "https://{}.s3.{}.amazonaws.com/{}",
            input.bucket,
            bucket.region,
            super::list::percent(&input.key)
        )),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(said.etag()),
        checksum_type: said.sum.as_ref().map(Sum::kind),
        server_side_encryption: Some(said.encryption()),
        ssekms_key_id: said.kms_key.clone(),
        version_id: committed.version,
        ..dto::CompleteMultipartUploadOutput::default()
    };
    put_sum!(output, &said.sum);
    Ok(output)
}

/// The MD5 of the MD5s of the parts, and how many there are.
fn etag(parts: &[Part]) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        let bytes: Vec<u8> = (0..part.facts.etag.len() / 2)
            .filter_map(|at| u8::from_str_radix(part.facts.etag.get(at * 2..at * 2 + 2)?, 16).ok())
            .collect();
        md5.update(&bytes);
    }
    format!("{}-{}", hex(md5.finalize()), parts.len())
}

fn facts_of_part(part: &Part, upload: &Upload) -> PartFacts {
    let sum = upload.facts.algorithm.map(|_| part.facts.sum.clone());
    PartFacts { number: part.number, size: part.size, sum }
}

/// The checksum of the whole that the client says, if it says one.
fn check_whole(headers: &axum::http::HeaderMap, sum: &Sum) -> S3Result<()> {
    let said = headers.get(sum.algorithm.header()).and_then(|value| value.to_str().ok());
    let Some(said) = said else {
        // One of another kind is wrong as well.
        return match wanted(headers)? {
            Some(other) => Err(mismatch(other.algorithm)),
            None => Ok(()),
        };
    };
    // A composite one may come without the number of parts.
    let is_same = said == sum.value || sum.value.split('-').next() == Some(said);
    if is_same { Ok(()) } else { Err(mismatch(sum.algorithm)) }
}

/// The parts that the client lists, as they were uploaded.
fn chosen(upload: &Upload, listed: &[dto::CompletedPart], mut uploaded: Vec<Part>) -> S3Result<Vec<Part>> {
    if listed.is_empty() {
        return Err(malformed_xml());
    }
    let numbers: Vec<i32> = listed.iter().map(|part| part.part_number.unwrap_or_default()).collect();
    if numbers.windows(2).any(|pair| pair[0] >= pair[1]) {
        let text = "The list of parts was not in ascending order. Parts must be ordered by part number.";
        return Err(refuse("InvalidPartOrder", 400, text).with("UploadId", &upload.id));
    }
    let mut parts = Vec::with_capacity(listed.len());
    for (number, wanted) in numbers.into_iter().zip(listed) {
        let at = uploaded.iter().position(|part| part.number == number);
        let part = at.map(|at| uploaded.swap_remove(at)).ok_or_else(|| no_part(upload, number, wanted))?;
        check_part(upload, &part, wanted)?;
        parts.push(part);
    }
    for part in &parts[..parts.len() - 1] {
        if part.size < SMALLEST {
            let error = refuse("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size");
            let error = error.with("ETag", &part.facts.etag).with("MinSizeAllowed", SMALLEST);
            return Err(error.with("PartNumber", part.number).with("ProposedSize", part.size));
        }
    }
    Ok(parts)
}

fn check_part(upload: &Upload, part: &Part, wanted: &dto::CompletedPart) -> S3Result<()> {
    let etag = wanted.e_tag.as_ref().map(dto::ETag::value);
    if etag != Some(part.facts.etag.as_str()) {
        return Err(no_part(upload, part.number, wanted));
    }
    let Some(algorithm) = upload.facts.algorithm else { return Ok(()) };
    let said = match algorithm {
        Algorithm::Crc32 => &wanted.checksum_crc32,
        Algorithm::Crc32c => &wanted.checksum_crc32c,
        Algorithm::Crc64Nvme => &wanted.checksum_crc64nvme,
        Algorithm::Sha1 => &wanted.checksum_sha1,
        Algorithm::Sha256 => &wanted.checksum_sha256,
    };
    match said {
        Some(said) if *said == part.facts.sum.value => Ok(()),
        Some(_) => Err(no_part(upload, part.number, wanted)),
        None if upload.facts.is_full_object => Ok(()),
        None => Err(invalid_request(format!(
            "The upload was created using a {} checksum. The complete request must include the checksum for each part. It \
             was missing for part {} in the request.",
            algorithm.name().to_lowercase(),
            part.number
        ))),
    }
}

fn no_part(upload: &Upload, number: i32, wanted: &dto::CompletedPart) -> S3Error {
    let text = "One or more of the specified parts could not be found.  The part may not have been uploaded, or the \
                specified entity tag may not match the part's entity tag.";
    let etag = wanted.e_tag.as_ref().map(dto::ETag::value).unwrap_or_default();
    refuse("InvalidPart", 400, text).with("ETag", etag).with("PartNumber", number).with("UploadId", &upload.id)
}
