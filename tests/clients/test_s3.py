"""S3 by boto3: objects, listings, uploads in parts, conditions, presigned links, errors."""

import io
import json
import os

import pytest
import urllib3
from boto3.s3.transfer import TransferConfig

from failures import failure

MIB = 1 << 20


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3):
    s3.create_bucket(Bucket="lab")
    return "lab"


def test_a_bucket_is_made_as_by_aws(s3):
    made = s3.create_bucket(Bucket="lab")
    assert made["Location"] == "/lab"
    assert "lab" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    missing = failure(s3.get_bucket_policy, Bucket="lab")
    assert missing == ("NoSuchBucketPolicy", "The bucket policy does not exist")
    assert missing.status == 404 and missing.response["Error"]["BucketName"] == "lab"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::lab/*"}]})
    assert s3.put_bucket_policy(Bucket="lab", Policy=policy)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert json.loads(s3.get_bucket_policy(Bucket="lab")["Policy"]) == json.loads(policy)
    s3.delete_bucket(Bucket="lab")
    assert failure(s3.list_objects_v2, Bucket="lab").code == "NoSuchBucket"


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_an_object_comes_back(client, bucket, style):
    s3 = client("s3", config={"s3": {"addressing_style": "path"}}) if style == "path" else client("s3")
    key = "a/ü b+c%2F.txt"
    s3.put_object(Bucket=bucket, Key=key, Body=b"flow", ContentType="text/plain", Metadata={"team": "net"})
    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == b"flow"
    assert (got["ContentType"], got["Metadata"], got["ContentLength"]) == ("text/plain", {"team": "net"}, 4)
    part = s3.get_object(Bucket=bucket, Key=key, Range="bytes=1-2")
    assert (part["Body"].read(), part["ContentRange"]) == (b"lo", "bytes 1-2/4")
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    # A range that is none means everything; one that is not there is refused.
    for odd in ("bytes=2-1", "bytes=0-1,3-3", "bytes=-", "lines=1-2"):
        whole = s3.get_object(Bucket=bucket, Key=key, Range=odd)
        assert (whole["Body"].read(), whole["ResponseMetadata"]["HTTPStatusCode"]) == (b"flow", 200)
    for beyond in ("bytes=4-", "bytes=-0"):
        refused = failure(s3.get_object, Bucket=bucket, Key=key, Range=beyond)
        assert (refused.code, refused.status) == ("InvalidRange", 416)
    listed, = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert listed["Key"] == key and listed["ETag"] == got["ETag"]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (["CRC32"], "FULL_OBJECT")


def test_what_is_not_there(s3, bucket):
    head = failure(s3.head_object, Bucket=bucket, Key="none")
    assert (head.code, head.status) == ("404", 404)
    get = failure(s3.get_object, Bucket=bucket, Key="none")
    assert get == ("NoSuchKey", "The specified key does not exist.") and get.status == 404
    s3.delete_object(Bucket=bucket, Key="none")


def test_folders_are_listed(s3, bucket):
    for key in ("a/1", "a/2", "b/1", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    page = s3.list_objects_v2(Bucket=bucket, Delimiter="/", MaxKeys=2)
    assert [prefix["Prefix"] for prefix in page["CommonPrefixes"]] == ["a/", "b/"] and page["IsTruncated"]
    rest = s3.list_objects_v2(Bucket=bucket, Delimiter="/", ContinuationToken=page["NextContinuationToken"])
    assert [found["Key"] for found in rest["Contents"]] == ["c"] and not rest["IsTruncated"]
    pages = s3.get_paginator("list_objects").paginate(Bucket=bucket, Prefix="a", PaginationConfig={"PageSize": 1})
    assert [found["Key"] for page in pages for found in page["Contents"]] == ["a/1", "a/2"]
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/1"}, {"Key": "none"}]})
    assert [found["Key"] for found in deleted["Deleted"]] == ["a/1", "none"]
    assert failure(s3.delete_bucket, Bucket=bucket).code == "BucketNotEmpty"


def test_a_large_object_goes_in_parts(s3, bucket):
    body = os.urandom(11 * MIB)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), bucket, "large", Config=config)
    head = s3.head_object(Bucket=bucket, Key="large")
    assert head["ContentLength"] == len(body) and head["ETag"].endswith('-3"')
    got = io.BytesIO()
    s3.download_fileobj(bucket, "large", got, Config=config)
    assert got.getvalue() == body
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_conditions(s3, bucket):
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    again = failure(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert (again.code, again.status) == ("PreconditionFailed", 412)
    assert failure(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=tag).status == 304
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"}, CopySourceIfMatch=tag)
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"1"
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfMatch="0123").code == "PreconditionFailed"
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=tag.strip('"'))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_link_needs_no_key(client, bucket, version):
    s3 = client("s3", config={"signature_version": version})

    def link(operation):
        return s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)

    assert urllib3.request("PUT", link("put_object"), body=b"by link").status == 200
    assert urllib3.request("GET", link("get_object")).data == b"by link"
    changed = urllib3.request("GET", link("get_object").replace("/k?", "/other?"))
    assert changed.status == 403 and b"<Code>SignatureDoesNotMatch</Code>" in changed.data
