//! Which requests come from a page of the console, and the cookie that they carry.
//!
//! A page of another site can make a browser send a request here, with the cookie or without. It cannot send a header of
//! its own without asking first, which is never granted, and it cannot take away the `Origin` that says where it is from.

use axum::http::{
    HeaderValue, Uri,
    header::{COOKIE, HOST, ORIGIN},
    request::Parts,
};

use super::answer::{Refused, refused};
use crate::ApiError;

/// What only a page of the console sends.
const OWN: &str = "x-weir";

/// A header that is a text.
pub(super) fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

/// Lets requests of the console through, and of programs that say they mean it.
///
/// # Errors
/// It may be another site that asks.
pub(super) fn check(parts: &Parts, has_sessions: bool) -> Result<(), Refused> {
    let refuse = |text: &str| Err(refused(ApiError::new("WrongOrigin", text).with_status(403)));
    if !parts.headers.contains_key(OWN) {
        return refuse("Send the header `X-Weir: console`.");
    }
    let host = host(parts);
    if let Some(origin) = header(parts, ORIGIN.as_str())
        && origin.split_once("://").map(|(_, host)| host) != Some(host)
    {
        return refuse("This page was loaded from another address than the one it asks. Load it anew from this one.");
    }
    // Without sessions a name that leads here is all that another site would need.
    if !has_sessions && !is_loopback(host) {
        return refuse(
            "Without authentication the console answers at localhost and 127.0.0.1 alone. Use that address.",
        );
    }
    Ok(())
}

fn host(parts: &Parts) -> &str {
    header(parts, HOST.as_str()).unwrap_or_default()
}

fn is_loopback(host: &str) -> bool {
    let name = host.parse::<Uri>().ok();
    let name = name.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Browsers keep cookies by host and not by port: each listener of a host has a name of its own.
fn cookie_name(parts: &Parts) -> String {
    let port = host(parts).rsplit_once(':').map_or("", |(_, port)| port);
    let is_port = !port.is_empty() && port.bytes().all(|letter| letter.is_ascii_digit());
    if is_port { format!("weir-session-{port}") } else { "weir-session".to_owned() }
}

/// The token of the session that a request carries.
pub(super) fn cookie(parts: &Parts) -> Option<&str> {
    let name = cookie_name(parts);
    let all = parts.headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = all.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, token)| token)
}

/// The header that makes a browser keep a token for so many seconds; 0 makes it forget.
pub(super) fn set_cookie(parts: &Parts, token: &str, seconds: i64, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let name = cookie_name(parts);
    let text = format!("{name}={token}; Path=/console; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    // The name has digits, the token has digits and letters.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}
