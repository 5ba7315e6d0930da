//! The same traffic through a capture file: tcpdump writes it, and we read it.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use weir_capture::{
    fragment::Fragments,
    interfaces,
    pcap::PcapReader,
    tracker::{self, InterfaceIndex, Observation, Tracker},
};
use weir_network::{AggregationInterval, Interface};

use crate::{
    lab::{self, Recorded},
    side::Side,
};

/// tcpdump, while it writes a file.
pub(crate) struct Dump {
    tcpdump: Child,
    folder: tempfile::TempDir,
    /// What is recorded, by the kernel's index.
    wanted: Vec<(u32, Interface)>,
}

impl Dump {
    /// Cooked captures of all interfaces say which one a packet was seen on, and which way it passed.
    pub(crate) fn start(side: &Side, names: &'static [&'static str]) -> Self {
        side.run(move || {
            let folder = tempfile::tempdir().expect("a folder");
            let mut choose = lab::choose(names);
            let present = interfaces::list().expect("interfaces");
            let wanted = present.iter().filter_map(|host| Some((host.index, choose(host)?))).collect();
            let mut tcpdump = Command::new("tcpdump")
                .args("-i any -y LINUX_SLL2 -s 256 -B 16384 -U --immediate-mode -Z root -w".split(' '))
                .arg(folder.path().join("dump.pcap"))
                .stderr(Stdio::piped())
                .spawn()
                .expect("the command `tcpdump` (scripts/setup test)");
            let mut said = BufReader::new(tcpdump.stderr.take().expect("an output")).lines();
            assert!(said.any(|line| line.expect("UTF-8").contains("listening on")), "tcpdump does not listen");
            // Or it could not say good-bye.
            thread::spawn(move || said.for_each(drop));
            Dump { tcpdump, folder, wanted }
        })
    }

    /// Ends the capture when nothing new has come for a while, and reads it.
    pub(crate) fn stop(mut self) -> Recorded {
        let path = self.folder.path().join("dump.pcap");
        let length = || fs::metadata(&path).map_or(0, |file| file.len());
        let mut last = u64::MAX;
        while last != length() {
            last = length();
            thread::sleep(Duration::from_millis(500));
        }
        let pid = rustix::process::Pid::from_child(&self.tcpdump);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
        assert!(self.tcpdump.wait().expect("it ends").success());
        read(File::open(&path).expect("a capture"), &self.wanted)
    }
}

impl Drop for Dump {
    fn drop(&mut self) {
        let _ = self.tcpdump.kill();
        let _ = self.tcpdump.wait();
    }
}

fn read(file: File, wanted: &[(u32, Interface)]) -> Recorded {
    let interval = AggregationInterval::Second;
    let mut tracker = Tracker::new(tracker::Options { interval, ..tracker::Options::default() });
    let watched: Vec<(u32, InterfaceIndex)> = wanted
        .iter()
        .map(|(index, interface)| (*index, tracker.add_interface(Arc::new(interface.clone()), i64::MIN).expect("few")))
        .collect();
    let mut recorded = Recorded::default();
    let mut fragments = Fragments::default();
    let mut reader = PcapReader::new(file).expect("a capture");
    while let Some(frame) = reader.next_frame().expect("whole frames") {
        recorded.totals.frames += 1;
        let mut parsed = match frame.parse() {
            Ok(parsed) => parsed,
            Err(skip) => {
                recorded.totals.skips.add(skip);
                continue;
            }
        };
        let Some((_, interface)) = watched.iter().find(|(index, _)| Some(*index) == parsed.ifindex) else { continue };
        fragments.file(&mut parsed, frame.time_ns);
        let direction = parsed.direction.expect("a cooked capture tells");
        let time_ns = i64::try_from(frame.time_ns).expect("before 2262");
        tracker.observe(&Observation::single(time_ns, *interface, direction, &parsed));
    }
    recorded.windows = tracker.finish(lab::now_ns());
    recorded
}
