//! `weir up` with the rights that its unit for systemd gives it, and no others; and with less of a kernel than it would like. In
//! network namespaces; needs root, iproute2, nftables and util-linux.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::{
    lab::{Net, Up},
    run::Lab,
};

const UNIT: &str = include_str!("../../../../packaging/weir.service");
const UNIT_OF_AGENTS: &str = include_str!("../../../../packaging/weir-agent.service");

const NETWORK: &str = r#"
    [[interface]]
    id = "eni-a"
    name = "a0"
    security-groups = ["sg-a"]
    [[security-group]]
    id = "sg-a"
    ingress = [{ protocol = "tcp", ports = 22, source = "10.9.0.0/16" }]
"#;

fn setting<'a>(unit: &'a str, name: &str) -> &'a str {
    unit.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).expect("in the unit")
}

#[test]
fn what_the_unit_gives_is_enough_to_observe_and_enforce_as_nobody() {
    let given = setting(UNIT, "AmbientCapabilities");
    for unit in [UNIT, UNIT_OF_AGENTS] {
        assert_eq!((setting(unit, "AmbientCapabilities"), setting(unit, "CapabilityBoundingSet")), (given, given));
    }
    let (net, lab) = (Net::new(), Lab::new());
    lab.write("net.toml", NETWORK);
    fs::copy(env!("CARGO_BIN_EXE_weir"), lab.path("weir")).expect("a copy");
    fs::set_permissions(lab.path(""), fs::Permissions::from_mode(0o777)).expect("rights");
    let rights: String =
        given.split(' ').map(|right| format!(",+{}", right.to_lowercase().replace("cap_", ""))).collect();
    let sets = ["--inh-caps", "--ambient-caps", "--bounding-set"].map(|set| format!("{set}=-all{rights}"));
    let program = lab.path("weir");
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"];
    let mut words = nobody.to_vec();
    words.extend(sets.iter().map(String::as_str));
    words.push(program.to_str().expect("UTF-8"));
    let up = Up::spawn(&net, &lab, &words, &["--network", "net.toml", "--enforce", "a0"], &[]);
    up.wait_for("it counts in the kernel, sees refusals, and the rules are in force", |status| {
        let why = status["capture"]["why"].as_str().unwrap_or_default();
        status["interfaces"][0]["recording"] == true
            && status["capture"]["tier"] == "eBPF"
            && why.ends_with("verdicts are observed")
            && status["enforcement"]["interfaces"][0]["name"] == "a0"
    });
    let process = fs::read_to_string(format!("/proc/{}/status", up.pid())).expect("it runs");
    assert!(process.contains("Uid:\t65534\t65534"), "{process}");
    assert_eq!(up.end("-TERM"), Some(0));
}

/// A kernel that does not describe its types counts all the same; only what the host's firewall refuses is not seen.
#[test]
fn without_btf_the_kernel_counts_and_it_is_said_that_refusals_are_not_seen() {
    let (net, lab) = (Net::new(), Lab::new());
    let without = "mount -t tmpfs none /sys/kernel/btf && exec \"$@\"";
    let program = ["unshare", "--mount", "sh", "-c", without, "sh", env!("CARGO_BIN_EXE_weir")];
    let up = Up::spawn(&net, &lab, &program, &[], &[]);
    up.wait_for("it counts in the kernel and says what it cannot see", |status| {
        let why = status["capture"]["why"].as_str().unwrap_or_default();
        status["interfaces"][0]["recording"] == true
            && status["capture"]["tier"] == "eBPF"
            && why.contains("it needs CONFIG_DEBUG_INFO_BTF")
            && status["refusals"].is_null()
    });
    assert_eq!(up.end("-TERM"), Some(0));
}
