"""The listener under TLS, and what it refuses without."""

import socket
import ssl
import subprocess

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, SSLError

from conftest import CLI
from weir import ACCOUNT, PROGRAM, until


def certificate(folder, name="first"):
    """A certificate for loopback that vouches for itself, and its key."""
    folder.mkdir(exist_ok=True)
    files = folder / "weir.pem", folder / "weir.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0],
                    "-keyout", files[1]], check=True, capture_output=True)
    return files


@pytest.fixture
def tls(weirs, tmp_path):
    pem, key = certificate(tmp_path / "tls")
    return weirs("--tls-cert", pem, "--tls-key", key, scheme="https")


def caller(server):
    """As any program would that `eval "$(weir env)"` was run for."""
    environment = server.environment
    session = boto3.session.Session(aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                                    aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                                    region_name=environment["AWS_REGION"])
    client = session.client("sts", endpoint_url=environment["AWS_ENDPOINT_URL"], verify=environment["AWS_CA_BUNDLE"])
    return client.get_caller_identity()["Account"]


def test_clients_come_by_https(tls):
    assert tls.environment["AWS_ENDPOINT_URL"] == f"https://{tls.address}"
    assert caller(tls) == ACCOUNT


def test_the_command_line_comes_by_https(tls):
    for version in CLI:
        done = subprocess.run([CLI[version], "--endpoint-url", tls.url, "sts", "get-caller-identity", "--query", "Account"],
                              env=tls.environment, capture_output=True, text=True)
        assert done.stdout.strip() == f'"{ACCOUNT}"', done.stderr


def test_status_knows_the_certificate(tls, tmp_path):
    status = [PROGRAM, "status", "--listen", tls.address, "--tls-cert"]
    done = subprocess.run([*status, tls.environment["AWS_CA_BUNDLE"]], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("weir "), done.stderr
    other, _ = certificate(tmp_path / "other")
    done = subprocess.run([*status, other], capture_output=True, text=True)
    assert done.returncode == 1
    assert "its certificate is not the one that --tls-cert names" in done.stderr


def test_a_new_certificate_is_used_at_once(tls, tmp_path):
    def shown():
        return ssl.get_server_certificate(tuple(tls.address.split(":")))

    before = shown()
    pem, key = certificate(tmp_path / "tls", name="second")
    assert until(lambda: shown() != before, "the new certificate")
    assert shown().split() == pem.read_text().split()
    assert caller(tls) == ACCOUNT
    # In the midst of a replacement the files do not belong together: the pair before them stays.
    now = shown()
    other, _ = certificate(tmp_path / "other")
    pem.write_bytes(other.read_bytes())
    assert shown() == now
    key.write_text("no key")
    assert shown() == now


def test_who_speaks_no_tls_is_not_answered(tls):
    host, port = tls.address.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: weir\r\n\r\n")
        assert not connection.recv(100).startswith(b"HTTP/")
    untrusting = dict(endpoint_url=tls.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with pytest.raises((SSLError, EndpointConnectionError)):
        boto3.session.Session().client("sts", **untrusting).get_caller_identity()


@pytest.mark.parametrize("arguments, reason", [
    (["--listen", "0.0.0.0:0"],
     "without TLS everyone on the way to 0.0.0.0:0 can read what AWS clients send: give --tls-cert and --tls-key, or "
     "--allow-plain-http if the way is yours alone"),
    (["--listen", "0.0.0.0:0", "--auth", "off", "--allow-plain-http"],
     "--auth off lets everyone do everything who reaches 0.0.0.0:0: listen on a loopback address"),
    (["--tls-cert", "a.pem"], "TLS needs both: a certificate with --tls-cert, and its key with --tls-key"),
    (["--tls-key", "a.key"], "TLS needs both: a certificate with --tls-cert, and its key with --tls-key"),
])
def test_what_would_be_careless_is_refused(tmp_path, arguments, reason):
    done = subprocess.run([PROGRAM, "up", "--capture", "off", "--data", tmp_path / "data", *arguments], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 2
    assert reason in done.stderr


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    pem, _ = certificate(tmp_path / "one")
    _, key = certificate(tmp_path / "two")
    done = subprocess.run([PROGRAM, "up", "--capture", "off", "--data", tmp_path / "data", "--listen", "127.0.0.1:0",
                           "--tls-cert", pem, "--tls-key", key], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"{key} is not the key of {pem}" in done.stderr
