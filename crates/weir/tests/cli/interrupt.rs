//! Ctrl-C: a command ends soon, and leaves nothing that is half done.

use std::{
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    convert::{EXAMPLES, gzip},
    run::{Lab, program},
};

/// Starts the program, sends it a signal when its output file is begun, and gives its exit code.
fn interrupted(lab: &Lab, arguments: &[&str], signal: Signal) -> Option<i32> {
    let mut child = program(&lab.path(""))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let begun = || lab.names("out").iter().any(|name| name.ends_with(".part"));
    wait_for(&mut child, begun);
    kill_process(Pid::from_child(&child), signal).expect("sent");
    child.wait().expect("the program ends").code()
}

fn wait_for(child: &mut Child, condition: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !condition() {
        assert!(child.try_wait().expect("watched").is_none(), "ended too early");
        assert!(Instant::now() < patience, "nothing is written");
        thread::sleep(Duration::from_millis(5));
    }
}

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("logs/examples.log.gz", gzip(EXAMPLES.repeat(1000)));
    lab.write("out/other.csv", "kept");
    lab
}

#[test]
fn a_query_leaves_no_part_of_its_answer() {
    let lab = lab();
    // 5000 times 5000 times 5000 rows.
    let sql = "SELECT a.bytes FROM vpc_flow_logs a, vpc_flow_logs b, vpc_flow_logs c";
    let arguments = ["query", "--from", "logs", "--output-file", "out/answer.csv", sql];
    assert_eq!(interrupted(&lab, &arguments, Signal::INT), Some(130));
    assert_eq!(lab.names("out"), ["other.csv"]);
}

#[test]
fn a_conversion_leaves_no_part_of_its_output() {
    let lab = lab();
    let mut arguments = vec!["convert"];
    arguments.extend(["logs/examples.log.gz"; 5000]);
    arguments.push("out/all.parquet");
    assert_eq!(interrupted(&lab, &arguments, Signal::TERM), Some(143));
    assert_eq!(lab.names("out"), ["other.csv"]);
}
