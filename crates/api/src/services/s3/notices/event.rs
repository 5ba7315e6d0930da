//! What is told.

use chrono::{DateTime, SecondsFormat};
use s3s::S3Request;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::Rule;
use crate::{
    Call,
    services::s3::{
        disk::{Bucket, Committed, Version},
        facts::Facts,
        gate::Caller,
        serve::host_id,
        service::Service,
    },
};

/// Names of events, as messages have them.
pub(in super::super) mod name {
    pub(in super::super::super) const PUT: &str = "ObjectCreated:Put";
    pub(in super::super::super) const POST: &str = "ObjectCreated:Post";
    pub(in super::super::super) const COPY: &str = "ObjectCreated:Copy";
    pub(in super::super::super) const COMPLETED: &str = "ObjectCreated:CompleteMultipartUpload";
    pub(in super::super::super) const REMOVED: &str = "ObjectRemoved:Delete";
    pub(in super::super::super) const MARKED: &str = "ObjectRemoved:DeleteMarkerCreated";
    pub(in super::super::super) const EXPIRED: &str = "LifecycleExpiration:Delete";
    pub(in super::super::super) const EXPIRED_MARKED: &str = "LifecycleExpiration:DeleteMarkerCreated";
}

/// What happened to an object.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Happened<'a> {
    /// Such as `ObjectCreated:Put`.
    pub(in super::super) event: &'static str,
    pub(in super::super) key: &'a str,
    /// Bytes and ETag of what is there now.
    pub(in super::super) object: Option<(u64, &'a str)>,
    pub(in super::super) version: Option<&'a str>,
    /// Unix nanoseconds.
    pub(in super::super) at: i64,
}

impl<'a> Happened<'a> {
    /// An object came.
    pub(in super::super) fn came(
        event: &'static str,
        key: &'a str,
        size: u64,
        facts: &'a Facts,
        done: &'a Committed,
    ) -> Self {
        let object = Some((size, facts.etag.as_str()));
        Self { event, key, object, version: done.version.as_deref(), at: done.modified }
    }

    /// The same, of what is found there.
    pub(super) fn to(event: &'static str, version: &'a Version) -> Self {
        let object = Some((version.size, version.facts.etag.as_str()));
        let id = Some(version.version.as_str()).filter(|id| *id != "null");
        Self { event, key: &version.key, object, version: id, at: version.modified }
    }

    /// An object went, at this time in Unix milliseconds.
    pub(in super::super) fn went(event: &'static str, key: &'a str, version: Option<&'a str>, now: i64) -> Self {
        Self { event, key, object: None, version, at: now.saturating_mul(1_000_000) }
    }
}

/// The address of what this program does itself.
const HERE: &str = "127.0.0.1";

/// Who did it, and from where.
#[derive(Debug, Clone)]
pub(in super::super) struct Who {
    id: String,
    address: String,
    request: String,
}

impl Who {
    pub(in super::super) fn of<T>(request: &S3Request<T>) -> Self {
        let nobody = || Self { id: "Anonymous".to_owned(), address: HERE.to_owned(), request: String::new() };
        request.extensions.get::<Caller>().map_or_else(nobody, |caller| Self::calling(&caller.call))
    }

    pub(in super::super) fn calling(call: &Call) -> Self {
        let id = &call.principal.user_id;
        Self {
            id: if id.is_empty() { "Anonymous".to_owned() } else { format!("AWS:{id}") },
            address: call.source.ip.map_or_else(|| HERE.to_owned(), |ip| ip.to_canonical().to_string()),
            request: call.request_id.clone(),
        }
    }

    /// This program itself, for a service.
    pub(in super::super) fn a_service(service: &Service) -> Self {
        let (id, address) = (format!("AWS:{}", service.access.account()), HERE.to_owned());
        Self { id, address, request: String::new() }
    }
}

/// The message about an event. Source: "Event message structure" of the S3 user guide.
pub(super) fn text(service: &Service, bucket: &Bucket, rule: &Rule, happened: &Happened<'_>, who: &Who) -> String {
    let mut object = json!({
        // A blank is a plus there, and a slash stays.
        "key": happened.key.split('/').map(|part| byte_serialize(part.as_bytes()).collect::<String>()).collect::<Vec<_>>().join("/"),
        "sequencer": format!("{:018X}", happened.at),
    });
    if let Some((size, etag)) = happened.object {
        object["size"] = size.into();
        object["eTag"] = etag.into();
    }
    if let Some(version) = happened.version {
        object["versionId"] = version.into();
    }
    let record = json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region,
        "eventTime": time(happened.at / 1_000_000),
        "eventName": happened.event,
        "userIdentity": {"principalId": who.id},
        "requestParameters": {"sourceIPAddress": who.address},
        "responseElements": who.response(),
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": rule.id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": service.owner.as_ref()},
                "arn": format!("arn:aws:s3:::{}", bucket.name),
            },
            "object": object,
        },
    });
    json!({ "Records": [record] }).to_string()
}

impl Who {
    fn response(&self) -> Value {
        json!({"x-amz-request-id": self.request, "x-amz-id-2": host_id(&self.request)})
    }
}

/// What is told when somebody is to be told from now on.
pub(super) fn test(bucket: &str, who: &Who, now: i64) -> String {
    let test = json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": time(now),
        "Bucket": bucket,
        "RequestId": who.request,
        "HostId": host_id(&who.request),
    });
    test.to_string()
}

fn time(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}
