//! Conditional requests.

use s3s::{
    S3Error, S3Result,
    dto::{ETag, ETagCondition, Timestamp},
};

use super::{
    disk::Version,
    error::{WithElement, no_such_key, precondition_failed, refuse, with_header},
    time,
};

/// The conditions of a read.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) matches: Option<ETagCondition>,
    pub(super) matches_none: Option<ETagCondition>,
    pub(super) modified_since: Option<Timestamp>,
    pub(super) unmodified_since: Option<Timestamp>,
}

/// The conditions of an input that reads.
macro_rules! read_conditions {
    ($input:expr) => {
        $crate::services::s3::conditions::Conditions {
            matches: $input.if_match.take(),
            matches_none: $input.if_none_match.take(),
            modified_since: $input.if_modified_since.take(),
            unmodified_since: $input.if_unmodified_since.take(),
        }
    };
}
pub(super) use read_conditions;

/// The conditions on the source of a copy.
macro_rules! source_conditions {
    ($input:expr) => {
        $crate::services::s3::conditions::Conditions {
            matches: $input.copy_source_if_match.take(),
            matches_none: $input.copy_source_if_none_match.take(),
            modified_since: $input.copy_source_if_modified_since.take(),
            unmodified_since: $input.copy_source_if_unmodified_since.take(),
        }
    };
}
pub(super) use source_conditions;

fn is_same(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(ETag::Strong(wanted) | ETag::Weak(wanted)) => wanted == etag,
    }
}

impl Conditions {
    /// The condition that does not hold, and whether the answer is that nothing changed. Order: RFC 9110, 13.2.2.
    fn failed(&self, version: &Version) -> Option<(&'static str, bool)> {
        let (etag, modified) = (&version.facts.etag, time::seconds(version.modified));
        if let Some(wanted) = &self.matches {
            if !is_same(wanted, etag) {
                return Some(("If-Match", false));
            }
        } else if self.unmodified_since.as_ref().is_some_and(|since| modified > time::seconds_of(since)) {
            return Some(("If-Unmodified-Since", false));
        }
        if let Some(unwanted) = &self.matches_none {
            if is_same(unwanted, etag) {
                return Some(("If-None-Match", true));
            }
        } else if self.modified_since.as_ref().is_some_and(|since| modified <= time::seconds_of(since)) {
            return Some(("If-Modified-Since", true));
        }
        None
    }

    /// For a read.
    ///
    /// # Errors
    /// A condition does not hold.
    pub(super) fn check(&self, version: &Version) -> S3Result<()> {
        match self.failed(version) {
            None => Ok(()),
            Some((_, true)) => Err(not_modified(version)),
            Some((name, false)) => Err(precondition_failed(name)),
        }
    }

    /// For the source of a copy.
    ///
    /// # Errors
    /// A condition does not hold.
    pub(super) fn check_source(&self, version: &Version) -> S3Result<()> {
        match self.failed(version) {
            None => Ok(()),
            Some((name, _)) => Err(precondition_failed(&format!("x-amz-copy-source-{name}"))),
        }
    }
}

fn not_modified(version: &Version) -> S3Error {
    let error = refuse("NotModified", 304, "Not Modified");
    let error = with_header(error, "etag", &format!("\"{}\"", version.facts.etag));
    with_header(error, "last-modified", &time::http(version.modified))
}

/// The conditions of a write: what must be at the key.
#[derive(Debug, Default)]
pub(super) struct WriteConditions {
    key: String,
    matches: Option<ETagCondition>,
    must_be_new: bool,
}

impl WriteConditions {
    /// # Errors
    /// S3 knows no such condition of a write.
    pub(super) fn new(
        key: &str,
        matches: Option<ETagCondition>,
        matches_none: Option<&ETagCondition>,
    ) -> S3Result<Self> {
        if matches_none.is_some_and(|condition| !condition.is_any()) {
            let text = "A header you provided implies functionality that is not implemented";
            return Err(refuse("NotImplemented", 501, text).with("Header", "If-None-Match"));
        }
        Ok(Self { key: key.to_owned(), matches, must_be_new: matches_none.is_some() })
    }

    /// # Errors
    /// A condition does not hold.
    pub(super) fn check(&self, newest: Option<&Version>) -> S3Result<()> {
        if self.must_be_new && newest.is_some() {
            return Err(precondition_failed("If-None-Match"));
        }
        match (&self.matches, newest) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(no_such_key(&self.key)),
            (Some(wanted), Some(newest)) if is_same(wanted, &newest.facts.etag) => Ok(()),
            (Some(_), Some(_)) => Err(precondition_failed("If-Match")),
        }
    }
}
