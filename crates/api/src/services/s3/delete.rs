//! Objects go.

use std::cell::Cell;

use s3s::{S3Error, S3Request, S3Result, dto};

use super::{
    conditions::WriteConditions,
    disk::{Deleted, Version},
    error::{malformed_xml, precondition_failed},
    gate::Caller,
    get::check_version,
    notices::{Happened, Who, name},
    service::Service,
    time,
};

/// So many keys are deleted by one request at most.
const MOST: usize = 1000;

/// What must be true of an object for it to go.
struct Conditions {
    of_write: WriteConditions,
    size: Option<i64>,
    modified: Option<dto::Timestamp>,
}

impl Conditions {
    fn check(&self, newest: Option<&Version>) -> S3Result<()> {
        self.of_write.check(newest)?;
        let Some(newest) = newest else { return Ok(()) };
        if self.size.is_some_and(|size| u64::try_from(size).ok() != Some(newest.size)) {
            return Err(precondition_failed("x-amz-if-match-size"));
        }
        let is_other = |modified: &dto::Timestamp| time::seconds_of(modified) != time::seconds(newest.modified);
        if self.modified.as_ref().is_some_and(is_other) {
            return Err(precondition_failed("x-amz-if-match-last-modified-time"));
        }
        Ok(())
    }
}

fn delete_one(
    service: &Service,
    bucket: &str,
    key: &str,
    version: Option<&str>,
    (conditions, who): (&Conditions, &Who),
) -> S3Result<Deleted> {
    let was_there = Cell::new(false);
    let guard = |found: Option<&Version>| {
        was_there.set(found.is_some());
        conditions.check(found)
    };
    let now = service.now();
    let deleted = match version {
        Some(id) => {
            check_version(service, bucket, id)?;
            service.disk.delete_version(bucket, key, id, &guard)?
        }
        None => service.disk.delete(bucket, key, &guard, now)?,
    };
    let is_marked = deleted.marker && version.is_none();
    if is_marked || was_there.get() {
        let event = if is_marked { name::MARKED } else { name::REMOVED };
        let id = deleted.version.as_deref().filter(|id| *id != "null");
        service.tell(bucket, &Happened::went(event, key, id, now), who);
    }
    Ok(deleted)
}

pub(super) fn delete_object(
    service: &Service,
    mut request: S3Request<dto::DeleteObjectInput>,
) -> S3Result<dto::DeleteObjectOutput> {
    let who = Who::of(&request);
    let input = &mut request.input;
    let conditions = Conditions {
        of_write: WriteConditions::new(&input.key, input.if_match.take(), None)?,
        size: input.if_match_size,
        modified: input.if_match_last_modified_time.take(),
    };
    let deleted = delete_one(service, &input.bucket, &input.key, input.version_id.as_deref(), (&conditions, &who))?;
    Ok(dto::DeleteObjectOutput {
        delete_marker: deleted.marker.then_some(true),
        version_id: deleted.version,
        ..dto::DeleteObjectOutput::default()
    })
}

pub(super) fn delete_objects(
    service: &Service,
    request: S3Request<dto::DeleteObjectsInput>,
) -> S3Result<dto::DeleteObjectsOutput> {
    let who = Who::of(&request);
    let (input, caller) = (request.input, request.extensions.get::<Caller>().cloned());
    service.bucket(&input.bucket)?;
    let objects = input.delete.objects;
    if objects.is_empty() || objects.len() > MOST {
        return Err(malformed_xml());
    }
    let is_quiet = input.delete.quiet == Some(true);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in objects {
        match delete_listed(service, &input.bucket, &object, (caller.as_ref(), &who)) {
            Ok(done) => deleted.push(entry(object, done)),
            Err(error) => errors.push(error_entry(object, &error)),
        }
    }
    Ok(dto::DeleteObjectsOutput {
        deleted: (!is_quiet).then_some(deleted),
        errors: (!errors.is_empty()).then_some(errors),
        ..dto::DeleteObjectsOutput::default()
    })
}

fn delete_listed(
    service: &Service,
    bucket: &str,
    object: &dto::ObjectIdentifier,
    (caller, who): (Option<&Caller>, &Who),
) -> S3Result<Deleted> {
    let action = if object.version_id.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
    if let Some(caller) = caller {
        caller.may(&service.access, action, &format!("arn:aws:s3:::{bucket}/{}", object.key))?;
    }
    let etag = object.e_tag.clone().map(dto::ETagCondition::ETag);
    let of_write = WriteConditions::new(&object.key, etag, None)?;
    let conditions = Conditions { of_write, size: object.size, modified: object.last_modified_time.clone() };
    delete_one(service, bucket, &object.key, object.version_id.as_deref(), (&conditions, who))
}

fn entry(object: dto::ObjectIdentifier, done: Deleted) -> dto::DeletedObject {
    let made_marker = done.marker && object.version_id.is_none();
    let marker_id = done.version.filter(|_| done.marker);
    dto::DeletedObject {
        delete_marker: done.marker.then_some(true),
        delete_marker_version_id: marker_id,
        key: Some(object.key),
        version_id: if made_marker { None } else { object.version_id },
    }
}

fn error_entry(object: dto::ObjectIdentifier, error: &S3Error) -> dto::Error {
    dto::Error {
        code: Some(error.code().as_str().to_owned()),
        key: Some(object.key),
        message: error.message().map(str::to_owned),
        version_id: object.version_id,
    }
}
