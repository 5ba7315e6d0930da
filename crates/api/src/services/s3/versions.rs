//! Versions and delete markers, a page at a time.

use s3s::{S3Request, S3Result, dto};

use super::{
    disk::{Version, after},
    list::{Page, encoded, encoding, page_size},
    service::Service,
    time,
};

/// A version in a listing.
struct Listed {
    version: Version,
    is_latest: bool,
}

pub(super) fn list(
    service: &Service,
    request: S3Request<dto::ListObjectVersionsInput>,
) -> S3Result<dto::ListObjectVersionsOutput> {
    let input = request.input;
    let most = page_size(input.max_keys, "maxKeys")?;
    let mut page = Page::new(input.prefix.as_deref(), input.delimiter.as_deref(), most);
    let marker = input.key_marker.clone().unwrap_or_default();
    let id_marker = input.version_id_marker.clone().filter(|id| !id.is_empty());
    fill(
        service,
        &input.bucket,
        &mut page,
        input.prefix.as_deref().unwrap_or_default(),
        &marker,
        id_marker.as_deref(),
    )?;
    let encoding = encoding(input.encoding_type.as_ref())?;
    let next_key = page.last.as_ref().filter(|_| page.is_truncated).map(|key| encoded(key, encoding));
    let at_item = page.items.last().filter(|(key, _)| Some(key) == page.last.as_ref() && page.is_truncated);
    let next_id = at_item.map(|(_, listed)| listed.version.version.clone());
    let (markers, versions): (Vec<_>, Vec<_>) = page.items.iter().partition(|(_, listed)| listed.version.marker);
    Ok(dto::ListObjectVersionsOutput {
        common_prefixes: page.common_prefixes(encoding),
        delete_markers: Some(
            markers.into_iter().map(|(key, listed)| marker_entry(service, encoded(key, encoding), listed)).collect(),
        ),
        versions: Some(
            versions.into_iter().map(|(key, listed)| version_entry(service, encoded(key, encoding), listed)).collect(),
        ),
        delimiter: input.delimiter.map(|delimiter| encoded(&delimiter, encoding)),
        is_truncated: Some(page.is_truncated),
        key_marker: Some(encoded(&marker, encoding)),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        max_keys: i32::try_from(most).ok(),
        name: Some(input.bucket),
        next_key_marker: next_key,
        next_version_id_marker: next_id,
        prefix: Some(encoded(input.prefix.as_deref().unwrap_or_default(), encoding)),
        encoding_type: input.encoding_type,
        ..dto::ListObjectVersionsOutput::default()
    })
}

fn fill(
    service: &Service,
    bucket: &str,
    page: &mut Page<Listed>,
    prefix: &str,
    marker: &str,
    id_marker: Option<&str>,
) -> S3Result<()> {
    let bucket = service.bucket(bucket)?;
    let mut keys = service.disk.keys(&bucket, prefix)?;
    match (page.common(marker).filter(|common| common == marker), id_marker) {
        (Some(common), _) => keys.seek(&after(&common)),
        (None, Some(_)) => keys.seek(marker.as_bytes()),
        (None, None) if !marker.is_empty() => keys.seek(format!("{marker}\0").as_bytes()),
        (None, None) => {}
    }
    while let Some((key, _)) = keys.next()? {
        if let Some(common) = page.common(&key) {
            if !page.count_common(&key) {
                return Ok(());
            }
            keys.seek(&after(&common));
            continue;
        }
        let mut versions = service.disk.versions(&bucket, &key)?;
        let latest = versions.first().map(|version| version.version.clone());
        if let Some(at) =
            id_marker.filter(|_| key == marker).and_then(|id| versions.iter().position(|version| version.version == id))
        {
            versions.drain(..=at);
        }
        for version in versions {
            let is_latest = Some(&version.version) == latest.as_ref();
            if !page.push(key.clone(), Listed { version, is_latest }) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn version_entry(service: &Service, key: String, listed: &Listed) -> dto::ObjectVersion {
    let (version, facts) = (&listed.version, &listed.version.facts);
    dto::ObjectVersion {
        checksum_algorithm: facts.sum.as_ref().map(|sum| vec![sum.algorithm.dto()]),
        checksum_type: facts.sum.as_ref().map(super::checksum::Sum::kind),
        e_tag: Some(facts.etag()),
        is_latest: Some(listed.is_latest),
        key: Some(key),
        last_modified: Some(time::of_version(version.modified)),
        owner: Some(service.owner()),
        restore_status: None,
        size: i64::try_from(version.size).ok(),
        storage_class: Some(facts.storage_class().to_owned().into()),
        version_id: Some(version.version.clone()),
    }
}

fn marker_entry(service: &Service, key: String, listed: &Listed) -> dto::DeleteMarkerEntry {
    dto::DeleteMarkerEntry {
        is_latest: Some(listed.is_latest),
        key: Some(key),
        last_modified: Some(time::of_version(listed.version.modified)),
        owner: Some(service.owner()),
        version_id: Some(listed.version.version.clone()),
    }
}
