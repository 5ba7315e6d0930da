//! From a delivery to what goes over the wire.

use serde_json::{Map, Value};

use super::{
    Links, json,
    mail::{self, Mail},
    queue::Queued,
    signature::Keys,
    template::{Fields, Template},
};
use crate::topic::{Kind, Protocol};

/// What a carrier carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parcel {
    /// To a mail relay.
    Mail(Mail),
    /// To an HTTP or HTTPS endpoint.
    Post(Post),
}

/// A request.
#[derive(Clone, PartialEq, Eq)]
pub struct Post {
    /// Where to; may hold a secret.
    pub url: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// Not the URL, which is often a secret.
impl std::fmt::Debug for Post {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Post").field("headers", &self.headers).field("body", &self.body).finish_non_exhaustive()
    }
}

/// What SNS calls itself.
const USER_AGENT: &str = "Amazon Simple Notification Service Agent";
const TEXT: &str = "text/plain; charset=UTF-8";
const JSON: &str = "application/json; charset=UTF-8";

/// What is to be sent for a delivery. `keys` makes the key when a signature is needed.
pub(super) fn parcel(
    queued: &Queued,
    links: &Links,
    keys: impl Fn() -> Result<std::sync::Arc<Keys>, String>,
) -> Result<Parcel, String> {
    let protocol = queued.subscription.protocol;
    let text = queued.message.text(protocol);
    let envelope = || json::envelope(queued, &text, links, &*keys()?);
    Ok(match protocol {
        Protocol::Email => Parcel::Mail(mail::readable(queued, &text, links)),
        Protocol::EmailJson => Parcel::Mail(mail::with_text(queued, envelope()?, links)),
        Protocol::Http | Protocol::Https => Parcel::Post(post(queued, &text, links, envelope)?),
        Protocol::Sqs => return Err("a queue gets its messages from the courier itself".to_owned()),
    })
}

fn post(
    queued: &Queued,
    text: &str,
    links: &Links,
    envelope: impl Fn() -> Result<String, String>,
) -> Result<Post, String> {
    let settings = &queued.subscription.settings;
    // Checked when it was set.
    let template = settings.template().ok().flatten();
    let is_raw = settings.raw_message_delivery && queued.kind == Kind::Notification;
    let body = match &template {
        Some(template) => from_template(template, queued, text, links),
        None if is_raw => text.to_owned(),
        None => envelope()?,
    };
    let usual = if template.is_some() { JSON } else { TEXT };
    let policy = queued.policy();
    let mut headers = vec![
        ("x-amz-sns-message-type", queued.kind.name().to_owned()),
        ("x-amz-sns-message-id", queued.message_id.clone()),
        ("x-amz-sns-topic-arn", queued.subscription.topic.clone()),
    ];
    if queued.kind != Kind::SubscriptionConfirmation {
        headers.push(("x-amz-sns-subscription-arn", queued.subscription.arn.clone()));
    }
    if is_raw {
        headers.push(("x-amz-sns-rawdelivery", "true".to_owned()));
    }
    headers.push(("Content-Type", policy.content_type().unwrap_or(usual).to_owned()));
    headers.push(("User-Agent", USER_AGENT.to_owned()));
    Ok(Post { url: queued.subscription.endpoint.clone(), headers, body })
}

/// A webhook cannot follow a link, but whoever reads along can: the link stands in the text.
fn from_template(template: &Template, queued: &Queued, text: &str, links: &Links) -> String {
    let subscription = &queued.subscription;
    let confirm = queued.token.as_ref().map(|token| links.confirm_page(&subscription.topic, token));
    let stop = (queued.kind == Kind::Notification).then(|| links.unsubscribe_page(&subscription.arn));
    let readable = queued.message.text(Protocol::Email);
    let with_link = |text: &str| confirm.as_ref().map_or_else(|| text.to_owned(), |link| format!("{text}\n{link}"));
    let topic = subscription.topic.rsplit(':').next().unwrap_or_default();
    let texts = [
        ("type", Some(queued.kind.name().to_owned())),
        ("message_id", Some(queued.message_id.clone())),
        ("topic_arn", Some(subscription.topic.clone())),
        ("topic", Some(topic.to_owned())),
        ("subscription_arn", Some(subscription.arn.clone())),
        ("subject", Some(mail::subject(queued))),
        ("message", Some(with_link(text))),
        ("text", Some(with_link(&readable))),
        ("timestamp", Some(json::timestamp(queued.published))),
        ("subscribe_url", confirm.clone()),
        ("unsubscribe_url", stop),
    ];
    let named = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))));
    let attributes = queued.message.attributes.iter().filter_map(|(name, value)| {
        let text = value.string_value.as_ref().or(value.binary_value.as_ref())?;
        Some((format!("attribute.{name}"), Value::String(text.clone())))
    });
    let message = serde_json::from_str(text).ok();
    template.body(&Fields { texts: named.chain(attributes).collect::<Map<_, _>>(), message })
}
