//! An agent on a host where something else records already.

use super::{Fleet, Net, Running, agents, all_recording};

/// It says why it does not record, and begins when it can.
#[test]
fn an_agent_records_once_its_interface_is_free() {
    let fleet = Fleet::new(1);
    let weir = |words: &[&str]| {
        let mut command = Net::command(&fleet.net.hosts[0], env!("CARGO_BIN_EXE_weir"));
        command
            .args(words)
            .current_dir(fleet.lab.path(""))
            .stdout(fleet.log("other.out"))
            .stderr(fleet.log("other.err"));
        command
    };
    let other = weir(&["up", "--interface", "e0", "--capture", "packet", "--data", "other"]).spawn();
    let other = Running(other.expect("weir starts"));
    fleet.until("the other one records", || weir(&["status"]).status().expect("weir").success().then_some(()));

    let _server = fleet.server(&[]);
    assert_eq!(fleet.join(0, &fleet.token()), Some(0));
    let _agent = fleet.agent(0);
    let says_why = |status: &serde_json::Value| {
        let reason = agents(status).first().map(|agent| agent["not_recording"].as_str().unwrap_or_default().to_owned());
        reason.is_some_and(|reason| reason.starts_with("another Weir records e0 already"))
    };
    let status = fleet.wait_for("the agent says why it does not record", says_why);
    assert!(!all_recording(&status, 1));
    assert_eq!(other.end("-TERM"), Some(0));
    let status = fleet.wait_for("the agent records", |status| all_recording(status, 1));
    assert!(agents(&status)[0]["not_recording"].is_null(), "{status}");
}
