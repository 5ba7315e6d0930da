//! The server's database files say the countries in all its records.

use std::fs;

use super::{Fleet, all_recording, ip};
use crate::fixture::database;

/// The format has no addresses: they are needed to tell the countries, and are kept nowhere.
#[test]
fn records_of_agents_say_countries_as_the_servers_own_do() {
    let fleet = Fleet::new(1);
    let host = &fleet.net.hosts[0];
    ip(&format!("-n {host} address add 203.0.113.9/32 dev e0"));
    ip(&format!("-n {host} route add 203.0.113.0/24 via 10.89.0.1 dev e0"));
    let entry = ("203.0.113.0/24", r#"{"country": {"iso_code": "CH"}}"#);
    fs::write(fleet.lab.path("countries.mmdb"), database("Country", &[entry])).expect("written");
    let format = "${src-geoip} ${dst-geoip} ${dstport} ${flow-direction} ${packets}";
    let server = fleet.server_of(format, &["--interface", "s0", "--geoip", "countries.mmdb"]);
    assert_eq!(fleet.join(0, &fleet.token()), Some(0));
    let agent = fleet.agent(0);
    fleet.wait_for("the agent records", |status| all_recording(status, 1));
    fleet.net.udp_between(0, "203.0.113.9", "10.89.0.1", 5);
    fleet.net.udp_between(0, "10.89.0.2", "203.0.113.7", 3);
    fleet.let_windows_end();
    assert_eq!(agent.end("-TERM"), Some(0));
    assert_eq!(server.end("-INT"), Some(0));
    let sql = "SELECT flow_direction, src_geoip, dst_geoip, sum(packets) AS packets FROM vpc_flow_logs WHERE dstport = 9999 \
               GROUP BY 1, 2, 3 ORDER BY 1, 4";
    // The own side of a record is the first address of its interface.
    assert_eq!(fleet.query(sql), ["egress,-,CH,3", "egress,-,-,5", "ingress,-,-,3", "ingress,CH,-,5"]);
    let asked = fleet.lab.weir(&["query", "--data", "data", "SELECT srcaddr FROM vpc_flow_logs"]);
    assert!(asked.code == 1 && asked.err.contains("srcaddr"), "{asked:?}");
}
