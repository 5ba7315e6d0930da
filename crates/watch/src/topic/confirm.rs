//! Confirming a subscription.

use rusqlite::OptionalExtension as _;

use super::{
    ConfirmSubscriptionInput, SubscriptionOutput, TopicError, Topics,
    random::is_token,
    stored::{self, State, Subscription},
};

impl Topics {
    /// Confirms a subscription with the token that was sent to its endpoint. Doing it again changes nothing.
    ///
    /// # Errors
    /// When there is no such topic, or the token is none of it, or older than two days.
    pub fn confirm_subscription(
        &self,
        input: &ConfirmSubscriptionInput,
        now: i64,
    ) -> Result<SubscriptionOutput, TopicError> {
        Ok(SubscriptionOutput { subscription_arn: self.confirm(input, now)?.arn })
    }

    pub(super) fn confirm(&self, input: &ConfirmSubscriptionInput, now: i64) -> Result<Subscription, TopicError> {
        self.check_topic_arn(&input.topic_arn)?;
        let is_authenticated =
            input.authenticate_on_unsubscribe.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("true"));
        if !is_token(&input.token) {
            return Err(TopicError::InvalidToken);
        }
        let invalid = || TopicError::InvalidParameter("Token".into());
        self.catalogue.change(|transaction| {
            stored::topic(transaction, &input.topic_arn)?;
            let select = "SELECT subscription FROM topic_token WHERE token = ?1 AND expires > ?2";
            let arn: Option<String> =
                transaction.query_row(select, (&input.token, now), |row| row.get(0)).optional()?;
            let mut subscription = Subscription::one(transaction, &arn.ok_or_else(invalid)?, now)?;
            if subscription.topic != input.topic_arn {
                return Err(TopicError::InvalidParameter("Topic".into()));
            }
            subscription.settings.authenticate_on_unsubscribe |= is_authenticated;
            subscription.state = State::Confirmed;
            subscription.write(transaction, None)?;
            Ok(subscription)
        })
    }
}
