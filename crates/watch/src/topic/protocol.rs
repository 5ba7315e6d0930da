//! The ways to tell somebody, and whom.

use std::{fmt, str::FromStr};

use lettre::Address;
use serde::{Deserialize, Serialize};
use url::Url;

use super::TopicError;
use crate::queue::queue_name;

/// How a subscriber is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// A mail to read.
    Email,
    /// A mail whose text is the JSON that an HTTP endpoint gets.
    EmailJson,
    /// A POST.
    Http,
    /// A POST over TLS.
    Https,
    /// A message into a queue of the same account.
    Sqs,
}

/// What SNS delivers to and Weir does not.
const REFUSED: &[&str] = &["sms", "lambda", "application", "firehose"];

impl Protocol {
    /// As SNS writes it, such as `email-json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::EmailJson => "email-json",
            Self::Http => "http",
            Self::Https => "https",
            Self::Sqs => "sqs",
        }
    }

    /// Whether it is a mail.
    pub fn is_mail(self) -> bool {
        matches!(self, Self::Email | Self::EmailJson)
    }

    /// Whether it is a POST.
    pub fn is_post(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    /// The endpoint as it is kept.
    ///
    /// # Errors
    /// When it is not one of this protocol.
    pub(crate) fn endpoint(self, text: &str) -> Result<String, TopicError> {
        match self {
            Self::Email | Self::EmailJson => mail_address(text),
            Self::Http | Self::Https => post_url(self, text),
            Self::Sqs => queue_arn(text),
        }
    }
}

fn mail_address(text: &str) -> Result<String, TopicError> {
    match text.parse::<Address>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(TopicError::InvalidParameter("Email address".to_owned())),
    }
}

/// Whether the queue is there is seen when something is delivered, as SNS has it.
fn queue_arn(text: &str) -> Result<String, TopicError> {
    match queue_name(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err(TopicError::InvalidParameter("SQS endpoint ARN".to_owned())),
    }
}

fn post_url(protocol: Protocol, text: &str) -> Result<String, TopicError> {
    let refused = |reason: &str| Err(TopicError::parameter("Endpoint", reason));
    let Ok(url) = Url::parse(text) else {
        return refused("not a URL");
    };
    if url.scheme() != protocol.name() {
        return Err(TopicError::InvalidParameter("Endpoint must match the specified protocol".to_owned()));
    }
    if url.fragment().is_some() {
        return refused("a fragment (`#…`) is not sent: leave it out");
    }
    // Parsing has checked that there is a host.
    Ok(url.into())
}

/// The endpoint as it is shown: without its password.
pub(crate) fn shown(endpoint: &str) -> String {
    let masked = |mut url: Url| {
        url.password()?;
        url.set_password(Some("****")).ok()?;
        Some(url.into())
    };
    Url::parse(endpoint).ok().and_then(masked).unwrap_or_else(|| endpoint.to_owned())
}

impl FromStr for Protocol {
    type Err = TopicError;

    fn from_str(name: &str) -> Result<Self, TopicError> {
        match name {
            "email" => Ok(Self::Email),
            "email-json" => Ok(Self::EmailJson),
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            "sqs" => Ok(Self::Sqs),
            name if REFUSED.contains(&name) => Err(TopicError::InvalidParameter(format!(
                "Protocol Reason: {name} is not delivered to; use email, email-json, http, https or sqs"
            ))),
            name => {
                Err(TopicError::InvalidParameter(format!("Amazon SNS does not support this protocol string: {name}")))
            }
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_told_apart_by_name() {
        for protocol in [Protocol::Email, Protocol::EmailJson, Protocol::Http, Protocol::Https, Protocol::Sqs] {
            assert_eq!(protocol.name().parse::<Protocol>().expect("known"), protocol);
        }
        for name in REFUSED {
            let error = name.parse::<Protocol>().expect_err("refused");
            assert_eq!(error.code(), "InvalidParameter");
            assert!(error.to_string().contains(&format!("Protocol Reason: {name} is not")), "{error}");
        }
        let error = "pigeon".parse::<Protocol>().expect_err("unknown").to_string();
        assert_eq!(error, "Invalid parameter: Amazon SNS does not support this protocol string: pigeon");
    }

    #[test]
    fn endpoints_are_of_their_protocol() {
        let refused = |protocol: Protocol, text: &str| protocol.endpoint(text).expect_err("refused").to_string();
        assert_eq!(Protocol::Email.endpoint("a@example.com").expect("good"), "a@example.com");
        assert!(refused(Protocol::Email, "example.com").starts_with("Invalid parameter: Email address"));
        assert!(refused(Protocol::Email, "a@b\r\nBcc: c@d").starts_with("Invalid parameter: Email address"));
        assert_eq!(Protocol::Http.endpoint("http://[::1]:80/x?y").expect("good"), "http://[::1]/x?y");
        assert!(refused(Protocol::Https, "http://example.com").contains("must match the specified protocol"));
        assert!(refused(Protocol::Http, "http://").contains("not a URL"));
        assert!(refused(Protocol::Http, "http://a/#b").contains("fragment"));
        let queue = "arn:aws:sqs:us-east-1:123456789012:letters";
        assert_eq!(Protocol::Sqs.endpoint(queue).expect("good"), queue);
        assert_eq!(refused(Protocol::Sqs, "letters"), "Invalid parameter: SQS endpoint ARN");
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(shown("https://ann:secret@example.com/x"), "https://ann:****@example.com/x");
        assert_eq!(shown("ann@example.com"), "ann@example.com");
    }
}
