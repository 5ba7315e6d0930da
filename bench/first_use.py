"""First use: time of a cold build from a clean clone, then from starting `weir up` to its first record. Needs root.

The crates are taken from cargo's cache if they are there. Also printed: the size of the program, time from start to
ready, and resident memory while idle and while capturing.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from lab import inside, run, status

NAMESPACE, PORT = f"weirbench-f{os.getpid()}", 4799


def resident_mib(pid):
    line = next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def cold_build(folder):
    clone = folder / "clone"
    run("git", "clone", "--quiet", ".", str(clone))
    environment = {**os.environ, "CARGO_TARGET_DIR": str(folder / "target")}
    began = time.perf_counter()
    run("cargo", "build", "--release", "--locked", "--package", "weir", cwd=clone, env=environment)
    return time.perf_counter() - began, folder / "target/release/weir"


def wait_until(condition, seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        try:
            if condition():
                return time.perf_counter()
        except (subprocess.CalledProcessError, OSError, StopIteration):
            pass
        time.sleep(0.005)
    raise TimeoutError("nothing within the time")


def first_record(weir, folder):
    data = folder / "data"
    run("ip", "netns", "add", NAMESPACE)
    try:
        run("ip", "-n", NAMESPACE, "link", "set", "lo", "up")
        run("ip", "link", "add", "f0", "netns", NAMESPACE, "type", "veth", "peer", "name", "f1", "netns", NAMESPACE)
        run("ip", "-n", NAMESPACE, "addr", "add", "10.0.2.1/24", "dev", "f0")
        for device in ("f0", "f1"):
            run("ip", "-n", NAMESPACE, "link", "set", device, "up")
        # hosts that do not exist: the requests still leave by f0 once the neighbour is known
        run("ip", "-n", NAMESPACE, "neigh", "add", "10.0.2.2", "lladdr", "02:00:00:00:00:02", "dev", "f0")
        began = time.perf_counter()
        command = [str(weir), "up", "--interface", "f0", "--interval", "1", "--deliver-every-window", "--data", str(data),
                   "--listen", f"127.0.0.1:{PORT}"]
        process = subprocess.Popen(inside(NAMESPACE, *command), stdout=subprocess.DEVNULL)
        try:
            ready = wait_until(lambda: status(PORT, NAMESPACE), 30) - began
            time.sleep(1)
            idle = resident_mib(process.pid)
            sending = time.perf_counter()
            subprocess.run(inside(NAMESPACE, "ping", "-c", "3", "-i", "0.2", "-W", "1", "10.0.2.2"), capture_output=True)
            record = wait_until(lambda: next((data / "buckets").rglob("*.log.gz")), 30) - sending
            capturing = resident_mib(process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)
    finally:
        subprocess.run(["ip", "netns", "del", NAMESPACE], capture_output=True)
    return ready, record, idle, capturing


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", help="measure this program instead of building one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-first-use-") as name:
        folder = pathlib.Path(name)
        if arguments.weir:
            seconds, weir = None, pathlib.Path(arguments.weir)
        else:
            seconds, weir = cold_build(folder)
        ready, record, idle, capturing = first_record(weir, folder)
        print("| measure | value |\n|---|---|")
        if seconds is not None:
            print(f"| cold release build | {seconds / 60:.1f} min |")
        print(f"| program | {weir.stat().st_size / 2**20:.0f} MiB |")
        print(f"| start to ready | {ready * 1000:.0f} ms |")
        print(f"| packet to delivered record, 1 s windows | {record:.1f} s |")
        print(f"| resident, idle | {idle:.0f} MiB |")
        print(f"| resident, capturing | {capturing:.0f} MiB |")


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("first_use.py: needs root, for a network namespace and capturing")
    main()
