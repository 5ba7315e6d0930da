"""Two network namespaces joined by one cable, and set-ups that take turns on it. Needs root.

`host` (10.0.1.10, device w0) has the observer, `peer` (10.0.1.20, device c0) sends.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HOST, PEER = f"weirbench-h{os.getpid()}", f"weirbench-p{os.getpid()}"
ADDRESS = "10.0.1.10"


def arguments(description, **numbers):
    """The command line: the two programs, and numbers with their defaults."""
    parser = argparse.ArgumentParser(description=description)
    for program in ("weir", "flood"):
        parser.add_argument(f"--{program}", default=f"target/release/{program}")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def inside(namespace, *command):
    return ["ip", "netns", "exec", namespace, *command]


def status(port, namespace=HOST):
    """What the weir at this port answers."""
    code = f"import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:{port}/status').read().decode())"
    return json.loads(run(*inside(namespace, sys.executable, "-c", code)))


class Lab:
    """The namespaces, as a context manager."""

    def __enter__(self):
        if os.geteuid() != 0:
            sys.exit("needs root, for network namespaces and capturing")
        for name in (HOST, PEER):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "link", "add", "w0", "netns", HOST, "type", "veth", "peer", "name", "c0", "netns", PEER)
        for name, device, address in ((HOST, "w0", f"{ADDRESS}/24"), (PEER, "c0", "10.0.1.20/24")):
            run("ip", "-n", name, "addr", "add", address, "dev", device)
            run("ip", "-n", name, "link", "set", device, "up")
        return self

    def __exit__(self, *_):
        for name in (HOST, PEER):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Observer:
    """A program in the host's namespace, as a context manager; `log` is what it printed."""

    def __init__(self, command, ready):
        self.command, self.ready, self.log, self.process = command, ready, "", None

    def __enter__(self):
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(inside(HOST, *self.command), stdout=self.output, stderr=self.output)
        time.sleep(self.ready)
        if self.process.poll() is not None:
            self.output.seek(0)
            raise RuntimeError(f"{self.command[0]} ended: {self.output.read()}")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
        self.output.seek(0)
        self.log = self.output.read()

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def flood(program, packets, **options):
    """Sends packets; packets a second."""
    further = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    sent, seconds, _ = run(*inside(PEER, program, "--packets", str(packets), *further, ADDRESS)).split()
    return int(sent) / float(seconds)


def in_turns(names, rounds, measure):
    """Measures each set-up once a round, each round beginning with another; lists of results by name."""
    results = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            results[name].append(measure(name))
    return results


def ratios(values, base):
    """Minimum, median and maximum of the ratios round by round."""
    each = sorted(value / alone for value, alone in zip(values, base))
    return f"{each[0]:.2f} / {statistics.median(each):.2f} / {each[-1]:.2f}"


def nanoseconds_more(rates, base):
    """What each takes longer than the other in the same round: the median."""
    return statistics.median(1e9 / rate - 1e9 / alone for rate, alone in zip(rates, base))


def weir_up(weir, data, tier, *further):
    return [weir, "up", "--capture", tier, "--interface", "w0", "--interval", "1", "--deliver-every-window",
            "--data", data, "--listen", "127.0.0.1:0", *further]


def softflowd(folder):
    return ["softflowd", "-d", "-i", "w0", "-n", "127.0.0.1:9995", "-p", f"{folder}/softflowd.pid",
            "-c", f"{folder}/softflowd.ctl"]


TCPDUMP = ["tcpdump", "-i", "w0", "-s", "96", "-w", "/dev/null"]
