//! Statements of a queue's policy, one at a time.

use serde_json::{Value, json};

use super::{AddPermissionInput, QueueError, Queues, RemovePermissionInput};
use crate::statement;

/// What other accounts may be allowed. Source: `AddPermission` of the SQS API.
const ACTIONS: [&str; 9] = [
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
];
/// What only the owner may do.
const FOR_OWNER: [&str; 12] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];
/// The most actions of one statement.
const LIMIT: usize = 7;

impl Queues {
    /// Adds a statement that allows accounts to do something.
    ///
    /// # Errors
    /// When there is no such queue, there is a statement of this name, or an action is none that others may be allowed.
    pub fn add_permission(&self, input: &AddPermissionInput, now: i64) -> Result<(), QueueError> {
        check(input)?;
        let arn = self.arn(&self.named(&input.queue_url)?);
        let statement = statement::allowing(&input.label, &input.accounts, "SQS", &input.actions, &arn);
        self.change_policy(&input.queue_url, now, |statements| {
            if statements.iter().any(|statement| statement["Sid"] == input.label.as_str()) {
                return Err(QueueError::parameter("Label", &input.label, "Already exists."));
            }
            statements.push(statement);
            Ok(())
        })
    }

    /// Removes the statement of a name.
    ///
    /// # Errors
    /// When there is no such queue or statement.
    pub fn remove_permission(&self, input: &RemovePermissionInput, now: i64) -> Result<(), QueueError> {
        self.change_policy(&input.queue_url, now, |statements| {
            let before = statements.len();
            statements.retain(|statement| statement["Sid"] != input.label.as_str());
            if statements.len() == before {
                return Err(QueueError::parameter("Label", &input.label, "can't find label on existing policy."));
            }
            Ok(())
        })
    }

    fn change_policy(
        &self,
        url: &str,
        now: i64,
        change: impl FnOnce(&mut Vec<Value>) -> Result<(), QueueError>,
    ) -> Result<(), QueueError> {
        let name = self.named(url)?;
        self.change(|transaction| {
            let mut settings = Self::queue(transaction, &name)?.settings;
            // What was set is a JSON object, which was checked then.
            let set = settings.shown("Policy").and_then(|text| serde_json::from_str(&text).ok());
            let empty = || json!({"Version": "2012-10-17", "Id": format!("{}/SQSDefaultPolicy", self.arn(&name))});
            let mut policy: Value = set.unwrap_or_else(empty);
            statement::change(&mut policy, change)?;
            match policy["Statement"].as_array().is_some_and(Vec::is_empty) {
                true => settings.0.remove("Policy"),
                false => settings.0.insert("Policy".to_owned(), policy.to_string()),
            };
            settings.write(transaction, &name, now)
        })
    }
}

fn check(input: &AddPermissionInput) -> Result<(), QueueError> {
    if input.actions.is_empty() {
        return Err(QueueError::MissingParameter("Actions"));
    }
    if input.accounts.is_empty() {
        return Err(QueueError::parameter("PrincipalId", "[]", "Unable to verify."));
    }
    if input.actions.len() > LIMIT {
        return Err(QueueError::OverLimit { actions: input.actions.len(), limit: LIMIT });
    }
    let Some(other) = input.actions.iter().find(|action| !ACTIONS.contains(&action.as_str())) else { return Ok(()) };
    let reason = match FOR_OWNER.contains(&other.as_str()) {
        true => "Only the queue owner is allowed to invoke this action.",
        false => "Please refer to the appropriate WSDL for a list of valid actions.",
    };
    Err(QueueError::parameter("ActionName", format!("SQS:{other}"), reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        queue::tests::{queues, refused, with},
        topic::tests::NOW,
    };

    fn adding(label: &str, accounts: &[&str], actions: &[&str]) -> AddPermissionInput {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        AddPermissionInput {
            queue_url: "box".into(),
            label: label.into(),
            accounts: owned(accounts),
            actions: owned(actions),
        }
    }

    #[test]
    fn statements_come_and_go_by_their_labels() {
        let queues = queues();
        with(&queues, "box", &[]).expect("made");
        let add = |label, actions: &[&str]| queues.add_permission(&adding(label, &["111111111111"], actions), NOW);
        add("a", &["SendMessage", "ReceiveMessage"]).expect("added");
        add("b", &["*"]).expect("added");
        let policy =
            || queues.policy("box").expect("read").map(|text| serde_json::from_str::<Value>(&text).expect("JSON"));
        let there = policy().expect("a policy");
        assert_eq!(there["Id"], "arn:aws:sqs:us-east-1:123456789012:box/SQSDefaultPolicy");
        assert_eq!(there["Statement"][0]["Action"], json!(["SQS:SendMessage", "SQS:ReceiveMessage"]));
        assert_eq!(there["Statement"][1]["Principal"], json!({"AWS": "arn:aws:iam::111111111111:root"}));
        let remove = |label: &str| {
            queues.remove_permission(&RemovePermissionInput { queue_url: "box".into(), label: label.into() }, NOW)
        };
        remove("a").expect("removed");
        assert_eq!(policy().expect("one is left")["Statement"].as_array().map(Vec::len), Some(1));
        remove("b").expect("removed");
        assert_eq!(policy(), None);
        assert_eq!(
            refused(remove("b")),
            "InvalidParameterValue: Value b for parameter Label is invalid. Reason: can't find label on existing policy."
        );
    }

    #[test]
    fn a_statement_must_make_sense() {
        let queues = queues();
        with(&queues, "box", &[]).expect("made");
        queues.add_permission(&adding("there", &["111111111111"], &["SendMessage"]), NOW).expect("added");
        let many = ["SendMessage"; 8];
        for (label, accounts, actions, error) in [
            ("there", &["1"][..], &["SendMessage"][..], "parameter Label is invalid. Reason: Already exists."),
            ("x", &["1"], &[], "MissingParameter: The request must contain the parameter Actions."),
            ("x", &[], &["SendMessage"], "Value [] for parameter PrincipalId is invalid. Reason: Unable to verify."),
            (
                "x",
                &["1"],
                &["AddPermission"],
                "Value SQS:AddPermission for parameter ActionName is invalid. Reason: Only",
            ),
            ("x", &["1"], &["Fly"], "Value SQS:Fly for parameter ActionName is invalid. Reason: Please"),
            ("x", &["1"], &many, "OverLimit: 8 Actions were found, maximum allowed is 7."),
        ] {
            let text = refused(queues.add_permission(&adding(label, accounts, actions), NOW));
            assert!(text.contains(error), "{text}");
        }
    }
}
