//! POSTs to endpoints.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{crypto::ring, pki_types::CertificateDer};
use ureq::{
    Agent,
    config::Config,
    http::StatusCode,
    tls::{Certificate, RootCerts, TlsConfig},
};
use url::Url;

use super::{Failure, NoticeError, Post};

/// How long an endpoint may take, as SNS has it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Posts, and follows nothing: a redirect would take the notice to another place than the one that confirmed.
#[derive(Debug, Clone)]
pub struct Http {
    agent: Agent,
}

impl Http {
    /// Checks servers against the certificates of this system.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new() -> Result<Self, NoticeError> {
        let found = rustls_native_certs::load_native_certs();
        if let (true, Some(error)) = (found.certs.is_empty(), found.errors.first()) {
            return Err(NoticeError::Roots(error.to_string()));
        }
        Ok(Self::with_roots(&found.certs, PATIENCE))
    }

    /// Checks servers against these certificates, and waits so long.
    pub fn with_roots(roots: &[CertificateDer<'_>], patience: Duration) -> Self {
        let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .build();
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .tls_config(tls)
            .timeout_global(Some(patience))
            .build();
        Self { agent: config.new_agent() }
    }

    /// Posts once.
    pub(super) fn post(&self, post: &Post) -> Result<(), Failure> {
        self.send(&post.url, &post.headers, post.body.as_bytes())
    }

    /// Posts JSON that is packed with gzip, once.
    ///
    /// # Errors
    /// When it did not arrive; the problem does not name the URL, which may be a secret.
    pub fn post_gzip(&self, url: &str, packed: &[u8]) -> Result<(), Failure> {
        let headers = [("Content-Type", "application/json".to_owned()), ("Content-Encoding", "gzip".to_owned())];
        self.send(url, &headers, packed)
    }

    fn send(&self, url: &str, headers: &[Header], body: &[u8]) -> Result<(), Failure> {
        let (url, authorization) = without_login(url)?;
        let mut request = self.agent.post(url.as_str());
        for (name, value) in headers.iter().chain(&authorization) {
            request = request.header(*name, value);
        }
        match request.send(body) {
            Ok(answer) => judge(answer.status()),
            // Never the URL, which may be a secret.
            Err(ureq::Error::BadUri(_) | ureq::Error::Http(_)) => {
                Err(Failure::Permanent("the URL cannot be used".into()))
            }
            Err(error) => Err(Failure::Transient(format!("no answer: {error}"))),
        }
    }
}

/// Name and value.
type Header = (&'static str, String);

/// Server errors, 429 and timeouts go by; what else is no success stays.
fn judge(status: StatusCode) -> Result<(), Failure> {
    let problem = || format!("the endpoint answered {}", status.as_u16());
    match status {
        status if status.is_success() => Ok(()),
        status if status.is_server_error() => Err(Failure::Transient(problem())),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Err(Failure::Transient(problem())),
        status if status.is_redirection() => {
            Err(Failure::Permanent(format!("{}, a redirect: subscribe the place that it leads to", problem())))
        }
        _ => Err(Failure::Permanent(problem())),
    }
}

/// A URL without name and password, and the header that says them.
fn without_login(text: &str) -> Result<(Url, Option<Header>), Failure> {
    let unusable = || Failure::Permanent("the URL cannot be used".into());
    let mut url = Url::parse(text).map_err(|_| unusable())?;
    if url.username().is_empty() && url.password().is_none() {
        return Ok((url, None));
    }
    let (name, password) =
        (super::smtp::decoded(url.username()), super::smtp::decoded(url.password().unwrap_or_default()));
    let login = STANDARD.encode(format!("{name}:{password}"));
    url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| unusable())?;
    Ok((url, Some(("Authorization", format!("Basic {login}")))))
}
