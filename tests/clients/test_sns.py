"""Topics and queues by boto3: names, codes and messages as AWS gives them, and what subscribers get."""

import http.server
import json
import threading
import urllib.request

import pytest

from failures import failure
from weir import ACCOUNT, REGION, until

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
INVALID = "InvalidParameter"


@pytest.fixture
def sns(client):
    return client("sns")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="alerts")["TopicArn"]


@pytest.fixture
def subscriber():
    """An HTTP endpoint that keeps what it gets."""
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.headers, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", got
    server.shutdown()
    server.server_close()


def test_a_fresh_topic(sns, topic):
    assert topic == TOPIC
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["TopicArn"], attributes["Owner"], attributes["DisplayName"]) == (TOPIC, ACCOUNT, "")
    counts = [attributes[f"Subscriptions{state}"] for state in ("Confirmed", "Pending", "Deleted")]
    assert counts == ["0", "0", "0"]
    statement, = json.loads(attributes["Policy"])["Statement"]
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceOwner": ACCOUNT}} and len(statement["Action"]) == 8
    assert "http" in json.loads(attributes["EffectiveDeliveryPolicy"])
    assert sns.create_topic(Name="alerts")["TopicArn"] == topic
    assert sns.list_topics()["Topics"] == [{"TopicArn": topic}]


def test_what_sns_refuses(sns, topic):
    missing = failure(sns.get_topic_attributes, TopicArn=f"{TOPIC}-none")
    assert missing == ("NotFound", "Topic does not exist") and missing.status == 404
    assert failure(sns.publish, TopicArn=topic, Message="") == (INVALID, "Invalid parameter: Empty message")
    assert failure(sns.publish, TopicArn=topic, Message="a" * (256 * 1024 + 1)) == (
        INVALID, "Invalid parameter: Message too long")
    assert failure(sns.publish, TopicArn=topic, Message="a", Subject="") == (INVALID, "Invalid parameter: Subject")
    assert failure(sns.subscribe, TopicArn=topic, Protocol="pigeon", Endpoint="roof") == (
        INVALID, "Invalid parameter: Amazon SNS does not support this protocol string: pigeon")
    assert failure(sns.get_topic_attributes, TopicArn="alerts") == (
        INVALID, "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1")
    assert failure(sns.create_topic, Name="a b") == (INVALID, "Invalid parameter: Topic Name")
    assert failure(sns.create_topic, Name="alerts", Attributes={"DisplayName": "x"}) == (
        INVALID, "Invalid parameter: Attributes Reason: Topic already exists with different attributes")


def test_what_is_gone_may_go_again(sns, topic):
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=topic)
    sns.unsubscribe(SubscriptionArn=f"{topic}:00000000-0000-0000-0000-000000000000")


def test_an_endpoint_confirms_and_is_told(sns, topic, subscriber):
    endpoint, got = subscriber
    pending = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)["SubscriptionArn"]
    assert pending == "pending confirmation"
    headers, body = until(lambda: got and got.pop(), "the request to confirm")
    assert headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert headers["User-Agent"] == "Amazon Simple Notification Service Agent"
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    asked = json.loads(body)
    assert asked["Message"] == (f"You have chosen to subscribe to the topic {topic}.\n"
                                "To confirm the subscription, visit the SubscribeURL included in this message.")
    with urllib.request.urlopen(asked["SubscribeURL"]) as answer:
        assert b"<ConfirmSubscriptionResponse" in answer.read()
    subscription, = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert subscription["SubscriptionArn"].startswith(f"{topic}:")
    assert (subscription["Protocol"], subscription["Endpoint"], subscription["Owner"]) == ("http", endpoint, ACCOUNT)
    again = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)["SubscriptionArn"]
    assert again == subscription["SubscriptionArn"]

    sent = sns.publish(TopicArn=topic, Message="ü refused", Subject="SSH")["MessageId"]
    headers, body = until(lambda: got and got.pop(), "the notification")
    told = json.loads(body)
    assert (told["Type"], told["MessageId"], told["Message"], told["Subject"]) == ("Notification", sent, "ü refused", "SSH")
    assert headers["x-amz-sns-subscription-arn"] == again
    assert told["SigningCertURL"].endswith(".pem") and told["SignatureVersion"] == "1"


def test_a_queue_gets_what_an_alarm_says(client, sns, topic):
    sqs, cloudwatch = client("sqs"), client("cloudwatch")
    queue = sqs.create_queue(QueueName="letters")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert arn == f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters"
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    cloudwatch.put_metric_alarm(AlarmName="ssh", AlarmDescription="SSH refused", Namespace="Lab", MetricName="Rejects",
                                Statistic="Average", Period=60, EvaluationPeriods=1, Threshold=21.0,
                                Dimensions=[{"Name": "Interface", "Value": "eni-0a"}],
                                ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic])
    cloudwatch.set_alarm_state(AlarmName="ssh", StateValue="ALARM", StateReason="a trial")

    def letter():
        messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
        return messages and messages[0]

    message = until(letter, "the letter")
    notification = json.loads(message["Body"])
    assert notification["Type"] == "Notification" and notification["TopicArn"] == topic
    said = json.loads(notification["Message"])
    assert (said["AlarmName"], said["AlarmDescription"], said["AWSAccountId"]) == ("ssh", "SSH refused", ACCOUNT)
    assert (said["OldStateValue"], said["NewStateValue"], said["NewStateReason"]) == ("INSUFFICIENT_DATA", "ALARM", "a trial")
    assert said["Region"] == "US East (N. Virginia)" and said["AlarmActions"] == [topic] and said["OKActions"] == []
    trigger = said["Trigger"]
    assert (trigger["StatisticType"], trigger["Statistic"], trigger["Unit"]) == ("Statistic", "AVERAGE", None)
    assert trigger["Dimensions"] == [{"value": "eni-0a", "name": "Interface"}]
    assert (trigger["Threshold"], trigger["EvaluateLowSampleCountPercentile"]) == (21.0, "")
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_queue(QueueUrl=queue)


def test_a_queue_of_another_region(client, sns, topic):
    far = client("sqs", region_name="eu-west-1")
    queue = far.create_queue(QueueName="letters")["QueueUrl"]
    arn = far.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert arn == f"arn:aws:sqs:eu-west-1:{ACCOUNT}:letters"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="far away")
    message, = far.receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == "far away"
