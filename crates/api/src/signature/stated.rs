//! What a request says of its own signature.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Display,
    hash::Hash,
};

use axum::http::HeaderMap;
use chrono::{DateTime, NaiveDateTime, Utc};
use url::form_urlencoded;

use super::{ALGORITHM, SKEW};
use crate::{Refusal, ServiceName, access::Signed, wire::Scope};

/// Longest life of a presigned request, in seconds.
const WEEK: i64 = 7 * 24 * 3600;
const BASIC: &str = "%Y%m%dT%H%M%SZ";

/// What a request says of its own signature: who signed, what, and when.
#[derive(Debug)]
pub(super) struct Stated {
    pub(super) scope: Scope,
    /// In small letters, in the order in which they were signed.
    pub(super) headers: Vec<String>,
    pub(super) signature: Vec<u8>,
    pub(super) token: Option<String>,
    /// `x-amz-content-sha256`.
    pub(super) payload_hash: Option<String>,
    time: DateTime<Utc>,
    /// How long it is good for, in seconds, of a presigned request.
    expires: Option<i64>,
}

impl Stated {
    pub(super) fn of(signed: &Signed<'_>) -> Result<Self, Refusal> {
        match header(signed.headers, "authorization") {
            Some(text) => Self::in_header(signed, text),
            None => Self::in_query(signed),
        }
    }

    fn in_header(signed: &Signed<'_>, text: &str) -> Result<Self, Refusal> {
        let fields = text.strip_prefix(ALGORITHM).ok_or_else(|| {
            Refusal::Incomplete(format!(
                "Unsupported AWS 'algorithm': the Authorization header must begin with {ALGORITHM}."
            ))
        })?;
        let fields = once(fields.split(',').filter_map(|field| field.trim().split_once('=')))?;
        let names = ["Credential", "Signature", "SignedHeaders"];
        let date = header(signed.headers, "x-amz-date").or_else(|| header(signed.headers, "date"));
        let mut missing: Vec<String> = names
            .into_iter()
            .filter(|name| !fields.contains_key(name))
            .map(|name| format!("Authorization header requires '{name}' parameter."))
            .collect();
        if date.is_none() {
            missing.push(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned(),
            );
        }
        let ([Some(credential), Some(signature), Some(headers)], Some(date)) =
            (names.map(|name| fields.get(name)), date)
        else {
            return Err(Refusal::Incomplete(missing.join(" ")));
        };
        Ok(Self {
            scope: scope(credential)?,
            headers: headers.split(';').map(str::to_ascii_lowercase).collect(),
            signature: unhex(signature),
            token: header(signed.headers, "x-amz-security-token").map(str::to_owned),
            payload_hash: header(signed.headers, "x-amz-content-sha256").map(str::to_owned),
            time: time(date)?,
            expires: None,
        })
    }

    fn in_query(signed: &Signed<'_>) -> Result<Self, Refusal> {
        let query = signed.uri.query().unwrap_or_default().as_bytes();
        let pairs = once(form_urlencoded::parse(query).filter(|(name, _)| name.starts_with("X-Amz-")))?;
        if !pairs.contains_key("X-Amz-Signature") && !pairs.contains_key("X-Amz-Credential") {
            return Err(Refusal::MissingToken);
        }
        let get = |name: &str| {
            let missing = || Refusal::Incomplete(format!("AWS query-string parameters must include '{name}'."));
            pairs.get(name).map(AsRef::as_ref).ok_or_else(missing)
        };
        if get("X-Amz-Algorithm")? != ALGORITHM {
            return Err(Refusal::Incomplete(format!(
                "Unsupported AWS 'algorithm': X-Amz-Algorithm must be {ALGORITHM}."
            )));
        }
        let expires = match pairs.get("X-Amz-Expires") {
            Some(text) => expires(text)?,
            None => SKEW / 1000,
        };
        Ok(Self {
            scope: scope(get("X-Amz-Credential")?)?,
            headers: get("X-Amz-SignedHeaders")?.split(';').map(str::to_ascii_lowercase).collect(),
            signature: unhex(get("X-Amz-Signature")?),
            token: pairs.get("X-Amz-Security-Token").map(|token| token.clone().into_owned()),
            payload_hash: None,
            time: time(get("X-Amz-Date")?)?,
            expires: Some(expires),
        })
    }

    /// `20150830T123600Z`.
    pub(super) fn time_text(&self) -> String {
        basic(self.time)
    }

    pub(super) fn check_scope(&self, service: ServiceName) -> Result<(), Refusal> {
        let (scope, time) = (&self.scope, self.time_text());
        if scope.service != service.signing_name() {
            let expected = service.signing_name();
            return Err(Refusal::BadSignature(format!(
                "Credential should be scoped to correct service: '{expected}'. "
            )));
        }
        let day = &time[..8];
        if scope.date != day {
            return Err(Refusal::BadSignature(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
                 '{day}', from '{time}'.",
                scope.date
            )));
        }
        Ok(())
    }

    /// The host must be signed, and so must all that AWS reads; what is not signed may have been changed.
    pub(super) fn check_headers(&self, signed: &Signed<'_>) -> Result<(), Refusal> {
        let is_signed = |name: &str| self.headers.iter().any(|header| header == name);
        if !is_signed("host") {
            return Err(Refusal::BadSignature(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
            ));
        }
        let unsigned =
            signed.headers.keys().find(|name| name.as_str().starts_with("x-amz-") && !is_signed(name.as_str()));
        match unsigned {
            Some(name) => Err(Refusal::BadSignature(format!(
                "'{name}' must be a 'SignedHeader' in the AWS Authorization: there were headers present in the request \
                 which were not signed."
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn check_time(&self, now: i64) -> Result<(), Refusal> {
        let time = self.time.timestamp_millis();
        let life = self.expires.map_or(SKEW, |seconds| seconds * 1000);
        let at = |millis: i64| DateTime::from_timestamp_millis(millis).map(basic).unwrap_or_default();
        let (stated, minutes) = (self.time_text(), life / 60_000);
        if time < now - life {
            let earliest = at(now - life);
            let text =
                format!("Signature expired: {stated} is now earlier than {earliest} ({} - {minutes} min.)", at(now));
            return Err(Refusal::Expired(text));
        }
        if time > now + SKEW {
            let latest = at(now + SKEW);
            let text =
                format!("Signature not yet current: {stated} is still later than {latest} ({} + 15 min.)", at(now));
            return Err(Refusal::Expired(text));
        }
        Ok(())
    }
}

/// Each name once: of two values nobody knows which one is meant.
fn once<K: Eq + Hash + Display, V>(pairs: impl Iterator<Item = (K, V)>) -> Result<HashMap<K, V>, Refusal> {
    let mut seen = HashMap::new();
    for (name, value) in pairs {
        match seen.entry(name) {
            Entry::Occupied(twice) => {
                let text = format!("The parameter '{}' of the signature is there more than once.", twice.key());
                return Err(Refusal::Incomplete(text));
            }
            Entry::Vacant(new) => new.insert(value),
        };
    }
    Ok(seen)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn scope(text: &str) -> Result<Scope, Refusal> {
    Scope::parse(text).ok_or_else(|| {
        Refusal::Incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request."
                .to_owned(),
        )
    })
}

fn basic(time: DateTime<Utc>) -> String {
    time.format(BASIC).to_string()
}

/// `X-Amz-Date`, or the `Date` of HTTP.
fn time(text: &str) -> Result<DateTime<Utc>, Refusal> {
    let basic = || NaiveDateTime::parse_from_str(text, BASIC).ok().map(|time| time.and_utc());
    let http = || DateTime::parse_from_rfc2822(text).ok().map(|time| time.to_utc());
    let in_reach = |time: &DateTime<Utc>| (0..=i64::from(u32::MAX) * 1000).contains(&time.timestamp_millis());
    basic().or_else(http).filter(in_reach).ok_or_else(|| {
        Refusal::Incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
            text.chars().take(64).collect::<String>()
        ))
    })
}

fn expires(text: &str) -> Result<i64, Refusal> {
    let seconds: Option<i64> = text.parse().ok();
    seconds.filter(|seconds| (0..=WEEK).contains(seconds)).ok_or_else(|| {
        Refusal::Incomplete(format!(
            "X-Amz-Expires must be a non-negative number, and less than a week (in seconds); that is, the given \
             X-Amz-Expires must be less than {WEEK} seconds"
        ))
    })
}

/// Bytes of hexadecimal digits; none if it is something else, which is nobody's signature.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?);
    text.as_bytes().chunks(2).map(pair).collect::<Option<_>>().unwrap_or_default()
}
