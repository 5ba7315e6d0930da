"""Packets per second through a veth pair: nothing watching, weir with eBPF and with packet sockets, softflowd, tcpdump.
Needs root.

Two network namespaces, one cable. One side floods UDP packets over 1,000 flows, the other side has the observer. The
set-ups take turns, in each round in another order, and each is compared with nothing watching in the same round. Printed
are packets a second of the sender (median), nanoseconds a packet more than with nothing, the ratio of the rates (minimum,
median, maximum over the rounds), packets that the observer counted of those sent, and the observer's CPU time.
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HOST, PEER = f"weirbench-h{os.getpid()}", f"weirbench-p{os.getpid()}"


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def inside(namespace, *command):
    return ["ip", "netns", "exec", namespace, *command]


def build():
    for name in (HOST, PEER):
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
    run("ip", "link", "add", "w0", "netns", HOST, "type", "veth", "peer", "name", "c0", "netns", PEER)
    for name, device, address in ((HOST, "w0", "10.0.1.10/24"), (PEER, "c0", "10.0.1.20/24")):
        run("ip", "-n", name, "addr", "add", address, "dev", device)
        run("ip", "-n", name, "link", "set", device, "up")


def remove():
    for name in (HOST, PEER):
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def flood(arguments):
    out = run(*inside(PEER, arguments.flood, "--packets", str(arguments.packets), "10.0.1.10"))
    packets, seconds, _ = out.split()
    return int(packets) / float(seconds)


def observed(arguments, command, count, ready, ask_while_running=False):
    """One burst with an observer: packets a second, packets counted, CPU seconds of the observer."""
    if command is None:
        return flood(arguments), None, None
    counted = None
    log = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(inside(HOST, *command), stdout=log, stderr=log)
    try:
        time.sleep(ready)
        before = cpu_seconds(process.pid)
        rate = flood(arguments)
        time.sleep(1.5)
        used = cpu_seconds(process.pid) - before
        if ask_while_running:
            counted = count("")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    log.seek(0)
    return rate, count(log.read()) if counted is None else counted, used


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", default="target/release/weir")
    parser.add_argument("--flood", default="target/release/flood")
    parser.add_argument("--packets", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    folder = tempfile.TemporaryDirectory(prefix="weir-bench-")

    def weir_count(_):
        sql = "SELECT sum(packets) AS n FROM vpc_flow_logs WHERE dstport >= 20000 AND protocol = 17"
        out = run(arguments.weir, "query", "--data", folder.name, "--from", f"{folder.name}/buckets/flow-logs",
                  "--output", "csv", sql)
        total = int(out.splitlines()[1].strip('"') or 0)
        fresh, weir_count.seen = total - weir_count.seen, total
        return fresh

    weir_count.seen = 0

    def softflowd_count(_):
        text = run(*inside(HOST, "softflowctl", "-c", f"{folder.name}/softflowd.ctl", "statistics"))
        return int(re.search(r"Packets processed: (\d+)", text).group(1))

    def tcpdump_count(text):
        return int(re.search(r"(\d+) packets captured", text).group(1))

    def weir(tier):
        return [arguments.weir, "up", "--capture", tier, "--interface", "w0", "--interval", "1",
                "--deliver-every-window", "--data", folder.name, "--listen", "127.0.0.1:0"], weir_count, 2.0

    setups = {
        "nothing": (None, None, 0),
        "weir, eBPF": weir("ebpf"),
        "weir, packet sockets": weir("packet"),
        "softflowd": (["softflowd", "-d", "-i", "w0", "-n", "127.0.0.1:9995", "-p", f"{folder.name}/softflowd.pid",
                       "-c", f"{folder.name}/softflowd.ctl"], softflowd_count, 1.0, True),
        "tcpdump -s 96": (["tcpdump", "-i", "w0", "-s", "96", "-w", "/dev/null", "udp"], tcpdump_count, 1.0),
    }
    results = {name: [] for name in setups}
    try:
        build()
        names = list(setups)
        for turn in range(arguments.rounds):
            start = turn % len(names)
            for name in names[start:] + names[:start]:
                results[name].append(observed(arguments, *setups[name]))
    finally:
        remove()
        folder.cleanup()

    report(arguments.packets, results)


def report(packets, results):
    print("| observer | packets/s | ns/packet more | ratio to nothing, min / median / max | counted of sent | CPU us/packet |")
    print("|---|---|---|---|---|---|")
    base = [rate for rate, _, _ in results["nothing"]]
    for name, rounds in results.items():
        rates = [rate for rate, _, _ in rounds]
        ratios = sorted(rate / alone for rate, alone in zip(rates, base))
        more = statistics.median(1e9 / rate - 1e9 / alone for rate, alone in zip(rates, base))
        counted = [count for _, count, _ in rounds if count is not None]
        used = [cpu for _, _, cpu in rounds if cpu is not None]
        counted = f"{statistics.median(counted) / packets:.4f}" if counted else "-"
        used = f"{statistics.median(used) / packets * 1e6:.2f}" if used else "-"
        ratio = f"{ratios[0]:.2f} / {statistics.median(ratios):.2f} / {ratios[-1]:.2f}"
        print(f"| {name} | {statistics.median(rates):,.0f} | {more:+.0f} | {ratio} | {counted} | {used} |")


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("capture.py: needs root, for network namespaces and capturing")
    main()
