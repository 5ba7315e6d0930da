//! `weir lab`: the whole flow log lab, as a person runs it. Needs root, iproute2 and nftables.

use std::process::Command;

use crate::run::Lab;

fn namespaces() -> String {
    let listed = Command::new("ip").args(["netns", "list"]).output().expect("ip");
    String::from_utf8_lossy(&listed.stdout).into_owned()
}

#[test]
fn every_step_is_as_expected_and_nothing_is_left() {
    let said = Lab::new().weir(&["lab"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(!said.out.contains("NOT OK"), "{}", said.out);
    let steps = said.out.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(said.out.contains(&format!("all {steps} steps as expected")), "{}", said.out);
    for expected in ["REJECT OK", "the alarm rings: Threshold Crossed", "Subject: ALARM", "SSH connects again"] {
        assert!(said.out.contains(expected), "{expected}: {}", said.out);
    }
    let left = namespaces();
    assert!(!left.contains("weir-lab-"), "{left}");
}
