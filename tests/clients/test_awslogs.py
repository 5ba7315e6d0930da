"""awslogs: reads log groups on the command line."""

import subprocess
import time

import pytest

from conftest import VENV


@pytest.fixture
def awslogs(weir):
    def run(*words):
        endpoint = ["--aws-endpoint-url", weir.url, "--aws-region", weir.environment["AWS_REGION"]]
        done = subprocess.run([VENV / "awslogs", *words, *endpoint], env=weir.environment, capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


@pytest.fixture
def filled(client):
    logs = client("logs")
    now = int(time.time() * 1000)
    logs.create_log_group(logGroupName="/lab/flows")
    for stream, action in (("eni-0a-all", "ACCEPT"), ("eni-0b-all", "REJECT")):
        logs.create_log_stream(logGroupName="/lab/flows", logStreamName=stream)
        events = [{"timestamp": now - 2000 + number, "message": f"{action} {number}"} for number in range(2)]
        logs.put_log_events(logGroupName="/lab/flows", logStreamName=stream, logEvents=events)


def test_groups_and_streams(filled, awslogs):
    assert "/lab/flows" in awslogs("groups")
    assert awslogs("streams", "/lab/flows", "--start", "1h ago") == ["eni-0a-all", "eni-0b-all"]


def test_events(filled, awslogs):
    plain = ["--no-color", "--start", "1h ago", "--no-group"]
    assert awslogs("get", "/lab/flows", "ALL", *plain) == [
        "eni-0a-all ACCEPT 0", "eni-0b-all REJECT 0", "eni-0a-all ACCEPT 1", "eni-0b-all REJECT 1"]
    assert awslogs("get", "/lab/flows", "eni-0a.*", "--no-stream", *plain) == ["ACCEPT 0", "ACCEPT 1"]
    assert awslogs("get", "/lab/flows", "--filter-pattern", "REJECT", "--no-stream", *plain) == ["REJECT 0", "REJECT 1"]
