"""The AWS SDK for Rust, which speaks CBOR with CloudWatch."""

import subprocess

from weir import TARGET


def test_cloudwatch(weir):
    program = TARGET / "clients" / "rust" / "debug" / "weir-client-tests"
    done = subprocess.run([program], env=weir.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3 passed, 0 failed\n"
