"""What every test may ask for: a fresh Weir, and clients that talk to it."""

import json
import os
import subprocess
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from weir import TARGET, Weir

VENV = TARGET / "clients" / "venv" / "bin"
# Debian's, whatever stands before it in PATH.
CLI = {1: VENV / "aws", 2: Path("/usr/bin/aws")}


@pytest.fixture
def weir(tmp_path, request):
    server = Weir(tmp_path)
    request.node.weir = server
    yield server
    assert server.stop() == 0


@pytest.fixture
def weirs(tmp_path, request):
    """Makes further ones, each with arguments of its own."""
    started = []

    def start(*arguments, **options):
        home = tmp_path / f"weir-{len(started)}"
        home.mkdir()
        server = Weir(home, *arguments, **options)
        request.node.weir = server
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure comes with what the server said."""
    report = yield
    if report.failed and hasattr(item, "weir"):
        report.sections.append(("weir up", item.weir.said()))
    return report


@pytest.fixture
def variables(weir, monkeypatch):
    """`eval "$(weir env)"` in this process, for libraries that read the environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in weir.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    # Another test's session knows another server.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return weir.environment


def boto3_client(server, service, access_key=None, **options):
    """A client of boto3 with the root's key, or with another."""
    key = access_key or {"AccessKeyId": server.environment["AWS_ACCESS_KEY_ID"],
                         "SecretAccessKey": server.environment["AWS_SECRET_ACCESS_KEY"]}
    settings = {"retries": {"total_max_attempts": 1}, "inject_host_prefix": False} | options.pop("config", {})
    return boto3.session.Session().client(
        service,
        endpoint_url=server.url,
        region_name=options.pop("region_name", server.environment["AWS_REGION"]),
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
        config=Config(**settings),
        **options,
    )


@pytest.fixture
def client(weir):
    """Makes clients of boto3 for a service."""
    return lambda service, **options: boto3_client(weir, service, **options)


class AwsCli:
    """The AWS command line: `aws("sts", "get-caller-identity")` gives the answer."""

    def __init__(self, version, server):
        self.version = version
        self.server = server

    def run(self, *words):
        # Before 2.13 it does not read AWS_ENDPOINT_URL.
        endpoint = [] if self.version == 1 else ["--endpoint-url", self.server.url]
        command = [str(CLI[self.version]), *endpoint, "--output", "json", *map(str, words)]
        return subprocess.run(command, env=self.server.environment, capture_output=True, text=True, timeout=120,
                              cwd=self.server.home)

    def __call__(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, f"aws {' '.join(map(str, words))}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def text(self, *words):
        """What a person reads, for commands that print no JSON."""
        done = self.run(*words)
        assert done.returncode == 0, f"aws {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout

    def error(self, *words):
        """What it says when it fails."""
        done = self.run(*words)
        assert done.returncode != 0, f"aws {' '.join(map(str, words))} did not fail: {done.stdout}"
        return done.stderr.strip()


@pytest.fixture(params=CLI, ids=["cli1", "cli2"])
def aws(weir, request):
    return AwsCli(request.param, weir)
