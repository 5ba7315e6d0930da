//! Parts become an object.

use s3s::{
    S3Error, S3Request, S3Result,
    crypto::{Checksum as _, Md5},
    dto,
};

use super::{
    checksum::{Algorithm, Hasher, Sum, hex, mismatch, put_sum, wanted},
    conditions::WriteConditions,
    disk::{Bucket, Part, Upload, Version},
    error::{WithElement, invalid_request, malformed_xml, no_such_upload, refuse},
    facts::{Facts, PartFacts},
    get::told_version,
    multipart::upload,
    notices::{Happened, Who, name},
    service::Service,
};

/// Every part but the last has so many bytes at least.
const SMALLEST: u64 = 5 << 20;

/// Puts the parts together. An upload that is complete already gives the same answer again: a client asks anew that did not
/// get it.
pub(super) fn complete(
    service: &Service,
    request: S3Request<dto::CompleteMultipartUploadInput>,
) -> S3Result<dto::CompleteMultipartUploadOutput> {
    let input = &request.input;
    let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
    match assemble(service, request) {
        Err(error) if error.code().as_str() == "NoSuchUpload" => {
            let bucket = service.bucket(&bucket)?;
            let newest = service.disk.object(&bucket, &key)?.filter(|newest| newest.facts.upload.as_ref() == Some(&id));
            let newest = newest.ok_or(error)?;
            let version = told_version(service, &bucket.name, &newest)?;
            Ok(answer(&bucket, key, &newest.facts, version))
        }
        done => done,
    }
}

fn assemble(
    service: &Service,
    mut request: S3Request<dto::CompleteMultipartUploadInput>,
) -> S3Result<dto::CompleteMultipartUploadOutput> {
    let who = Who::of(&request);
    let input = &mut request.input;
    let upload = upload(service, &input.bucket, &input.key, &input.upload_id)?;
    let bucket = service.bucket(&input.bucket)?;
    let conditions = WriteConditions::new(&input.key, input.if_match.take(), input.if_none_match.as_ref())?;
    let listed = input.multipart_upload.take().and_then(|listed| listed.parts).unwrap_or_default();
    let parts = chosen(&upload, &listed, service.disk.parts(&upload.id)?)?;
    check_size(&parts, input.mpu_object_size)?;
    let algorithm = upload.facts.algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let hasher = upload.facts.is_full_object.then(|| Hasher::new(algorithm));
    let (staged, sum) = service.disk.assemble(&bucket, &upload, &parts, hasher)?;
    let sum = sum.unwrap_or_else(|| Sum::of_parts(algorithm, parts.iter().map(|part| &part.facts.sum)));
    check_whole(&request.headers, &sum)?;
    let facts = Facts {
        etag: etag(&parts),
        parts: parts.iter().map(|part| facts_of_part(part, &upload)).collect(),
        sum: Some(sum),
        upload: Some(upload.id.clone()),
        ..upload.facts.object.clone()
    };
    let said = facts.clone();
    let (input, now) = (request.input, service.now());
    let guard = |newest: Option<&Version>| match newest {
        // Another request was faster.
        Some(newest) if newest.facts.upload.as_ref() == Some(&upload.id) => Err(no_such_upload(&upload.id)),
        newest => conditions.check(newest),
    };
    let size = staged.size();
    let committed = service.disk.commit(&input.bucket, &input.key, staged, facts, &guard, now)?;
    service.tell(&bucket.name, &Happened::came(name::COMPLETED, &input.key, size, &said, &committed), &who);
    service.disk.end_upload(&bucket, &upload.id)?;
    Ok(answer(&bucket, input.key, &said, committed.version))
}

/// # Errors
/// The client says another size than the parts have.
fn check_size(parts: &[Part], said: Option<i64>) -> S3Result<()> {
    let size: u64 = parts.iter().map(|part| part.size).sum();
    match said.filter(|said| u64::try_from(*said).ok() != Some(size)) {
        None => Ok(()),
        Some(said) => Err(invalid_request(format!(
            "The provided 'x-amz-mp-object-size' header value {said} does not match what was computed: {size}"
        ))),
    }
}

fn answer(
    bucket: &Bucket,
    key: String,
    said: &Facts,
    version_id: Option<String>,
) -> dto::CompleteMultipartUploadOutput {
    let (name, region, path) = (&bucket.name, &bucket.region, super::list::percent(&key));
    let mut output = dto::CompleteMultipartUploadOutput {
        location: Some(format!("https://{name}.s3.{region}.amazonaws.com/{path}")),
        bucket: Some(name.clone()),
        key: Some(key),
        e_tag: Some(said.etag()),
        checksum_type: said.sum.as_ref().map(Sum::kind),
        server_side_encryption: Some(said.encryption()),
        ssekms_key_id: said.kms_key.clone(),
        bucket_key_enabled: said.bucket_key(),
        version_id,
        ..dto::CompleteMultipartUploadOutput::default()
    };
    put_sum!(output, &said.sum);
    output
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
