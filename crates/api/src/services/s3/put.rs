//! An object comes in whole.

use axum::http::{HeaderMap, Method};
use s3s::{S3Request, S3Response, S3Result, dto};

use super::{
    acl::{self, Acl},
    checksum::{Algorithm, check_md5, hex, put_sum, wanted},
    chunked::Trailers,
    conditions::WriteConditions,
    disk::{Filled, blocking, fill},
    error::{WithElement, invalid_argument, refuse},
    facts::Facts,
    notices::{Happened, Who, name},
    service::Service,
    settings,
};

/// So many bytes of an object at most come in one request.
const LARGEST: i64 = 5 << 30;

/// So many bytes of metadata of its own has an object at most.
const MOST_METADATA: usize = 2048;

/// What an input that makes an object says of it.
macro_rules! facts_of {
    ($input:expr, $acl:expr) => {
        $crate::services::s3::put::checked($crate::services::s3::facts::Facts {
            headers: $crate::services::s3::facts::headers_of!($input),
            metadata: $input.metadata.take().unwrap_or_default().into_iter().collect(),
            storage_class: $input.storage_class.take().map(|class| class.as_str().to_owned()),
            encryption: $input.server_side_encryption.take().map(|kind| kind.as_str().to_owned()),
            kms_key: $input.ssekms_key_id.take(),
            has_bucket_key: $input.bucket_key_enabled == Some(true),
            acl: $acl,
            tags: $crate::services::s3::tags::of_header($input.tagging.as_deref())?,
            ..$crate::services::s3::facts::Facts::default()
        })
    };
}
pub(super) use facts_of;

/// Refuses what of an object Weir does not keep.
macro_rules! refuse_unsupported {
    ($input:expr) => {
        $crate::services::s3::put::refuse_headers(&[
            ("x-amz-server-side-encryption-customer-algorithm", $input.sse_customer_algorithm.is_some()),
            ("x-amz-server-side-encryption-customer-key", $input.sse_customer_key.is_some()),
            ("x-amz-object-lock-mode", $input.object_lock_mode.is_some()),
            ("x-amz-object-lock-retain-until-date", $input.object_lock_retain_until_date.is_some()),
            ("x-amz-object-lock-legal-hold", $input.object_lock_legal_hold_status.is_some()),
        ])
    };
}
pub(super) use refuse_unsupported;

pub(super) fn refuse_headers(headers: &[(&'static str, bool)]) -> S3Result<()> {
    let Some((name, _)) = headers.iter().find(|(_, is_given)| *is_given) else { return Ok(()) };
    let text = "A header you provided implies functionality that is not implemented";
    Err(refuse("NotImplemented", 501, text).with("Header", name))
}

/// The classes that objects can be in; all are alike here.
const CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
];

/// # Errors
/// What a client says of an object cannot be.
pub(super) fn checked(facts: Facts) -> S3Result<Facts> {
    if let Some(class) = facts.storage_class.as_ref().filter(|class| !CLASSES.contains(&class.as_str())) {
        let error = refuse("InvalidStorageClass", 400, "The storage class you specified is not valid");
        return Err(error.with("StorageClassRequested", class));
    }
    if let Some(kind) =
        facts.encryption.as_ref().filter(|kind| !matches!(kind.as_str(), "AES256" | "aws:kms" | "aws:kms:dsse"))
    {
        let text = "The encryption method specified is not supported";
        return Err(invalid_argument(text, "x-amz-server-side-encryption", kind));
    }
    let metadata: usize = facts.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if metadata > MOST_METADATA {
        let error = refuse("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size");
        return Err(error.with("Size", metadata).with("MaxSizeAllowed", MOST_METADATA));
    }
    Ok(facts)
}

/// What came behind the body.
pub(super) fn trailers<T>(request: &S3Request<T>) -> Option<HeaderMap> {
    let signed = request.trailing_headers.as_ref().or_else(|| request.extensions.get());
    let of_signed = signed.and_then(s3s::TrailingHeaders::take);
    of_signed.or_else(|| request.extensions.get::<Trailers>().and_then(Trailers::take))
}

/// The bytes that a body is said to have, without what carries them.
pub(super) fn declared_length(headers: &HeaderMap, length: Option<i64>) -> S3Result<Option<i64>> {
    let decoded = headers.get("x-amz-decoded-content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    let length = decoded.or(length);
    if let Some(length) = length.filter(|length| *length > LARGEST) {
        let error = refuse("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size");
        return Err(error.with("ProposedSize", length).with("MaxSizeAllowed", LARGEST));
    }
    Ok(length)
}

/// # Errors
/// Fewer or more bytes came than were said to.
pub(super) fn check_length(filled: &Filled, declared: Option<i64>) -> S3Result<()> {
    if declared.is_none_or(|declared| u64::try_from(declared).is_ok_and(|declared| declared == filled.staged.size())) {
        return Ok(());
    }
    let text = "You did not provide the number of bytes specified by the Content-Length HTTP header";
    Err(refuse("IncompleteBody", 400, text))
}

pub(super) async fn put_object(
    service: &Service,
    mut request: S3Request<dto::PutObjectInput>,
) -> S3Result<S3Response<dto::PutObjectOutput>> {
    let (of, name) = (service.clone(), request.input.bucket.clone());
    let acl = acl::said(request.input.acl.as_ref().map(dto::ObjectCannedACL::as_str), &request.headers)?;
    let (bucket, acl) = blocking(move || {
        let bucket = of.bucket(&name)?;
        acl::check_object(&of, &bucket, acl.as_ref())?;
        Ok((bucket, acl))
    })
    .await?;
    refuse_unsupported!(request.input)?;
    let declared = declared_length(&request.headers, request.input.content_length)?;
    let wanted = wanted(&request.headers)?;
    let algorithm = wanted.map_or(Algorithm::Crc64Nvme, |wanted| wanted.algorithm);
    let filled = fill(&service.disk, &bucket, request.input.body.take(), algorithm).await?;
    check_length(&filled, declared)?;
    check_md5(request.input.content_md5.as_deref(), &filled.md5)?;
    if let Some(wanted) = wanted {
        wanted.check(&filled.sum, &request.headers, trailers(&request).as_ref())?;
    }
    let service = service.clone();
    let event = if request.method == Method::POST { name::POST } else { name::PUT };
    let who = Who::of(&request);
    blocking(move || keep(&service, request.input, acl, filled, (event, &who))).await.map(S3Response::new)
}

fn keep(
    service: &Service,
    mut input: dto::PutObjectInput,
    acl: Option<Acl>,
    filled: Filled,
    (event, who): (&'static str, &Who),
) -> S3Result<dto::PutObjectOutput> {
    let conditions = WriteConditions::new(&input.key, input.if_match.take(), input.if_none_match.as_ref())?;
    let facts = Facts {
        etag: hex(filled.md5),
        sum: Some(filled.sum),
        ..settings::with_encryption(service, &input.bucket, facts_of!(input, acl)?)?
    };
    let said = facts.clone();
    let guard = |newest: Option<&super::disk::Version>| conditions.check(newest);
    let (bucket, key, now) = (&input.bucket, &input.key, service.now());
    let size = filled.staged.size();
    let committed = service.disk.commit(bucket, key, filled.staged, facts, &guard, now)?;
    service.tell(bucket, &Happened::came(event, key, size, &said, &committed), who);
    let mut output = dto::PutObjectOutput {
        e_tag: Some(said.etag()),
        server_side_encryption: Some(said.encryption()),
        ssekms_key_id: said.kms_key.clone(),
        bucket_key_enabled: said.bucket_key(),
        checksum_type: said.sum.as_ref().map(super::checksum::Sum::kind),
        version_id: committed.version,
        ..dto::PutObjectOutput::default()
    };
    put_sum!(output, &said.sum);
    Ok(output)
}
