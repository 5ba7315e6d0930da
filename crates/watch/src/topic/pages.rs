//! What the links in notices lead to. Everything that is shown comes from outside and is escaped.

use url::form_urlencoded;

use super::{ConfirmSubscriptionInput, TopicError, Topics, protocol::shown, stored::Subscription, uuid};
use crate::notice::{CONFIRM_PAGE, UNSUBSCRIBE_PAGE};

/// How a page was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By a link.
    Get,
    /// By a button.
    Post,
}

/// What to answer a browser or an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

const HTML: &str = "text/html; charset=utf-8";
const XML: &str = "text/xml; charset=utf-8";
const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

impl Topics {
    /// Answers a link of ours, or the button behind it; none when the path is none of ours.
    ///
    /// `query` is what stands behind the `?`. Confirming takes a GET, as SNS has it. Unsubscribing by a page takes a
    /// POST: programs that read mail follow links.
    pub fn answer(&self, method: Method, path: &str, query: &str, now: i64) -> Option<Answer> {
        let parameters = Parameters(query);
        match (path, parameters.get("Action").as_deref()) {
            (CONFIRM_PAGE, _) => {
                Some(page(self.confirm(&parameters.confirmation(), now).map(|found| self.confirmed(&found))))
            }
            (UNSUBSCRIBE_PAGE, _) => Some(self.unsubscribe_page(method, &parameters, now)),
            ("/", Some("ConfirmSubscription")) => {
                let confirmed = self.confirm(&parameters.confirmation(), now);
                Some(response("ConfirmSubscription", confirmed.map(|found| Some(found.arn))))
            }
            ("/", Some("Unsubscribe")) => {
                let ended = self.end_by_link(&parameters.subscription(), now);
                Some(response("Unsubscribe", ended.map(|_| None)))
            }
            _ => None,
        }
    }

    fn confirmed(&self, subscription: &Subscription) -> String {
        let stop = (!subscription.settings.authenticate_on_unsubscribe)
            .then(|| self.links.unsubscribe_page(&subscription.arn));
        confirmation_page(&subscription.topic, &shown(&subscription.endpoint), &subscription.arn, stop.as_deref())
    }

    fn unsubscribe_page(&self, method: Method, parameters: &Parameters<'_>, now: i64) -> Answer {
        let arn = parameters.subscription();
        page(match method {
            Method::Get => self.check_subscription_arn(&arn).map(|()| ask_page(&arn)),
            Method::Post => self.end_by_link(&arn, now).map(|ended| ended_page(&ended)),
        })
    }
}

/// The parameters of a query.
struct Parameters<'a>(&'a str);

impl Parameters<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.0.as_bytes());
        pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    fn subscription(&self) -> String {
        self.get("SubscriptionArn").unwrap_or_default()
    }

    /// `AuthenticateOnUnsubscribe` is for those who have signed their request; a link does not.
    fn confirmation(&self) -> ConfirmSubscriptionInput {
        ConfirmSubscriptionInput {
            topic_arn: self.get("TopicArn").unwrap_or_default(),
            token: self.get("Token").unwrap_or_default(),
            authenticate_on_unsubscribe: None,
        }
    }
}

fn page(done: Result<String, TopicError>) -> Answer {
    match done {
        Ok(body) => Answer { status: 200, content_type: HTML, body },
        Err(error) => Answer { status: error.status(), content_type: HTML, body: refusal_page(&error) },
    }
}

/// Says what was confirmed: which endpoint will hear of which topic.
pub fn confirmation_page(
    topic_arn: &str,
    endpoint: &str,
    subscription_arn: &str,
    unsubscribe_url: Option<&str>,
) -> String {
    let stop = unsubscribe_url.map_or_else(String::new, |url| {
        format!("<p>If this was not your intention, <a href=\"{}\">unsubscribe</a>.</p>\n", escaped(url))
    });
    let facts = facts(&[("Endpoint", endpoint), ("Topic", topic_arn), ("Subscription", subscription_arn)]);
    document(
        "Subscription confirmed",
        &format!("<p>Notices of this topic will be sent to this endpoint from now on.</p>\n{facts}{stop}"),
    )
}

fn ask_page(arn: &str) -> String {
    let button = "<form method=\"post\"><button>Unsubscribe</button></form>\n";
    let facts = facts(&[("Subscription", arn)]);
    document("Unsubscribe?", &format!("<p>No more notices will be sent for this subscription.</p>\n{facts}{button}"))
}

fn ended_page(ended: &Subscription) -> String {
    let facts = facts(&[("Endpoint", &shown(&ended.endpoint)), ("Topic", &ended.topic), ("Subscription", &ended.arn)]);
    let undo = "<p>A last notice with a link that takes this back is on its way.</p>\n";
    document(
        "Subscription removed",
        &format!("<p>This endpoint gets no more notices of this topic.</p>\n{facts}{undo}"),
    )
}

fn refusal_page(error: &TopicError) -> String {
    let hint = match error {
        TopicError::InvalidParameter(_) | TopicError::InvalidToken | TopicError::NotFound(_) => {
            "<p>The link is not whole, was used up, or is older than two days. Subscribe again to get a new one.</p>\n"
        }
        _ => "",
    };
    document("That did not work", &format!("<p>{}</p>\n{hint}", escaped(&error.to_string())))
}

fn facts(facts: &[(&str, &str)]) -> String {
    let row = |(name, value): &(&str, &str)| format!("<dt>{name}</dt><dd><code>{}</code></dd>\n", escaped(value));
    format!("<dl>\n{}</dl>\n", facts.iter().map(row).collect::<String>())
}

fn document(title: &str, content: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title} - Weir</title>\n\
         <style>body {{ font: 1rem/1.5 sans-serif; max-width: 45rem; margin: 3rem auto; padding: 0 1rem }} \
         code {{ overflow-wrap: anywhere }} dd {{ margin: 0 0 .5rem }}</style>\n\
         </head>\n<body>\n<h1>{title}</h1>\n{content}</body>\n</html>\n"
    )
}

/// The answer of an operation in XML, as SNS gives it.
fn response(operation: &str, done: Result<Option<String>, TopicError>) -> Answer {
    let request = uuid().unwrap_or_default();
    let (status, body) = match done {
        Ok(arn) => {
            let element = |arn: String| format!("    <SubscriptionArn>{}</SubscriptionArn>\n", escaped(&arn));
            let result = arn.map(|arn| format!("  <{operation}Result>\n{}  </{operation}Result>\n", element(arn)));
            let metadata =
                format!("  <ResponseMetadata>\n    <RequestId>{request}</RequestId>\n  </ResponseMetadata>\n");
            let result = result.unwrap_or_default();
            (200, format!("<{operation}Response xmlns=\"{NAMESPACE}\">\n{result}{metadata}</{operation}Response>\n"))
        }
        Err(error) => {
            let (code, message) = (error.code(), escaped(&error.to_string()));
            let side = if error.status() < 500 { "Sender" } else { "Receiver" };
            let inner = format!("    <Type>{side}</Type>\n    <Code>{code}</Code>\n    <Message>{message}</Message>\n");
            let body = format!("  <Error>\n{inner}  </Error>\n  <RequestId>{request}</RequestId>\n");
            (error.status(), format!("<ErrorResponse xmlns=\"{NAMESPACE}\">\n{body}</ErrorResponse>\n"))
        }
    };
    Answer { status, content_type: XML, body }
}

/// Fit to stand in HTML and XML, in quotes too.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // No control character may stand in XML, however written.
            control if control.is_control() && !matches!(control, '\n' | '\t') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
