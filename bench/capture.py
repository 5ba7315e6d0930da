"""Packets per second through a veth pair: nothing watching, weir with eBPF and with packet sockets, softflowd, tcpdump.
Needs root.

One side floods UDP packets over 1,000 flows, the other side has the observer. The set-ups take turns, and each is compared
with nothing watching in the same round. Printed are packets a second of the sender (median), nanoseconds a packet more than
with nothing, the ratio of the rates (minimum, median, maximum over the rounds), packets that the observer counted of those
sent, and the observer's CPU time.
"""

import re
import statistics
import tempfile
import time

from lab import (HOST, Lab, Observer, TCPDUMP, arguments, flood, in_turns, inside, nanoseconds_more, ratios, run, softflowd,
                 weir_up)


class Counts:
    """How many packets each observer saw since it was asked last."""

    def __init__(self, weir, folder):
        self.weir_program, self.folder, self.seen = weir, folder, 0

    def weir(self, _):
        sql = "SELECT sum(packets) AS n FROM vpc_flow_logs WHERE dstport >= 20000 AND protocol = 17"
        out = run(self.weir_program, "query", "--data", self.folder, "--from", f"{self.folder}/buckets/flow-logs",
                  "--output", "csv", sql)
        total = int(out.splitlines()[1].strip('"') or 0)
        fresh, self.seen = total - self.seen, total
        return fresh

    def softflowd(self, _):
        text = run(*inside(HOST, "softflowctl", "-c", f"{self.folder}/softflowd.ctl", "statistics"))
        return int(re.search(r"Packets processed: (\d+)", text).group(1))

    def tcpdump(self, log):
        return int(re.search(r"(\d+) packets captured", log).group(1))


def measure(options, setup):
    """One burst: packets a second, packets counted, CPU seconds of the observer."""
    if setup is None:
        return flood(options.flood, options.packets), None, None
    command, ready, count, while_running = setup
    with Observer(command, ready) as observer:
        before = observer.cpu_seconds()
        rate = flood(options.flood, options.packets)
        time.sleep(1.5)
        used = observer.cpu_seconds() - before
        counted = count("") if while_running else None
    return rate, count(observer.log) if counted is None else counted, used


def main():
    options = arguments(__doc__, packets=500_000, rounds=5)
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder, Lab():
        counts = Counts(options.weir, folder)
        setups = {
            "nothing": None,
            "weir, eBPF": (weir_up(options.weir, folder, "ebpf"), 2.0, counts.weir, False),
            "weir, packet sockets": (weir_up(options.weir, folder, "packet"), 2.0, counts.weir, False),
            "softflowd": (softflowd(folder), 1.0, counts.softflowd, True),
            "tcpdump -s 96": ([*TCPDUMP, "udp"], 1.0, counts.tcpdump, False),
        }
        results = in_turns(list(setups), options.rounds, lambda name: measure(options, setups[name]))
    report(options.packets, results)


def report(packets, results):
    print("| observer | packets/s | ns/packet more | ratio to nothing, min / median / max | counted of sent | CPU us/packet |")
    print("|---|---|---|---|---|---|")
    base = [rate for rate, _, _ in results["nothing"]]
    for name, rounds in results.items():
        rates = [rate for rate, _, _ in rounds]
        counted = [count for _, count, _ in rounds if count is not None]
        used = [cpu for _, _, cpu in rounds if cpu is not None]
        counted = f"{statistics.median(counted) / packets:.4f}" if counted else "-"
        used = f"{statistics.median(used) / packets * 1e6:.2f}" if used else "-"
        more = f"{nanoseconds_more(rates, base):+.0f}"
        print(f"| {name} | {statistics.median(rates):,.0f} | {more} | {ratios(rates, base)} | {counted} | {used} |")


if __name__ == "__main__":
    main()
