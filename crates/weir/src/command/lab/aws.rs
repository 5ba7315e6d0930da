//! A client of AWS, as small as the lab needs it: signed requests over HTTP.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use ring::{digest, hmac};
use serde_json::Value;
use url::form_urlencoded;
use weir_api::access::RootKey;

use crate::{client, clock};

/// Whom the lab talks to, and as whom.
pub struct Aws {
    address: SocketAddr,
    key: RootKey,
    region: String,
}

impl Aws {
    pub fn new(address: SocketAddr, key: RootKey, region: &str) -> Self {
        Self { address, key, region: region.to_owned() }
    }

    /// An operation by a form: its answer, as XML.
    ///
    /// # Errors
    /// What the service says, or that nothing answers.
    pub fn form(&self, service: &str, version: &str, operation: &str, input: &[(&str, &str)]) -> Result<String> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation).append_pair("Version", version).extend_pairs(input);
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
        self.send(service, "POST", "/", &headers, form.finish().as_bytes()).with_context(|| operation.to_owned())
    }

    /// An operation by JSON.
    ///
    /// # Errors
    /// What the service says, or that nothing answers.
    pub fn json(&self, service: &str, target: &str, input: &Value) -> Result<Value> {
        let headers = [("content-type", "application/x-amz-json-1.1".to_owned()), ("x-amz-target", target.to_owned())];
        let answer = self.send(service, "POST", "/", &headers, input.to_string().as_bytes());
        let answer = answer.with_context(|| target.to_owned())?;
        if answer.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&answer)?) }
    }

    /// A request of S3.
    ///
    /// # Errors
    /// What S3 says, or that nothing answers.
    pub fn s3(&self, method: &str, path: &str) -> Result<String> {
        self.send("s3", method, path, &[], b"").with_context(|| format!("{method} {path}"))
    }

    fn send(&self, service: &str, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> Result<String> {
        let now = chrono::DateTime::from_timestamp(i64::try_from(clock::now().as_secs())?, 0).context("no time")?;
        let time = now.format("%Y%m%dT%H%M%SZ").to_string();
        let mut signed: Vec<(&str, String)> = headers.to_vec();
        signed.push(("host", self.address.to_string()));
        signed.push(("x-amz-content-sha256", hex(digest::digest(&digest::SHA256, body).as_ref())));
        signed.push(("x-amz-date", time.clone()));
        signed.sort();
        let authorization = self.sign(service, method, path, &signed, &time);
        let mut sent: Vec<(&str, String)> = signed.into_iter().filter(|(name, _)| *name != "host").collect();
        sent.push(("authorization", authorization));
        let answer = client::send(self.address, method, path, &sent, body)?;
        let answer = answer.ok_or_else(|| client::nothing_answers(self.address))?;
        let text = String::from_utf8(answer.body).context("the answer is not text")?;
        let is_good = answer.status.split(' ').nth(1).is_some_and(|code| code.starts_with('2'));
        if !is_good {
            bail!("{}: {text}", answer.status);
        }
        Ok(text)
    }

    /// Signature version 4.
    fn sign(&self, service: &str, method: &str, path: &str, headers: &[(&str, String)], time: &str) -> String {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let hash = headers.iter().find(|(name, _)| *name == "x-amz-content-sha256").map_or("", |(_, hash)| hash);
        let request = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{hash}");
        let scope = format!("{}/{}/{service}/aws4_request", &time[..8], self.region);
        let request = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{request}");
        let secret = format!("AWS4{}", self.key.secret.expose());
        let parts = [&time[..8], &self.region, service, "aws4_request", &text];
        let signature = parts.iter().fold(secret.into_bytes(), |key, part| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec()
        });
        let (id, signature) = (&self.key.id, hex(&signature));
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What stands in the first element of a name.
pub fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let after = xml.split_once(&format!("<{name}>"))?.1;
    after.split_once(&format!("</{name}>")).map(|(text, _)| text)
}
