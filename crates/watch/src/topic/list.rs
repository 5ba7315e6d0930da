//! Lists in pages.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    ListInput, ListSubscriptionsOutput, SubscriptionEntry, TopicError, Topics,
    protocol::shown,
    stored::{self, State, Subscription},
};

/// Where a page begins: behind a name. The token is that name in base64.
pub(super) struct Page(String);

impl Page {
    /// Entries of a page.
    const LENGTH: usize = 100;
    /// Rows to read: one more says whether there is another page.
    pub(super) const ROWS: u32 = Self::LENGTH as u32 + 1;

    pub(super) fn from_token(token: Option<&str>) -> Result<Self, TopicError> {
        let name = token.filter(|token| !token.is_empty()).map(|token| {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
            String::from_utf8(bytes).ok()
        });
        match name {
            None => Ok(Self(String::new())),
            Some(Some(name)) => Ok(Self(name)),
            Some(None) => Err(TopicError::InvalidParameter("NextToken".into())),
        }
    }

    pub(super) fn after(&self) -> &str {
        &self.0
    }

    /// The entries of a page, and the token of the next.
    pub(super) fn cut<T>(mut rows: Vec<T>, name: impl Fn(&T) -> &str) -> (Vec<T>, Option<String>) {
        if rows.len() <= Self::LENGTH {
            return (rows, None);
        }
        rows.truncate(Self::LENGTH);
        let token = rows.last().map(|row| URL_SAFE_NO_PAD.encode(name(row)));
        (rows, token)
    }
}

impl Topics {
    /// Subscriptions of all topics, or of one; 100 at a time.
    ///
    /// # Errors
    /// When there is no such topic, or the token is none of ours.
    pub fn list_subscriptions(&self, input: &ListInput, now: i64) -> Result<ListSubscriptionsOutput, TopicError> {
        let page = Page::from_token(input.next_token.as_deref())?;
        if let Some(topic) = &input.topic_arn {
            self.check_topic_arn(topic)?;
        }
        let found = self.catalogue.change(|transaction| {
            if let Some(topic) = &input.topic_arn {
                stored::topic(transaction, topic)?;
            }
            let condition = "arn > ?1 AND (?2 IS NULL OR topic = ?2) AND (expires IS NULL OR expires > ?3)
                             ORDER BY arn LIMIT ?4";
            Subscription::all(transaction, condition, (page.after(), &input.topic_arn, now, Page::ROWS))
        })?;
        let (found, next_token) = Page::cut(found, |subscription| subscription.arn.as_str());
        let subscriptions = found.into_iter().map(|subscription| self.entry(subscription)).collect();
        Ok(ListSubscriptionsOutput { subscriptions, next_token })
    }

    fn entry(&self, subscription: Subscription) -> SubscriptionEntry {
        SubscriptionEntry {
            subscription_arn: match subscription.state {
                State::Pending => "PendingConfirmation".into(),
                State::Confirmed => subscription.arn,
                State::Deleted => "Deleted".into(),
            },
            owner: self.home.account.clone(),
            protocol: subscription.protocol.name().into(),
            endpoint: shown(&subscription.endpoint),
            topic_arn: subscription.topic,
        }
    }
}
