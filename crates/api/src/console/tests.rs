//! The whole way of a page's request, over IAM and a table of its own.

use std::sync::{
    Mutex,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    body::to_bytes,
    http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE},
    response::IntoResponse as _,
};
use tokio::sync::mpsc;
use weir_store::Catalogue;

use super::*;
use crate::{
    Event, Events, Operation, Payload, Room, Serve, Table,
    access::{Access, RootKey},
    services::iam,
};

const ACCOUNT: &str = "123456789012";
/// An hour, in milliseconds.
const LIFETIME: i64 = 3_600_000;

fn tail(_: &(), _: &Call, _: &Payload) -> Result<Events, ApiError> {
    let (sender, events) = mpsc::channel(2);
    for number in [1, 2] {
        let event = Event { name: "sessionUpdate", is_exception: false, payload: json!({ "number": number }) };
        sender.try_send(event).map_err(ApiError::internal)?;
    }
    Ok(events)
}

const OPERATIONS: &[Operation<()>] = &[Operation::streaming("StartLiveTail", tail)];

struct Desk {
    console: Arc<Console>,
    audit: Arc<Mutex<Vec<Value>>>,
}

struct Answered {
    status: u16,
    cookie: Option<String>,
    text: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

fn desk_at(clock: fn() -> i64, is_on: bool) -> Desk {
    let catalogue = Catalogue::in_memory().expect("a catalogue");
    let root = is_on.then(|| RootKey::new("AKIAROOT", "root secret"));
    let access = Arc::new(Access::open(&catalogue, ACCOUNT, root).expect("opened"));
    let audit = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&audit);
    let tables: Vec<Box<dyn Serve>> =
        vec![Box::new(iam::table(Arc::clone(&access))), Box::new(Table::new(ServiceName::Logs, (), OPERATIONS))];
    let front = Front {
        region: "us-east-1".to_owned(),
        access,
        tables: tables.into_iter().collect(),
        s3: Arc::new(|_| Box::pin(async { Response::new(Body::empty()) })),
        audit: Arc::new(move |event| seen.lock().expect("lock").push(serde_json::to_value(event).expect("JSON"))),
        bodies: Room::default(),
        clock,
    };
    Desk { console: Arc::new(Console::new(Arc::new(front), LIFETIME, Arc::new(Arc::default), "1.0")), audit }
}

fn desk() -> Desk {
    desk_at(|| 1_700_000_000_000, true)
}

impl Desk {
    /// Asks as a page does; `headers` come on top, and take the place of those of the same name.
    async fn ask(&self, path: &str, cookie: &str, headers: &[(&str, &str)], body: &Value) -> Answered {
        let mut request = Request::post(path).body(Body::from(body.to_string())).expect("request");
        let usual = [("x-weir", "console"), (HOST.as_str(), "127.0.0.1:4780"), (COOKIE.as_str(), cookie)];
        for (name, value) in usual.iter().chain(headers) {
            let name: axum::http::HeaderName = name.parse().expect("name");
            request.headers_mut().insert(name, value.parse().expect("value"));
        }
        let state = State(Arc::clone(&self.console));
        let words: Vec<&str> = path.trim_start_matches("/console/").split('/').collect();
        let answer = match words[..] {
            ["sign-in"] => sign_in(state, request).await.into_response(),
            ["sign-out"] => sign_out(state, request).await.into_response(),
            ["may"] => may(state, request).await.into_response(),
            ["places"] => places(state, request).await.into_response(),
            ["session"] => whose(state, request).await,
            ["call", service, operation] => {
                call(state, Path((service.to_owned(), operation.to_owned())), request).await.into_response()
            }
            _ => panic!("{path}"),
        };
        let cookie = answer.headers().get(SET_COOKIE).map(|cookie| cookie.to_str().expect("text").to_owned());
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("body");
        Answered { status, cookie, text: String::from_utf8(bytes.to_vec()).expect("text") }
    }

    /// Signs in, gives the cookie.
    async fn sign_in(&self, key: &str, secret: &str) -> String {
        let key = json!({ "accessKeyId": key, "secretAccessKey": secret });
        let answered = self.ask("/console/sign-in", "", &[], &key).await;
        assert_eq!(answered.status, 200, "{}", answered.text);
        answered.cookie.expect("a cookie").split(';').next().expect("a pair").to_owned()
    }

    async fn iam(&self, cookie: &str, operation: &str, input: &Value) -> Answered {
        self.ask(&format!("/console/call/iam/{operation}"), cookie, &[], input).await
    }

    /// A user with a policy, and the user's key.
    async fn user(&self, root: &str, policy: &str) -> (String, String) {
        self.iam(root, "CreateUser", &json!({ "UserName": "reader" })).await;
        let arn = format!("arn:aws:iam::aws:policy/{policy}");
        self.iam(root, "AttachUserPolicy", &json!({ "UserName": "reader", "PolicyArn": arn })).await;
        let key = self.iam(root, "CreateAccessKey", &json!({ "UserName": "reader" })).await.json();
        let text = |member: &str| key["AccessKey"][member].as_str().expect("a text").to_owned();
        (text("AccessKeyId"), text("SecretAccessKey"))
    }
}

#[tokio::test]
async fn a_key_opens_a_session_and_operations_are_done_in_its_name() {
    let desk = desk();
    let nobody = desk.iam("", "ListUsers", &json!({})).await;
    assert_eq!((nobody.status, nobody.json()["code"].clone()), (401, json!("NotSignedIn")));
    let wrong = json!({ "accessKeyId": "AKIAROOT", "secretAccessKey": "root secreT" });
    assert_eq!(desk.ask("/console/sign-in", "", &[], &wrong).await.status, 403);

    let root = desk.sign_in("AKIAROOT", "root secret").await;
    let whose = desk.ask("/console/session", &root, &[], &json!({})).await.json();
    assert_eq!(whose["principal"]["arn"], "arn:aws:iam::123456789012:root");
    let (key, secret) = desk.user(&root, "IAMReadOnlyAccess").await;
    let reader = desk.sign_in(&key, &secret).await;
    let listed = desk.iam(&reader, "ListUsers", &json!({})).await;
    assert_eq!(listed.json()["Users"][0]["UserName"], "reader", "{}", listed.text);
    let refused = desk.iam(&reader, "DeleteUser", &json!({ "UserName": "reader" })).await;
    assert_eq!((refused.status, refused.json()["code"].clone()), (403, json!("AccessDenied")));

    let audit = desk.audit.lock().expect("lock");
    let last = audit.last().expect("an event");
    assert_eq!((&last["eventName"], &last["errorCode"]), (&json!("DeleteUser"), &json!("AccessDenied")));
    assert_eq!(last["sessionCredentialFromConsole"], "true");
    assert_eq!(
        (&last["accessKeyId"], &last["userArn"]),
        (&json!(key), &json!("arn:aws:iam::123456789012:user/reader"))
    );
    let failed = audit.iter().find(|event| event["errorCode"] == "SignInFailed").expect("the failed sign-in");
    assert_eq!((&failed["eventName"], &failed["accessKeyId"]), (&json!("ConsoleLogin"), &json!("AKIAROOT")));
}

#[tokio::test]
async fn a_cookie_is_for_this_listener_alone_and_no_script_reads_it() {
    let desk = desk();
    let key = json!({ "accessKeyId": "AKIAROOT", "secretAccessKey": "root secret" });
    let cookie = desk.ask("/console/sign-in", "", &[], &key).await.cookie.expect("a cookie");
    let (pair, rest) = cookie.split_once("; ").expect("attributes");
    assert!(pair.starts_with("weir-session-4780=") && pair.len() == "weir-session-4780=".len() + 64, "{pair}");
    assert_eq!(rest, "Path=/console; Max-Age=3600; HttpOnly; SameSite=Strict");
    let other = desk.ask("/console/call/iam/ListUsers", pair, &[(HOST.as_str(), "127.0.0.1:4781")], &json!({})).await;
    assert_eq!(other.status, 401);

    let out = desk.ask("/console/sign-out", pair, &[], &json!({})).await;
    assert!(out.cookie.expect("a cookie").contains("Max-Age=0"));
    assert_eq!(desk.iam(pair, "ListUsers", &json!({})).await.status, 401);
}

#[tokio::test]
async fn a_session_ends_with_its_key_and_with_its_time() {
    static NOW: AtomicI64 = AtomicI64::new(1_700_000_000_000);
    let desk = desk_at(|| NOW.load(Ordering::Relaxed), true);
    let root = desk.sign_in("AKIAROOT", "root secret").await;
    let (key, secret) = desk.user(&root, "IAMReadOnlyAccess").await;
    let reader = desk.sign_in(&key, &secret).await;
    assert_eq!(desk.iam(&reader, "ListUsers", &json!({})).await.status, 200);
    let status = |status: &str| json!({ "UserName": "reader", "AccessKeyId": key, "Status": status });
    assert_eq!(desk.iam(&root, "UpdateAccessKey", &status("Inactive")).await.status, 200);
    assert_eq!(desk.iam(&reader, "ListUsers", &json!({})).await.status, 401);
    desk.iam(&root, "UpdateAccessKey", &status("Active")).await;
    assert_eq!(desk.iam(&reader, "ListUsers", &json!({})).await.status, 401, "an ended session does not come back");

    NOW.fetch_add(LIFETIME - 1, Ordering::Relaxed);
    assert_eq!(desk.iam(&root, "ListUsers", &json!({})).await.status, 200);
    NOW.fetch_add(1, Ordering::Relaxed);
    assert_eq!(desk.iam(&root, "ListUsers", &json!({})).await.status, 401);
}

#[tokio::test]
async fn other_sites_are_refused() {
    let desk = desk();
    let root = desk.sign_in("AKIAROOT", "root secret").await;
    let list = "/console/call/iam/ListUsers";
    let elsewhere = [(ORIGIN.as_str(), "http://127.0.0.1:9999")];
    assert_eq!(desk.ask(list, &root, &elsewhere, &json!({})).await.status, 403);
    let here = [(ORIGIN.as_str(), "http://127.0.0.1:4780")];
    assert_eq!(desk.ask(list, &root, &here, &json!({})).await.status, 200);
    let mut bare = Request::post(list).body(Body::empty()).expect("request");
    bare.headers_mut().insert(COOKIE, root.parse().expect("value"));
    let (parts, _) = bare.into_parts();
    assert_eq!(guard::check(&parts, true).expect_err("refused").into_response().status(), 403);
}

#[tokio::test]
async fn without_authentication_everyone_at_a_loopback_name_may() {
    let desk = desk_at(|| 1_700_000_000_000, false);
    let list = "/console/call/iam/ListUsers";
    for host in ["localhost:4780", "127.0.0.1:4780", "[::1]:4780"] {
        assert_eq!(desk.ask(list, "", &[(HOST.as_str(), host)], &json!({})).await.status, 200, "{host}");
    }
    let elsewhere = [(HOST.as_str(), "evil.example:4780"), (ORIGIN.as_str(), "http://evil.example:4780")];
    assert_eq!(desk.ask(list, "", &elsewhere, &json!({})).await.status, 403);
}

#[tokio::test]
async fn a_page_learns_what_its_user_may_do() {
    let desk = desk();
    let root = desk.sign_in("AKIAROOT", "root secret").await;
    let (key, secret) = desk.user(&root, "IAMReadOnlyAccess").await;
    let reader = desk.sign_in(&key, &secret).await;
    let of = |operation: &str| json!({ "service": "iam", "operation": operation });
    let questions =
        json!({ "questions": [of("ListUsers"), of("DeleteUser"), of("Unheard"), of("SimulatePrincipalPolicy")] });
    let answers = |answered: Answered| answered.json()["answers"].clone();
    let may = desk.ask("/console/may", &reader, &[], &questions).await;
    assert_eq!(answers(may), json!([true, false, false, false]));
    assert_eq!(answers(desk.ask("/console/may", &root, &[], &questions).await), json!([true, true, false, false]));
}

#[tokio::test]
async fn whoever_is_signed_in_may_ask_where_addresses_are() {
    let desk = desk();
    let asked = json!({ "addresses": ["203.0.113.9", "2001:db8::1"] });
    assert_eq!(desk.ask("/console/places", "", &[], &asked).await.status, 401);
    let root = desk.sign_in("AKIAROOT", "root secret").await;
    assert_eq!(desk.ask("/console/session", &root, &[], &json!({})).await.json()["hasAtlas"], false);
    let nowhere = desk.ask("/console/places", &root, &[], &asked).await;
    assert_eq!(nowhere.json(), json!({ "places": [null, null] }), "there is no database file");
    let many = json!({ "addresses": vec!["203.0.113.9"; 10_001] });
    assert_eq!(desk.ask("/console/places", &root, &[], &many).await.json()["code"], "TooManyAddresses");
    let no_address = json!({ "addresses": ["203.0.113"] });
    assert_eq!(desk.ask("/console/places", &root, &[], &no_address).await.status, 400);
}

#[tokio::test]
async fn events_come_a_line_each() {
    let desk = desk();
    let root = desk.sign_in("AKIAROOT", "root secret").await;
    let lines = desk.ask("/console/call/logs/StartLiveTail", &root, &[], &json!({})).await.text;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0], json!({ "event": "sessionUpdate", "payload": { "number": 1 } }));
    assert_eq!(lines.len(), 2);
    let events = tail(&(), &Call::of_root(ACCOUNT, "us-east-1", 0), &Payload::json("".into())).expect("events");
    let ended = to_bytes(as_lines(events, || false).into_body(), usize::MAX).await.expect("body");
    let ended = String::from_utf8(ended.to_vec()).expect("text");
    assert!(ended.starts_with(r#"{"error":"NotSignedIn""#) && ended.lines().count() == 1, "{ended}");
}
