//! `GetObjectAttributes`: what is known of an object, without its bytes.

use s3s::{S3Request, S3Result, dto};

use super::{
    checksum::{Sum, put_sum},
    disk::Version,
    error::invalid_argument,
    get::{find, told_version},
    list::page_size,
    service::Service,
    time,
};

pub(super) fn get(
    service: &Service,
    request: S3Request<dto::GetObjectAttributesInput>,
) -> S3Result<dto::GetObjectAttributesOutput> {
    let input = request.input;
    let found = find(service, &input.bucket, &input.key, input.version_id.as_deref())?;
    let (version, facts) = (&found.version, &found.version.facts);
    // They come one a header, or all in one.
    let asked = input.object_attributes.iter().flat_map(|names| names.as_str().split(','));
    let asked: Vec<&str> = asked.map(str::trim).collect();
    let wants = |name: &str| asked.contains(&name);
    let known = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];
    if let Some(other) = asked.iter().find(|wanted| !known.contains(wanted)) {
        return Err(invalid_argument("Invalid attribute name specified.", "x-amz-object-attributes", other));
    }
    let checksum = facts.sum.as_ref().map(|sum| {
        let mut checksum = dto::Checksum { checksum_type: Some(sum.kind()), ..dto::Checksum::default() };
        // A composite one comes without the number of its parts, as S3 tells it here and nowhere else.
        let value = sum.value.split('-').next().unwrap_or_default().to_owned();
        put_sum!(checksum, &Some(Sum { value, ..*sum }));
        checksum
    });
    let parts = if wants("ObjectParts") { parts(version, &input)? } else { None };
    Ok(dto::GetObjectAttributesOutput {
        checksum: checksum.filter(|_| wants("Checksum")),
        // Without quotes, unlike everywhere else.
        e_tag: wants("ETag").then(|| facts.etag()),
        last_modified: Some(time::of_version(version.modified)),
        object_parts: parts,
        object_size: i64::try_from(version.size).ok().filter(|_| wants("ObjectSize")),
        storage_class: wants("StorageClass").then(|| facts.storage_class().to_owned().into()),
        version_id: told_version(service, &input.bucket, version)?,
        ..dto::GetObjectAttributesOutput::default()
    })
}

/// The parts are told one by one only if each has a checksum.
fn parts(version: &Version, input: &dto::GetObjectAttributesInput) -> S3Result<Option<dto::GetObjectAttributesParts>> {
    let parts = &version.facts.parts;
    if parts.is_empty() {
        return Ok(None);
    }
    let mut told = dto::GetObjectAttributesParts {
        total_parts_count: i32::try_from(parts.len()).ok(),
        ..dto::GetObjectAttributesParts::default()
    };
    if parts.iter().any(|part| part.sum.is_none()) {
        return Ok(Some(told));
    }
    let (most, marker) = (page_size(input.max_parts, "max-parts")?, input.part_number_marker.unwrap_or_default());
    let behind: Vec<_> = parts.iter().filter(|part| part.number > marker).collect();
    let page = behind.iter().take(most).map(|part| {
        let mut listed = dto::ObjectPart {
            part_number: Some(part.number),
            size: i64::try_from(part.size).ok(),
            ..dto::ObjectPart::default()
        };
        put_sum!(listed, &part.sum);
        listed
    });
    told.is_truncated = Some(behind.len() > most);
    told.max_parts = i32::try_from(most).ok();
    told.part_number_marker = Some(marker);
    told.next_part_number_marker = Some(behind.iter().take(most).next_back().map_or(0, |part| part.number));
    told.parts = Some(page.collect());
    Ok(Some(told))
}
