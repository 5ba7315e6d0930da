//! An agent on a host with a container: this host's end of its cable is called by it.

use super::{Fleet, Net, agents, all_recording, ip};
use crate::devices::{Container, docker};

#[test]
fn the_cable_of_a_container_is_named_by_it_on_a_further_host() {
    let fleet = Fleet::new(1);
    let (host, inside) = (&fleet.net.hosts[0], &fleet.net.hosts[0].replace("-fa", "-fc"));
    let _inside = Inside::new(inside);
    ip(&format!("link add p1 netns {host} type veth peer name c0 netns {inside}"));
    ip(&format!("-n {host} link set p1 up"));
    ip(&format!("-n {inside} address add 10.89.9.10/24 dev c0"));
    ip(&format!("-n {inside} link set c0 up"));
    ip(&format!("-n {inside} neighbour replace 10.89.9.1 lladdr 02:00:00:00:00:09 dev c0 nud permanent"));
    let id = format!("{:064x}", u64::from(std::process::id()) << 32 | 0xbeef);
    let _container = Container::new(inside, &id);
    docker(&fleet.lab.path("docker.sock"), &id);

    let server = fleet.server(&["--deliver-every-window"]);
    assert_eq!(fleet.join(0, &fleet.token()), Some(0));
    let agent = fleet.agent_with(0, &["--side", "auto", "--container-socket", "docker.sock"]);
    let named = |status: &serde_json::Value| {
        let interfaces = agents(status).first().map(|agent| agent["interfaces"].clone()).unwrap_or_default();
        let is = |it: &serde_json::Value| it["tags"]["Device"] == "p1" && it["tags"]["Name"] == "shop-web-1";
        interfaces.as_array().is_some_and(|all| all.iter().any(is))
    };
    let status = fleet.wait_for("p1 is named by its container", |status| all_recording(status, 1) && named(status));
    let interfaces = agents(&status)[0]["interfaces"].as_array().cloned().expect("interfaces");
    let p1 = interfaces.iter().find(|it| it["name"] == "p1").expect("p1");
    let e0 = interfaces.iter().find(|it| it["name"] == "e0").expect("e0");
    let instance = format!("i-{}", &id[..17]);
    assert_eq!((&p1["instance"], &p1["side"]), (&instance.as_str().into(), &"guest".into()));
    assert_eq!((&e0["instance"], &e0["side"]), (&agents(&status)[0]["id"], &"host".into()));

    let send = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nfor _ in range(7): s.sendto(bytes(10), ('10.89.9.1', 9999))";
    assert!(Net::command(inside, "python3").args(["-c", send]).status().expect("python3").success());
    fleet.settle(0);
    assert_eq!(agent.end("-TERM"), Some(0));
    assert_eq!(server.end("-INT"), Some(0));
    let sql = "SELECT instance_id, flow_direction, sum(packets) FROM vpc_flow_logs WHERE dstport = 9999 GROUP BY 1, 2";
    assert_eq!(fleet.query(sql), [format!("{instance},egress,7")]);
}

/// A namespace, gone when dropped.
struct Inside(String);

impl Inside {
    fn new(name: &str) -> Self {
        ip(&format!("netns add {name}"));
        Self(name.to_owned())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = std::process::Command::new("ip").args(["netns", "delete", &self.0]).status();
    }
}
