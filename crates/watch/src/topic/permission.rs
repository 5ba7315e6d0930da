//! Statements of a topic's policy, one at a time.

use serde_json::Value;

use super::{
    AddPermissionInput, RemovePermissionInput, TopicError, TopicSettings, Topics,
    stored::{self, encoded},
};
use crate::statement;

/// What other accounts may be allowed.
const ACTIONS: [&str; 11] = [
    "AddPermission",
    "DeleteTopic",
    "GetDataProtectionPolicy",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "ListTagsForResource",
    "Publish",
    "PutDataProtectionPolicy",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
];

impl Topics {
    /// Adds a statement that allows accounts to do something.
    ///
    /// # Errors
    /// When there is no such topic, there is a statement of this name, or an action is none of SNS.
    pub fn add_permission(&self, input: &AddPermissionInput) -> Result<(), TopicError> {
        if let Some(other) = input.action_name.iter().find(|action| !ACTIONS.contains(&action.as_str())) {
            tracing::debug!(action = other, "not an action of a topic");
            return Err(TopicError::InvalidParameter("Policy statement action out of service scope!".into()));
        }
        let statement =
            statement::allowing(&input.label, &input.aws_account_id, "SNS", &input.action_name, &input.topic_arn);
        self.change_policy(&input.topic_arn, |statements| {
            if statements.iter().any(|statement| statement["Sid"] == input.label.as_str()) {
                return Err(TopicError::InvalidParameter("Statement already exists".into()));
            }
            statements.push(statement);
            Ok(())
        })
    }

    /// Removes the statement of a name; one that is not there is no error.
    ///
    /// # Errors
    /// When there is no such topic.
    pub fn remove_permission(&self, input: &RemovePermissionInput) -> Result<(), TopicError> {
        self.change_policy(&input.topic_arn, |statements| {
            statements.retain(|statement| statement["Sid"] != input.label.as_str());
            Ok(())
        })
    }

    fn change_policy(
        &self,
        arn: &str,
        change: impl FnOnce(&mut Vec<Value>) -> Result<(), TopicError>,
    ) -> Result<(), TopicError> {
        self.check_topic_arn(arn)?;
        self.catalogue.change(|transaction| {
            let mut settings: TopicSettings = stored::topic(transaction, arn)?;
            let mut policy = settings.policy(arn, &self.home.account);
            statement::change(&mut policy, change)?;
            settings.set("Policy", &policy.to_string())?;
            let update = "UPDATE topic_topic SET settings = ?2 WHERE arn = ?1";
            transaction.execute(update, (arn, encoded(&settings)?))?;
            Ok(())
        })
    }
}
