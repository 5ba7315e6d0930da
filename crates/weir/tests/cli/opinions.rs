//! A port scan, and what others say of it: a counter of nftables of what was refused, the connection tracking of the kernel of
//! what was not. Needs root, iproute2, nftables and python3.

use std::collections::BTreeMap;

use crate::{
    enforce::LISTENER,
    lab::{Net, Up},
    run::Lab,
};

/// Refuses ports 1000 to 1499, and tracks connections.
const FIREWALL: &str = "add table inet t; add counter inet t scanned; \
    add chain inet t i { type filter hook input priority 0; }; \
    add rule inet t i ct state new tcp dport 1000-1499 counter name scanned drop";

/// Knocks at two ports that are open, 500 that are refused and 100 at which nobody listens; none is asked twice within the
/// time in which a busy machine gets round to it.
const SCAN: &str = "
import select, socket, time
poll, asked = select.poll(), {}
for port in [22, 443, *range(1000, 1500), *range(2000, 2100)]:
    s = socket.socket(); s.setblocking(False); s.connect_ex(('10.88.0.1', port))
    asked[s.fileno()] = s; poll.register(s, select.POLLOUT)
answered, end = set(), time.monotonic() + 30
while len(answered) < 102 and time.monotonic() < end:
    for number, _ in poll.poll(200):
        answered.add(number); poll.unregister(number)
time.sleep(0.2)
for s in asked.values(): s.close()
time.sleep(0.3)
";

/// Packets and bytes.
type Sum = (u64, u64);
/// Source, source port, destination, destination port.
type Way = (String, u64, String, u64);

/// What connection tracking counted: each connection is two ways. Where nobody listens there is none to be tracked any more.
fn tracked(net: &Net) -> BTreeMap<Way, Sum> {
    let mut ways = BTreeMap::new();
    for line in net.exec(&net.near, &["cat", "/proc/net/nf_conntrack"]).lines() {
        let all = |key: &str| line.split(' ').filter_map(|word| word.strip_prefix(key)).collect::<Vec<_>>();
        let number = |text: &str| text.parse::<u64>().expect("a number");
        let [from, to, from_port, to_port, packets, bytes] =
            ["src=", "dst=", "sport=", "dport=", "packets=", "bytes="].map(all);
        for side in 0..packets.len() {
            if from[side] == "127.0.0.1" {
                continue;
            }
            let way = (from[side].to_owned(), number(from_port[side]), to[side].to_owned(), number(to_port[side]));
            assert_eq!(ways.insert(way, (number(packets[side]), number(bytes[side]))), None, "{line}");
        }
    }
    ways
}

/// What records of TCP say, by verdict.
fn recorded(lab: &Lab) -> BTreeMap<String, BTreeMap<Way, Sum>> {
    let question = "SELECT action, srcaddr, srcport, dstaddr, dstport, sum(packets) AS packets, sum(bytes) AS bytes \
                    FROM vpc_flow_logs WHERE log_status = 'OK' AND protocol = 6 GROUP BY 1, 2, 3, 4, 5";
    let said = lab.weir(&["query", "--data", "data", "--output", "jsonl", question]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let mut verdicts: BTreeMap<String, BTreeMap<Way, Sum>> = BTreeMap::new();
    for line in said.out.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let number = |name: &str| record[name].as_u64().unwrap_or_else(|| panic!("{name} in {line}"));
        let text = |name: &str| record[name].as_str().unwrap_or_else(|| panic!("{name} in {line}")).to_owned();
        let way = (text("srcaddr"), number("srcport"), text("dstaddr"), number("dstport"));
        verdicts.entry(text("action")).or_default().insert(way, (number("packets"), number("bytes")));
    }
    verdicts
}

fn ports(ways: &BTreeMap<Way, Sum>) -> Vec<u64> {
    let mut ports: Vec<u64> = ways.keys().map(|(.., port)| *port).collect();
    ports.sort_unstable();
    ports
}

#[test]
fn a_port_scan_is_what_nftables_and_connection_tracking_count() {
    for tier in ["ebpf", "packet"] {
        let (net, lab) = (Net::new(), Lab::new());
        let _server = net.near_server(LISTENER);
        net.exec(&net.near, &["nft", FIREWALL]);
        net.exec(&net.near, &["sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1"]);
        let up = Up::start(&net, &lab, &["--capture", tier, "--deliver-every-window"]);
        net.far(SCAN);
        let tracked = tracked(&net);
        up.settle();
        assert_eq!(up.end("-TERM"), Some(0));
        let counted = net.exec(&net.near, &["nft", "list", "counter", "inet", "t", "scanned"]);
        let count = |unit: &str| {
            let words: Vec<&str> = counted.split_whitespace().collect();
            let place = words.iter().position(|word| *word == unit).expect("a counter");
            words[place + 1].parse::<u64>().expect("a number")
        };

        let mut verdicts = recorded(&lab);
        let mut accepted = verdicts.remove("ACCEPT").unwrap_or_default();
        // Packet sockets do not see what is refused.
        let is_scan = |way: &Way| (1000..1500).contains(&way.3);
        let refused = match tier {
            "ebpf" => verdicts.remove("REJECT").unwrap_or_default(),
            _ => accepted.iter().filter(|(way, _)| is_scan(way)).map(|(way, sum)| (way.clone(), *sum)).collect(),
        };
        accepted.retain(|way, _| tier == "ebpf" || !is_scan(way));
        assert_eq!(ports(&refused), (1000..1500).collect::<Vec<u64>>(), "{tier}: a record for each port");
        let sum = refused.values().fold((0, 0), |sum: Sum, it| (sum.0 + it.0, sum.1 + it.1));
        assert_eq!(sum, (count("packets"), count("bytes")), "{tier}: {counted}");
        let knocked = |port: &u64| (2000..2100).contains(port);
        let (closed, open): (BTreeMap<_, _>, BTreeMap<_, _>) =
            accepted.into_iter().partition(|((_, from, _, to), _)| knocked(from) || knocked(to));
        assert_eq!(open.len(), 4, "{tier}: {open:?}");
        assert_eq!(open, tracked, "{tier}");
        let is = |sum: Sum| closed.values().filter(|it| **it == sum).count();
        assert_eq!((is((1, 60)), is((1, 40)), closed.len()), (100, 100, 200), "{tier}: requests, and resets");
    }
}
