//! Who asked what, in the words of CloudTrail.

use serde::Serialize;

use crate::{ApiError, Call, ServiceName};

/// Longest name of an operation, in letters: whoever asks for one that there is not may give it any name.
const LONGEST_NAME: usize = 128;
/// Longest text of an error, in letters: it may quote what was sent.
const LONGEST_MESSAGE: usize = 1024;

/// A request to an operation. Holds no input: an input may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Unix milliseconds.
    #[serde(skip)]
    pub time: i64,
    /// Such as `logs.amazonaws.com`.
    pub event_source: String,
    /// The operation.
    pub event_name: String,
    /// The region.
    pub aws_region: String,
    /// Who asked.
    pub user_arn: String,
    /// The access key that signed; not its secret.
    pub access_key_id: String,
    /// From where.
    #[serde(rename = "sourceIPAddress")]
    pub source_ip_address: String,
    /// The program, as it calls itself.
    pub user_agent: String,
    /// The id of the request.
    #[serde(rename = "requestID")]
    pub request_id: String,
    /// `true` of what a page of the console asked for, with a session in place of a signature.
    #[serde(rename = "sessionCredentialFromConsole", skip_serializing_if = "Option::is_none")]
    pub from_console: Option<&'static str>,
    /// Why it was refused, or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

impl AuditEvent {
    pub(crate) fn of(service: ServiceName, operation: &str, call: &Call, error: Option<&ApiError>) -> Self {
        Self {
            time: call.now,
            event_source: format!("{}.amazonaws.com", service.signing_name()),
            event_name: cut(operation, LONGEST_NAME),
            aws_region: call.region.clone(),
            user_arn: call.principal.arn.clone(),
            access_key_id: call.principal.access_key.clone(),
            source_ip_address: call.source.ip.map(|ip| ip.to_string()).unwrap_or_default(),
            user_agent: call.source.user_agent.clone(),
            request_id: call.request_id.clone(),
            from_console: None,
            error_code: error.map(|error| error.code.to_string()),
            error_message: error.map(|error| cut(&error.message, LONGEST_MESSAGE)),
        }
    }

    /// The same, asked for by a page of the console.
    pub(crate) fn of_console(self) -> Self {
        Self { from_console: Some("true"), ..self }
    }

    /// Somebody signed in to the console, or tried to. Source: the sign-in events of CloudTrail.
    pub(crate) fn of_sign_in(call: &Call, error: Option<&ApiError>) -> Self {
        let event_source = "signin.amazonaws.com".to_owned();
        Self { event_source, ..Self::of(ServiceName::Sts, "ConsoleLogin", call, error) }
    }
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}
