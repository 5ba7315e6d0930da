//! What is told to whom.

use s3s::{S3Result, dto};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Happened;
use crate::services::s3::error::{WithElement, invalid_argument, refuse};

/// Which events of which keys a queue or topic is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Rule {
    pub(in super::super) id: String,
    /// The ARN of the queue or topic.
    pub(in super::super) target: String,
    /// Such as `s3:ObjectCreated:*`.
    pub(in super::super) events: Vec<String>,
    /// `Prefix` or `Suffix`, and what it is; none: all keys.
    pub(in super::super) keys: Option<Vec<(String, String)>>,
}

/// What S3 has notify and Weir has not.
fn not_there(what: &'static str) -> s3s::S3Error {
    let text = "A header you provided implies functionality that is not implemented";
    refuse("NotImplemented", 501, text).with("Header", what)
}

/// The rules of a configuration.
///
/// # Errors
/// It tells somebody who is neither a queue nor a topic.
pub(super) fn of(configuration: dto::NotificationConfiguration) -> S3Result<Vec<Rule>> {
    if configuration.event_bridge_configuration.is_some() {
        return Err(not_there("EventBridgeConfiguration"));
    }
    if let Some(lambda) = configuration.lambda_function_configurations.iter().flatten().next() {
        let text = "Unable to validate the following destination configurations";
        let arn = &lambda.lambda_function_arn;
        return Err(invalid_argument(text, arn, "The destination Lambda function does not exist"));
    }
    let queues = configuration.queue_configurations.into_iter().flatten();
    let queues = queues.map(|rule| Rule::new(rule.id, rule.queue_arn, rule.events, rule.filter));
    let topics = configuration.topic_configurations.into_iter().flatten();
    let topics = topics.map(|rule| Rule::new(rule.id, rule.topic_arn, rule.events, rule.filter));
    Ok(queues.chain(topics).collect())
}

impl Rule {
    /// One of a template: an event of keys, told to a target.
    pub(in super::super) fn of(target: String, event: String, keys: Option<Vec<(String, String)>>) -> Self {
        let keys = keys.map(|keys| keys.into_iter().map(|(name, value)| (capitalized(&name), value)).collect());
        Self { id: Uuid::new_v4().to_string(), target, events: vec![event], keys }
    }

    fn new(
        id: Option<String>,
        target: String,
        events: dto::EventList,
        filter: Option<dto::NotificationConfigurationFilter>,
    ) -> Self {
        let keys = filter.map(|filter| {
            let rules = filter.key.and_then(|key| key.filter_rules).into_iter().flatten();
            let rule = |rule: dto::FilterRule| {
                let name = rule.name.as_ref().map(dto::FilterRuleName::as_str).unwrap_or_default();
                (capitalized(name), rule.value.unwrap_or_default())
            };
            rules.map(rule).collect()
        });
        Self {
            id: id.filter(|id| !id.is_empty()).unwrap_or_else(|| Uuid::new_v4().to_string()),
            target,
            events: events.into_iter().map(String::from).collect(),
            keys,
        }
    }

    /// Whether the target is one of this service.
    pub(super) fn is_of(&self, service: &str) -> bool {
        self.target.split(':').nth(2) == Some(service)
    }

    pub(super) fn queue(&self) -> dto::QueueConfiguration {
        let (id, queue_arn, filter) = (Some(self.id.clone()), self.target.clone(), self.filter());
        dto::QueueConfiguration { events: self.events(), filter, id, queue_arn }
    }

    pub(super) fn topic(&self) -> dto::TopicConfiguration {
        let (id, topic_arn, filter) = (Some(self.id.clone()), self.target.clone(), self.filter());
        dto::TopicConfiguration { events: self.events(), filter, id, topic_arn }
    }

    fn events(&self) -> dto::EventList {
        self.events.iter().map(|event| dto::Event::from(event.clone())).collect()
    }

    fn filter(&self) -> Option<dto::NotificationConfigurationFilter> {
        let rule = |(name, value): &(String, String)| dto::FilterRule {
            name: Some(name.clone().into()),
            value: Some(value.clone()),
        };
        let rules = |keys: &Vec<(String, String)>| keys.iter().map(rule).collect();
        self.keys.as_ref().map(|keys| dto::NotificationConfigurationFilter {
            key: Some(dto::S3KeyFilter { filter_rules: Some(rules(keys)) }),
        })
    }

    /// What keys must begin or end with; empty: anything.
    pub(super) fn part(&self, name: &str) -> &str {
        let keys = self.keys.as_deref().unwrap_or_default();
        keys.iter().find(|(of, _)| of == name).map_or("", |(_, value)| value)
    }

    pub(super) fn is_about(&self, happened: &Happened<'_>) -> bool {
        let is_event = |wanted: &String| {
            let wanted = wanted.strip_prefix("s3:").unwrap_or(wanted);
            wanted.strip_suffix('*').map_or(wanted == happened.event, |head| happened.event.starts_with(head))
        };
        self.events.iter().any(is_event)
            && happened.key.starts_with(self.part("Prefix"))
            && happened.key.ends_with(self.part("Suffix"))
    }
}

/// `prefix` as S3 gives it back.
fn capitalized(name: &str) -> String {
    ["Prefix", "Suffix"].into_iter().find(|known| known.eq_ignore_ascii_case(name)).unwrap_or(name).to_owned()
}
