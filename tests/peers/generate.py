"""Writes captures with every kind of packet that Weir takes apart, by scapy, the same at every run."""

import gzip
import random
import struct
import sys
from pathlib import Path

from scapy.all import (AH, ESP, GRE, ICMP, IP, SCTP, TCP, UDP, CookedLinux, Dot1AD, Dot1Q, Ether, ICMPv6EchoRequest,
                       IPOption, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting,
                       PadN, Raw, fragment, fragment6, wrpcap)

SEED = 20_260_101
START = 1_760_000_000
FLAGS = ["S", "SA", "A", "PA", "FA", "R", "RA", "SEC", "FPU", ""]

NUMBERS = {TCP: 6, UDP: 17, GRE: 47, ESP: 50, ICMPv6EchoRequest: 58, SCTP: 132}


class Generator:
    def __init__(self, packets):
        self.random = random.Random(SEED)
        self.packets = packets

    def port(self):
        return self.random.choice([22, 53, 80, 443, 3389, self.random.randrange(1024, 65536)])

    def payload(self, most=600):
        return Raw(self.random.randbytes(self.random.randrange(0, most)))

    def transport(self, six):
        pick = self.random.randrange(10)
        if pick < 5:
            options = [("Timestamp", (1, 2))] if self.random.random() < 0.5 else []
            flags = self.random.choice(FLAGS)
            return TCP(sport=self.port(), dport=self.port(), flags=flags, options=options) / self.payload()
        if pick < 8:
            return UDP(sport=self.port(), dport=self.port()) / self.payload()
        if pick == 8:
            if six:
                return ICMPv6EchoRequest(data=self.random.randbytes(56))
            return ICMP(type=self.random.choice([0, 3, 8, 11]), code=self.random.randrange(4)) / self.payload(80)
        return self.random.choice([
            SCTP(sport=self.port(), dport=self.port()) / self.payload(100),
            GRE(proto=0x6558) / self.payload(100),
            ESP(spi=7, seq=9, data=self.random.randbytes(64)),
        ])

    def four(self):
        options = [IPOption(b"\x94\x04\x00\x00")] if self.random.random() < 0.1 else []
        addresses = {"src": f"10.0.{self.random.randrange(4)}.{self.random.randrange(1, 30)}",
                     "dst": f"192.0.2.{self.random.randrange(1, 60)}"}
        return IP(**addresses, id=self.random.randrange(65536), options=options) / self.transport(False)

    def six(self):
        packet = IPv6(src=f"2001:db8::{self.random.randrange(1, 30):x}",
                      dst=f"2001:db8:1::{self.random.randrange(1, 60):x}")
        if self.random.random() < 0.1:
            packet /= IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)])
        if self.random.random() < 0.1:
            packet /= IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)])
        if self.random.random() < 0.1:
            packet /= IPv6ExtHdrRouting(addresses=["2001:db8:2::1"], segleft=0)
        transport = self.transport(True)
        if self.random.random() < 0.1:
            # scapy fills in neither of these two.
            packet /= AH(nh=NUMBERS[type(transport)], payloadlen=4, spi=1, seq=2, icv=b"\0" * 12)
        return packet / transport

    def ip(self):
        """One packet, or the fragments of one."""
        if self.random.random() < 0.03:
            large = UDP(sport=self.port(), dport=self.port()) / Raw(self.random.randbytes(4000))
            if self.random.random() < 0.5:
                return fragment(IP(src="10.0.9.9", dst="192.0.2.9", id=self.random.randrange(65536)) / large, 1480)
            header = IPv6(src="2001:db8::9", dst="2001:db8:1::9")
            return fragment6(header / IPv6ExtHdrFragment(id=self.random.randrange(2**32)) / large, 1480)
        return [self.four() if self.random.random() < 0.6 else self.six()]

    def plain(self):
        """TCP, UDP and echo without options, tags or fragments: what every flow tool can read."""
        ports = {"sport": self.random.randrange(1024, 1100), "dport": self.port()}
        six = self.random.random() < 0.4
        kind = self.random.randrange(5)
        if kind < 3:
            transport = TCP(**ports, flags=self.random.choice(["S", "SA", "A", "PA", "FA", "R"])) / self.payload()
        elif kind == 3:
            transport = UDP(**ports) / self.payload()
        else:
            transport = ICMPv6EchoRequest(data=bytes(56)) if six else ICMP(type=8) / Raw(bytes(56))
        last = self.random.randrange(1, 9)
        if six:
            return IPv6(src=f"2001:db8::{last:x}", dst="2001:db8:1::1") / transport
        return IP(src=f"10.0.0.{last}", dst="192.0.2.1") / transport

    def ethernet(self):
        header = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
        pick = self.random.random()
        if pick < 0.1:
            header /= Dot1Q(vlan=self.random.randrange(1, 4095))
        elif pick < 0.2:
            header /= Dot1AD(vlan=5) / Dot1Q(vlan=self.random.randrange(1, 4095))
        return header

    def frames(self, link):
        found = []
        while len(found) < self.packets:
            for packet in [self.plain()] if link == "plain" else self.ip():
                six = isinstance(packet, IPv6)
                if link == "plain":
                    frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet
                elif link == "ethernet":
                    frame = self.ethernet() / packet
                elif link == "sll":
                    frame = CookedLinux(pkttype=self.random.choice([0, 4]), proto=0x86DD if six else 0x0800) / packet
                elif link == "sll2":
                    frame = Raw(struct.pack(">HHIHBB8s", 0x86DD if six else 0x0800, 0, 3, 1, 0, 6, b"\2" * 8)) / packet
                elif link == "null":
                    frame = Raw(struct.pack("<I", 30 if six else 2)) / packet
                else:
                    frame = packet
                frame.time = START + len(found) * 0.0101
                found.append(frame)
        return found


def main(directory, packets):
    directory.mkdir(parents=True, exist_ok=True)
    generator = Generator(packets)
    for link, number in [("ethernet", 1), ("plain", 1), ("sll", 113), ("sll2", 276), ("raw", 101), ("null", 0)]:
        wrpcap(str(directory / f"{link}.pcap"), generator.frames(link), linktype=number)
    plain = (directory / "ethernet.pcap").read_bytes()
    (directory / "ethernet.pcap.gz").write_bytes(gzip.compress(plain, mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
