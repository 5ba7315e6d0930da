"""What the wire costs: a fresh `weir up`, asked by eight clients at once over HTTP, signed as AWS clients sign.

Printed: time from start to the first answer, resident memory after it, log events a second by PutLogEvents (500
default-format records a batch), and bytes a second by PutObject and GetObject of S3 (objects of 8 MiB), beside files
of the same bytes that are written and synced, and read, by as many threads of this program. Requests are built and
signed before anything is timed. `bench/run logs` has the log events a second without the wire.
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import shlex
import statistics
import subprocess
import tempfile
import time

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CLIENTS = 8
BATCH = 500
OBJECT = 8 << 20
PORT = 4798
ADDRESS = f"127.0.0.1:{PORT}"


def resident_mib(pid):
    line = next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


class Weir:
    """`weir up` without capture, in a folder of its own."""

    def __init__(self, program, folder):
        self.common = ["--data", str(folder / "data"), "--listen", ADDRESS]
        self.program = program
        began = time.perf_counter()
        self.process = subprocess.Popen([program, "up", "--capture", "off", *self.common], stdout=subprocess.DEVNULL)
        self.first_answer = self.wait() - began
        printed = subprocess.run([program, "env", *self.common], check=True, capture_output=True, text=True).stdout
        words = dict(word.split("=", 1) for word in shlex.split(printed) if "=" in word)
        self.key = Credentials(words["AWS_ACCESS_KEY_ID"], words["AWS_SECRET_ACCESS_KEY"])
        self.region = words["AWS_REGION"]

    def wait(self):
        while self.process.poll() is None:
            try:
                connection = http.client.HTTPConnection(ADDRESS)
                connection.request("GET", "/health")
                assert connection.getresponse().read() == b"ok\n"
                return time.perf_counter()
            except ConnectionError:
                time.sleep(0.002)
        raise RuntimeError("weir ended")

    def signed(self, service, method, path, body=b"", **headers):
        """Method, path, body and headers of a request."""
        request = AWSRequest(method, f"http://{ADDRESS}{path}", data=body, headers=headers)
        auth = S3SigV4Auth if service == "s3" else SigV4Auth
        auth(self.key, service, self.region).add_auth(request)
        return method, path, body, dict(request.headers)

    def logs(self, operation, **members):
        return self.signed("logs", "POST", "/", json.dumps(members).encode(), **{
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{operation}"})


def ask(connection, request):
    connection.request(*request)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {body[:500]}")
    return len(body)


def together(work):
    """Seconds that the clients take for `work(client)`, all at once."""
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        began = time.perf_counter()
        list(pool.map(work, range(CLIENTS)))
        return time.perf_counter() - began


def over_the_wire(requests):
    """Seconds for what each client asks, one request after another on one connection."""
    def work(client):
        connection = http.client.HTTPConnection(ADDRESS)
        for request in requests[client]:
            ask(connection, request)
    return together(work)


def record(source, now):
    octets = [source.randrange(256) for _ in range(4)]
    return (f"2 123456789012 eni-0123456789abcdef0 10.0.{octets[0]}.{octets[1]} 172.31.{octets[2]}.{octets[3]} "
            f"{source.randrange(1024, 65536)} 443 6 {source.randrange(1, 100)} {source.randrange(40, 99999)} {now} {now + 60} "
            "ACCEPT OK")


def put_log_events(weir, batches):
    """Events a second."""
    connection = http.client.HTTPConnection(ADDRESS)
    group = f"/bench/{time.time_ns()}"
    ask(connection, weir.logs("CreateLogGroup", logGroupName=group))
    source, now, requests = random.Random(1), int(time.time()), []
    for client in range(CLIENTS):
        ask(connection, weir.logs("CreateLogStream", logGroupName=group, logStreamName=f"client-{client}"))
        events = [{"timestamp": now * 1000, "message": record(source, now)} for _ in range(BATCH)]
        put = weir.logs("PutLogEvents", logGroupName=group, logStreamName=f"client-{client}", logEvents=events)
        requests.append([put] * batches)
    return CLIENTS * batches * BATCH / over_the_wire(requests)


def objects(weir, folder, count):
    """Bytes a second: put, write and sync of files, get, read of files."""
    bucket = f"bench-{time.time_ns()}"
    ask(http.client.HTTPConnection(ADDRESS), weir.signed("s3", "PUT", f"/{bucket}"))
    content = random.Random(2).randbytes(OBJECT)
    named = [[f"{client}-{number}" for number in range(count)] for client in range(CLIENTS)]
    (folder / bucket).mkdir()

    def write(client):
        for name in named[client]:
            with open(folder / bucket / name, "wb") as file:
                file.write(content)
                os.fsync(file.fileno())

    def read(client):
        for name in named[client]:
            assert len((folder / bucket / name).read_bytes()) == OBJECT

    puts = [[weir.signed("s3", "PUT", f"/{bucket}/{name}", content) for name in names] for names in named]
    gets = [[weir.signed("s3", "GET", f"/{bucket}/{name}") for name in names] for names in named]
    total = CLIENTS * count * OBJECT
    return [total / seconds for seconds in (over_the_wire(puts), together(write), over_the_wire(gets), together(read))]


def show(name, values, unit):
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"| {name} | {low:,.{unit}f} / {middle:,.{unit}f} / {high:,.{unit}f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", default="target/release/weir")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--objects", type=int, default=4)
    arguments = parser.parse_args()
    starts, memory = [], []
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory(prefix="weir-wire-") as name:
            weir = Weir(arguments.weir, pathlib.Path(name))
            starts.append(weir.first_answer * 1000)
            memory.append(resident_mib(weir.process.pid))
            weir.process.terminate()
            weir.process.wait()
    with tempfile.TemporaryDirectory(prefix="weir-wire-", dir="bench/data") as name:
        folder = pathlib.Path(name)
        weir = Weir(arguments.weir, folder)
        events = [put_log_events(weir, arguments.batches) for _ in range(arguments.rounds)]
        rates = list(zip(*(objects(weir, folder, arguments.objects) for _ in range(arguments.rounds))))
        weir.process.terminate()
        weir.process.wait()
    print("| measure | min / median / max |\n|---|---|")
    show("start to first answer, ms", starts, 0)
    show("resident after it, MiB", memory, 0)
    show("PutLogEvents, events/s", events, 0)
    for name, values in zip(("PutObject", "file written and synced", "GetObject", "file read"), rates):
        show(f"{name}, MB/s", [value / 1e6 for value in values], 1)
    for name, wire, files in (("PutObject", 0, 1), ("GetObject", 2, 3)):
        show(f"{name} as a ratio to files", [a / b for a, b in zip(rates[wire], rates[files])], 2)


if __name__ == "__main__":
    main()
