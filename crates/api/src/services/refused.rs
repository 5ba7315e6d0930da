//! Every operation of every table is refused to a key that may do nothing.

use std::sync::Arc;

use axum::{
    body::{self, Body},
    http::{Request, Response},
};
use serde_json::json;
use weir_store::Catalogue;

use super::fixture::{ACCOUNT, Folder, NOW, REGION, call, served};
use crate::{
    Foundation, Front, Payload, Serve, ServiceName,
    access::{Access, Key, RootKey},
    protocol::Protocol,
    services::iam,
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
    let front = Front {
        region: REGION.to_owned(),
        access,
        tables: served(&on),
        s3: Arc::new(|_| Box::pin(async { Response::new(Body::empty()) })),
        audit: Arc::new(|_| {}),
        bodies: crate::Room::default(),
        clock: || NOW,
    };
    (Arc::new(front), key)
}

/// The operation, said in the service's first protocol, and signed.
fn request(service: ServiceName, operation: &str, key: &Key) -> Request<Body> {
    let is_form = service.protocol().is_form();
    let (kind, body) = match service.protocol() {
        Protocol::AwsJson10 => ("application/x-amz-json-1.0", "{}".to_owned()),
        _ if !is_form => ("application/x-amz-json-1.1", "{}".to_owned()),
        _ => {
            let given = "RoleArn=arn:aws:iam::123456789012:role/role&RoleSessionName=session";
            let form = format!("Action={operation}&Version={}&{given}", service.version());
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
    let all: Vec<(ServiceName, &'static str, bool)> = front
        .tables
        .tables()
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
