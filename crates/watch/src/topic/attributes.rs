//! Attributes of topics and subscriptions.

use rusqlite::Transaction;

use super::{
    Attributes, AttributesOutput, Protocol, SetSubscriptionAttributesInput, SetTopicAttributesInput, SubscriptionRef,
    TopicError, TopicRef, Topics,
    protocol::shown,
    stored::{self, State, Subscription, encoded},
    subscribe::check_filters,
};

impl Topics {
    /// Who may do what with a topic, as JSON; none: what topics have by default.
    ///
    /// # Errors
    /// When there is no such topic.
    pub fn policy(&self, arn: &str) -> Result<Option<String>, TopicError> {
        self.catalogue.change(|transaction| Ok(stored::topic(transaction, arn)?.own_policy().map(str::to_owned)))
    }

    /// What is set for a topic, and what is known of it.
    ///
    /// # Errors
    /// When there is no such topic.
    pub fn get_topic_attributes(&self, input: &TopicRef, now: i64) -> Result<AttributesOutput, TopicError> {
        self.check_topic_arn(&input.topic_arn)?;
        self.catalogue.change(|transaction| {
            let settings = stored::topic(transaction, &input.topic_arn)?;
            let mut attributes = settings.shown(&input.topic_arn, &self.home.account);
            let states = [State::Confirmed, State::Pending, State::Deleted];
            for (state, name) in states.into_iter().zip(["Confirmed", "Pending", "Deleted"]) {
                let count = subscriptions(transaction, &input.topic_arn, state, now)?;
                attributes.insert(format!("Subscriptions{name}"), count.to_string());
            }
            Ok(AttributesOutput { attributes })
        })
    }

    /// Sets one attribute of a topic.
    ///
    /// # Errors
    /// When there is no such topic or attribute, or the value breaks its rules.
    pub fn set_topic_attributes(&self, input: &SetTopicAttributesInput) -> Result<(), TopicError> {
        self.check_topic_arn(&input.topic_arn)?;
        self.catalogue.change(|transaction| {
            let mut settings = stored::topic(transaction, &input.topic_arn)?;
            settings.set(&input.attribute_name, input.attribute_value.as_deref().unwrap_or_default())?;
            let update = "UPDATE topic_topic SET settings = ?2 WHERE arn = ?1";
            transaction.execute(update, (&input.topic_arn, encoded(&settings)?))?;
            Ok(())
        })
    }

    /// What is set for a subscription, and what is known of it.
    ///
    /// # Errors
    /// When there is no such subscription.
    pub fn get_subscription_attributes(
        &self,
        input: &SubscriptionRef,
        now: i64,
    ) -> Result<AttributesOutput, TopicError> {
        self.check_subscription_arn(&input.subscription_arn)?;
        self.catalogue.change(|transaction| {
            let subscription = Subscription::one(transaction, &input.subscription_arn, now)?;
            let attributes = self.known(transaction, &subscription)?;
            Ok(AttributesOutput { attributes })
        })
    }

    fn known(&self, transaction: &Transaction<'_>, subscription: &Subscription) -> Result<Attributes, TopicError> {
        let settings = &subscription.settings;
        let mut known = settings.shown();
        // Whoever subscribes a queue of the account is the account.
        let is_authenticated = settings.authenticate_on_unsubscribe || subscription.protocol == Protocol::Sqs;
        let facts = [
            ("SubscriptionArn", subscription.arn.clone()),
            ("TopicArn", subscription.topic.clone()),
            ("Owner", self.home.account.clone()),
            ("Protocol", subscription.protocol.name().to_owned()),
            ("Endpoint", shown(&subscription.endpoint)),
            ("PendingConfirmation", (subscription.state != State::Confirmed).to_string()),
            ("ConfirmationWasAuthenticated", is_authenticated.to_string()),
        ];
        known.extend(facts.map(|(name, value)| (name.to_owned(), value)));
        if subscription.protocol.is_post() {
            let effective = stored::topic(transaction, &subscription.topic)?.delivery().effective(settings.delivery()?);
            known.insert("EffectiveDeliveryPolicy".to_owned(), encoded(&effective)?);
        }
        Ok(known)
    }

    /// Sets one attribute of a subscription.
    ///
    /// # Errors
    /// When there is no such subscription or attribute, or the value breaks its rules.
    pub fn set_subscription_attributes(
        &self,
        input: &SetSubscriptionAttributesInput,
        now: i64,
    ) -> Result<(), TopicError> {
        self.check_subscription_arn(&input.subscription_arn)?;
        let value = input.attribute_value.clone().unwrap_or_default();
        let attributes = Attributes::from([(input.attribute_name.clone(), value)]);
        self.catalogue.change(|transaction| {
            let mut subscription = Subscription::one(transaction, &input.subscription_arn, now)?;
            subscription.settings = subscription.settings.with(subscription.protocol, &attributes)?;
            let update = "UPDATE topic_subscription SET settings = ?2 WHERE arn = ?1";
            transaction.execute(update, (&subscription.arn, encoded(&subscription.settings)?))?;
            check_filters(transaction, &subscription)
        })
    }
}

fn subscriptions(transaction: &Transaction<'_>, topic: &str, state: State, now: i64) -> Result<i64, TopicError> {
    let count = "SELECT count(*) FROM topic_subscription
                 WHERE topic = ?1 AND state = ?2 AND (expires IS NULL OR expires > ?3)";
    Ok(transaction.query_row(count, (topic, state.name(), now), |row| row.get(0))?)
}
