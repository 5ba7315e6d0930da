//! Listings, a page at a time.

use base64::{Engine, engine::general_purpose::STANDARD};
use s3s::{S3Request, S3Result, dto};

use super::{
    disk::{Bucket, Version, after},
    error::invalid_argument,
    service::Service,
    time,
};

/// So many entries has a page at most.
const MOST: usize = 1000;

/// How many entries a page may have.
///
/// # Errors
/// A negative number.
pub(super) fn page_size(asked: Option<i32>, name: &'static str) -> S3Result<usize> {
    Ok(natural(asked, name)?.map_or(MOST, |asked| asked.min(MOST)))
}

/// How keys are to be written.
///
/// # Errors
/// Neither as they are nor as in a URL.
pub(super) fn encoding(asked: Option<&dto::EncodingType>) -> S3Result<Option<&dto::EncodingType>> {
    match asked {
        Some(other) if other.as_str() != dto::EncodingType::URL => {
            Err(invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", other.as_str()))
        }
        asked => Ok(asked),
    }
}

/// A number of a query.
///
/// # Errors
/// A negative one.
pub(super) fn natural(asked: Option<i32>, name: &'static str) -> S3Result<Option<usize>> {
    let Some(asked) = asked else { return Ok(None) };
    let text = format!("Argument {name} must be an integer between 0 and 2147483647");
    usize::try_from(asked).map(Some).map_err(|_| invalid_argument(text, name, asked))
}

/// A page being filled: keys, and the prefixes that stand for many.
#[derive(Debug)]
pub(super) struct Page<T> {
    prefix: String,
    delimiter: Option<String>,
    most: usize,
    pub(super) items: Vec<(String, T)>,
    prefixes: Vec<String>,
    /// The last key or prefix in it.
    pub(super) last: Option<String>,
    /// Whether there is more.
    pub(super) is_truncated: bool,
}

impl<T> Page<T> {
    pub(super) fn new(prefix: Option<&str>, delimiter: Option<&str>, most: usize) -> Self {
        let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty()).map(str::to_owned);
        let (items, prefixes) = (Vec::new(), Vec::new());
        let prefix = prefix.unwrap_or_default().to_owned();
        Self { prefix, delimiter, most, items, prefixes, last: None, is_truncated: false }
    }

    /// The prefix that stands for a key, if one does.
    pub(super) fn common(&self, key: &str) -> Option<String> {
        let delimiter = self.delimiter.as_deref()?;
        let at = key.get(self.prefix.len()..)?.find(delimiter)?;
        Some(key[..self.prefix.len() + at + delimiter.len()].to_owned())
    }

    pub(super) fn is_common(&self, key: &str) -> bool {
        self.common(key).is_some()
    }

    /// Whether one more entry fits; otherwise there is more than this page.
    fn has_room(&mut self) -> bool {
        if self.items.len() + self.prefixes.len() < self.most {
            return true;
        }
        self.is_truncated = self.most > 0;
        false
    }

    /// Adds the prefix that stands for a key. Gives false when the page is full.
    pub(super) fn count_common(&mut self, key: &str) -> bool {
        let Some(common) = self.common(key) else { return true };
        if self.prefixes.last() == Some(&common) {
            return true;
        }
        if !self.has_room() {
            return false;
        }
        self.last = Some(common.clone());
        self.prefixes.push(common);
        true
    }

    /// Adds an entry. Gives false when the page is full.
    pub(super) fn push(&mut self, key: String, item: T) -> bool {
        if !self.has_room() {
            return false;
        }
        self.last = Some(key.clone());
        self.items.push((key, item));
        true
    }

    pub(super) fn common_prefixes(&self, encoding: Option<&dto::EncodingType>) -> Option<Vec<dto::CommonPrefix>> {
        let prefixes = self.prefixes.iter();
        Some(prefixes.map(|prefix| dto::CommonPrefix { prefix: Some(encoded(prefix, encoding)) }).collect())
    }

    fn count(&self) -> Option<i32> {
        i32::try_from(self.items.len() + self.prefixes.len()).ok()
    }
}

/// The objects of a bucket behind `from`, as a page.
fn fill(service: &Service, bucket: &Bucket, page: &mut Page<Version>, from: &str) -> S3Result<()> {
    if page.most == 0 {
        return Ok(());
    }
    let mut keys = service.disk.keys(bucket, &page.prefix.clone())?;
    match page.common(from).filter(|common| common == from) {
        // Behind a prefix is behind everything that begins with it.
        Some(common) => keys.seek(&after(&common)),
        None if !from.is_empty() => keys.seek(format!("{from}\0").as_bytes()),
        None => {}
    }
    while let Some((key, is_plain)) = keys.next()? {
        if let Some(common) = page.common(&key) {
            if !is_plain && service.disk.object(bucket, &key)?.is_none() {
                continue;
            }
            if !page.count_common(&key) {
                return Ok(());
            }
            keys.seek(&after(&common));
            continue;
        }
        let Some(version) = service.disk.object(bucket, &key)? else { continue };
        if !page.push(key, version) {
            return Ok(());
        }
    }
    Ok(())
}

fn contents(
    service: &Service,
    page: &Page<Version>,
    encoding: Option<&dto::EncodingType>,
    with_owner: bool,
) -> Vec<dto::Object> {
    let listed = page.items.iter().map(|(key, version)| dto::Object {
        checksum_algorithm: version.facts.sum.as_ref().map(|sum| vec![sum.algorithm.dto()]),
        checksum_type: version.facts.sum.as_ref().map(super::checksum::Sum::kind),
        e_tag: Some(version.facts.etag()),
        key: Some(encoded(key, encoding)),
        last_modified: Some(time::of_version(version.modified)),
        owner: with_owner.then(|| service.owner()),
        restore_status: None,
        size: i64::try_from(version.size).ok(),
        storage_class: Some(version.facts.storage_class().to_owned().into()),
    });
    listed.collect()
}

pub(super) fn list_objects(
    service: &Service,
    request: S3Request<dto::ListObjectsInput>,
) -> S3Result<dto::ListObjectsOutput> {
    let input = request.input;
    let bucket = service.bucket(&input.bucket)?;
    let most = page_size(input.max_keys, "maxKeys")?;
    let mut page = Page::new(input.prefix.as_deref(), input.delimiter.as_deref(), most);
    let marker = input.marker.unwrap_or_default();
    fill(service, &bucket, &mut page, &marker)?;
    let encoding = encoding(input.encoding_type.as_ref())?;
    let next = page.last.as_ref().filter(|_| page.is_truncated && page.delimiter.is_some());
    Ok(dto::ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoded(&page.prefix, encoding)),
        marker: Some(encoded(&marker, encoding)),
        max_keys: i32::try_from(most).ok(),
        is_truncated: Some(page.is_truncated),
        contents: Some(contents(service, &page, encoding, true)),
        common_prefixes: page.common_prefixes(encoding),
        next_marker: next.map(|next| encoded(next, encoding)),
        delimiter: input.delimiter.map(|delimiter| encoded(&delimiter, encoding)),
        encoding_type: input.encoding_type,
        ..dto::ListObjectsOutput::default()
    })
}

pub(super) fn list_objects_v2(
    service: &Service,
    request: S3Request<dto::ListObjectsV2Input>,
) -> S3Result<dto::ListObjectsV2Output> {
    let input = request.input;
    let bucket = service.bucket(&input.bucket)?;
    let most = page_size(input.max_keys, "max-keys")?;
    let mut page = Page::new(input.prefix.as_deref(), input.delimiter.as_deref(), most);
    let start = input.start_after.clone().unwrap_or_default();
    let is_first = input.continuation_token.is_none();
    let from = match &input.continuation_token {
        Some(token) => resume(token)?,
        None => start.clone(),
    };
    fill(service, &bucket, &mut page, &from)?;
    let encoding = encoding(input.encoding_type.as_ref())?;
    let next = page.last.as_ref().filter(|_| page.is_truncated);
    Ok(dto::ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoded(&page.prefix, encoding)),
        max_keys: i32::try_from(most).ok(),
        key_count: page.count(),
        next_continuation_token: next.map(|next| STANDARD.encode(next)),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.is_truncated),
        contents: Some(contents(service, &page, encoding, input.fetch_owner == Some(true))),
        common_prefixes: page.common_prefixes(encoding),
        delimiter: input.delimiter.map(|delimiter| encoded(&delimiter, encoding)),
        // A token says all, and this nothing beside it.
        start_after: input.start_after.filter(|_| is_first).map(|start| encoded(&start, encoding)),
        encoding_type: input.encoding_type,
        ..dto::ListObjectsV2Output::default()
    })
}

/// Where a token goes on.
fn resume(token: &str) -> S3Result<String> {
    let from = STANDARD.decode(token).ok().and_then(|from| String::from_utf8(from).ok());
    from.filter(|from| !from.is_empty())
        .ok_or_else(|| invalid_argument("The continuation token provided is incorrect", "continuation-token", token))
}

/// A text of a listing, escaped if the client asked for it: keys may hold what XML cannot.
pub(super) fn encoded(text: &str, encoding: Option<&dto::EncodingType>) -> String {
    let is_url = encoding.is_some_and(|encoding| encoding.as_str() == dto::EncodingType::URL);
    if is_url { percent(text) } else { text.to_owned() }
}

/// Escapes everything but letters, digits, and `-_.~/`.
pub(super) fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        let is_plain = byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
        if is_plain {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
