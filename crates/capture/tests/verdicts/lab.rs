//! A host with a firewall between a client and a server, and a recording of the host's interfaces.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    thread::{self, JoinHandle},
};

use weir_capture::{
    live::{Capture, Event, Options, Stopper, TierChoice, Totals},
    tracker::{Exclude, Judgement, VerdictSource},
    window::{Flow, Window},
};
use weir_network::{Action, AggregationInterval};

pub(crate) use crate::recording::Sum;
use crate::{
    recording::{bound, choose, now_ns},
    side::Side,
};

pub(crate) const CLIENT: &str = "10.1.0.2";
pub(crate) const HOST: &str = "10.1.0.1";
pub(crate) const HOST_OUT: &str = "10.2.0.1";
pub(crate) const SERVER: &str = "10.2.0.2";
pub(crate) const CLIENT6: &str = "fd01::2";
pub(crate) const HOST6: &str = "fd01::1";
pub(crate) const SERVER6: &str = "fd02::2";
/// Where all UDP of the tests comes from.
pub(crate) const FROM: u16 = 4000;

/// `client0 - in0` host `out0 - server0`. Everybody knows everybody's hardware address, so that there is no other
/// traffic than the test's.
pub(crate) struct Lab {
    pub(crate) client: Side,
    pub(crate) host: Side,
    pub(crate) server: Side,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let lab = Lab { client: Side::new(), host: Side::new(), server: Side::new() };
        cable(&lab.host, ("in0", HOST, HOST6), &lab.client, ("client0", CLIENT, CLIENT6));
        cable(&lab.host, ("out0", HOST_OUT, "fd02::1"), &lab.server, ("server0", SERVER, SERVER6));
        for (side, gateway, gateway6) in [(&lab.client, HOST, HOST6), (&lab.server, HOST_OUT, "fd02::1")] {
            side.ip(&format!("route add default via {gateway}"));
            side.ip(&format!("-6 route add default via {gateway6}"));
        }
        lab.host.sysctl("ipv4/ip_forward", "1");
        lab.host.sysctl("ipv6/conf/all/forwarding", "1");
        lab
    }

    /// Replaces the host's firewall.
    pub(crate) fn firewall(&self, rules: &str) {
        firewall(&self.host, rules);
    }

    /// Packets that the named counter of a table counted.
    pub(crate) fn counter(&self, table: &str, name: &str) -> u64 {
        let listed = self.host.command("nft", &format!("list counter {table} {name}"), "");
        let mut words = listed.split_whitespace().skip_while(|word| *word != "packets");
        words.nth(1).and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no counter in {listed}"))
    }
}

/// Replaces a firewall. nft wants a line for each rule and each closing brace of a block.
pub(crate) fn firewall(side: &Side, rules: &str) {
    let rules = rules.replace("; }", "\n}").replace("} }", "}\n}");
    side.command("nft", "-f -", &format!("flush ruleset\n{rules}\n"));
}

/// An interface of either side, with its addresses.
fn cable(a: &Side, (a_name, a4, a6): (&str, &str, &str), b: &Side, (b_name, b4, b6): (&str, &str, &str)) {
    a.ip(&format!("link add {a_name} type veth peer name {b_name} netns {}", b.path));
    for (side, name, v4, v6) in [(a, a_name, a4, a6), (b, b_name, b4, b6)] {
        quiet(side, name);
        side.ip("link set lo up");
        side.ip(&format!("address add {v4}/24 dev {name}"));
        side.ip(&format!("address add {v6}/64 dev {name} nodad"));
        side.ip(&format!("link set {name} up"));
    }
    for (side, name, v4, v6, to, to_name) in [(a, a_name, b4, b6, b, b_name), (b, b_name, a4, a6, a, a_name)] {
        let mac = mac(to, to_name);
        side.ip(&format!("neighbour replace {v4} lladdr {mac} dev {name} nud permanent"));
        side.ip(&format!("neighbour replace {v6} lladdr {mac} dev {name} nud permanent"));
    }
}

/// No link-local address, and so nothing that IPv6 says unasked.
pub(crate) fn quiet(side: &Side, interface: &str) {
    side.sysctl(&format!("ipv6/conf/{interface}/addr_gen_mode"), "1");
}

pub(crate) fn mac(side: &Side, interface: &str) -> String {
    let shown = side.command("ip", &format!("-o link show {interface}"), "");
    let mut words = shown.split_whitespace().skip_while(|word| *word != "link/ether");
    words.nth(1).unwrap_or_else(|| panic!("no address in {shown}")).to_owned()
}

/// Sends UDP packets of that many bytes. What the firewall answers to the sender is no matter.
pub(crate) fn send(side: &Side, to: &str, port: u16, size: usize, packets: usize) {
    let to = at(to, port);
    side.run(move || {
        let from: SocketAddr = if to.is_ipv6() { at("::", FROM) } else { at("0.0.0.0", FROM) };
        let socket = bound(from);
        let payload = vec![7; size];
        for _ in 0..packets {
            // A refusal of an earlier packet may be told with a later one, which is then not sent.
            while socket.send_to(&payload, to).is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
            {
            }
        }
    });
}

pub(crate) fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().expect("an address"), port)
}

/// A capture of interfaces of a host.
pub(crate) struct Recording {
    stopper: Stopper,
    thread: JoinHandle<Recorded>,
}

#[derive(Default)]
pub(crate) struct Recorded {
    pub(crate) windows: Vec<Window>,
    pub(crate) totals: Totals,
}

impl Recording {
    /// Records the interfaces of these names, in windows of a second, verdicts observed.
    pub(crate) fn start(side: &Side, names: &'static [&'static str]) -> Self {
        let (recording, why) = side.run(move || Self::open(names, true));
        assert!(why.ends_with("verdicts are observed"), "{why}");
        recording
    }

    /// Records without watching what is refused; with what is said of that.
    pub(crate) fn unobserved(side: &Side, names: &'static [&'static str]) -> (Self, String) {
        side.run(move || Self::open(names, false))
    }

    fn open(names: &'static [&'static str], observe: bool) -> (Self, String) {
        let mut options = Options { tier: TierChoice::Ebpf, observe, ..Options::default() };
        options.tracker.interval = AggregationInterval::Second;
        options.tracker.exclude = Exclude::nothing();
        let capture = Capture::open(options, Box::new(choose(names)), &now_ns).expect("root may capture");
        let (stopper, why) = (capture.stopper(), capture.tier().why.clone());
        let thread = thread::spawn(move || {
            let mut recorded = Recorded::default();
            let windows = &mut recorded.windows;
            let totals = capture.run(
                now_ns,
                |_, _, _, _| Judgement::SEEN,
                |event| match event {
                    Event::Window(window) => windows.push(window),
                    Event::Trouble(error) => panic!("{error}"),
                    _ => {}
                },
            );
            recorded.totals = totals.expect("the capture ends well");
            recorded
        });
        (Recording { stopper, thread }, why)
    }

    pub(crate) fn stop(self) -> Recorded {
        self.stopper.stop();
        self.thread.join().expect("the capture does not panic")
    }
}

impl Recorded {
    /// What the test sent. When the kernel tells of the multicast groups that it joined is its own business.
    pub(crate) fn flows(&self) -> impl Iterator<Item = Flow<'_>> {
        let reports = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16));
        self.windows.iter().flat_map(Window::flows).filter(move |flow| flow.destination != reports)
    }

    /// What was recorded: `in0 ingress REJECT 10.1.0.2:4000 > 10.1.0.1:9 17`, with `by` and the number of a rule where
    /// there is one.
    pub(crate) fn sums(&self) -> BTreeMap<String, Sum> {
        let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
        for flow in self.flows() {
            assert_eq!(flow.verdict_source, VerdictSource::Observed, "every verdict is observed");
            assert!(flow.packets > 0 && flow.bytes >= 20 * flow.packets, "{flow:?}");
            let by = if flow.rule == 0 { String::new() } else { format!(" by {:#x}", flow.rule) };
            let (from, to) = (flow.source, flow.destination);
            let line = format!(
                "{} {} {} {from}:{} > {to}:{} {}{by}",
                flow.interface.tags["Name"],
                flow.direction.as_str(),
                flow.action.as_str(),
                flow.source_port,
                flow.destination_port,
                flow.protocol,
            );
            let sum = sums.entry(line).or_default();
            sum.packets += flow.packets;
            sum.bytes += flow.bytes;
            sum.tcp_flags |= flow.tcp_flags.expect("legal flags");
        }
        sums
    }

    /// Everything that was recorded, one line a record, as `… 3 packets 120 bytes`.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |(flow, sum): (String, Sum)| {
            let flags = if sum.tcp_flags == 0 { String::new() } else { format!(" flags {}", sum.tcp_flags) };
            format!("{flow} {} packets {} bytes{flags}", sum.packets, sum.bytes)
        };
        assert_eq!((self.totals.lost, self.totals.unmatched_refusals), (0, 0));
        self.sums().into_iter().map(line).collect()
    }

    /// Packets of all records with this action.
    pub(crate) fn packets(&self, action: Action) -> u64 {
        self.flows().filter(|flow| flow.action == action).map(|flow| flow.packets).sum()
    }
}
