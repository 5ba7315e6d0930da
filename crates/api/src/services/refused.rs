//! Every operation of every table is refused to a key that may do nothing.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    body::{self, Body},
    http::{Method, Request},
};
use serde_json::{Value, json};
use weir_store::Catalogue;

use super::{
    fixture::{ACCOUNT, Folder, NOW, REGION, call},
    tables,
};
use crate::{
    Call, Foundation, Front, Payload, Serve, ServiceName,
    access::{Access, Key, RootKey},
    protocol::Protocol,
    services::{
        iam,
        s3::{self, S3},
    },
    signature,
};

/// What whoever signed may do. Source: the API reference of STS, which asks for no permission.
const FREE: [&str; 2] = ["GetCallerIdentity", "GetSessionToken"];
/// What needs no signature, and no policy: what it is given is refused for itself.
const BY_TOKEN: [&str; 1] = ["AssumeRoleWithWebIdentity"];

/// The door of an account, and the key of a user without policies.
fn door() -> (Arc<Front>, Key) {
    let folder = Folder::new();
    let catalogue = Catalogue::in_memory().expect("a catalogue");
    let access = Access::open(&catalogue, ACCOUNT, Some(RootKey::new("AKIAROOT", "secret"))).expect("opened");
    let access = Arc::new(access);
    let on = Foundation { access: Arc::clone(&access), ..folder.foundation() };
    let iam = iam::table(Arc::clone(&access));
    let ask = |operation: &str| {
        let input = Payload::json(json!({"UserName": "nobody"}).to_string().into());
        iam.call(operation, &call(NOW), &input).expect(operation)
    };
    ask("CreateUser");
    let made = ask("CreateAccessKey");
    let key = access.key(made["AccessKey"]["AccessKeyId"].as_str().expect("an id"), NOW).expect("in force");
    on.buckets.create(&"bucket".parse().expect("a name")).expect("a bucket");
    let s3 = S3::open(&on, Arc::new(|_| {}), || NOW).expect("S3");
    let front = Front {
        region: REGION.to_owned(),
        access,
        tables: tables(&on, &s3, Vec::new()).expect("tables"),
        s3: s3.handler(),
        audit: Arc::new(|_| {}),
        bodies: crate::Room::default(),
        clock: || NOW,
    };
    (Arc::new(front), key)
}

/// The operation, said in the service's first protocol, and signed.
fn request(service: ServiceName, operation: &str, key: &Key) -> Request<Body> {
    let given = "RoleArn=arn:aws:iam::123456789012:role/role&RoleSessionName=session";
    request_with(service, operation, if service.protocol().is_form() { given } else { "{}" }, key)
}

/// The same with an input.
fn request_with(service: ServiceName, operation: &str, input: &str, key: &Key) -> Request<Body> {
    let is_form = service.protocol().is_form();
    let (kind, body) = match service.protocol() {
        Protocol::AwsJson10 => ("application/x-amz-json-1.0", input.to_owned()),
        _ if !is_form => ("application/x-amz-json-1.1", input.to_owned()),
        _ => {
            let form = format!("Action={operation}&Version={}&{input}", service.version());
            ("application/x-www-form-urlencoded", form)
        }
    };
    let target = service.target().map(|prefix| format!("{prefix}.{operation}")).filter(|_| !is_form);
    let request = Request::post("/").header("host", "localhost").header("content-type", kind);
    let (mut parts, ()) = request.body(()).expect("a request").into_parts();
    if let Some(target) = target {
        parts.headers.insert("x-amz-target", target.parse().expect("a header"));
    }
    let scope = format!("{REGION}/{}", service.signing_name());
    signature::sign(&mut parts, body.as_bytes(), &scope, key, NOW);
    Request::from_parts(parts, Body::from(body))
}

#[tokio::test]
async fn a_key_that_may_do_nothing_does_nothing() {
    let (front, key) = door();
    // Clients of S3 have no operations by name: those of the pages are asked further down.
    let all: Vec<(ServiceName, &'static str, bool)> = front
        .tables
        .tables()
        .filter(|table| table.service() != ServiceName::S3)
        .flat_map(|table| table.entries().into_iter().map(move |entry| (table.service(), entry.name, entry.unguarded)))
        .collect();
    assert!(all.len() > 300, "{}", all.len());
    for (service, operation, unguarded) in all {
        let response = Arc::clone(&front).answer(request(service, operation, &key), None).await.expect("of AWS");
        let status = response.status().as_u16();
        let body = body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let body = String::from_utf8_lossy(&body);
        let name = format!("{service:?} {operation}: {status} {body}");
        if FREE.contains(&operation) {
            assert!(unguarded && status == 200, "{name}");
            continue;
        }
        if BY_TOKEN.contains(&operation) {
            assert!(unguarded && status == 400 && body.contains("webIdentityToken"), "{name}");
            continue;
        }
        let codes = ["AccessDenied", "UnauthorizedOperation"];
        assert!(matches!(status, 400 | 403) && codes.iter().any(|code| body.contains(code)), "{name}");
        assert!(body.contains("user/nobody is not authorized to perform: "), "{name}");
        assert!(unguarded == (operation == "AssumeRole"), "{name}");
    }
}

#[tokio::test]
async fn a_signature_that_is_not_right_does_nothing_either() {
    let (front, key) = door();
    let stranger = Key { secret: crate::access::Secret::new("another"), ..key };
    for service in [ServiceName::Logs, ServiceName::Sts, ServiceName::Iam] {
        let request = request(service, "GetCallerIdentity", &stranger);
        let response = Arc::clone(&front).answer(request, None).await.expect("of AWS");
        let body = body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains("SignatureDoesNotMatch") || body.contains("InvalidSignature"), "{body}");
    }
}

/// Names of parameters that tell operations of S3 apart.
const PARAMETERS: [&str; 30] = [
    "",
    "accelerate",
    "acl",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "legal-hold",
    "lifecycle",
    "list-type=2",
    "location",
    "logging",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber=1&uploadId=u",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select&select-type=2",
    "tagging",
    "uploadId=u",
    "uploads",
    "versioning",
    "versions",
    "website",
];

#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "s3s looks at the clock itself whether a signature is of today")]
async fn a_key_that_may_do_nothing_does_nothing_in_s3() {
    let (front, key) = door();
    let today = chrono::Utc::now().timestamp_millis();
    let mut seen = BTreeSet::new();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::POST, Method::DELETE] {
        for (path, parameter) in
            ["/", "/bucket", "/bucket/key"].into_iter().flat_map(|path| PARAMETERS.map(|name| (path, name)))
        {
            let name = format!("{method} {path}?{parameter}");
            let request = Request::builder().method(method.clone()).uri(format!("{path}?{parameter}"));
            let (mut parts, ()) = request.header("host", "localhost").body(()).expect("a request").into_parts();
            parts.headers.insert("x-amz-content-sha256", EMPTY.parse().expect("a header"));
            signature::sign(&mut parts, b"", &format!("{REGION}/s3"), &key, today);
            let response = Arc::clone(&front).answer(Request::from_parts(parts, Body::empty()), None).await;
            let response = response.expect("of S3");
            assert!(!response.status().is_success(), "{name}");
            let body = body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
            let body = String::from_utf8_lossy(&body);
            let action = body.split("is not authorized to perform: s3:").nth(1).and_then(|rest| rest.split(' ').next());
            seen.extend(action.map(str::to_owned));
        }
    }
    let supported = s3::OPERATIONS.iter().filter(|operation| operation.supported);
    let never: Vec<&str> =
        supported.map(|operation| operation.action).filter(|action| !seen.contains(*action)).collect();
    assert!(never.is_empty(), "{never:?} were not asked for, only {seen:?}");
}

#[tokio::test]
async fn policies_decide_what_pages_ask_of_s3() {
    let (front, key) = door();
    let statement = |action: &str, resource: &str, condition: Value| json!({"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        statement("s3:ListBucket", "*", json!({"StringLike": {"s3:prefix": "AWSLogs/*"}, "NumericLessThan": {"s3:max-keys": 100}})),
        statement("s3:CreateBucket", "arn:aws:s3:::mine-*", json!({})),
    ]});
    let policy = json!({"UserName": "nobody", "PolicyName": "p", "PolicyDocument": policy.to_string()});
    front.tables.call(ServiceName::Iam, "PutUserPolicy", &call(NOW), policy).expect("a policy");
    let caller = Call { principal: key.principal, ..call(NOW) };
    for (operation, input, may) in [
        ("ListBuckets", json!({}), false),
        ("ListObjectsV2", json!({"Bucket": "bucket"}), false),
        ("ListObjectsV2", json!({"Bucket": "bucket", "Prefix": "AWSLogs/1", "MaxKeys": 99}), true),
        ("ListObjectsV2", json!({"Bucket": "bucket", "Prefix": "AWSLogs/1", "MaxKeys": 100}), false),
        ("CreateBucket", json!({"Bucket": "other"}), false),
        ("CreateBucket", json!({"Bucket": "mine-1"}), true),
        ("DeleteBucket", json!({"Bucket": "mine-1"}), false),
    ] {
        assert_eq!(front.may(ServiceName::S3, operation, input.clone(), &caller), may, "{operation} {input}");
        let code = front.ask(ServiceName::S3, operation, input.clone(), &caller).err().map(|error| error.code);
        assert_eq!(code.as_deref(), (!may).then_some("AccessDenied"), "{operation} {input}");
    }
}

/// The hash of no bytes.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[tokio::test]
async fn tags_of_a_request_and_of_a_resource_decide() {
    let (front, key) = door();
    let allowed = |action: &str, condition: Value| json!({"Effect": "Allow", "Action": action, "Resource": "*", "Condition": {"StringEquals": condition}});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        allowed("logs:CreateLogGroup", json!({"aws:RequestTag/team": "a"})),
        allowed("logs:DeleteLogGroup", json!({"aws:ResourceTag/team": "a"})),
        allowed("iam:CreateUser", json!({"aws:RequestTag/team": "${aws:PrincipalTag/team}"})),
        allowed("iam:DeleteUser", json!({"iam:ResourceTag/team": "a"})),
        allowed("ec2:CreateVpc", json!({"aws:TagKeys": "team"})),
    ]});
    let by_root = |service, operation: &str, input| {
        front.tables.call(service, operation, &call(NOW), input).unwrap_or_else(|error| panic!("{operation}: {error}"))
    };
    let policy = json!({"UserName": "nobody", "PolicyName": "p", "PolicyDocument": policy.to_string()});
    by_root(ServiceName::Iam, "PutUserPolicy", policy);
    by_root(ServiceName::Iam, "TagUser", json!({"UserName": "nobody", "Tags": [{"Key": "team", "Value": "a"}]}));
    by_root(ServiceName::Logs, "CreateLogGroup", json!({"logGroupName": "other", "tags": {"team": "b"}}));
    by_root(ServiceName::Iam, "CreateUser", json!({"UserName": "other"}));
    for (service, operation, input, may) in [
        (ServiceName::Logs, "CreateLogGroup", r#"{"logGroupName":"g"}"#, false),
        (ServiceName::Logs, "CreateLogGroup", r#"{"logGroupName":"g","tags":{"team":"b"}}"#, false),
        (ServiceName::Logs, "CreateLogGroup", r#"{"logGroupName":"g","tags":{"team":"a"}}"#, true),
        (ServiceName::Logs, "DeleteLogGroup", r#"{"logGroupName":"other"}"#, false),
        (ServiceName::Logs, "DeleteLogGroup", r#"{"logGroupName":"none"}"#, false),
        (ServiceName::Logs, "DeleteLogGroup", r#"{"logGroupName":"g"}"#, true),
        (ServiceName::Iam, "CreateUser", "UserName=u", false),
        (ServiceName::Iam, "CreateUser", "UserName=u&Tags.member.1.Key=team&Tags.member.1.Value=a", true),
        (ServiceName::Iam, "DeleteUser", "UserName=other", false),
        (ServiceName::Iam, "DeleteUser", "UserName=u", true),
        (ServiceName::Ec2, "CreateVpc", "CidrBlock=10.9.0.0/16", false),
        (
            ServiceName::Ec2,
            "CreateVpc",
            "CidrBlock=10.9.0.0/16&TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=team",
            true,
        ),
    ] {
        let request = request_with(service, operation, input, &key);
        let response = Arc::clone(&front).answer(request, None).await.expect("of AWS");
        let status = response.status().as_u16();
        let body = body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let body = String::from_utf8_lossy(&body);
        assert_eq!(status == 200, may, "{operation} {input}: {body}");
        assert_eq!(body.contains("is not authorized to perform"), !may, "{operation} {input}: {body}");
    }
}
