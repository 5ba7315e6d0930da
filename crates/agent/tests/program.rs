//! The program as people run it, without a server; and what it must not be made of.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use std::process::Command;

fn agent(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_weir-agent")).args(arguments).env_clear().output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_is_wrong_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    let (code, said) = agent(&["run", "--data", data]);
    assert_eq!(code, 1);
    assert!(said.contains("this host has not joined a server: run `weir-agent join URL TOKEN`"), "{said}");
    let (code, said) = agent(&["join", "https://127.0.0.1:1", "weir-join-x", "--data", data]);
    assert_eq!((code, said.contains("this is no join token")), (1, true), "{said}");
    let token = format!("weir-join-00000000-{}-{}", "0".repeat(32), "0".repeat(64));
    let (code, said) = agent(&["join", "http://127.0.0.1:1", &token, "--data", data]);
    assert_eq!((code, said.contains("`http://127.0.0.1:1` is no address of a server")), (1, true), "{said}");
    let (code, said) = agent(&["join", "https://127.0.0.1:1", &token, "--data", data]);
    assert_eq!((code, said.contains("cannot reach https://127.0.0.1:1: ")), (1, true), "{said}");
    assert_eq!(agent(&["sing"]).0, 2);
}

/// The agent is small because of what it leaves out.
#[test]
fn no_query_engine_is_in_it() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "weir-agent", "--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && tree.contains("weir-capture"), "{}", String::from_utf8_lossy(&output.stderr));
    for left_out in ["datafusion", "object_store", "weir-store", "weir-query", "axum", "hyper"] {
        assert!(!tree.lines().any(|line| line.starts_with(left_out)), "{left_out} is in the agent");
    }
}
