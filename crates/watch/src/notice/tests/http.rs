//! POSTs to an endpoint on the loopback interface.

use std::time::Duration;

use super::{
    servers::{Identity, PATIENCE, endpoint},
    *,
};

fn post(url: String) -> Post {
    Post { url, headers: vec![("Content-Type", "text/plain; charset=UTF-8".into())], body: "hello".into() }
}

fn plain() -> Http {
    Http::with_roots(&[], PATIENCE)
}

#[test]
fn an_endpoint_that_is_busy_three_times_is_told_the_fourth_time() {
    let data = tempfile::tempdir().expect("made");
    let endpoint = endpoint(None, &["503 Busy", "503 Busy", "503 Busy", "200 OK"]);
    let url = format!("http://{}/hook?a=b", endpoint.address);
    let (topics, courier, arn) = subscribed(data.path(), "http", &url, &[("RawMessageDelivery", "true")]);
    let id = publish(&topics, "{\"a\": 1}", NOW);
    let carriers = Carriers { smtp: None, http: plain() };
    let mut now = NOW;
    for _ in 0..4 {
        assert_eq!(courier.deliver(&carriers, 10, || now).expect("tried"), 1);
        now = next_due(&topics).unwrap_or(now);
    }
    assert!((54_000..=66_000).contains(&(now - NOW)), "{}", now - NOW);
    let counters = Counters { sent: 1, failed_attempts: 3, waiting: 0, dead: 0, cancelled: 0 };
    assert_eq!(courier.counters().expect("read"), counters);
    for _ in 0..4 {
        let request = endpoint.requests.recv_timeout(PATIENCE).expect("asked");
        assert!(request.head.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{}", request.head);
        assert_eq!(request.body, "{\"a\": 1}");
        for (name, value) in [
            ("x-amz-sns-message-type", "Notification"),
            ("x-amz-sns-message-id", id.as_str()),
            ("x-amz-sns-topic-arn", ALARMS),
            ("x-amz-sns-subscription-arn", arn.as_str()),
            ("x-amz-sns-rawdelivery", "true"),
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("User-Agent", "Amazon Simple Notification Service Agent"),
        ] {
            assert_eq!(request.header(name), Some(value), "{name}");
        }
    }
}

#[test]
fn statuses_decide_whether_to_try_again() {
    let answer = |status: &'static str| {
        let endpoint = endpoint(None, &[status]);
        plain().post(&post(format!("http://{}/", endpoint.address)))
    };
    for status in ["200 OK", "204 No Content"] {
        assert_eq!(answer(status), Ok(()), "{status}");
    }
    for status in ["500 Error", "503 Busy", "429 Slow Down"] {
        assert!(matches!(answer(status), Err(Failure::Transient(_))), "{status}");
    }
    for status in ["400 Bad", "404 Not Found", "410 Gone"] {
        assert!(matches!(answer(status), Err(Failure::Permanent(_))), "{status}");
    }
}

#[test]
fn a_redirect_leads_nowhere() {
    let elsewhere = endpoint(None, &["200 OK"]);
    let answer: &'static str =
        Box::leak(format!("307 There\r\nLocation: http://{}/", elsewhere.address).into_boxed_str());
    let endpoint = endpoint(None, &[answer]);
    let failure = plain().post(&post(format!("http://{}/", endpoint.address))).expect_err("not followed");
    assert!(matches!(&failure, Failure::Permanent(problem) if problem.contains("a redirect")), "{failure:?}");
    assert!(elsewhere.requests.try_recv().is_err());
}

#[test]
fn silence_ends_with_patience() {
    let endpoint = endpoint(None, &[""]);
    let http = Http::with_roots(&[], Duration::from_millis(300));
    let failure = http.post(&post(format!("http://{}/secret-path", endpoint.address))).expect_err("silent");
    assert!(matches!(&failure, Failure::Transient(problem) if problem.contains("timeout")), "{failure:?}");
    let nobody = plain().post(&post("http://127.0.0.1:9/secret-path".into())).expect_err("nobody");
    assert!(matches!(&nobody, Failure::Transient(problem) if !problem.contains("secret-path")), "{nobody:?}");
}

#[test]
fn tls_is_checked() {
    let identity = Identity::new();
    let trusted = Http::with_roots(std::slice::from_ref(&identity.certificate), PATIENCE);
    let endpoint = endpoint(Some(identity), &["200 OK"]);
    let url = format!("https://ann:p%40ss@{}/", endpoint.address);
    trusted.post(&post(url.clone())).expect("sent");
    let request = endpoint.requests.recv_timeout(PATIENCE).expect("asked");
    assert_eq!(request.header("authorization"), Some("Basic YW5uOnBAc3M="));
    let other = Http::with_roots(&[Identity::new().certificate], PATIENCE);
    assert!(matches!(other.post(&post(url)), Err(Failure::Transient(_))));
    assert!(endpoint.requests.try_recv().is_err());
}

#[test]
fn the_systems_certificates_are_read() {
    Http::new().expect("read");
}
