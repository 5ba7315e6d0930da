"""Signatures, and who may do what."""

import concurrent.futures
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.exceptions import ClientError

from conftest import boto3_client
from failures import failure
from weir import ACCOUNT, until


def test_the_root_is_who_it_is(client):
    identity = client("sts").get_caller_identity()
    del identity["ResponseMetadata"]
    assert identity == {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}


def test_a_wrong_secret_is_no_secret(weir):
    wrong = {"AccessKeyId": weir.environment["AWS_ACCESS_KEY_ID"], "SecretAccessKey": "wrong"}
    by_query = failure(boto3_client(weir, "sts", wrong).get_caller_identity)
    assert (by_query.code, by_query.status) == ("SignatureDoesNotMatch", 403)
    by_json = failure(boto3_client(weir, "logs", wrong).describe_log_groups)
    assert by_json.code in ("InvalidSignatureException", "SignatureDoesNotMatch")


def test_an_unknown_key_is_no_key(weir):
    unknown = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "x" * 40}
    by_query = failure(boto3_client(weir, "sts", unknown).get_caller_identity)
    assert by_query == ("InvalidClientTokenId", "The security token included in the request is invalid.")
    by_json = failure(boto3_client(weir, "logs", unknown).describe_log_groups)
    assert by_json == ("UnrecognizedClientException", "The security token included in the request is invalid.")


def test_a_call_without_a_signature_is_refused(weir):
    body = urllib.parse.urlencode({"Action": "GetCallerIdentity", "Version": "2011-06-15"}).encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(weir.url, data=body)
    assert refused.value.code == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in refused.value.read()


def test_every_answer_has_an_id(client):
    answer = client("sts").get_caller_identity()["ResponseMetadata"]
    assert answer["RequestId"] and answer["HTTPHeaders"]["x-amzn-requestid"] == answer["RequestId"]
    missing = failure(client("logs").delete_log_group, logGroupName="none")
    assert missing.response["ResponseMetadata"]["RequestId"]


def test_regions_are_apart(client):
    client("logs").create_log_group(logGroupName="here")
    there = client("logs", region_name="eu-central-1")
    assert there.describe_log_groups(logGroupNamePrefix="here")["logGroups"] == []
    there.create_log_group(logGroupName="here")
    group, = there.describe_log_groups(logGroupNamePrefix="here")["logGroups"]
    assert group["arn"] == f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:here:*"


def test_the_audit_trail_says_who_asked_what(weir, client):
    logs = client("logs")
    logs.create_log_group(logGroupName="app")
    wrong = {"AccessKeyId": weir.environment["AWS_ACCESS_KEY_ID"], "SecretAccessKey": "wrong"}
    with pytest.raises(ClientError):
        boto3_client(weir, "sts", wrong).get_caller_identity()

    def trail():
        try:
            events = logs.filter_log_events(logGroupName="/weir/audit")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        messages = " ".join(event["message"] for event in events)
        return messages if "CreateLogGroup" in messages else None

    messages = until(trail, "the audit trail")
    assert weir.environment["AWS_ACCESS_KEY_ID"] in messages
    assert weir.environment["AWS_SECRET_ACCESS_KEY"] not in messages
    assert weir.environment["AWS_SECRET_ACCESS_KEY"] not in weir.said()


def test_several_run_side_by_side(weirs):
    servers = [weirs() for _ in range(4)]
    def group(numbered):
        number, server = numbered
        logs = boto3_client(server, "logs")
        logs.create_log_group(logGroupName=f"group-{number}")
        return [group["logGroupName"] for group in logs.describe_log_groups(logGroupNamePrefix="group")["logGroups"]]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        assert list(pool.map(group, enumerate(servers))) == [[f"group-{number}"] for number in range(4)]


def test_a_fresh_one_answers_at_once(weirs):
    begun = time.monotonic()
    server = weirs()
    boto3_client(server, "sts").get_caller_identity()
    # Some 0.2 s alone on a machine; this only finds what has become slow beyond doubt.
    assert time.monotonic() - begun < 10
