//! SQS by its table and by its forms.

use serde_json::{Value, json};

use super::*;
use crate::services::fixture::{Folder, NOW, ask, call};

fn sqs() -> Table<Sqs> {
    table(Folder::new())
}

#[test]
fn a_message_goes_through_a_queue() {
    let sqs = sqs();
    let made = ask(&sqs, "CreateQueue", &json!({"QueueName": "box", "tags": {"team": "blue"}}), NOW).expect("made");
    let url = made["QueueUrl"].clone();
    assert_eq!(url, "http://localhost/123456789012/box");
    let named = ask(&sqs, "GetQueueUrl", &json!({"QueueName": "box"}), NOW).expect("found");
    assert_eq!(named["QueueUrl"], url);
    let entries = json!([{"Id": "a", "MessageBody": "one"}, {"Id": "b", "MessageBody": ""}]);
    let sent = ask(&sqs, "SendMessageBatch", &json!({"QueueUrl": url, "Entries": entries}), NOW).expect("sent");
    assert_eq!(sent["Successful"][0]["MD5OfMessageBody"], "f97c5d29941bfb1b2fdab0874906ab82");
    assert_eq!(sent["Failed"][0]["Code"], "MissingParameter");
    let received = ask(&sqs, "ReceiveMessage", &json!({"QueueUrl": url}), NOW).expect("received");
    assert_eq!(received["Messages"][0]["Body"], "one");
    let handle = &received["Messages"][0]["ReceiptHandle"];
    ask(&sqs, "DeleteMessage", &json!({"QueueUrl": url, "ReceiptHandle": handle}), NOW).expect("deleted");
    let received = ask(&sqs, "ReceiveMessage", &json!({"QueueUrl": url}), NOW + 60_000).expect("received");
    assert_eq!(received, json!({}));
    let tags = ask(&sqs, "ListQueueTags", &json!({"QueueUrl": url}), NOW).expect("listed");
    assert_eq!(tags, json!({"Tags": {"team": "blue"}}));
    for (operation, input, text) in [
        ("TagQueue", json!({"QueueUrl": url, "Tags": {}}), "The request must contain the parameter Tags."),
        (
            "UntagQueue",
            json!({"QueueUrl": url, "TagKeys": []}),
            "Tag keys must be between 1 and 128 characters in length.",
        ),
    ] {
        assert_eq!(ask(&sqs, operation, &input, NOW).expect_err("refused").message, text);
    }
    let refused = ask(&sqs, "SendMessageBatch", &json!({"QueueUrl": url, "Entries": []}), NOW).expect_err("refused");
    assert_eq!(refused.code, "AWS.SimpleQueueService.EmptyBatchRequest");
}

#[test]
fn the_policy_of_a_queue_is_the_one_that_was_given() {
    let folder = Folder::new();
    let sqs = table(Arc::clone(&folder) as Arc<dyn Regions>);
    let made = ask(&sqs, "CreateQueue", &json!({"QueueName": "box"}), NOW).expect("made");
    let arn = "arn:aws:sqs:us-east-1:123456789012:box";
    let policies = policies(folder);
    assert!(policies(arn).is_empty() && policies("arn:aws:sqs:us-east-1:123456789012:none").is_empty());
    let (url, accounts) = (&made["QueueUrl"], ["111111111111"]);
    let add = json!({"QueueUrl": url, "Label": "l", "AWSAccountIds": accounts, "Actions": ["SendMessage"]});
    ask(&sqs, "AddPermission", &add, NOW).expect("added");
    assert_eq!(policies(arn)[0].principals().count(), 1);
    assert!(Arc::ptr_eq(&policies(arn)[0], &policies(arn)[0]), "parsed once");
    let set = |policy: &str| {
        ask(&sqs, "SetQueueAttributes", &json!({"QueueUrl": url, "Attributes": {"Policy": policy}}), NOW)
    };
    let refused = set(r#"{"Statement": [{"Effect": "Perhaps"}]}"#).expect_err("no policy");
    assert_eq!(
        (refused.code.as_ref(), refused.message.as_ref()),
        ("InvalidAttributeValue", "Invalid value for the parameter Policy.")
    );
    ask(&sqs, "RemovePermission", &json!({"QueueUrl": url, "Label": "l"}), NOW).expect("removed");
    assert!(policies(arn).is_empty());
}

#[test]
fn every_operation_of_sqs_is_known() {
    let names: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(names.len(), 23);
    assert!(names.is_sorted(), "{names:?}");
    let sqs = sqs();
    let refused = ask(&sqs, "StartMessageMoveTask", &json!({}), NOW).expect_err("refused");
    assert_eq!(refused.status, 501);
    let payload = Payload::tree(ServiceName::Sqs.protocol(), Value::Null);
    assert_eq!(queue(&call(NOW), &payload), ["arn:aws:sqs:us-east-1:123456789012:*"]);
}

#[test]
fn a_fifo_queue_and_its_topic_give_numbers() {
    let folder = Folder::new();
    let sqs = table(Arc::clone(&folder) as Arc<dyn Regions>);
    let sns = crate::services::sns::table(folder);
    let fifo =
        json!({"QueueName": "box.fifo", "Attributes": {"FifoQueue": "true", "ContentBasedDeduplication": "true"}});
    let url = ask(&sqs, "CreateQueue", &fifo, NOW).expect("made")["QueueUrl"].clone();
    let sent = |text: &str| {
        let input = json!({"QueueUrl": url, "MessageBody": text, "MessageGroupId": "g"});
        ask(&sqs, "SendMessage", &input, NOW).expect("sent")
    };
    let first = sent("one");
    assert_eq!(sent("one")["SequenceNumber"], first["SequenceNumber"]);
    assert!(sent("two")["SequenceNumber"].as_str() > first["SequenceNumber"].as_str());
    let fifo = json!({"Name": "t.fifo", "Attributes": {"FifoTopic": "true"}});
    let topic = ask(&sns, "CreateTopic", &fifo, NOW).expect("made")["TopicArn"].clone();
    let endpoint = "arn:aws:sqs:us-east-1:123456789012:box.fifo";
    let subscribe = json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": endpoint, "Attributes": {"RawMessageDelivery": "true"}});
    ask(&sns, "Subscribe", &subscribe, NOW).expect("subscribed");
    let entries = json!([
        {"Id": "a", "Message": "three", "MessageGroupId": "g", "MessageDeduplicationId": "3"},
        {"Id": "b", "Message": "four", "MessageGroupId": "g", "MessageDeduplicationId": "4"},
    ]);
    let batch = json!({"TopicArn": topic, "PublishBatchRequestEntries": entries});
    let published = ask(&sns, "PublishBatch", &batch, NOW).expect("published");
    assert_eq!(published["Successful"][0]["SequenceNumber"].as_str().map(str::len), Some(20), "{published}");
    let receive = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "AttributeNames": ["MessageGroupId"]});
    let received = ask(&sqs, "ReceiveMessage", &receive, NOW).expect("received");
    let texts: Vec<&str> =
        received["Messages"].as_array().expect("a list").iter().filter_map(|m| m["Body"].as_str()).collect();
    assert_eq!(texts, ["one", "two", "three", "four"]);
    let no_group = json!({"TopicArn": topic, "Message": "x", "MessageDeduplicationId": "5"});
    let refused = ask(&sns, "Publish", &no_group, NOW).expect_err("refused");
    assert_eq!(refused.message, "Invalid parameter: The MessageGroupId parameter is required for FIFO topics");
}
