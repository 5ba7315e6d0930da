//! Interfaces of every kind, made in a network namespace, as the kernel describes them. Needs root and iproute2.

#![allow(clippy::expect_used, reason = "what goes wrong in the helpers of a test should end it")]

mod side;

use std::{collections::BTreeMap, process::Command};

use side::Side;
use weir_capture::interfaces::{self, HostInterface, LinkKind};
use weir_network::Side::{Guest, Host};

/// The interfaces of a namespace, by name.
fn listed(side: &Side) -> BTreeMap<String, HostInterface> {
    let all = side.run(|| interfaces::list().expect("netlink works for everyone"));
    all.into_iter().map(|interface| (interface.name.clone(), interface)).collect()
}

/// Makes an interface, unless this kernel has none of the kind: then it says so.
fn made(side: &Side, words: &'static str) -> bool {
    side.run(move || {
        let output = Command::new("ip").args(words.split(' ')).output().expect("iproute2");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let unknown = said.contains("Unknown device type") || said.contains("Operation not supported");
        assert!(output.status.success() || unknown, "ip {words}: {said}");
        if unknown {
            eprintln!("this kernel cannot `ip {words}`");
        }
        output.status.success()
    })
}

#[test]
fn every_kind_is_told() {
    let (here, there) = (Side::new(), Side::new());
    here.ip(&format!("link add cable0 type veth peer name cable1 netns {}", there.path));
    here.ip("link add pair0 type veth peer name pair1");
    here.ip("link add bridge0 type bridge");
    here.ip("tuntap add tap0 mode tap");
    here.ip("tuntap add tun0 mode tun");
    let mut expected = vec![
        ("lo", LinkKind::Loopback, Host),
        ("cable0", LinkKind::Veth, Guest),
        ("pair0", LinkKind::Veth, Host),
        ("bridge0", LinkKind::Bridge, Host),
        ("tap0", LinkKind::Tap, Guest),
        ("tun0", LinkKind::Tun, Host),
    ];
    for (words, name, kind) in [
        ("link add link pair0 name vlan5 type vlan id 5", "vlan5", LinkKind::Vlan),
        ("link add vxlan0 type vxlan id 7 dstport 4789", "vxlan0", LinkKind::Tunnel("vxlan".into())),
        ("link add gre9 type gre remote 10.0.0.1 local 10.0.0.2", "gre9", LinkKind::Tunnel("gre".into())),
        ("link add bond9 type bond", "bond9", LinkKind::Bond),
        ("link add dummy9 type dummy", "dummy9", LinkKind::Dummy),
        ("link add wg9 type wireguard", "wg9", LinkKind::Wireguard),
    ] {
        if made(&here, words) {
            expected.push((name, kind, Host));
        }
    }
    let listed = listed(&here);
    for (name, kind, side) in expected {
        let interface = listed.get(name).expect(name);
        assert_eq!((&interface.link.kind, interface.link.side()), (&kind, side), "{name}: {interface:?}");
    }
    // The two ends of a pair name each other; an end elsewhere is named by its index there.
    assert_eq!(listed["pair0"].link.other, Some(listed["pair1"].index));
    if let Some(vlan) = listed.get("vlan5") {
        assert_eq!(vlan.link.other, Some(listed["pair0"].index));
    }
    let other = self::listed(&there);
    assert_eq!(listed["cable0"].link.other, Some(other["cable1"].index));
}

/// A process that sleeps in a namespace, ended when dropped.
struct Sleeper(std::process::Child);

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The processes are real, but what `/proc` says of their control groups is made up.
#[test]
fn the_container_of_a_cable_is_found() {
    let (here, there, elsewhere) = (Side::new(), Side::new(), Side::new());
    here.ip(&format!("link add cable0 type veth peer name cable1 netns {}", there.path));
    let proc = tempfile::tempdir().expect("a directory");
    let [first, second] = ["a1".repeat(32), "b2".repeat(32)];
    let mut sleepers = Vec::new();
    for (side, container) in [(&there, &first), (&elsewhere, &second)] {
        let child = side.run(|| Command::new("sleep").arg("60").spawn().expect("sleep"));
        let folder = proc.path().join(child.id().to_string());
        std::fs::create_dir_all(folder.join("ns")).expect("a folder");
        std::fs::write(folder.join("cgroup"), format!("0::/system.slice/docker-{container}.scope\n")).expect("a file");
        let namespace = std::fs::read_link(format!("/proc/{}/ns/net", child.id())).expect("a namespace");
        std::os::unix::fs::symlink(namespace, folder.join("ns/net")).expect("a link");
        sleepers.push(Sleeper(child));
    }
    // A process that is not there any more, and something that is no process.
    std::fs::create_dir_all(proc.path().join("4194304/ns")).expect("a folder");
    std::fs::write(proc.path().join("4194304/cgroup"), format!("0::/docker/{second}\n")).expect("a file");
    std::fs::write(proc.path().join("version"), "Linux").expect("a file");

    let number = listed(&here)["cable0"].link.namespace.expect("a namespace with a number");
    let path = proc.path().to_owned();
    let found = here.run(move || interfaces::containers(&path).expect("netlink"));
    // No cable leads to the second.
    assert_eq!(found, BTreeMap::from([(number, first)]));
}
