"""From a packet on the wire to its record in a live tail: `weir up` with intervals of a second, datagrams at any moment of
them. Needs root.
"""

import statistics
import subprocess
import sys
import tempfile
import threading
import time

import lab

PORT, GROUP = 4799, "arn:aws:logs:us-east-1:123456789012:log-group:/weir/flow-logs"
# Runs in the host's namespace: prints the destination port of each record that the tail shows, and when it came.
WATCH = f"""
import http.client, json, re, time
connection = http.client.HTTPConnection("127.0.0.1", {PORT})
head = {{"X-Amz-Target": "Logs_20140328.StartLiveTail", "Content-Type": "application/x-amz-json-1.1",
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/logs/aws4_request, "
                         "SignedHeaders=host, Signature=0"}}
connection.request("POST", "/", json.dumps({{"logGroupIdentifiers": ["{GROUP}"]}}), head)
answer, text = connection.getresponse(), b""
assert answer.status == 200, answer.read()
print("ready", flush=True)
while piece := answer.read1(65536):
    now, text = time.time(), text + piece
    for port in re.findall(rb"10\\.0\\.1\\.20 10\\.0\\.1\\.10 \\d+ (\\d+) 17 ", text):
        print(port.decode(), now, flush=True)
    text = text[-100:]
"""


def main():
    arguments = lab.arguments(__doc__, packets=200)
    with lab.Lab(), tempfile.TemporaryDirectory() as folder:
        command = [arguments.weir, "up", "--interface", "w0", "--interval", "1", "--auth", "off", "--data", folder,
                   "--listen", f"127.0.0.1:{PORT}"]
        with lab.Observer(command, 5):
            watch = subprocess.Popen(lab.inside(lab.HOST, sys.executable, "-c", WATCH), stdout=subprocess.PIPE, text=True)
            if watch.stdout.readline() != "ready\n":
                sys.exit("the live tail does not begin")
            seen = {}
            threading.Thread(target=follow, args=(watch.stdout, seen), daemon=True).start()
            sent = send(arguments.packets)
            time.sleep(5)
            watch.kill()
    delays = sorted(1000 * (seen[port] - moment) for port, moment in sent.items() if port in seen)
    print("| records in the tail of packets sent | p50 ms | p99 ms | longest ms |\n|---|---|---|---|")
    print(f"| {len(delays)} of {len(sent)} | {statistics.median(delays):.0f} | {delays[len(delays) * 99 // 100]:.0f} "
          f"| {delays[-1]:.0f} |")


def follow(lines, seen):
    for line in lines:
        port, moment = line.split()
        seen.setdefault(int(port), float(moment))


def send(packets):
    """Sends a datagram to a port of its own at random moments. When each was sent."""
    code = ("import random, socket, sys, time\n"
            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            f"for port in range(20000, 20000 + {packets}):\n"
            f"    time.sleep(random.uniform(0.02, 0.3)); print(port, time.time())\n"
            f"    s.sendto(b'x', ('{lab.ADDRESS}', port))\n")
    lines = lab.run(*lab.inside(lab.PEER, sys.executable, "-c", code)).splitlines()
    return {int(port): float(moment) for port, moment in map(str.split, lines)}


if __name__ == "__main__":
    main()
