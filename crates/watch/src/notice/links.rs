//! The links that stand in notices.

use url::form_urlencoded::Serializer;

/// The path of the page that confirms.
pub(crate) const CONFIRM_PAGE: &str = "/confirmation.html";
/// The path of the page that unsubscribes.
pub(crate) const UNSUBSCRIBE_PAGE: &str = "/unsubscribe.html";

/// What links begin with.
#[derive(Debug)]
pub(crate) struct Links {
    base: String,
}

impl Links {
    pub(crate) fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned() }
    }

    /// For programs: confirms, and answers in XML.
    pub(crate) fn confirm(&self, topic: &str, token: &str) -> String {
        self.link("/", &[("Action", "ConfirmSubscription"), ("TopicArn", topic), ("Token", token)])
    }

    /// For people: confirms, and says what was confirmed.
    pub(crate) fn confirm_page(&self, topic: &str, token: &str) -> String {
        self.link(CONFIRM_PAGE, &[("TopicArn", topic), ("Token", token)])
    }

    /// For programs: unsubscribes, and answers in XML.
    pub(crate) fn unsubscribe(&self, subscription: &str) -> String {
        self.link("/", &[("Action", "Unsubscribe"), ("SubscriptionArn", subscription)])
    }

    /// For people: a page with a button that unsubscribes.
    pub(crate) fn unsubscribe_page(&self, subscription: &str) -> String {
        self.link(UNSUBSCRIBE_PAGE, &[("SubscriptionArn", subscription)])
    }

    /// Where a file of ours is.
    pub(crate) fn file(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn link(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let query = Serializer::new(String::new()).extend_pairs(parameters).finish();
        format!("{}{path}?{query}", self.base)
    }
}
