//! Mails for people, and mails with JSON for programs.

use super::{Links, queue::Queued};
use crate::topic::Kind;

/// A mail, but for whom it is from, which the relay's settings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// What the sender is called.
    pub sender: Option<String>,
    /// One line.
    pub subject: String,
    /// UTF-8.
    pub text: String,
    /// The same each time the delivery is tried: what stands before the `@` of `Message-ID`.
    pub id: String,
    /// Unix milliseconds: when the message was published.
    pub date: i64,
    /// A page that unsubscribes.
    pub unsubscribe_url: Option<String>,
}

/// The subject: that of the message, or one that says what it is.
pub(super) fn subject(queued: &Queued) -> String {
    let usual = match queued.kind {
        Kind::Notification => "Notification Message",
        Kind::SubscriptionConfirmation => "Subscription Confirmation",
        Kind::UnsubscribeConfirmation => "Unsubscribe Confirmation",
    };
    queued.message.subject.clone().unwrap_or_else(|| usual.to_owned())
}

/// A mail to read, with the link that a reader may need.
pub(super) fn readable(queued: &Queued, text: &str, links: &Links) -> Mail {
    let (topic, arn) = (&queued.subscription.topic, &queued.subscription.arn);
    let confirm = || links.confirm_page(topic, queued.token.as_deref().unwrap_or_default());
    let text = match queued.kind {
        Kind::Notification => {
            let stop = links.unsubscribe_page(arn);
            format!("{}\n\n--\nTopic: {topic}\nTo stop these mails, visit:\n{stop}\n", text.trim_end())
        }
        Kind::SubscriptionConfirmation => format!(
            "You have chosen to subscribe to the topic:\n{topic}\n\n\
             To confirm this subscription, visit the link below (within two days):\n{}\n\n\
             If this was not you, ignore this mail: nothing will be sent.\n",
            confirm()
        ),
        Kind::UnsubscribeConfirmation => format!(
            "Your subscription to the topic below has been removed:\n{topic}\n\n\
             If this was not you, visit the link below (within two days) to subscribe again:\n{}\n",
            confirm()
        ),
    };
    with_text(queued, text, links)
}

/// A mail with this text.
pub(super) fn with_text(queued: &Queued, text: String, links: &Links) -> Mail {
    let is_notification = queued.kind == Kind::Notification;
    Mail {
        to: queued.subscription.endpoint.clone(),
        sender: queued.topic_settings.display_name.clone(),
        subject: subject(queued),
        text,
        id: format!("{}.{}", queued.message_id, queued.id),
        date: queued.published,
        unsubscribe_url: is_notification.then(|| links.unsubscribe_page(&queued.subscription.arn)),
    }
}
