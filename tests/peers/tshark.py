"""What tshark says about the packets of a capture, counted per interface of the file and 5-tuple.

tshark shares no code with Weir. It only names header fields here; following IPv6 extension headers, giving later
fragments the ports of their first, and adding up is done in this file, a second time and in another way.
"""

import re
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass

FIELDS = """frame.interface_id frame.time_epoch frame.len frame.cap_len frame.protocols
    ip.src ip.dst ip.proto ip.hdr_len ip.len ip.id ip.frag_offset ip.flags.mf
    ipv6.src ipv6.dst ipv6.nxt ipv6.plen ipv6.hopopts.nxt ipv6.opt.jumbo ipv6.routing.nxt ipv6.dstopts.nxt
    ipv6.fraghdr.nxt ipv6.fraghdr.offset ipv6.fraghdr.more ipv6.fraghdr.ident ah.next_header
    icmp.code icmpv6.code tcp.srcport tcp.dstport tcp.flags udp.srcport udp.dstport sctp.srcport sctp.dstport""".split()

# Link layers that Weir reads, as tshark names them, up to the outermost IP header.
IP_PATH = re.compile(r"^(?:(?:eth|sll|null|raw)(?::ethertype|:vlan|:ieee8021ad)*:)?(ip|ipv6)(?::|$)")

EXTENSIONS = {0: "ipv6.hopopts.nxt", 43: "ipv6.routing.nxt", 44: "ipv6.fraghdr.nxt", 51: "ah.next_header",
              60: "ipv6.dstopts.nxt"}
PORTS = {6: "tcp", 17: "udp", 132: "sctp"}
# What must be in the captured bytes for a packet of a protocol to be counted.
NEEDED = {1: "icmp.code", 6: "tcp.flags", 17: "udp.dstport", 58: "icmpv6.code", 132: "sctp.dstport"}
FRAGMENT_LIFETIME = 30


@dataclass
class Flow:
    packets: int = 0
    bytes: int = 0
    flags: int = 0
    recorded_flags: int = 0  # the AWS rule: FIN, SYN, RST, and ACK only beside SYN
    first: int = 2**63
    last: int = 0

    def add(self, size, flags, time):
        self.packets += 1
        self.bytes += size
        self.flags |= flags
        self.recorded_flags |= flags & 7 | (16 if flags & 18 == 18 else 0)
        self.first = min(self.first, int(time))
        self.last = max(self.last, int(time))


def rows(capture):
    """One dict of field name to list of values (outermost first) per frame."""
    command = ["tshark", "-n", "-r", capture, "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
               "-o", "ip.tso_support:TRUE", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a",
               "-E", "aggregator=,"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        values = line.split("\t")
        if len(values) == len(FIELDS):
            yield {field: value.split(",") if value else [] for field, value in zip(FIELDS, values)}


def flag(value):
    return value in ("1", "True")


def packet(row):
    """(source, destination, protocol, source port, destination port), bytes, flags, fragment; None if not IP or cut too short."""
    path = IP_PATH.match(row["frame.protocols"][0]) if row["frame.protocols"] else None
    if not path:
        return None
    fragment = None
    if path[1] == "ip":
        if not row["ip.proto"] or not row["ip.dst"]:
            return None
        source, destination, protocol = row["ip.src"][0], row["ip.dst"][0], int(row["ip.proto"][0])
        size = int(row["ip.len"][0])
        offset, more = int(row["ip.frag_offset"][0]), flag(row["ip.flags.mf"][0])
        if offset or more:
            fragment = ((source, destination, protocol, row["ip.id"][0]), offset == 0)
    else:
        if not row["ipv6.nxt"] or not row["ipv6.dst"]:
            return None
        source, destination, protocol = row["ipv6.src"][0], row["ipv6.dst"][0], int(row["ipv6.nxt"][0])
        size = 40 + int((row["ipv6.opt.jumbo"] or row["ipv6.plen"])[0])
        met = Counter()
        while protocol in EXTENSIONS:
            following = row[EXTENSIONS[protocol]]
            if met[protocol] >= len(following):
                return None
            header, protocol = protocol, int(following[met[protocol]])
            met[header] += 1
            if header == 44:
                offset, more = int(row["ipv6.fraghdr.offset"][0]), flag(row["ipv6.fraghdr.more"][0])
                if offset or more:
                    fragment = ((source, destination, row["ipv6.fraghdr.ident"][0]), offset == 0)
                if offset:
                    break
    ports, flags = (0, 0), 0
    has_header = fragment is None or fragment[1]
    cut = int(row["frame.cap_len"][0]) < int(row["frame.len"][0])
    if protocol == 1 and path[1] == "ip" and size - int(row["ip.hdr_len"][0]) < 4:
        cut = False  # tshark gives up below 4 bytes of ICMP; type and code are 2
    if has_header and cut and protocol in NEEDED and not row[NEEDED[protocol]]:
        return None
    if protocol in PORTS and has_header:
        name = PORTS[protocol]
        found = row[name + ".srcport"], row[name + ".dstport"]
        if found[0] and found[1]:
            ports = int(found[0][0]), int(found[1][0])
        if protocol == 6 and row["tcp.flags"]:
            flags = int(row["tcp.flags"][0], 16) & 255
    return (source, destination, protocol, *ports), size, flags, fragment


def counts(capture):
    """Per interface id: {tuple: Flow}, and how many frames are not counted."""
    flows, rest = defaultdict(dict), Counter()
    firsts = defaultdict(dict)
    for row in rows(capture):
        if not row["frame.interface_id"]:
            continue  # a block that is no packet, such as a log entry
        interface, time = int(row["frame.interface_id"][0]), float(row["frame.time_epoch"][0])
        found = packet(row)
        if found is None:
            rest[interface] += 1
            continue
        key, size, flags, fragment = found
        if fragment:
            whole, first = fragment
            if first:
                firsts[interface][whole] = key, time
            elif whole in firsts[interface] and time - firsts[interface][whole][1] < FRAGMENT_LIFETIME:
                key = firsts[interface][whole][0]
        flows[interface].setdefault(key, Flow()).add(size, flags, time)
    return flows, rest
