"""CloudWatch Logs by boto3: names, orders, codes and messages as AWS gives them."""

import time

import pytest

from conftest import boto3_client
from failures import failure
from weir import ACCOUNT, REGION

INVALID = "InvalidParameterException"
MISSING = "ResourceNotFoundException"
HOUR_MS = 3_600_000


@pytest.fixture
def logs(client):
    return client("logs")


def now_ms():
    return int(time.time() * 1000)


def stream_with(logs, *messages):
    """The group `app` with the stream `one`, with one event for each second up to now."""
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="one")
    first = now_ms() - 1000 * len(messages)
    events = [{"timestamp": first + 1000 * number, "message": message} for number, message in enumerate(messages)]
    if events:
        logs.put_log_events(logGroupName="app", logStreamName="one", logEvents=events)
    return events


def test_a_group_is_described_as_by_aws(logs):
    before = now_ms()
    logs.create_log_group(logGroupName="app", tags={"team": "net"})
    group, = logs.describe_log_groups(logGroupNamePrefix="a")["logGroups"]
    created = group.pop("creationTime")
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:app"
    assert group == {"logGroupName": "app", "arn": f"{arn}:*", "logGroupArn": arn, "logGroupClass": "STANDARD",
                     "metricFilterCount": 0, "storedBytes": 0, "deletionProtectionEnabled": False}
    assert before - 1000 <= created <= now_ms() + 1000
    assert logs.list_tags_log_group(logGroupName="app")["tags"] == {"team": "net"}


def test_tags_are_one_set_for_both_calls(logs):
    logs.create_log_group(logGroupName="app", tags={"a": "1"})
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:app"
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    logs.tag_log_group(logGroupName="app", tags={"c": "3"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1", "b": "2", "c": "3"}
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_log_group(logGroupName="app")["tags"] == {"b": "2", "c": "3"}


def test_groups_are_listed_in_order_page_by_page(logs):
    for name in ("c", "a", "b/1", "B"):
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 2})
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    assert [name for name in names if not name.startswith("/weir")] == ["B", "a", "b/1", "c"]
    with_pattern = logs.describe_log_groups(logGroupNamePattern="B")["logGroups"]
    assert [group["logGroupName"] for group in with_pattern] == ["B"]
    assert "storedBytes" not in with_pattern[0]


def test_what_is_there_cannot_be_made_again(logs):
    stream_with(logs)
    again = failure(logs.create_log_group, logGroupName="app")
    assert again == ("ResourceAlreadyExistsException", "The specified log group already exists")
    assert again.status == 400
    stream = failure(logs.create_log_stream, logGroupName="app", logStreamName="one")
    assert stream == ("ResourceAlreadyExistsException", "The specified log stream already exists")


def test_what_is_not_there_is_said(logs):
    no_group = (MISSING, "The specified log group does not exist.")
    assert failure(logs.delete_log_group, logGroupName="none") == no_group
    assert failure(logs.describe_log_streams, logGroupName="none") == no_group
    assert failure(logs.create_log_stream, logGroupName="none", logStreamName="one") == no_group
    assert failure(logs.put_retention_policy, logGroupName="none", retentionInDays=1) == no_group
    logs.create_log_group(logGroupName="app")
    no_stream = (MISSING, "The specified log stream does not exist.")
    assert failure(logs.get_log_events, logGroupName="app", logStreamName="none") == no_stream
    assert failure(logs.delete_log_stream, logGroupName="app", logStreamName="none") == no_stream
    event = {"timestamp": now_ms(), "message": "a"}
    put = failure(logs.put_log_events, logGroupName="app", logStreamName="none", logEvents=[event])
    assert put == no_stream


def test_what_excludes_each_other_is_refused(logs):
    both = failure(logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b")
    assert both == (INVALID,
                    "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    twice = failure(logs.describe_log_streams, logGroupName="app", logGroupIdentifier="app")
    assert twice == ("ValidationException",
                     "LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    long = failure(logs.create_log_group, logGroupName="n" * 513)
    assert long == (INVALID, "Invalid LogGroup or LogStream, both must have length less than or equal to 512.")


def test_a_fresh_stream_has_no_times(logs):
    stream_with(logs)
    stream, = logs.describe_log_streams(logGroupName="app")["logStreams"]
    assert stream["logStreamName"] == "one" and stream["storedBytes"] == 0
    assert stream["arn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:app:log-stream:one"
    assert "firstEventTimestamp" not in stream and "lastEventTimestamp" not in stream


def test_events_come_back_in_both_directions(logs):
    events = stream_with(logs, "first", "second", "third")
    stream = {"logGroupName": "app", "logStreamName": "one"}
    forward = logs.get_log_events(**stream, startFromHead=True, limit=2)
    assert [event["message"] for event in forward["events"]] == ["first", "second"]
    assert forward["events"][0]["timestamp"] == events[0]["timestamp"]
    last = logs.get_log_events(**stream, startFromHead=True, nextToken=forward["nextForwardToken"])
    assert [event["message"] for event in last["events"]] == ["third"]
    end = logs.get_log_events(**stream, startFromHead=True, nextToken=last["nextForwardToken"])
    assert end["events"] == [] and end["nextForwardToken"] == last["nextForwardToken"]
    newest = logs.get_log_events(**stream, limit=1)
    assert [event["message"] for event in newest["events"]] == ["third"]
    before = logs.get_log_events(**stream, nextToken=newest["nextBackwardToken"])
    assert [event["message"] for event in before["events"]] == ["first", "second"]
    described, = logs.describe_log_streams(logGroupName="app", orderBy="LastEventTime")["logStreams"]
    assert described["firstEventTimestamp"] == events[0]["timestamp"]
    assert described["lastEventTimestamp"] == events[-1]["timestamp"]


def test_events_are_filtered_over_all_streams(logs):
    stream_with(logs, "hello cruela world", "goodbye world", "world, goodbye", "nothing")
    logs.create_log_stream(logGroupName="app", logStreamName="two")
    logs.put_log_events(logGroupName="app", logStreamName="two",
                        logEvents=[{"timestamp": now_ms(), "message": "goodbye cruel world"}])

    def found(pattern, **arguments):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName="app", filterPattern=pattern, **arguments)
        return [(event["logStreamName"], event["message"]) for page in pages for event in page["events"]]

    assert found('"hello cruel"') == [("one", "hello cruela world")]
    assert found("goodbye world") == [("one", "goodbye world"), ("one", "world, goodbye"), ("two", "goodbye cruel world")]
    assert found("goodbye -cruel", PaginationConfig={"PageSize": 1}) == [("one", "goodbye world"), ("one", "world, goodbye")]
    assert found("world", logStreamNames=["two"]) == [("two", "goodbye cruel world")]


def test_events_out_of_order_and_out_of_time(logs):
    stream_with(logs)
    put = {"logGroupName": "app", "logStreamName": "one"}
    backwards = [{"timestamp": now_ms(), "message": "a"}, {"timestamp": now_ms() - 5000, "message": "b"}]
    assert failure(logs.put_log_events, **put, logEvents=backwards) == (
        INVALID, "Log events in a single PutLogEvents request must be in chronological order.")
    day = 24 * HOUR_MS
    old = logs.put_log_events(**put, logEvents=[{"timestamp": now_ms() - 15 * day, "message": "old"}])
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1} and old["nextSequenceToken"]
    new = logs.put_log_events(**put, logEvents=[{"timestamp": now_ms(), "message": "now"},
                                                {"timestamp": now_ms() + 3 * HOUR_MS, "message": "new"}])
    assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}


def test_limits_and_tokens_are_checked(logs):
    stream_with(logs, "a")
    over = (INVALID, "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: "
                     "Member must have value less than or equal to 10000")
    stream = {"logGroupName": "app", "logStreamName": "one"}
    assert failure(logs.get_log_events, **stream, limit=10001) == over
    assert failure(logs.filter_log_events, logGroupName="app", limit=10001) == over
    invalid = (INVALID, "The specified nextToken is invalid.")
    assert failure(logs.get_log_events, **stream, nextToken="made up") == invalid
    assert failure(logs.filter_log_events, logGroupName="app", nextToken="made up") == invalid


def put_filter(logs, **changes):
    metric = {"metricName": "refused", "metricNamespace": "A.B-c_d/1#2:metricNamespace", "metricValue": "1"}
    metric |= changes.pop("metric", {})
    arguments = {"logGroupName": "app", "filterName": "f", "filterPattern": " ", "metricTransformations": [metric]}
    return arguments | changes


def test_a_metric_filter_is_described_as_by_aws(logs):
    logs.create_log_group(logGroupName="app")
    logs.put_metric_filter(**put_filter(logs))
    logs.put_metric_filter(**put_filter(logs, filterName="g", metric={"defaultValue": 0}))
    first, second = logs.describe_metric_filters(logGroupName="app")["metricFilters"]
    created = first.pop("creationTime")
    assert abs(created - now_ms()) < HOUR_MS
    assert first == {
        "filterName": "f", "filterPattern": " ", "logGroupName": "app", "applyOnTransformedLogs": False,
        "metricTransformations": [{"metricName": "refused", "metricNamespace": "A.B-c_d/1#2:metricNamespace",
                                   "metricValue": "1", "unit": "None"}]}
    assert second["metricTransformations"][0]["defaultValue"] == 0.0
    logs.delete_metric_filter(logGroupName="app", filterName="f")
    assert [f["filterName"] for f in logs.describe_metric_filters(logGroupName="app")["metricFilters"]] == ["g"]


@pytest.mark.parametrize("changes, where, limit", [
    ({"filterName": "n" * 513}, "filterName", 512),
    ({"filterPattern": "p" * 1025}, "filterPattern", 1024),
])
def test_limits_of_a_metric_filter(logs, changes, where, limit):
    logs.create_log_group(logGroupName="app")
    value = changes[where]
    assert failure(logs.put_metric_filter, **put_filter(logs, **changes)) == (
        INVALID, f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: "
                 f"Member must have length less than or equal to {limit}")


def test_a_pattern_is_tried_before_it_is_used(logs):
    pattern = "[version, account, eni, src, dst, srcport, dstport=22, protocol=6, packets, bytes, start, end, action=REJECT, status]"
    refused = "2 123456789012 eni-1 10.0.0.5 10.0.0.9 40000 22 6 1 60 1600000000 1600000060 REJECT OK"
    passed = "2 123456789012 eni-1 10.0.0.5 10.0.0.9 40000 443 6 1 60 1600000000 1600000060 ACCEPT OK"
    match, = logs.test_metric_filter(filterPattern=pattern, logEventMessages=[passed, refused])["matches"]
    assert (match["eventNumber"], match["eventMessage"]) == (1, refused)
    assert match["extractedValues"]["$dstport"] == "22" and match["extractedValues"]["$action"] == "REJECT"


def test_what_was_answered_survives_a_kill(weir, logs):
    events = stream_with(logs, "kept")
    weir.kill()
    weir.start()
    logs = boto3_client(weir, "logs")
    event, = logs.get_log_events(logGroupName="app", logStreamName="one")["events"]
    assert (event["timestamp"], event["message"]) == (events[0]["timestamp"], "kept")
