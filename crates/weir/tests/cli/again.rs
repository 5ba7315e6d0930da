//! `weir up` where capturing fails at first: it is tried again. In a network namespace; needs root, iproute2 and util-linux.

use std::{fs, process::Command, thread, time::Duration};

use crate::{
    lab::{Net, Up},
    run::Lab,
};

const FAILED: &str = "not recording, only serving: ";

/// One that has too few descriptors to capture, and enough for all that comes before. How many these are depends on the
/// machine.
fn short_of_descriptors<'a>(net: &'a Net, lab: &'a Lab) -> Up<'a> {
    for descriptors in 10..100 {
        let _ = fs::remove_file(lab.path("up.err"));
        let limit = format!("--nofile={descriptors}:1024");
        let program = ["prlimit", &limit, env!("CARGO_BIN_EXE_weir")];
        let mut up = Up::spawn(net, lab, &program, &["--capture", "packet"], &[]);
        while !up.has_ended() {
            let said = up.said();
            assert!(!said.contains("capture by"), "{descriptors} are enough: {said}");
            if said.contains(FAILED) {
                return up;
            }
            thread::sleep(Duration::from_millis(50));
        }
        assert!(!up.said().contains("panicked"), "{}", up.said());
    }
    panic!("weir does not start with 100 descriptors");
}

#[test]
fn a_capture_that_cannot_begin_is_tried_again() {
    let (net, lab) = (Net::new(), Lab::new());
    let up = short_of_descriptors(&net, &lab);
    let raised = Command::new("prlimit").args(["--nofile=1024:1024", "--pid", &up.pid().to_string()]).status();
    assert!(raised.expect("prlimit").success());
    up.wait_for("it records", |status| {
        status["interfaces"][0]["recording"] == true
            && status["capture_failures"].as_u64() > Some(0)
            && status["not_recording"].is_null()
    });
    up.settle();
    assert_eq!(up.said().matches("Too many open files").count(), 1, "it is said once: {}", up.said());
    assert_eq!(up.end("-TERM"), Some(0));
}

#[test]
fn what_waits_to_try_again_ends_when_it_is_told() {
    let (net, lab) = (Net::new(), Lab::new());
    let up = short_of_descriptors(&net, &lab);
    assert_eq!(up.end("-TERM"), Some(0));
}
