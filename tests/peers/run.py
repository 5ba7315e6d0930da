#!/usr/bin/env python3
"""Compares our counts of packets, bytes, flags and times with those of other tools, on the same captures.

  captures   tcpdump's own test files (Debian source package), the pcapng files of gopacket (Debian package), and
             some 5,000 packets made by scapy (generate.py): every link type and header that Weir reads
  others     tshark, packet by packet (tshark.py); nfpcapd and softflowd with nfcapd, flow by flow, read by nfdump
  ours       the example packet_counts (readers and parser alone), and `weir convert` (the whole road)

Needs Debian or Ubuntu with tshark, nfdump, softflowd and python3-scapy; `scripts/peers` installs them. Everything must
be equal; there are no tolerances. What is fetched and made is kept in target/peers.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import generate
import tshark

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
WORK = TARGET / "peers"
PACKETS = 800
FORMAT = ("${version} ${pkt-srcaddr} ${pkt-dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${tcp-flags} "
          "${start} ${end} ${log-status}")
# tshark gives up on a TCP header of 14 or 15 captured bytes, we do not; this length leaves no frame with so many.
SNAP_LENGTH = "98"


def run(*command, exit_code=0, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != exit_code:
        sys.exit(f"peers: {' '.join(str(part) for part in command[:4])} … failed:\n{done.stderr}")
    return done.stdout


def fetch_samples():
    """Test captures from Debian packages, by apt's own commands."""
    samples = WORK / "samples"
    if (samples / "complete").exists():
        return sorted(path for path in samples.rglob("*") if path.suffix in (".pcap", ".pcapng"))
    shutil.rmtree(samples, ignore_errors=True)
    lists, parts = samples / "apt/lists/partial", samples / "apt/parts"
    for directory in (lists, parts):
        directory.mkdir(parents=True)
    write_source_lists(parts)
    options = ["-o", f"Dir::Etc::sourcelist={parts}/sources.list", "-o", f"Dir::Etc::sourceparts={parts}",
               "-o", f"Dir::State::Lists={lists.parent}"]
    run("apt-get", "-qq", *options, "update")
    run("apt-get", "-qq", *options, "source", "--download-only", "tcpdump", cwd=samples)
    run("apt-get", "-qq", "download", "golang-github-google-gopacket-dev", cwd=samples)
    (samples / "tcpdump").mkdir()
    run("tar", "-xf", *samples.glob("tcpdump_*.orig.tar.?z"), "-C", samples / "tcpdump", "--strip-components=1")
    run("dpkg", "-x", *samples.glob("golang-*.deb"), samples / "gopacket")
    shutil.rmtree(samples / "apt")
    (samples / "complete").touch()
    return fetch_samples()


def write_source_lists(parts):
    """The system's package sources, with source packages instead of binary ones."""
    (parts / "sources.list").touch()
    for path in [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]:
        if path.suffix == ".sources":
            stanzas = [stanza for stanza in path.read_text().split("\n\n") if "debian" in path.name or "ubuntu" in path.name]
            text = "\n\n".join(stanzas).replace("Types: deb\n", "Types: deb-src\n")
            (parts / path.name).write_text(text)
        elif path.suffix == ".list" and path.name == "sources.list" and path.exists():
            lines = [line for line in path.read_text().splitlines() if line.startswith("deb ")]
            (parts / "sources.list").write_text("\n".join(line.replace("deb ", "deb-src ", 1) for line in lines) + "\n")


def readable(path):
    """Whether Wireshark's own reader knows the file."""
    done = subprocess.run(["mergecap", "-a", "-F", "pcapng", "-w", WORK / "one.pcapng", path], capture_output=True)
    return done.returncode == 0


def merge(captures, into):
    run("mergecap", "-a", "-I", "none", "-F", "pcapng", "-w", into, *captures)
    return into


def packet_counts(*captures):
    """{file: {interface: {tuple: (packets, bytes, flags)}}}, {file: {interface: skipped}}, {file: error}."""
    flows, skipped, stopped = defaultdict(lambda: defaultdict(dict)), defaultdict(Counter), {}
    for line in run(TARGET / "debug/examples/packet_counts", *captures).splitlines():
        kind, path, *rest = line.split("\t")
        if kind == "flow":
            interface, source, destination, *numbers = rest
            protocol, source_port, destination_port, packets, size, flags = map(int, numbers)
            key = source, destination, protocol, source_port, destination_port
            flows[path][int(interface)][key] = packets, size, flags
        elif kind == "skip":
            skipped[path][int(rest[0])] += int(rest[1])
        else:
            stopped[path] = rest[0]
    return flows, skipped, stopped


def check(what, ours, theirs):
    """Ends the test at the first difference, with up to ten of them."""
    if ours == theirs:
        return
    lines = [f"  {key}: ours {ours.get(key)}, theirs {theirs.get(key)}"
             for key in sorted(set(ours) | set(theirs), key=str) if ours.get(key) != theirs.get(key)]
    sys.exit("\n".join([f"peers: {what}: {len(lines)} differences", *lines[:10]]))


def compare_packets(name, captures):
    """Reader and parser against tshark, interface by interface, in one merged file and in the files themselves."""
    merged = str(merge(captures, WORK / f"{name}.pcapng"))
    theirs, their_rest = tshark.counts(merged)
    flows, skipped, stopped = packet_counts(merged)
    check(f"{name}: errors", stopped, {})
    interfaces = sorted(set(theirs) | set(their_rest))
    check(f"{name}: frames not counted", dict(skipped[merged]), {key: count for key, count in their_rest.items() if count})
    for interface in interfaces:
        expected = {key: (flow.packets, flow.bytes, flow.flags) for key, flow in theirs[interface].items()}
        check(f"{name}: interface {interface}", flows[merged][interface], expected)
    packets = sum(flow.packets for found in theirs.values() for flow in found.values())
    compare_single_files(name, captures, flows[merged], stopped)
    print(f"peers: {name}: {packets} packets of {len(interfaces)} interfaces in {len(captures)} files as tshark")


def compare_single_files(name, captures, merged, stopped):
    """All files by themselves (pcap in every variant) hold what the merged one does."""
    flows, _, stopped = packet_counts(*captures)
    check(f"{name}: errors in single files", stopped, {})
    total = lambda parts: sum((Counter({key: flow[0] for key, flow in part.items()}) for part in parts), Counter())
    ours = total(part for interfaces in flows.values() for part in interfaces.values())
    check(f"{name}: single files", dict(ours), dict(total(merged.values())))


def records(capture, exit_code=0):
    """{tuple: (packets, bytes, flags, first second, last second)} of what `weir convert` makes of a capture."""
    out = WORK / "records.json"
    out.unlink(missing_ok=True)
    run(TARGET / "debug/weir", "convert", capture, out, "--interval", "600", "--format", FORMAT, exit_code=exit_code)
    flows = {}
    for line in out.read_text().splitlines():
        record = {name.replace("-", "_"): value for name, value in json.loads(line).items()}
        if record["log_status"] != "OK":
            continue
        key = (record["pkt_srcaddr"], record["pkt_dstaddr"], record["protocol"], record["srcport"], record["dstport"])
        found = record["packets"], record["bytes"], record["tcp_flags"], record["start"], record["end"]
        if key in flows:
            before = flows[key]
            found = (before[0] + found[0], before[1] + found[1], before[2] | found[2],
                     min(before[3], found[3]), max(before[4], found[4]))
        flows[key] = found
    return flows


def compare_records(capture):
    theirs, _ = tshark.counts(str(merge([capture], WORK / "one.pcapng")))
    expected = {}
    for found in theirs.values():
        for key, flow in found.items():
            expected[key] = flow.packets, flow.bytes, flow.recorded_flags, flow.first, flow.last
    # Frames that are cut too short for their ports are in no record, and the exit code says so.
    ours = records(capture, exit_code=3 if capture.name == "cut.pcap" else 0)
    check(f"weir convert {capture.name}", ours, expected)
    print(f"peers: weir convert {capture.name}: {len(expected)} flows as tshark")


def nfdump(directory):
    """{tuple: (packets, bytes)}; ICMP without nfdump's type and code in the port."""
    flows = defaultdict(lambda: (0, 0))
    for line in run("nfdump", "-R", directory, "-q", "-N", "-6", "-o", "fmt:%sa,%da,%pr,%sp,%dp,%pkt,%byt").splitlines():
        values = [value.strip() for value in line.split(",")]
        if len(values) != 7:
            continue
        protocol = int(values[2])
        ports = (0, 0) if protocol in (1, 58) else (int(values[3]), int(values[4]))
        key = (values[0], values[1], protocol, *ports)
        flows[key] = flows[key][0] + int(values[5]), flows[key][1] + int(values[6])
    return dict(flows)


def by_nfpcapd(capture, directory):
    run("nfpcapd", "-r", capture, "-w", directory)


def by_softflowd(capture, directory):
    port = free_port()
    collector = subprocess.Popen(["nfcapd", "-w", directory, "-p", str(port), "-t", "3600"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        run("softflowd", "-r", capture, "-n", f"127.0.0.1:{port}", "-v", "9", "-m", "100000", "-c", "none",
            "-p", directory / "softflowd.pid", timeout=60)
        time.sleep(1)
    finally:
        collector.send_signal(signal.SIGTERM)
        collector.wait(timeout=30)
    (directory / "softflowd.pid").unlink(missing_ok=True)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def compare_flows(name, reader, capture):
    directory = WORK / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    reader(capture, directory)
    ours = {key: flow[:2] for key, flow in records(capture).items()}
    check(f"{name} on {capture.name}", ours, nfdump(directory))
    print(f"peers: weir convert {capture.name}: {len(ours)} flows as {name}")


def main():
    missing = [tool for tool in ("tshark", "mergecap", "editcap", "nfdump", "nfpcapd", "nfcapd", "softflowd", "apt-get")
               if shutil.which(tool) is None]
    if missing:
        sys.exit(f"peers: missing {', '.join(missing)}: run scripts/peers on Debian or Ubuntu, it installs them")
    WORK.mkdir(parents=True, exist_ok=True)
    made = WORK / "made"
    generate.main(made, PACKETS)
    run("editcap", "-s", SNAP_LENGTH, made / "ethernet.pcap", made / "cut.pcap")
    captures = [made / f"{name}.pcap" for name in ("ethernet", "plain", "sll", "sll2", "raw", "null", "cut")]
    compare_packets("made", captures)
    compare_packets("samples", [path for path in fetch_samples() if readable(path)])
    for capture in (*captures, made / "ethernet.pcap.gz"):
        compare_records(capture)
    compare_flows("nfpcapd", by_nfpcapd, made / "plain.pcap")
    compare_flows("softflowd", by_softflowd, made / "plain.pcap")


if __name__ == "__main__":
    main()
