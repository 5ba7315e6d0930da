"""Clients that mean harm, or are broken: the server stays up, its memory stays flat, and others are served.

What is compared with a clock here has a limit of many times what it takes.
"""

import concurrent.futures
import contextlib
import gzip
import resource
import socket
import time

import pytest

from conftest import boto3_client

MIB = 1 << 20
LONGEST = 16 * MIB
IDLE = 10_000
# What a debug build may hold more after an attack than before it.
FLAT_KIB = 100 << 10
LOGS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}
FORGED = ("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/logs/aws4_request, "
          "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64)


def connect(weir):
    host, port = weir.address.split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def head(method="POST", path="/", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: weir"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(connection):
    """Everything until the other side closes, or what there is when it has answered whole."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            said += piece
            before, _, body = said.partition(b"\r\n\r\n")
            length = [line.split(b":")[1] for line in before.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if length and len(body) >= int(length[0]):
                break
    return said


def status(said):
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/") else None


@pytest.fixture
def watched(weir):
    """A Weir that others use all the while; afterwards it is up, and holds no more memory than before."""
    boto3_client(weir, "logs").create_log_group(logGroupName="before")
    boto3_client(weir, "sts").get_caller_identity()
    before = weir.resident_kib()
    yield weir
    assert weir.is_up()
    served(weir)
    assert weir.resident_kib() < before + FLAT_KIB


def served(weir):
    """Another client is served, and at once."""
    begun = time.monotonic()
    groups = boto3_client(weir, "logs").describe_log_groups(logGroupNamePrefix="before")["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["before"]
    assert time.monotonic() - begun < 10


def test_a_body_over_the_limit_is_refused_unread(watched):
    with connect(watched) as connection:
        connection.sendall(head(**LOGS, Content_Length=LONGEST + 1))
        said = answer(connection)
    assert status(said) == 413 and b"RequestTooLargeException" in said


def test_a_body_without_a_length_ends_at_the_limit(watched):
    with connect(watched) as connection:
        connection.sendall(head(**LOGS, Transfer_Encoding="chunked"))
        with contextlib.suppress(ConnectionError):
            for _ in range(LONGEST // MIB + 1):
                connection.sendall(b"100000\r\n" + bytes(MIB) + b"\r\n")
        said = answer(connection)
    # The connection may break off under what is still on its way.
    assert said == b"" or status(said) == 413


def test_what_inflates_beyond_the_limit_is_refused(watched):
    bomb = gzip.compress(bytes(2 * LONGEST))
    with connect(watched) as connection:
        connection.sendall(head(**LOGS, Content_Encoding="gzip", Content_Length=len(bomb)) + bomb)
        said = answer(connection)
    assert status(said) == 413


def test_many_long_bodies_at_once_take_bounded_memory(weir):
    boto3_client(weir, "logs").create_log_group(logGroupName="before")
    before = weir.resident_kib()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(weir)) for _ in range(40)]

        def send(connection):
            with contextlib.suppress(ConnectionError):
                connection.sendall(head(**LOGS, Content_Length=LONGEST) + bytes(LONGEST - 1))

        with concurrent.futures.ThreadPoolExecutor(len(connections)) as pool:
            list(pool.map(send, connections))
        # 640 MiB were sent, of which 256 MiB are held, and buffers beside them.
        assert weir.resident_kib() < before + (400 << 10)
        served(weir)
    assert weir.is_up()


def test_a_long_head_is_refused(watched):
    with connect(watched) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(head(**LOGS, Padding="a" * MIB))
        said = answer(connection)
    assert said == b"" or status(said) == 431


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01\x00", b"\r\n" * 1000, bytes(range(256)) * 100,
                                     b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"])
def test_what_is_no_http_is_refused(watched, garbage):
    with connect(watched) as connection:
        # It may be refused before it is all said.
        with contextlib.suppress(OSError):
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
        said = answer(connection)
    assert said == b"" or status(said) in (400, 404, 505)


def test_slow_clients_hold_up_nobody(watched):
    with contextlib.ExitStack() as stack:
        heads = [stack.enter_context(connect(watched)) for _ in range(300)]
        bodies = [stack.enter_context(connect(watched)) for _ in range(300)]
        for connection in bodies:
            connection.sendall(head(**LOGS, Content_Length=1000))
        for byte in b"POST /":
            for connection in heads + bodies:
                connection.send(bytes([byte]))
            served(watched)


def test_a_slow_client_is_told_in_the_end(watched):
    """Half a minute without a byte is too long: for a head, for a body, and between two requests."""
    begun = time.monotonic()
    with connect(watched) as silent, connect(watched) as half, connect(watched) as body:
        half.sendall(b"POST / HTTP/1.1\r\nHost:")
        body.sendall(head(**LOGS, Content_Length=1000))
        assert answer(silent) == b""
        assert status(answer(half)) in (408, None)
        assert status(answer(body)) == 408
    assert time.monotonic() - begun < 55


def test_a_half_closed_connection_gets_its_answer(watched):
    with connect(watched) as connection:
        connection.sendall(head("GET", "/health"))
        connection.shutdown(socket.SHUT_WR)
        said = answer(connection)
    assert status(said) == 200 and said.endswith(b"ok\n")


def test_a_body_that_breaks_off_harms_nobody(watched):
    for _ in range(100):
        with connect(watched) as connection:
            connection.sendall(head(**LOGS, Content_Length=1000) + b"{")


def test_idle_connections_cost_next_to_nothing(watched):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        for number in range(IDLE):
            stack.enter_context(connect(watched))
            if number % 2500 == 0:
                served(watched)
        served(watched)


def test_a_full_house_lets_others_in(weirs):
    """With room for few, those who came first and asked for nothing leave."""
    weir = weirs(descriptors=256)
    boto3_client(weir, "logs").create_log_group(logGroupName="before")
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(weir)) for _ in range(1000)]
        for connection in connections[::2]:
            with contextlib.suppress(ConnectionError):
                connection.send(b"POST / HT")
        served(weir)
        assert answer(connections[0]) == b""
    assert weir.is_up()


def test_a_flood_of_bad_signatures(watched):
    request = head(**LOGS, Content_Length=2, Authorization=FORGED, X_Amz_Date="20260101T000000Z") + b"{}"

    def flood(_):
        with connect(watched) as connection:
            for _ in range(250):
                connection.sendall(request)
                assert status(answer(connection)) == 400

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        floods = [pool.submit(flood, number) for number in range(8)]
        while not all(each.done() for each in floods):
            served(watched)
        for each in floods:
            each.result()


def test_a_refusal_before_the_body_says_that_the_connection_ends(watched):
    """Otherwise a client sends its next request into a connection that is being closed."""
    with connect(watched) as connection:
        connection.sendall(head("PUT", "/nowhere/key", Content_Length=5, Expect="100-continue"))
        said = answer(connection)
        assert status(said) == 403 and b"\r\nconnection: close\r\n" in said.lower(), said
        assert connection.recv(1) == b""
    with connect(watched) as connection:
        for _ in range(2):
            connection.sendall(head("GET", "/nowhere/key", Authorization=FORGED.replace("/logs/", "/s3/"), X_Amz_Date="20260101T000000Z"))
            said = answer(connection)
            assert status(said) == 403 and b"connection:" not in said.lower(), said
