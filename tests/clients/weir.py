"""A Weir of its own: a fresh data directory, a free port, the root's key."""

import os
import resource
import shlex
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "debug" / "weir"
ACCOUNT = "123456789012"
REGION = "us-east-1"
PATIENCE = 20


class Weir:
    """`weir up`, without capture, until `stop`."""

    def __init__(self, home, *arguments, scheme="http", descriptors=None):
        self.home = Path(home)
        self.data = self.home / "data"
        self.log = self.home / "weir.log"
        self.scheme = scheme
        self.descriptors = descriptors
        self.arguments = [str(argument) for argument in arguments]
        self.start()

    def start(self):
        """Takes a free port. Another program may be faster: then the next one."""
        for _ in range(5):
            self.address = f"127.0.0.1:{free_port()}"
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(self.command("up", "--capture", "off", *self.arguments), stdout=log,
                                                stderr=log, stdin=subprocess.DEVNULL, cwd=self.home,
                                                preexec_fn=self.limit)
            if self.answers():
                break
            self.kill()
        else:
            raise RuntimeError(f"weir does not start:\n{self.said()}")
        try:
            self.environment = self.told_environment()
        except BaseException:
            self.kill()
            raise

    def limit(self):
        if self.descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    def command(self, name, *arguments):
        return [PROGRAM, name, "--data", self.data, "--listen", self.address, *arguments]

    @property
    def url(self):
        return f"{self.scheme}://{self.address}"

    def answers(self):
        """Waits for the first answer; says whether there is one."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            try:
                return self.get("/health") == (200, b"ok\n")
            except OSError:
                time.sleep(0.01)
        return False

    def told_environment(self):
        """The variables that `weir env` prints, as a shell reads them."""
        where = self.arguments.index("--tls-cert") if "--tls-cert" in self.arguments else None
        certificate = self.arguments[where:where + 2] if where is not None else []
        printed = subprocess.run(self.command("env", *certificate), capture_output=True, text=True, check=True).stdout
        words = shlex.split(printed)
        exported = dict(word.split("=", 1) for word in words if "=" in word)
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return kept | exported | {"HOME": str(self.home), "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true"}

    def get(self, path):
        """Status and body of a page, without a signature."""
        try:
            # Whoever it is: the clients check the certificate.
            trusting = ssl._create_unverified_context() if self.scheme == "https" else None
            with urllib.request.urlopen(self.url + path, timeout=PATIENCE, context=trusting) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def resident_kib(self):
        """Memory that the program holds, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))

    def is_up(self):
        return self.process.poll() is None

    def kill(self):
        """As a loss of power: nothing is told."""
        self.process.kill()
        self.process.wait(timeout=PATIENCE)

    def stop(self):
        """As Ctrl-C; returns the exit code."""
        if self.is_up():
            self.process.terminate()
        try:
            return self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def said(self):
        return self.log.read_text(errors="replace")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def until(found, what, seconds=PATIENCE):
    """Asks until there is an answer that is not empty; gives it."""
    end = time.monotonic() + seconds
    while True:
        answer = found()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}: {answer!r}")
        time.sleep(0.1)
