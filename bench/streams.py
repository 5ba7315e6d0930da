"""TCP throughput through a veth pair by iperf3, one stream and fifty: nothing watching, weir, softflowd, tcpdump. Needs root.

The set-ups take turns. Printed are the gigabits a second that arrived (median) and their ratio to nothing watching in the
same round.
"""

import json
import statistics
import subprocess
import tempfile
import time

from lab import ADDRESS, HOST, Lab, Observer, PEER, TCPDUMP, arguments, in_turns, inside, ratios, run, softflowd, weir_up


def iperf(streams, seconds):
    """Gigabits a second that arrived."""
    server = subprocess.Popen(inside(HOST, "iperf3", "-s", "-1"), stdout=subprocess.DEVNULL)
    time.sleep(0.3)
    try:
        out = run(*inside(PEER, "iperf3", "-c", ADDRESS, "-P", str(streams), "-t", str(seconds), "-J"))
    finally:
        server.terminate()
        server.wait()
    return json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e9


def main():
    options = arguments(__doc__, seconds=4, rounds=5)
    print("| streams | observer | Gbit/s | ratio to nothing, min / median / max |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder, Lab():
        setups = {
            "nothing": None,
            "weir, eBPF": (weir_up(options.weir, folder, "ebpf"), 2.0),
            "weir, packet sockets": (weir_up(options.weir, folder, "packet"), 2.0),
            "softflowd": (softflowd(folder), 1.0),
            "tcpdump -s 96": (TCPDUMP, 1.0),
        }
        for streams in (1, 50):
            def measure(name, streams=streams):
                if setups[name] is None:
                    return iperf(streams, options.seconds)
                with Observer(*setups[name]):
                    return iperf(streams, options.seconds)

            results = in_turns(list(setups), options.rounds, measure)
            for name, rates in results.items():
                ratio = ratios(rates, results["nothing"])
                print(f"| {streams} | {name} | {statistics.median(rates):.2f} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
