//! Which operation of which service a request means, and in which protocol it was said.

mod scope;

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, Uri},
};
use url::form_urlencoded;

use crate::{
    ServiceName,
    protocol::{Asked, Protocol},
};

pub use scope::Scope;

/// What a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// An operation of a table.
    Operation {
        /// Which.
        asked: Asked,
        /// Whether its form stands behind the `?`.
        in_query: bool,
    },
    /// Something that S3 knows.
    S3,
    /// Nothing of AWS: it is not signed, and no form.
    Nothing,
}

/// Where CloudWatch is at when it speaks CBOR.
const RPC: &str = "/service/";

/// What a request means. `form` is its body if [`is_form`] says that there is one.
pub fn meaning(method: &Method, uri: &Uri, headers: &HeaderMap, form: &[u8]) -> Meaning {
    let scope = Scope::of(uri, headers);
    if let Some(asked) = by_target(headers).or_else(|| by_path(uri.path(), headers)) {
        return Meaning::Operation { asked, in_query: false };
    }
    let query = uri.query().unwrap_or_default().as_bytes();
    let in_body = by_form(form, scope.as_ref()).map(|asked| Meaning::Operation { asked, in_query: false });
    let in_query = || by_form(query, scope.as_ref()).map(|asked| Meaning::Operation { asked, in_query: true });
    let of_queues = scope.as_ref().is_some_and(|scope| scope.service == ServiceName::Sqs.signing_name());
    let may_ask = uri.path() == "/" || of_queues;
    if let Some(meaning) = in_body.or_else(|| if may_ask { in_query() } else { None }) {
        return meaning;
    }
    let of_s3 = scope.is_some_and(|scope| scope.service == ServiceName::S3.signing_name());
    let is_read_or_form = matches!(*method, Method::GET | Method::POST);
    if of_s3 || !is_read_or_form || is_like_s3(uri, headers) { Meaning::S3 } else { Meaning::Nothing }
}

/// Whether a request can only be meant for S3, though no signature of today says so: the signatures that S3 had before, its
/// name in that of the host, the form of a browser with a file, or an SDK that was told not to sign.
fn is_like_s3(uri: &Uri, headers: &HeaderMap) -> bool {
    let query = uri.query().unwrap_or_default();
    let host = header(headers, "host");
    query.split('&').any(|pair| pair.starts_with("AWSAccessKeyId="))
        || header(headers, "authorization").starts_with("AWS ")
        || host.starts_with("s3.")
        || host.contains(".s3.")
        || header(headers, "content-type").starts_with("multipart/form-data")
        || headers.contains_key("amz-sdk-invocation-id")
}

/// A form that was sent to the URL of a queue is about that queue.
pub fn with_queue(asked: &Asked, uri: &Uri, form: Bytes) -> Bytes {
    let is_at_queue = asked.service == ServiceName::Sqs && asked.protocol.is_form() && uri.path().len() > 1;
    if !is_at_queue || form_urlencoded::parse(&form).any(|(name, _)| name == "QueueUrl") {
        return form;
    }
    let queue: String = form_urlencoded::byte_serialize(uri.path().as_bytes()).collect();
    [&form, format!("&QueueUrl={queue}").as_bytes()].concat().into()
}

/// Whether the body is a form, which must be read to know what is meant.
pub fn is_form(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::POST && header(headers, "content-type").starts_with("application/x-www-form-urlencoded")
}

fn by_target(headers: &HeaderMap) -> Option<Asked> {
    let (prefix, operation) = header(headers, "x-amz-target").split_once('.')?;
    let is_10 = header(headers, "content-type").starts_with("application/x-amz-json-1.0");
    let protocol = if is_10 { Protocol::AwsJson10 } else { Protocol::AwsJson11 };
    Some(asked(ServiceName::by_target(prefix)?, operation, protocol, headers))
}

/// `/service/<name>/operation/<operation>`.
fn by_path(path: &str, headers: &HeaderMap) -> Option<Asked> {
    if header(headers, "smithy-protocol") != "rpc-v2-cbor" {
        return None;
    }
    let (service, operation) = path.strip_prefix(RPC)?.split_once("/operation/")?;
    Some(asked(ServiceName::by_target(service)?, operation, Protocol::RpcV2Cbor, headers))
}

/// `Action=…&Version=…`: the scope of the signature tells the service; without one, the version does.
fn by_form(form: &[u8], scope: Option<&Scope>) -> Option<Asked> {
    let find = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(form);
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let operation = find("Action")?;
    let by_scope = scope.and_then(|scope| ServiceName::by_signing_name(&scope.service));
    let service = by_scope.or_else(|| ServiceName::by_version(&find("Version")?))?;
    // It has no forms of this kind: whoever sends one is told so by S3.
    if service == ServiceName::S3 {
        return None;
    }
    let protocol = if service == ServiceName::Ec2 { Protocol::Ec2Query } else { Protocol::AwsQuery };
    Some(Asked { service, operation, protocol, query_mode: false })
}

fn asked(service: ServiceName, operation: &str, protocol: Protocol, headers: &HeaderMap) -> Asked {
    let query_mode = header(headers, "x-amzn-query-mode") == "true";
    Asked { service, operation: operation.to_owned(), protocol, query_mode }
}

/// A header that is a text; empty if there is none.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value"))).collect()
    }

    fn signed(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIA/20261121/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    fn means(method: &Method, uri: &str, pairs: &[(&'static str, &str)], form: &str) -> Meaning {
        meaning(method, &uri.parse().expect("URI"), &headers(pairs), form.as_bytes())
    }

    fn operation(meaning: Meaning) -> (ServiceName, String, Protocol, bool) {
        match meaning {
            Meaning::Operation { asked, in_query } => (asked.service, asked.operation, asked.protocol, in_query),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_protocol_says_its_operation_in_its_own_place() {
        let json = [("x-amz-target", "Logs_20140328.CreateLogGroup"), ("content-type", "application/x-amz-json-1.1")];
        let expected = (ServiceName::Logs, "CreateLogGroup".to_owned(), Protocol::AwsJson11, false);
        assert_eq!(operation(means(&Method::POST, "/", &json, "")), expected);

        let json = [
            ("x-amz-target", "GraniteServiceVersion20100801.DescribeAlarms"),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        let expected = (ServiceName::CloudWatch, "DescribeAlarms".to_owned(), Protocol::AwsJson10, false);
        assert_eq!(operation(means(&Method::POST, "/", &json, "")), expected);

        let path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        let expected = (ServiceName::CloudWatch, "DescribeAlarms".to_owned(), Protocol::RpcV2Cbor, false);
        assert_eq!(operation(means(&Method::POST, path, &[("smithy-protocol", "rpc-v2-cbor")], "")), expected);

        let form = "Action=DescribeVpcs&Version=2016-11-15";
        let expected = (ServiceName::Ec2, "DescribeVpcs".to_owned(), Protocol::Ec2Query, false);
        assert_eq!(operation(means(&Method::POST, "/", &[("authorization", &signed("ec2"))], form)), expected);
        assert_eq!(operation(means(&Method::POST, "/", &[], form)), expected);

        let link = "/?Action=ConfirmSubscription&Token=x&Version=2010-03-31";
        let expected = (ServiceName::Sns, "ConfirmSubscription".to_owned(), Protocol::AwsQuery, true);
        assert_eq!(operation(means(&Method::GET, link, &[], "")), expected);
    }

    #[test]
    fn what_is_no_form_and_signed_for_s3_is_s3() {
        assert_eq!(means(&Method::GET, "/bucket/key", &[("authorization", &signed("s3"))], ""), Meaning::S3);
        let presigned =
            "/bucket/key?X-Amz-Credential=AKIA%2F20261121%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=0";
        assert_eq!(means(&Method::GET, presigned, &[], ""), Meaning::S3);
        assert_eq!(means(&Method::PUT, "/bucket/key", &[], ""), Meaning::S3);
        assert_eq!(
            means(&Method::GET, "/bucket/Action?Action=x", &[("authorization", &signed("s3"))], ""),
            Meaning::S3
        );
        assert_eq!(means(&Method::GET, "/b/k?AWSAccessKeyId=A&Signature=s&Expires=1", &[], ""), Meaning::S3);
        assert_eq!(means(&Method::GET, "/k", &[("host", "b.s3.localhost:4780")], ""), Meaning::S3);
        assert_eq!(means(&Method::GET, "/b/k", &[("amz-sdk-invocation-id", "x")], ""), Meaning::S3);
        let form = "Action=ListBuckets&Version=2006-03-01";
        assert_eq!(means(&Method::POST, "/", &[("authorization", &signed("s3"))], form), Meaning::S3);
        assert_eq!(means(&Method::POST, "/", &[], form), Meaning::Nothing);
        assert_eq!(means(&Method::GET, "/status", &[], ""), Meaning::Nothing);
    }
}
