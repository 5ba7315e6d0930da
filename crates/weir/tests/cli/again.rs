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

#[test]
fn a_packet_capture_that_breaks_off_keeps_what_it_counted() {
    keeps_what_it_counted("packet");
}

#[test]
fn a_kernel_capture_that_breaks_off_keeps_what_it_counted() {
    keeps_what_it_counted("ebpf");
}

/// A capture breaks off in its first window: what it counted is there, and after it comes SKIPDATA until the next one begins.
fn keeps_what_it_counted(capture: &str) {
    let (net, lab) = (Net::new(), Lab::new());
    let up = Up::start(&net, &lab, &["--capture", capture, "--interval", "600", "--deliver-every-window"]);
    let send = |count: usize| {
        let socket = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)";
        net.far(&format!("{socket}\nfor n in range({count}): s.sendto(b'x' * 100, ('10.88.0.1', 9))"));
    };
    send(5);
    let limit = |most: &str| {
        let set = Command::new("prlimit").args([most, "--pid", &up.pid().to_string()]).status();
        assert!(set.expect("prlimit").success());
    };
    // Whoever waits for more descriptors than there may be is refused by the kernel.
    limit("--nofile=1:1024");
    up.wait_until("it breaks off", || up.said().contains("a0 is gone"));
    limit("--nofile=1024:1024");
    up.wait_for("it records again", |status| {
        status["capture_failures"].as_u64() > Some(0)
            && status["not_recording"].is_null()
            && status["interfaces"][0]["recording"] == true
    });
    send(3);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(up.end("-TERM"), Some(0));
    let asked = "SELECT log_status, coalesce(sum(packets), 0) AS packets FROM vpc_flow_logs \
                 WHERE log_status <> 'OK' OR dstport = 9 GROUP BY log_status ORDER BY 1";
    let said = lab.weir(&["query", "--data", "data", "--output", "csv", asked]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_eq!(said.out.lines().skip(1).collect::<Vec<_>>(), ["\"OK\",\"8\"", "\"SKIPDATA\",\"0\""]);
}
