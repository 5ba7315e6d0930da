//! Hosts made of network namespaces and the cables between them.

use std::{
    fs::File,
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    os::fd::AsFd as _,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use weir_enforce::{Enforcer, Namespace, OnExit, Plan, Side};
use weir_network::{Network, Owner};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection may take that is expected to be refused.
pub const REFUSAL: Duration = Duration::from_millis(700);

/// A network namespace, gone when dropped.
pub struct Host {
    pub name: String,
}

impl Host {
    pub fn new(role: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        assert!(rustix::process::geteuid().is_root(), "the lab needs root to make network namespaces: run as root");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let host = Self { name: format!("wr-{}-{number}-{role}", std::process::id()) };
        run(&format!("ip netns add {}", host.name));
        host.ip("link set lo up");
        host
    }

    pub fn ip(&self, words: &str) {
        run(&format!("ip -n {} {words}", self.name));
    }

    /// Runs a command inside; what it wrote.
    pub fn exec(&self, words: &str) -> String {
        run(&format!("ip netns exec {} {words}", self.name))
    }

    /// Whether a command inside succeeds.
    pub fn try_exec(&self, words: &str) -> bool {
        output(&format!("ip netns exec {} {words}", self.name)).status.success()
    }

    /// Loads rules of someone else.
    pub fn nft(&self, rules: &str) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), rules).expect("written");
        self.exec(&format!("nft -f {}", file.path().display()));
    }

    pub fn set(&self, key: &str, value: u32) {
        self.exec(&format!("sysctl -qw {key}={value}"));
    }

    /// Works inside: sockets made there stay there.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/run/netns/{}", self.name)).expect("the namespace");
        thread::scope(|scope| {
            let worker = scope.spawn(|| {
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).expect("entered");
                work()
            });
            worker.join().expect("the work inside")
        })
    }

    /// The numbers of the processes here that run the program of this name.
    pub fn processes(&self, program: &str) -> Vec<u32> {
        let listed = run(&format!("ip netns pids {}", self.name));
        let numbers = listed.lines().filter_map(|line| line.trim().parse::<u32>().ok());
        let is_it = |number: &u32| {
            std::fs::read_to_string(format!("/proc/{number}/comm")).is_ok_and(|name| name.trim() == program)
        };
        numbers.filter(is_it).collect()
    }

    pub fn enforcer(&self) -> Enforcer {
        self.enforcer_with(OnExit::Keep)
    }

    pub fn enforcer_with(&self, on_exit: OnExit) -> Enforcer {
        Enforcer::open(self.namespace(), on_exit).expect("an enforcer")
    }

    pub fn namespace(&self) -> Namespace {
        Namespace::Named(self.name.clone())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
    }
}

/// Two hosts and a cable: `w0` (10.77.0.10, fd77::10) of the server, `c0` (10.77.0.20, fd77::20) of the client.
pub struct Pair {
    pub server: Host,
    pub client: Host,
}

pub const SERVER: &str = "10.77.0.10";
pub const SERVER_V6: &str = "fd77::10";
pub const CLIENT: &str = "10.77.0.20";

impl Pair {
    pub fn new() -> Self {
        let (server, client) = (Host::new("web"), Host::new("cli"));
        run(&format!("ip link add w0 netns {} type veth peer name c0 netns {}", server.name, client.name));
        for (host, name, last) in [(&server, "w0", 10), (&client, "c0", 20)] {
            host.ip(&format!("address add 10.77.0.{last}/24 dev {name}"));
            host.ip(&format!("address add fd77::{last}/64 dev {name} nodad"));
            host.ip(&format!("link set {name} up"));
        }
        let pair = Self { server, client };
        let begun = Instant::now();
        assert!(pair.client.try_exec("ping -V"), "the command `ping` is missing: install iputils-ping");
        while !(pair.client.try_exec(&format!("ping -c1 -W1 -q {SERVER}"))
            && pair.client.try_exec(&format!("ping -c1 -W1 -q {SERVER_V6}")))
        {
            assert!(begun.elapsed() < PATIENCE, "the cable does not work");
        }
        pair
    }

    /// The server listens on these ports, and hands out what each connection sends: nothing.
    pub fn listen(&self, ports: &[u16]) -> Vec<TcpListener> {
        self.server.inside(|| ports.iter().map(|port| TcpListener::bind(("::", *port)).expect("a port")).collect())
    }

    /// The client connects.
    pub fn connect(&self, address: &str, port: u16, patience: Duration) -> Option<TcpStream> {
        let address = SocketAddr::new(address.parse::<IpAddr>().expect("an address"), port);
        self.client.inside(|| TcpStream::connect_timeout(&address, patience).ok())
    }

    pub fn reaches(&self, address: &str, port: u16) -> bool {
        self.connect(address, port, PATIENCE).is_some()
    }

    pub fn is_refused(&self, address: &str, port: u16) -> bool {
        self.connect(address, port, REFUSAL).is_none()
    }

    /// Whether one ping is answered, when it should be or not: that decides how long to wait.
    pub fn ping(&self, address: &str, expected: bool) -> bool {
        let patience = if expected { 20 } else { 1 };
        self.client.try_exec(&format!("ping -c1 -W{patience} -q {address}"))
    }
}

/// The plan of the interface `eni-web` of a network file.
pub fn plan(file: &str) -> Plan {
    plan_of(&network(file), Side::Host)
}

pub fn plan_of(network: &Network, side: Side) -> Plan {
    Plan::new(network, network.interface("eni-web").expect("eni-web"), side).expect("a plan")
}

pub fn network(file: &str) -> Network {
    Network::parse(file, &Owner::default()).expect("a network file")
}

/// How many packets a rule refused, such as `ingress default-deny`.
pub fn refused(enforcer: &Enforcer, what: &str) -> u64 {
    let (direction, token) = what.split_once(' ').expect("a direction and a rule");
    let counters = enforcer.refused().expect("counters").into_iter();
    let of = counters.filter(|it| it.denial.direction.as_str() == direction && it.denial.rule.token() == token);
    of.map(|it| it.packets).sum()
}

pub fn run(line: &str) -> String {
    let output = output(line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn output(line: &str) -> std::process::Output {
    let words: Vec<&str> = line.split_whitespace().collect();
    Command::new(words[0]).args(&words[1..]).output().expect("iproute2 and nftables are installed")
}
