//! What an agent asks of its server.

use std::time::Duration;

use ureq::{
    Agent, Body, RequestBuilder,
    config::Config,
    http::{Response, StatusCode, header},
    typestate::WithBody,
    unversioned::{
        resolver::DefaultResolver,
        transport::{Connector as _, TcpConnector},
    },
};
use weir_uplink::{
    Accepted, BatchId, Credential, Fingerprint, JSON_LIMIT, JoinRequest, JoinToken, Report, batch::Span,
    header as names, offset_ms,
};

use crate::{AgentError, pin::Pinned};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long any request may take from end to end; a request that waits may take its wait longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most of a refusal that is read.
const SENTENCE_LIMIT: u64 = 4096;

/// Speaks to one server.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    server: String,
    clock: fn() -> i64,
}

/// An answer, and how far the server's clock is ahead of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<T> {
    /// The answer.
    pub answer: T,
    /// In milliseconds; none when the server did not say its time.
    pub offset_ms: Option<i64>,
}

/// What a server says about its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is still the one that was named.
    Unchanged,
    /// This is it: its version, and its text.
    Definition {
        /// Its version.
        version: String,
        /// Its text.
        text: String,
    },
}

impl Client {
    /// A client of this server, known by its certificate. `clock` gives milliseconds since 1970.
    ///
    /// # Errors
    /// When the address is none that begins with `https://`.
    pub fn new(server: &str, fingerprint: Fingerprint, clock: fn() -> i64) -> Result<Self, AgentError> {
        let url = || AgentError::Url { url: server.into() };
        let server = server.trim_end_matches('/');
        let host = server.strip_prefix("https://").ok_or_else(url)?;
        if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
            return Err(url());
        }
        let config = Config::builder()
            .http_status_as_error(false)
            .https_only(true)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("weir-agent/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(PATIENCE))
            .build();
        let connector = TcpConnector::default().chain(Pinned::new(fingerprint)?);
        let agent = Agent::with_parts(config, connector, DefaultResolver::default());
        Ok(Self { agent, server: server.to_owned(), clock })
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Joins.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub fn join(&self, token: &JoinToken, request: &JoinRequest) -> Result<Told<()>, AgentError> {
        let sent = self.post("/v1/join", &token.credential());
        self.with_json(sent, request)
    }

    /// Asks for the definition; when it is still the version that we `have`, waits for another so long.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub fn definition(
        &self,
        credential: &Credential,
        have: Option<&str>,
        wait: Duration,
    ) -> Result<Told<Answer>, AgentError> {
        let mut request = self.request(self.agent.get(self.url("/v1/definition")), credential);
        if let Some(version) = have {
            request = request.header(header::IF_NONE_MATCH, format!("\"{version}\""));
        }
        let request = request.header(names::PREFER, format!("wait={}", wait.as_secs()));
        let answer = request.config().timeout_global(Some(PATIENCE + wait)).build().call();
        // The server answers when something happens, so only the arrival says something about its clock.
        let (mut answer, offset_ms) = self.received((self.clock)(), answer)?;
        if answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(Told { answer: Answer::Unchanged, offset_ms });
        }
        let version = text_of(&answer, header::ETAG.as_str()).unwrap_or_default().trim_matches('"').to_owned();
        let limit = JSON_LIMIT as u64;
        let text = answer.body_mut().with_config().limit(limit).read_to_string().map_err(|error| self.lost(&error))?;
        Ok(Told { answer: Answer::Definition { version, text }, offset_ms })
    }

    /// Says how we are doing.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub fn report(&self, credential: &Credential, report: &Report) -> Result<Told<()>, AgentError> {
        let request = self.request(self.agent.put(self.url("/v1/report")), credential);
        self.with_json(request, report)
    }

    /// Sends a batch. When this returns well, the server has it on its disk.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses; it may have taken the batch all the same.
    pub fn send(
        &self,
        credential: &Credential,
        flow_log_id: &str,
        id: BatchId,
        span: Span,
        body: &[u8],
    ) -> Result<Told<Accepted>, AgentError> {
        let path = format!("/v1/flow-logs/{flow_log_id}/batches/{}/{}", id.epoch, id.sequence);
        let request = self
            .request(self.agent.put(self.url(&path)), credential)
            .header(names::WINDOW, span.to_string())
            .header(header::CONTENT_TYPE, names::ARROW_STREAM)
            .header(header::CONTENT_ENCODING, names::ENCODING);
        let sent = (self.clock)();
        let (mut answer, offset_ms) = self.received(sent, request.send(body))?;
        let text = answer.body_mut().with_config().limit(SENTENCE_LIMIT).read_to_vec();
        let text = text.map_err(|error| self.lost(&error))?;
        let answer = serde_json::from_slice(&text).map_err(|error| self.unreachable(error.to_string()))?;
        Ok(Told { answer, offset_ms })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server)
    }

    fn post(&self, path: &str, credential: &Credential) -> RequestBuilder<WithBody> {
        self.request(self.agent.post(self.url(path)), credential)
    }

    fn request<B>(&self, request: RequestBuilder<B>, credential: &Credential) -> RequestBuilder<B> {
        request
            .header(header::AUTHORIZATION, format!("Bearer {credential}"))
            .header(names::TIME, (self.clock)().to_string())
            .header(names::VERSION, env!("CARGO_PKG_VERSION"))
    }

    fn with_json(
        &self,
        request: RequestBuilder<WithBody>,
        body: &impl serde::Serialize,
    ) -> Result<Told<()>, AgentError> {
        let text = serde_json::to_string(body).map_err(|error| self.unreachable(error.to_string()))?;
        let sent = (self.clock)();
        let answer = request.header(header::CONTENT_TYPE, "application/json").send(text);
        let (_, offset_ms) = self.received(sent, answer)?;
        Ok(Told { answer: (), offset_ms })
    }

    /// An answer that is no refusal, and the offset of the server's clock.
    fn received(
        &self,
        sent: i64,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<(Response<Body>, Option<i64>), AgentError> {
        let received = (self.clock)();
        let mut answer = answer.map_err(|error| self.lost(&error))?;
        let status = answer.status();
        if !status.is_success() && status != StatusCode::NOT_MODIFIED {
            let sentence = answer.body_mut().with_config().limit(SENTENCE_LIMIT).read_to_string().unwrap_or_default();
            let sentence = sentence.trim().replace(char::is_control, " ");
            return Err(AgentError::Refused { server: self.server.clone(), status: status.as_u16(), sentence });
        }
        let theirs = text_of(&answer, names::TIME).and_then(|text| text.parse().ok());
        Ok((answer, theirs.map(|theirs| offset_ms(sent, theirs, received))))
    }

    fn lost(&self, error: &ureq::Error) -> AgentError {
        let problem = match error {
            ureq::Error::Rustls(rustls::Error::General(reason)) => reason.clone(),
            ureq::Error::Io(error) => error.to_string(),
            other => other.to_string(),
        };
        self.unreachable(problem)
    }

    fn unreachable(&self, problem: String) -> AgentError {
        AgentError::Unreachable { server: self.server.clone(), problem }
    }
}

fn text_of<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}
