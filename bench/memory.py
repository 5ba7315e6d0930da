"""Memory and time of `weir convert`: all objects of a folder into one Parquet file."""

import argparse
import os
import resource
import subprocess
import tempfile
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weir", default="target/release/weir")
    parser.add_argument("--data", default="bench/data/text")
    arguments = parser.parse_args()
    inputs = sorted(os.path.join(folder, name) for folder, _, names in os.walk(arguments.data) for name in names)
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as out:
        target = os.path.join(out, "records.parquet")
        began = time.perf_counter()
        subprocess.run([arguments.weir, "convert", *inputs, target], check=True, capture_output=True)
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        read = sum(os.path.getsize(path) for path in inputs) / 2**20
        print("| measure | value |\n|---|---|")
        print(f"| text objects to Parquet | {seconds:.1f} s |")
        print(f"| peak resident memory | {peak:.0f} MiB |")
        print(f"| size: {len(inputs)} gzip objects, one Parquet file | {read:.0f} MiB, "
              f"{os.path.getsize(target) / 2**20:.0f} MiB |")


if __name__ == "__main__":
    main()
