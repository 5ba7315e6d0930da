#!/usr/bin/env python3
"""Signs requests with botocore's signer and writes them to golden.json: `pip install botocore`, then run this here."""
import datetime
import json
import pathlib
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 11, 21, 12, 0, 0)
KEY, SECRET, TOKEN = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "to/ken+of==a session"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


class Clock(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW

    @classmethod
    def now(cls, tz=None):
        return NOW.replace(tzinfo=tz)


botocore.auth.datetime.datetime = Clock
if hasattr(botocore.auth, "get_current_datetime"):
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW

REQUESTS = [
    ("logs", "POST", "http://127.0.0.1:4780/", {"X-Amz-Target": "Logs_20140328.DescribeLogGroups"}, "{}"),
    ("logs", "POST", "http://127.0.0.1:4780/", {"X-Amz-Target": "Logs_20140328.PutLogEvents", "A": " a   b "}, '{"é":1}'),
    ("monitoring", "POST", "http://h/service/Granite/operation/ListMetrics", {"smithy-protocol": "rpc-v2-cbor"}, "x"),
    ("ec2", "POST", "http://h/", {"Content-Type": FORM}, "Action=DescribeVpcs&Version=2016-11-15"),
    ("sts", "GET", "http://h/?Action=GetCallerIdentity&Version=2011-06-15", {}, ""),
    ("sns", "GET", "http://h/?b=2&a=%20x&b=1&c&d=a%2Fb~%C3%BC&Z=1", {}, ""),
    ("iam", "POST", "http://h/a%20b/c/%C3%BC", {}, "body"),
    ("iam", "POST", "http://h/a/./b//../c/", {}, "body"),
]


def golden(auth, credentials, request):
    service, method, url, headers, body = request
    signed = AWSRequest(method=method, url=url, headers=headers, data=body.encode())
    auth(credentials, service, "eu-west-1").add_auth(signed)
    host = urllib.parse.urlsplit(signed.url).netloc
    headers = {"host": host} | {name.lower(): value for name, value in signed.headers.items()}
    uri = signed.url.removeprefix(f"http://{host}")
    return {"service": service, "method": method, "uri": uri, "headers": headers, "body": body}


def main():
    plain, temporary = Credentials(KEY, SECRET), Credentials(KEY, SECRET, TOKEN)
    cases = []
    for credentials in (plain, temporary):
        for request in REQUESTS:
            cases.append(golden(botocore.auth.SigV4Auth, credentials, request))
            if request[1] == "GET":
                cases.append(golden(botocore.auth.SigV4QueryAuth, credentials, request))
    text = json.dumps({"key": KEY, "secret": SECRET, "token": TOKEN, "cases": cases}, indent=1)
    pathlib.Path(__file__).with_name("golden.json").write_text(text + "\n")


main()
