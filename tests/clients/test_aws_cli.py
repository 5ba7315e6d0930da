"""The AWS command line, version 1 and 2: the lab step by step."""

import json
import re
import time

from weir import ACCOUNT, REGION

REJECTED = ("[version, account, interface, source, target, port, service=22, protocol=6, packets, bytes, begin, end, "
            "action=REJECT, status]")
REFUSED = "2 123456789012 eni-0a 10.0.0.5 10.0.0.9 40000 22 6 1 60 1600000000 1600000060 REJECT OK"
ACCEPTED = "2 123456789012 eni-0a 10.0.0.5 10.0.0.9 40000 443 6 1 60 1600000000 1600000060 ACCEPT OK"


def test_it_is_the_version_that_we_mean(aws):
    assert aws.text("--version").startswith(f"aws-cli/{aws.version}.")


def test_who_am_i(aws):
    assert aws("sts", "get-caller-identity") == {
        "UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}


def test_a_log_group_with_a_metric_filter(aws):
    aws("logs", "create-log-group", "--log-group-name", "/lab/flows", "--tags", "team=net")
    aws("logs", "put-retention-policy", "--log-group-name", "/lab/flows", "--retention-in-days", 7)
    group, = aws("logs", "describe-log-groups", "--log-group-name-prefix", "/lab")["logGroups"]
    assert group["retentionInDays"] == 7
    assert group["arn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/lab/flows:*"

    tried = aws("logs", "test-metric-filter", "--filter-pattern", REJECTED,
                "--log-event-messages", json.dumps([ACCEPTED, REFUSED]))
    assert [match["eventNumber"] for match in tried["matches"]] == [1]
    aws("logs", "put-metric-filter", "--log-group-name", "/lab/flows", "--filter-name", "ssh-rejects",
        "--filter-pattern", REJECTED,
        "--metric-transformations", "metricName=SshRejects,metricNamespace=Lab,metricValue=1,defaultValue=0")
    described, = aws("logs", "describe-metric-filters", "--log-group-name", "/lab/flows")["metricFilters"]
    assert described["filterPattern"] == REJECTED
    aws("logs", "delete-metric-filter", "--log-group-name", "/lab/flows", "--filter-name", "ssh-rejects")
    assert aws("logs", "describe-metric-filters", "--log-group-name", "/lab/flows") == {"metricFilters": []}

    again = aws.error("logs", "create-log-group", "--log-group-name", "/lab/flows")
    assert again.endswith("An error occurred (ResourceAlreadyExistsException) when calling the CreateLogGroup operation: "
                          "The specified log group already exists")
    aws("logs", "delete-log-group", "--log-group-name", "/lab/flows")
    assert aws("logs", "describe-log-groups", "--log-group-name-prefix", "/lab") == {"logGroups": []}


def test_events_of_a_stream(aws):
    aws("logs", "create-log-group", "--log-group-name", "/lab/flows")
    aws("logs", "create-log-stream", "--log-group-name", "/lab/flows", "--log-stream-name", "eni-0a-all")
    now = int(time.time() * 1000)
    events = [{"timestamp": now - 1000, "message": ACCEPTED}, {"timestamp": now, "message": REFUSED}]
    put = aws("logs", "put-log-events", "--log-group-name", "/lab/flows", "--log-stream-name", "eni-0a-all",
              "--log-events", json.dumps(events))
    assert put["nextSequenceToken"]
    got = aws("logs", "get-log-events", "--log-group-name", "/lab/flows", "--log-stream-name", "eni-0a-all",
              "--start-from-head")
    assert [event["message"] for event in got["events"]] == [ACCEPTED, REFUSED]
    found = aws("logs", "filter-log-events", "--log-group-name", "/lab/flows", "--filter-pattern", "REJECT")
    assert [event["message"] for event in found["events"]] == [REFUSED]
    if aws.version == 1:
        return
    # Version 2 alone has `tail`. It prints: time of the event, stream, message.
    line, = aws.text("logs", "tail", "/lab/flows", "--since", "10m", "--filter-pattern", "REJECT").splitlines()
    assert re.fullmatch(rf"\S+ eni-0a-all {re.escape(REFUSED)}", line)
