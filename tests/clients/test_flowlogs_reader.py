"""flowlogs-reader: records from a log group, and from a bucket."""

import datetime
import gzip
import time

import boto3
from flowlogs_reader import FlowLogsReader, S3FlowLogsReader

from weir import ACCOUNT, REGION

UTC = datetime.timezone.utc
HEADER = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"


def record(at, action="REJECT"):
    return f"2 {ACCOUNT} eni-0a 10.0.0.5 10.0.0.9 40000 22 6 1 60 {at - 60} {at} {action} OK"


def seen(reader):
    return [(found.srcaddr, found.dstport, found.action) for found in reader]


def test_a_log_group(client, variables):
    logs, now = client("logs"), int(time.time())
    logs.create_log_group(logGroupName="flows")
    for stream, action in (("eni-0a-all", "REJECT"), ("eni-0b-all", "ACCEPT")):
        logs.create_log_stream(logGroupName="flows", logStreamName=stream)
        logs.put_log_events(logGroupName="flows", logStreamName=stream,
                            logEvents=[{"timestamp": (now - 60) * 1000, "message": record(now, action)}])
    both = [("10.0.0.5", 22, "ACCEPT"), ("10.0.0.5", 22, "REJECT")]
    assert sorted(seen(FlowLogsReader("flows", boto_client=boto3.client("logs")))) == both
    refused = FlowLogsReader("flows", boto_client=boto3.client("logs"), filter_pattern="REJECT")
    assert seen(refused) == [("10.0.0.5", 22, "REJECT")]
    threads = FlowLogsReader("flows", boto_client=boto3.client("logs"), thread_count=2)
    assert sorted(seen(threads)) == both


def test_a_bucket(client, variables):
    s3, now = client("s3"), datetime.datetime.now(UTC).replace(tzinfo=None)
    s3.create_bucket(Bucket="lab-flows")
    folder = f"AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/{now:%Y/%m/%d}"
    name = f"{ACCOUNT}_vpcflowlogs_{REGION}_fl-0123456789abcdef0_{now:%Y%m%dT%H%MZ}_0a1b2c3d.log.gz"
    body = gzip.compress("\n".join([HEADER, record(int(time.time())), ""]).encode())
    s3.put_object(Bucket="lab-flows", Key=f"{folder}/{name}", Body=body)
    reader = S3FlowLogsReader("lab-flows", boto_client=boto3.client("s3"), start_time=now - datetime.timedelta(hours=1),
                              end_time=now + datetime.timedelta(hours=1))
    assert seen(reader) == [("10.0.0.5", 22, "REJECT")]
