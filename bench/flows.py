"""A million flows in one window: what weir counts of them, and what they cost. Needs root.

One packet for each flow, within one interval of 60 s. Printed are packets recorded of those sent, packets lost, memory of
the kernel's maps and of the program for each flow, and the processor time of closing the window.
"""

import pathlib
import tempfile
import time

from lab import Lab, Observer, arguments, flood, status

PORT = 4798


def map_bytes(pid):
    """Memory that the kernel accounts to the process's maps."""
    total = 0
    for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        fields = dict(line.split(":", 1) for line in entry.read_text().splitlines() if ":" in line)
        if "map_type" in fields:
            total += int(fields["memlock"])
    return total


def peak_bytes(pid):
    line = next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def windows(interface):
    return next((each["windows"] for each in status(PORT)["interfaces"] if each["name"] == interface), 0)


def main():
    options = arguments(__doc__, sockets=25, flows=40_000)
    count = options.sockets * options.flows
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder, Lab():
        command = [options.weir, "up", "--capture", "ebpf", "--interface", "w0", "--interval", "60",
                   "--max-flows", str(count + count // 5), "--deliver-every-window", "--data", folder,
                   "--listen", f"127.0.0.1:{PORT}"]
        with Observer(command, 2.0) as observer:
            idle = peak_bytes(observer.process.pid)
            # All flows within one window: begin soon after one began.
            time.sleep(60 - time.time() % 60 + 2)
            done = windows("w0")
            flood(options.flood, count, flows=options.flows, sockets=options.sockets)
            maps, before = map_bytes(observer.process.pid), observer.cpu_seconds()
            while windows("w0") == done:
                time.sleep(0.2)
            time.sleep(5)
            used, peak = observer.cpu_seconds() - before, peak_bytes(observer.process.pid)
            report = next(each for each in status(PORT)["interfaces"] if each["name"] == "w0")
    print("| measure | value |\n|---|---|")
    print(f"| flows, one packet each | {count:,} |")
    print(f"| packets recorded of those sent | {report['packets_recorded'] / count:.4f} |")
    print(f"| packets lost | {report['packets_lost']} |")
    print(f"| kernel memory of all maps, a flow | {maps / count:.0f} bytes |")
    print(f"| resident memory at the peak, more than idle, a flow | {(peak - idle) / count:.0f} bytes |")
    print(f"| processor seconds to close and deliver the window | {used:.1f} |")


if __name__ == "__main__":
    main()
