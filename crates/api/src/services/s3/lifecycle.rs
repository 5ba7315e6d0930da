//! Lifecycle rules: what they may say, and the objects, versions and uploads that they end.

use s3s::{S3Result, dto};
use uuid::Uuid;

use super::{
    disk::{Bucket, Version},
    error::{WithElement, invalid_argument, invalid_request, malformed_xml, refuse},
    notices::{Happened, Who, name},
    service::Service,
    time,
};

const DAY: i64 = 86_400;

/// So many rules has a bucket at most.
const MOST: usize = 1000;

/// What rules ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// Objects, for good or by a delete marker.
    pub objects: u64,
    /// Earlier versions, and delete markers that hid nothing.
    pub versions: u64,
    /// Unfinished uploads.
    pub uploads: u64,
}

/// The rules of a bucket.
///
/// # Errors
/// Those of the catalogue.
pub(super) fn rules(service: &Service, bucket: &str) -> S3Result<Option<Vec<dto::LifecycleRule>>> {
    service.disk.setting(bucket, "lifecycle")
}

/// Rules as they are kept: each has an id.
///
/// # Errors
/// Rules that cannot be.
pub(super) fn checked(mut rules: Vec<dto::LifecycleRule>) -> S3Result<Vec<dto::LifecycleRule>> {
    if rules.is_empty() || rules.len() > MOST {
        return Err(malformed_xml());
    }
    for rule in &mut rules {
        check(rule)?;
        rule.id.get_or_insert_with(|| Uuid::new_v4().to_string());
    }
    for (at, rule) in rules.iter().enumerate() {
        if rules[..at].iter().any(|other| other.id == rule.id) {
            let id = rule.id.clone().unwrap_or_default();
            return Err(invalid_argument("Rule ID must be unique. Found same ID for more than one rule", "ID", id));
        }
    }
    Ok(rules)
}

fn check(rule: &dto::LifecycleRule) -> S3Result<()> {
    if !matches!(rule.status.as_str(), "Enabled" | "Disabled") || (rule.filter.is_none() && rule.prefix.is_none()) {
        return Err(malformed_xml());
    }
    if rule.id.as_ref().is_some_and(|id| id.len() > 255) {
        let id = rule.id.clone().unwrap_or_default();
        return Err(invalid_argument("ID length should not exceed allowed limit of 255", "ID", id));
    }
    check_filter(rule)?;
    let transitions = rule.transitions.as_deref().unwrap_or_default();
    let noncurrent = rule.noncurrent_version_transitions.as_deref().unwrap_or_default();
    let has_action = rule.expiration.is_some()
        || !transitions.is_empty()
        || !noncurrent.is_empty()
        || rule.noncurrent_version_expiration.is_some()
        || rule.abort_incomplete_multipart_upload.is_some();
    if !has_action {
        return Err(invalid_request("At least one action needs to be specified in a rule"));
    }
    let expiration = rule.expiration.as_ref();
    let days = [
        ("Expiration", expiration.and_then(|action| action.days)),
        (
            "NoncurrentVersionExpiration",
            rule.noncurrent_version_expiration.as_ref().and_then(|action| action.noncurrent_days),
        ),
        (
            "AbortIncompleteMultipartUpload",
            rule.abort_incomplete_multipart_upload.as_ref().and_then(|action| action.days_after_initiation),
        ),
    ];
    if let Some((action, days)) =
        days.iter().find_map(|(action, days)| days.filter(|days| *days <= 0).map(|days| (action, days)))
    {
        return Err(invalid_argument(format!("'Days' for {action} action must be a positive integer"), "Days", days));
    }
    if rule.noncurrent_version_expiration.as_ref().is_some_and(|action| action.noncurrent_days.is_none()) {
        return Err(malformed_xml());
    }
    transitions.iter().try_for_each(|action| {
        let seconds = action.date.as_ref().map(time::seconds_of);
        check_transition(action.days, seconds, action.storage_class.as_ref())
    })?;
    noncurrent
        .iter()
        .try_for_each(|action| check_transition(action.noncurrent_days, None, action.storage_class.as_ref()))?;
    if let Some(expiration) = expiration {
        let said =
            [expiration.days.is_some(), expiration.date.is_some(), expiration.expired_object_delete_marker.is_some()];
        if said.iter().filter(|said| **said).count() != 1 {
            return Err(malformed_xml());
        }
        if expiration.date.as_ref().is_some_and(|date| time::seconds_of(date) % DAY != 0) {
            return Err(refuse("InvalidArgument", 400, "'Date' must be at midnight GMT").with("ArgumentName", "Date"));
        }
    }
    Ok(())
}

/// # Errors
/// A rule says more than one thing of what it is about; `And` is there for that.
fn check_filter(rule: &dto::LifecycleRule) -> S3Result<()> {
    let Some(filter) = &rule.filter else { return Ok(()) };
    let said = [
        filter.prefix.is_some(),
        filter.tag.is_some(),
        filter.and.is_some(),
        filter.object_size_greater_than.is_some(),
        filter.object_size_less_than.is_some(),
    ];
    let count = said.iter().filter(|said| **said).count();
    if count > 1 || rule.prefix.is_some() { Err(malformed_xml()) } else { Ok(()) }
}

/// The classes that objects can come to be in.
const LATER_CLASSES: [&str; 6] =
    ["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

/// # Errors
/// It has not one time and one class. `date` is in Unix seconds.
fn check_transition(days: Option<i32>, date: Option<i64>, class: Option<&dto::TransitionStorageClass>) -> S3Result<()> {
    if days.is_some() == date.is_some() || class.is_none_or(|class| !LATER_CLASSES.contains(&class.as_str())) {
        return Err(malformed_xml());
    }
    if let Some(days) = days.filter(|days| *days < 0) {
        return Err(invalid_argument("'Days' in Transition action must be nonnegative", "Days", days));
    }
    if date.is_some_and(|date| date % DAY != 0) {
        return Err(refuse("InvalidArgument", 400, "'Date' must be at midnight GMT").with("ArgumentName", "Date"));
    }
    Ok(())
}

/// The midnight on which something comes due so many days after a time; both in Unix seconds. Source: "calculating how
/// long" in S3's guide to lifecycle rules.
fn due(from: i64, days: i32) -> i64 {
    let end = from.saturating_add(i64::from(days).saturating_mul(DAY));
    end.div_euclid(DAY).saturating_add(i64::from(end.rem_euclid(DAY) != 0)).saturating_mul(DAY)
}

/// When an object ends by a rule, in Unix seconds.
fn end(rule: &dto::LifecycleRule, version: &Version) -> Option<i64> {
    let expiration = rule.expiration.as_ref()?;
    let by_days = expiration.days.map(|days| due(time::seconds(version.modified), days));
    by_days.or_else(|| expiration.date.as_ref().map(time::seconds_of)).filter(|_| is_about(rule, version))
}

fn prefix(rule: &dto::LifecycleRule) -> &str {
    let filter = rule.filter.as_ref();
    let in_filter = filter.and_then(|filter| filter.prefix.as_deref().or(filter.and.as_ref()?.prefix.as_deref()));
    in_filter.or(rule.prefix.as_deref()).unwrap_or_default()
}

/// Whether the filter of a rule lets a version through.
fn is_about(rule: &dto::LifecycleRule, version: &Version) -> bool {
    let Some(filter) = &rule.filter else { return version.key.starts_with(prefix(rule)) };
    let and = filter.and.as_ref();
    let tags = filter.tag.iter().chain(and.and_then(|and| and.tags.as_ref()).into_iter().flatten());
    let above = filter.object_size_greater_than.or(and.and_then(|and| and.object_size_greater_than));
    let below = filter.object_size_less_than.or(and.and_then(|and| and.object_size_less_than));
    let size = i64::try_from(version.size).unwrap_or(i64::MAX);
    let has = |tag: &dto::Tag| {
        let wanted = (tag.key.clone().unwrap_or_default(), tag.value.clone().unwrap_or_default());
        version.facts.tags.contains(&wanted)
    };
    version.key.starts_with(prefix(rule))
        && above.is_none_or(|above| size > above)
        && below.is_none_or(|below| size < below)
        && tags.into_iter().all(has)
}

fn is_enabled(rule: &&dto::LifecycleRule) -> bool {
    rule.status.as_str() == "Enabled"
}

/// What headers say of the end of an object.
///
/// # Errors
/// Those of the catalogue.
pub(super) fn header(service: &Service, bucket: &str, version: &Version) -> S3Result<Option<String>> {
    let Some(rules) = rules(service, bucket)? else { return Ok(None) };
    let ends = rules.iter().filter(is_enabled).filter_map(|rule| Some((end(rule, version)?, rule.id.clone()?)));
    Ok(ends.min().map(|(end, id)| {
        let date = time::http(end.saturating_mul(1_000_000_000));
        format!("expiry-date=\"{date}\", rule-id=\"{}\"", super::list::percent(&id))
    }))
}

/// Ends what the rules of all buckets say has come to its end at `now`, in Unix milliseconds.
///
/// # Errors
/// Those of the disk.
pub(super) fn expire(service: &Service, now: i64) -> S3Result<Expired> {
    let mut expired = Expired::default();
    for bucket in service.disk.all_buckets()? {
        let Some(rules) = rules(service, &bucket.name)? else { continue };
        for rule in rules.iter().filter(is_enabled) {
            expire_uploads(service, &bucket, rule, now, &mut expired)?;
            expire_objects(service, &bucket, rule, now, &mut expired)?;
        }
    }
    Ok(expired)
}

fn expire_uploads(
    service: &Service,
    bucket: &Bucket,
    rule: &dto::LifecycleRule,
    now: i64,
    expired: &mut Expired,
) -> S3Result<()> {
    let action = rule.abort_incomplete_multipart_upload.as_ref();
    let Some(days) = action.and_then(|action| action.days_after_initiation) else { return Ok(()) };
    for upload in service.disk.uploads(bucket, prefix(rule))? {
        if due(upload.started.div_euclid(1000), days) <= now.div_euclid(1000) {
            service.disk.end_upload(bucket, &upload.id)?;
            expired.uploads += 1;
        }
    }
    Ok(())
}

fn expire_objects(
    service: &Service,
    bucket: &Bucket,
    rule: &dto::LifecycleRule,
    now: i64,
    expired: &mut Expired,
) -> S3Result<()> {
    if rule.expiration.is_none() && rule.noncurrent_version_expiration.is_none() {
        return Ok(());
    }
    let mut keys = service.disk.keys(bucket, prefix(rule))?;
    while let Some((key, _)) = keys.next()? {
        let versions = service.disk.versions(bucket, &key)?;
        expire_noncurrent(service, bucket, rule, &versions, now, expired)?;
        let Some(newest) = versions.first() else { continue };
        if newest.marker {
            let hides_nothing = versions.len() == 1;
            let by_marker =
                rule.expiration.as_ref().is_some_and(|action| action.expired_object_delete_marker == Some(true));
            if hides_nothing && by_marker && is_about(rule, newest) {
                service.disk.delete_version(&bucket.name, &key, &newest.version, &|_| Ok(()))?;
                expired.versions += 1;
            }
        } else if end(rule, newest).is_some_and(|end| end <= now.div_euclid(1000)) {
            // Only this version: another one may have been written just now.
            let guard = |found: Option<&Version>| match found {
                Some(found) if found.modified == newest.modified => Ok(()),
                _ => Err(super::error::precondition_failed("lifecycle")),
            };
            if let Ok(deleted) = service.disk.delete(&bucket.name, &key, &guard, now) {
                expired.objects += 1;
                let event = if deleted.marker { name::EXPIRED_MARKED } else { name::EXPIRED };
                let id = deleted.version.as_deref().filter(|id| *id != "null");
                service.tell(&bucket.name, &Happened::went(event, &key, id, now), &Who::a_service(service));
            }
        }
    }
    Ok(())
}

fn expire_noncurrent(
    service: &Service,
    bucket: &Bucket,
    rule: &dto::LifecycleRule,
    versions: &[Version],
    now: i64,
    expired: &mut Expired,
) -> S3Result<()> {
    let Some(action) = &rule.noncurrent_version_expiration else { return Ok(()) };
    let (days, kept) =
        (action.noncurrent_days.unwrap_or_default(), action.newer_noncurrent_versions.unwrap_or_default());
    for (at, pair) in versions.windows(2).enumerate() {
        let [newer, version] = pair else { continue };
        let is_kept = i32::try_from(at).is_ok_and(|at| at < kept);
        let since = time::seconds(newer.modified);
        if !is_kept && is_about(rule, version) && due(since, days) <= now.div_euclid(1000) {
            service.disk.delete_version(&bucket.name, &version.key, &version.version, &|_| Ok(()))?;
            expired.versions += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_due_at_the_midnight_after_their_days() {
        // S3's own example: written 15 January 10:30, three days, ends 19 January 00:00.
        let written = 1_389_781_800;
        assert_eq!(due(written, 3), 1_390_089_600);
        assert_eq!(due(DAY, 1), 2 * DAY);
    }

    #[test]
    fn rules_that_cannot_be_are_refused() {
        let rule = |days: i32| dto::LifecycleRule {
            expiration: Some(dto::LifecycleExpiration { days: Some(days), ..dto::LifecycleExpiration::default() }),
            prefix: Some(String::new()),
            status: dto::ExpirationStatus::from_static("Enabled"),
            abort_incomplete_multipart_upload: None,
            filter: None,
            id: Some("one".to_owned()),
            noncurrent_version_expiration: None,
            noncurrent_version_transitions: None,
            transitions: None,
        };
        let moving = |days, class: Option<&'static str>| dto::LifecycleRule {
            expiration: None,
            transitions: Some(vec![dto::Transition {
                date: None,
                days,
                storage_class: class.map(dto::TransitionStorageClass::from_static),
            }]),
            ..rule(1)
        };
        assert!(checked(vec![rule(1)]).is_ok() && checked(vec![moving(Some(0), Some("GLACIER"))]).is_ok());
        for (rules, code) in [
            (vec![], "MalformedXML"),
            (vec![rule(0)], "InvalidArgument"),
            (vec![rule(1), rule(2)], "InvalidArgument"),
            (vec![dto::LifecycleRule { expiration: None, ..rule(1) }], "InvalidRequest"),
            (vec![dto::LifecycleRule { prefix: None, ..rule(1) }], "MalformedXML"),
            (vec![dto::LifecycleRule { filter: Some(dto::LifecycleRuleFilter::default()), ..rule(1) }], "MalformedXML"),
            (vec![moving(None, Some("GLACIER"))], "MalformedXML"),
            (vec![moving(Some(1), None)], "MalformedXML"),
            (vec![moving(Some(1), Some("STANDARD"))], "MalformedXML"),
            (vec![moving(Some(-1), Some("GLACIER"))], "InvalidArgument"),
        ] {
            assert_eq!(checked(rules).expect_err("refused").code().as_str(), code);
        }
    }
}
