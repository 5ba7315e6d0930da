"""Memory of an idle `weir-agent`, by packet sockets and by eBPF. Needs root, for a network namespace of its own.

It records one veth interface in windows of a second, by a definition as a server would have left it; the server is away. RssAnon is memory of
its own; RssFile is the program, and the rings that it shares with the kernel, whose pages count twice since they are mapped twice.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from lab import inside, run

NAMESPACE = f"weirbench-a{os.getpid()}"
IDENTITY = {"server": "https://127.0.0.1:9", "fingerprint": "00" * 32, "host": "i-0123456789abcdef0", "secret": "00" * 16, "joined": True}
RECORDING = {
    "flow-log-id": "fl-0123456789abcdef0", "account-id": "123456789012", "region": "us-east-1", "traffic-type": "ALL",
    "log-format": "${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}",
    "max-aggregation-interval": 1, "max-flows": 200_000,
}
FIGURES = ("VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem")


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return {name: int(values[name].split()[0]) / 1024 for name in FIGURES}


def mappings(pid):
    """Resident MiB by what is mapped, the largest first."""
    sizes, name = {}, ""
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            name = words[5] if len(words) > 5 else f"anonymous {words[1]}"
        elif words[0] == "Rss:":
            sizes[name] = sizes.get(name, 0) + int(words[1]) / 1024
    return sorted(((size, name) for name, size in sizes.items() if size >= 0.1), reverse=True)


def idle(agent, tier, seconds, folder):
    data = folder / tier
    data.mkdir()
    (data / "identity.json").write_text(json.dumps(IDENTITY))
    (data / "definition.json").write_text(json.dumps({"flow-logs": [RECORDING], "enforce": False}))
    command = [agent, "run", "--data", str(data), "--machine-id", "bench", "--interface", "f0", "--capture", tier]
    process = subprocess.Popen(inside(NAMESPACE, *command))
    try:
        time.sleep(seconds)
        return status(process.pid), mappings(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", default="target/agent/weir-agent", help="the program")
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--mappings", action="store_true", help="say also what is mapped")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-agent-memory-") as name:
        run("ip", "netns", "add", NAMESPACE)
        try:
            run("ip", "link", "add", "f0", "netns", NAMESPACE, "type", "veth", "peer", "name", "f1", "netns", NAMESPACE)
            for device in ("lo", "f0", "f1"):
                run("ip", "-n", NAMESPACE, "link", "set", device, "up")
            print("| MiB | " + " | ".join(FIGURES) + " |\n|" + "---|" * (len(FIGURES) + 1))
            for tier in ("packet", "ebpf"):
                figures, mapped = idle(arguments.agent, tier, arguments.seconds, pathlib.Path(name))
                print(f"| {tier} | " + " | ".join(f"{figures[name]:.1f}" for name in FIGURES) + " |", flush=True)
                if arguments.mappings:
                    print("\n".join(f"{size:8.1f} {what}" for size, what in mapped))
        finally:
            subprocess.run(["ip", "netns", "del", NAMESPACE], capture_output=True)


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("agent.py: needs root, for a network namespace and capturing")
    main()
