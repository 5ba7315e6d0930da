//! Resources of SNS and SQS.

use serde_json::{Map, Value, json};

use super::{
    Kind, Made, Was, Work,
    work::{document, each, entries, found, merged},
};
use crate::{
    ApiError,
    ServiceName::{Sns, Sqs},
    services::cloudformation::template::text,
};

pub(super) const KINDS: &[Kind] = &[
    Kind::new("AWS::SNS::Topic", create_topic, delete_topic)
        .named_with("TopicName", 256, ("FifoTopic", ".fifo"))
        .shows(&["TopicArn", "TopicName"])
        .found(|work| {
            let arn = work.call.arn("sns", &work.name);
            work.shown(Sns, "GetTopicAttributes", json!({"TopicArn": arn}), &arn)
        })
        .changes(update_topic, &["FifoTopic"]),
    Kind::new("AWS::SNS::Subscription", subscribe, unsubscribe)
        .requires(&["Protocol", "TopicArn"])
        .shows(&["Arn"])
        .found(|work| {
            let input = json!({"TopicArn": work.get("TopicArn")});
            let all = work.listed(Sns, "ListSubscriptionsByTopic", input, "/Subscriptions")?;
            Ok(each(&all, "SubscriptionArn"))
        })
        .changes(update_subscription, &["Endpoint", "Protocol", "TopicArn"]),
    Kind::new("AWS::SNS::TopicPolicy", put_topic_policy, delete_topic_policy)
        .requires(&["PolicyDocument", "Topics"])
        .shows(&["Id"])
        .changes(
            |work, was| put_topic_policy(work).map(|made| Made { physical: was.made.physical.clone(), ..made }),
            &["Topics"],
        ),
    Kind::new("AWS::SQS::Queue", create_queue, delete_queue)
        .named_with("QueueName", 80, ("FifoQueue", ".fifo"))
        .shows(&["Arn", "QueueName", "QueueUrl"])
        .found(|work| {
            let answer = work.listed(Sqs, "ListQueues", json!({"QueueNamePrefix": work.name}), "/QueueUrls")?;
            let is_it = |url: &&str| url.rsplit('/').next() == Some(work.name.as_str());
            Ok(answer.iter().filter_map(Value::as_str).filter(is_it).map(str::to_owned).collect())
        })
        .changes(update_queue, &["FifoQueue"]),
    Kind::new("AWS::SQS::QueuePolicy", put_queue_policy, delete_queue_policy)
        .requires(&["PolicyDocument", "Queues"])
        .shows(&["Id"])
        .changes(
            |work, was| put_queue_policy(work).map(|made| Made { physical: was.made.physical.clone(), ..made }),
            &["Queues"],
        ),
];

/// Properties of a topic that are attributes.
const TOPIC: [&str; 8] = [
    "DisplayName",
    "KmsMasterKeyId",
    "DeliveryPolicy",
    "SignatureVersion",
    "TracingConfig",
    "FifoTopic",
    "ContentBasedDeduplication",
    "FifoThroughputScope",
];

fn create_topic(work: &Work<'_>) -> Result<Made, ApiError> {
    let input = json!({"Name": work.name, "Attributes": attributes(work, &TOPIC), "Tags": work.tags()});
    let arn = found(&work.call(Sns, "CreateTopic", input)?, "/TopicArn")?;
    for subscription in work.list("Subscription") {
        let input = merged(subscription.clone(), json!({"TopicArn": arn}));
        work.call(Sns, "Subscribe", input)?;
    }
    Ok(Made::of(&arn).with("TopicArn", arn.as_str()).with("TopicName", work.name.as_str()))
}

fn attributes(work: &Work<'_>, names: &[&str]) -> Map<String, Value> {
    let given = names.iter().filter_map(|name| Some(((*name).to_owned(), work.get(name)?)));
    given.map(|(name, value)| (name, text(value).map_or_else(|| document(value), Value::String))).collect()
}

fn update_topic(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    let arn = &was.made.physical;
    let changed = attributes(work, &TOPIC);
    let lost = TOPIC.iter().filter(|name| was.properties.get(**name).is_some() && work.get(name).is_none());
    let lost = lost.map(|name| ((*name).to_owned(), Value::from("")));
    for (name, value) in changed.into_iter().chain(lost) {
        let input = json!({"TopicArn": arn, "AttributeName": name, "AttributeValue": value});
        work.call(Sns, "SetTopicAttributes", input)?;
    }
    work.retag(
        was,
        Sns,
        ("TagResource", |tags| json!({"ResourceArn": arn, "Tags": tags})),
        ("UntagResource", |lost| json!({"ResourceArn": arn, "TagKeys": lost})),
    )?;
    Ok(was.made.clone())
}

fn delete_topic(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Sns, "DeleteTopic", json!({"TopicArn": was.made.physical}))
}

/// Properties of a subscription that are attributes.
const SUBSCRIPTION: [&str; 6] = [
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
];

fn subscribe(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.same(&["Endpoint", "Protocol", "TopicArn"]);
    let further = json!({"Attributes": attributes(work, &SUBSCRIPTION), "ReturnSubscriptionArn": true});
    let arn = found(&work.call(Sns, "Subscribe", merged(given, further))?, "/SubscriptionArn")?;
    Ok(Made::of(&arn).with("Arn", arn))
}

fn update_subscription(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    for (name, value) in attributes(work, &SUBSCRIPTION) {
        let input = json!({"SubscriptionArn": was.made.physical, "AttributeName": name, "AttributeValue": value});
        work.call(Sns, "SetSubscriptionAttributes", input)?;
    }
    Ok(was.made.clone())
}

fn unsubscribe(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Sns, "Unsubscribe", json!({"SubscriptionArn": was.made.physical}))
}

fn put_topic_policy(work: &Work<'_>) -> Result<Made, ApiError> {
    let policy = work.document("PolicyDocument");
    for topic in work.list("Topics") {
        let input = json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy});
        work.call(Sns, "SetTopicAttributes", input)?;
    }
    Ok(Made::of(&work.name).with("Id", work.name.as_str()))
}

fn delete_topic_policy(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    entries(was.properties, "Topics").try_for_each(|topic| {
        let input = json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": ""});
        work.remove(Sns, "SetTopicAttributes", input)
    })
}

/// Properties of a queue that are attributes.
const QUEUE: [&str; 13] = [
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "VisibilityTimeout",
    "SqsManagedSseEnabled",
    "KmsMasterKeyId",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
];

fn create_queue(work: &Work<'_>) -> Result<Made, ApiError> {
    let input = json!({"QueueName": work.name, "Attributes": attributes(work, &QUEUE), "tags": work.tag_map()});
    let url = found(&work.call(Sqs, "CreateQueue", input)?, "/QueueUrl")?;
    let made = Made::of(&url).with("Arn", work.call.arn("sqs", &work.name));
    Ok(made.with("QueueName", work.name.as_str()).with("QueueUrl", url))
}

fn update_queue(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    let url = &was.made.physical;
    work.call(Sqs, "SetQueueAttributes", json!({"QueueUrl": url, "Attributes": attributes(work, &QUEUE)}))?;
    work.retag(
        was,
        Sqs,
        ("TagQueue", |_| json!({"QueueUrl": url, "Tags": work.tag_map()})),
        ("UntagQueue", |lost| json!({"QueueUrl": url, "TagKeys": lost})),
    )?;
    Ok(was.made.clone())
}

fn delete_queue(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Sqs, "DeleteQueue", json!({"QueueUrl": was.made.physical}))
}

fn put_queue_policy(work: &Work<'_>) -> Result<Made, ApiError> {
    let policy = work.document("PolicyDocument");
    for queue in work.list("Queues") {
        work.call(Sqs, "SetQueueAttributes", json!({"QueueUrl": queue, "Attributes": {"Policy": policy}}))?;
    }
    Ok(Made::of(&work.name).with("Id", work.name.as_str()))
}

fn delete_queue_policy(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    entries(was.properties, "Queues").try_for_each(|queue| {
        work.remove(Sqs, "SetQueueAttributes", json!({"QueueUrl": queue, "Attributes": {"Policy": ""}}))
    })
}
