"""Errors of AWS, as boto3 shows them."""

import pytest
from botocore.exceptions import ClientError


class Failure:
    """What came back instead of an answer."""

    def __init__(self, response):
        self.code = response["Error"].get("Code")
        self.message = response["Error"].get("Message", "")
        self.status = response["ResponseMetadata"]["HTTPStatusCode"]
        self.headers = response["ResponseMetadata"]["HTTPHeaders"]
        self.response = response

    def __eq__(self, other):
        return (self.code, self.message) == other

    def __repr__(self):
        return repr((self.code, self.message))


def failure(call, /, **arguments):
    """Code and message of a call that must fail."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return Failure(raised.value.response)
