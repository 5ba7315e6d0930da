//! Signature version 4: whether a request is from the holder of an access key, and is what they said.
//!
//! Source: "AWS Signature Version 4 for API requests" in the IAM user guide.

mod canonical;
mod stated;

use ring::{digest, hmac};

use crate::{
    Refusal, ServiceName,
    access::{Key, Secret, Signed},
    signature::stated::Stated,
    wire::Scope,
};

/// How far the clock of a client may be from ours, in milliseconds.
const SKEW: i64 = 15 * 60 * 1000;
/// The algorithm.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Verifies the signature of a request to a service and gives the key that signed. `find` knows keys by their ids.
///
/// # Errors
/// There is no signature, or it breaks a rule.
pub(crate) fn verify(
    signed: &Signed<'_>,
    service: ServiceName,
    now: i64,
    find: impl FnOnce(&str) -> Result<Key, Refusal>,
) -> Result<Key, Refusal> {
    let stated = Stated::of(signed)?;
    let key = find(&stated.scope.access_key)?;
    if !token_fits(&key, stated.token.as_deref()) {
        return Err(Refusal::UnknownKey);
    }
    stated.check_scope(service)?;
    stated.check_headers(signed)?;
    stated.check_time(now)?;
    let payload = payload_hash(&stated, signed)?;
    let request = canonical::request(signed, &stated, service, &payload);
    let to_sign = string_to_sign(&stated, &request);
    let signing_key = signing_key(&key.secret, &stated.scope);
    // Takes as long wherever the first difference is.
    match hmac::verify(&signing_key, to_sign.as_bytes(), &stated.signature) {
        Ok(()) => Ok(key),
        Err(_) => Err(Refusal::BadSignature(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details."
                .to_owned(),
        )),
    }
}

/// Signs a request in its headers, as clients do.
#[cfg(test)]
pub(crate) fn sign(parts: &mut axum::http::request::Parts, body: &[u8], scope: &str, key: &Key, now: i64) {
    let time = chrono::DateTime::from_timestamp_millis(now).expect("time").format("%Y%m%dT%H%M%SZ").to_string();
    parts.headers.insert("x-amz-date", time.parse().expect("a header"));
    let mut names: Vec<&str> = parts.headers.keys().map(|name| name.as_str()).collect();
    names.retain(|name| *name == "host" || name.starts_with("x-amz-"));
    names.sort_unstable();
    let headers = names.join(";");
    let authorization = |signature: &str| {
        let (id, day) = (&key.principal.access_key, &time[..8]);
        let text = format!(
            "{ALGORITHM} Credential={id}/{day}/{scope}/aws4_request, SignedHeaders={headers}, Signature={signature}"
        );
        text.parse().expect("a header")
    };
    parts.headers.insert("authorization", authorization("00"));
    let signed = Signed { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body };
    let stated = Stated::of(&signed).expect("all of a signature");
    let service = ServiceName::by_signing_name(&stated.scope.service).expect("a service");
    let payload = payload_hash(&stated, &signed).expect("the body");
    let to_sign = string_to_sign(&stated, &canonical::request(&signed, &stated, service, &payload));
    let signature = hmac::sign(&signing_key(&key.secret, &stated.scope), to_sign.as_bytes());
    parts.headers.insert("authorization", authorization(&hex(signature.as_ref())));
}

/// A temporary key comes with its token, another without one.
fn token_fits(key: &Key, token: Option<&str>) -> bool {
    match (&key.session_token, token) {
        (Some(expected), Some(token)) => expected.is(token),
        (None, None) => true,
        _ => false,
    }
}

/// The hash of the body, held against the one that the client stated.
fn payload_hash(stated: &Stated, signed: &Signed<'_>) -> Result<String, Refusal> {
    let hash = hex(digest::digest(&digest::SHA256, signed.body).as_ref());
    match &stated.payload_hash {
        Some(other) if *other != hash => Err(Refusal::BadSignature(
            "The value passed in as x-amz-content-sha256 does not match the value that was calculated for the body."
                .to_owned(),
        )),
        _ => Ok(hash),
    }
}

fn string_to_sign(stated: &Stated, request: &[u8]) -> String {
    let Scope { date, region, service, .. } = &stated.scope;
    let hash = hex(digest::digest(&digest::SHA256, request).as_ref());
    format!("{ALGORITHM}\n{}\n{date}/{region}/{service}/aws4_request\n{hash}", stated.time_text())
}

fn signing_key(secret: &Secret, scope: &Scope) -> hmac::Key {
    let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{}", secret.expose()).as_bytes());
    [&scope.date, &scope.region, &scope.service, "aws4_request"]
        .into_iter()
        .fold(first, |key, part| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()))
}

/// All but letters, digits and `-._~` as `%41`.
pub(crate) fn percent_encoded(text: &str) -> String {
    canonical::encode(text.as_bytes(), false)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests;
