"""Packets per second through a veth pair while rules decide: none, nftables by hand, and weir with the same rules. Needs root.

One rule, and a thousand prefixes, of which the sender's is the last. Everything that is sent is let through. nftables has the
rule with connection tracking, a set of the prefixes, and counters. The set-ups take turns. Printed are packets a second of
the sender (median), nanoseconds a packet more than without rules, and the ratio to no rules in the same round.

Weir records what it enforces; nftables by hand records nothing, so it is also shown with weir watching beside it.
"""

import pathlib
import statistics
import subprocess
import tempfile

from lab import HOST, Lab, Observer, arguments, flood, in_turns, inside, nanoseconds_more, ratios, run, weir_up

PORTS = "20000-65535"


def prefixes(count):
    """So many prefixes, the sender's last."""
    return [f"172.16.{n // 250}.{n % 250}/32" for n in range(count - 1)] + ["10.0.1.0/24"]


def network(count):
    """A network file: one group that lets the flood in from each prefix."""
    rules = "".join(
        f'[[security-group.ingress]]\nprotocol = "udp"\nports = "{PORTS}"\nsource = "{prefix}"\n\n'
        for prefix in prefixes(count))
    return ('[[interface]]\nid = "eni-bench"\nname = "w0"\naddresses = ["10.0.1.10"]\nsecurity-groups = ["sg-bench"]\n\n'
            f'[[security-group]]\nid = "sg-bench"\n\n{rules}')


def ruleset(count):
    """The same for nftables."""
    elements = ", ".join(prefixes(count))
    return f"""
table inet bench {{
    set sources {{ type ipv4_addr; flags interval; elements = {{ {elements} }} }}
    chain input {{
        type filter hook input priority filter; policy accept;
        iifname "w0" ct state established,related counter accept
        iifname "w0" ip saddr @sources udp dport {PORTS} counter accept
        iifname "w0" counter drop
    }}
}}
"""


class Nftables:
    """Rules in the host's namespace, as a context manager."""

    def __init__(self, count):
        self.text = ruleset(count)

    def __enter__(self):
        subprocess.run(inside(HOST, "nft", "-f", "-"), input=self.text, text=True, check=True)

    def __exit__(self, *_):
        run(*inside(HOST, "nft", "delete", "table", "inet", "bench"))


def main():
    options = arguments(__doc__, packets=500_000, rounds=5)
    send = lambda: flood(options.flood, options.packets)  # noqa: E731
    print("| rules | who | packets/s | ns/packet more | ratio to no rules, min / median / max |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as name, Lab():
        folder = pathlib.Path(name)
        watching = weir_up(options.weir, str(folder / "data"), "ebpf")
        for count in (1, 1000):
            file = folder / f"network-{count}.toml"
            file.write_text(network(count))
            enforcing = [*watching, "--network", str(file), "--enforce", "w0", "--on-exit", "open"]

            def measure(who, count=count, enforcing=enforcing):
                if who == "no rules":
                    return send()
                if who == "nftables":
                    with Nftables(count):
                        return send()
                if who == "nftables, weir watching":
                    with Nftables(count), Observer(watching, 2.0):
                        return send()
                with Observer(enforcing, 3.0):
                    return send()

            results = in_turns(["no rules", "nftables", "nftables, weir watching", "weir enforcing"], options.rounds, measure)
            base = results["no rules"]
            for who, rates in results.items():
                more = nanoseconds_more(rates, base)
                print(f"| {count} | {who} | {statistics.median(rates):,.0f} | {more:+.0f} | {ratios(rates, base)} |",
                      flush=True)


if __name__ == "__main__":
    main()
