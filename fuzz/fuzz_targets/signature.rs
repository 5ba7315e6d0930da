//! Any text as a request: its first line, its headers, an empty line, its body. Whose signature it has is the account's own
//! or nobody's, and nobody's with another secret.

#![no_main]

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use libfuzzer_sys::fuzz_target;
use weir_fuzz::{
    ServiceName,
    access::{Access, RootKey, Signed},
    wire::{self, Meaning, Scope},
};
use weir_store::Catalogue;

const ACCOUNT: &str = "123456789012";
/// The key of the examples in AWS's own documentation, with which the seeds are signed.
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
/// Noon of 21 November 2026, when the seeds were.
const NOW: i64 = 1_795_262_400_000;

static ACCESS: LazyLock<Access> = LazyLock::new(|| access("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
static OTHER: LazyLock<Access> = LazyLock::new(|| access("another"));

fn access(secret: &str) -> Access {
    let catalogue = Catalogue::in_memory().expect("a catalogue");
    Access::open(&catalogue, ACCOUNT, Some(RootKey::new(KEY, secret))).expect("opened")
}

fuzz_target!(|text: &[u8]| {
    let Some((method, uri, headers, body)) = request(text) else { return };
    let scope = Scope::of(&uri, &headers);
    let form = if wire::is_form(&method, &headers) { body } else { b"" };
    let service = match wire::meaning(&method, &uri, &headers, form) {
        Meaning::Operation { asked, .. } => asked.service,
        Meaning::S3 => ServiceName::S3,
        Meaning::Nothing => ServiceName::Iam,
    };
    let named = scope.as_ref().and_then(|scope| ServiceName::by_signing_name(&scope.service));
    let signed = Signed { method: &method, uri: &uri, headers: &headers, body };
    for service in [Some(service), named].into_iter().flatten() {
        if let Ok(principal) = ACCESS.authenticate(&signed, service, NOW) {
            assert_eq!(principal.access_key, KEY);
            assert_eq!(scope.as_ref().expect("a scope").access_key, KEY);
        }
        assert!(OTHER.authenticate(&signed, service, NOW).is_err(), "signed with a secret that nobody used");
    }
});

fn request(text: &[u8]) -> Option<(Method, Uri, HeaderMap, &[u8])> {
    let end = text.windows(2).position(|two| two == b"\n\n")?;
    let mut lines = text[..end].split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let (method, uri) = (Method::from_bytes(first.next()?).ok()?, Uri::try_from(first.next()?).ok()?);
    let mut headers = HeaderMap::new();
    for line in lines {
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..at]).ok()?;
        headers.append(name, HeaderValue::from_bytes(line[at + 1..].trim_ascii()).ok()?);
    }
    Some((method, uri, headers, &text[end + 2..]))
}
