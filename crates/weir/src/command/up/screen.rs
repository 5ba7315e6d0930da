//! What `weir up` says on the terminal: a line that is refreshed, or plain lines now and then when it is none.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use crate::{
    clock,
    report::Report,
    settings::{Bytes, Settings},
};

/// How often the line is refreshed on a terminal.
const REFRESH: Duration = Duration::from_millis(500);
/// How often a plain line is written elsewhere.
const PLAIN: Duration = Duration::from_secs(60);

pub(super) struct Screen {
    terminal: bool,
    shown: Instant,
    /// Names of the interfaces that were told.
    interfaces: Vec<String>,
    /// The error that was told last.
    error: String,
    /// The states of alarms that were told, by name.
    alarms: BTreeMap<String, String>,
    last: String,
}

impl Screen {
    /// Says what is going to happen.
    pub(super) fn new(report: &Report, settings: &Settings, url: &str) -> Self {
        let when =
            if settings.deliver_every_window { "at the end of each interval" } else { "every 5 minutes or 75 MB" };
        eprintln!(
            "weir {}: records of at most {} s, flow log {}",
            report.version, report.interval_seconds, report.flow_log_id
        );
        eprintln!("delivered {when} to {}, in {}/buckets", report.destination, report.data);
        eprintln!(
            "console at {url}/console/; status at {url}/status or with `weir status`; AWS clients: eval \"$(weir env)\"; Ctrl-C stops and delivers what there is"
        );
        let mut screen = Self {
            terminal: io::stderr().is_terminal(),
            shown: clock::steady(),
            interfaces: Vec::new(),
            error: String::new(),
            alarms: BTreeMap::new(),
            last: String::new(),
        };
        if let Some(reason) = &report.not_recording {
            screen.say(&format!("not recording, only serving: {reason}"));
        }
        if let Some(capture) = &report.capture {
            screen.say(&format!("capture by {}: {}", capture.tier, capture.why));
        }
        screen.news(report);
        screen
    }

    /// Shows how it is going, if it is time to.
    pub(super) fn show(&mut self, report: &Report) {
        self.news(report);
        let every = if self.terminal { REFRESH } else { PLAIN };
        if self.shown.elapsed() < every {
            return;
        }
        self.shown = clock::steady();
        let line = line(report);
        if line == self.last {
            return;
        }
        if self.terminal {
            let width = rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| usize::from(size.ws_col).max(20));
            let cut: String = line.chars().take(width - 1).collect();
            eprint!("\r\x1b[K{cut}");
            let _ = io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
        self.last = line;
    }

    /// Says what happened.
    pub(super) fn tell(&mut self, news: &str) {
        self.say(news);
    }

    /// Says how it ended.
    pub(super) fn end(&mut self, report: &Report) {
        self.news(report);
        self.say(&format!("stopped: {}", line(report)));
    }

    /// Tells of interfaces that came or went, and of errors.
    fn news(&mut self, report: &Report) {
        let recorded: Vec<_> = report.interfaces.iter().filter(|interface| interface.recording).collect();
        for interface in &recorded {
            if !self.interfaces.contains(&interface.name) {
                self.say(&format!("recording {} as {}", interface.name, interface.id));
            }
        }
        let names: Vec<String> = recorded.iter().map(|interface| interface.name.clone()).collect();
        for gone in self.interfaces.clone().iter().filter(|name| !names.contains(name)) {
            self.say(&format!("{gone} is gone; recording it ended"));
        }
        self.interfaces = names;
        self.alarms(report);
        let last = report.errors.last().map(|error| error.message.as_str());
        if let Some(message) = last.filter(|message| *message != self.error) {
            self.say(message);
            message.clone_into(&mut self.error);
        }
    }

    /// Tells of alarms whose state changed.
    fn alarms(&mut self, report: &Report) {
        for alarm in &report.watching.alarms {
            let before = self.alarms.insert(alarm.name.clone(), alarm.state.clone());
            if before.is_some_and(|before| before != alarm.state) {
                self.say(&format!("alarm {} is {}: {}", alarm.name, alarm.state, alarm.reason));
            }
        }
    }

    fn say(&mut self, text: &str) {
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        eprintln!("{clear}{text}");
        self.last.clear();
    }
}

/// How much was recorded, lost, delivered, and waits.
fn line(report: &Report) -> String {
    let sum = |count: fn(&crate::report::InterfaceReport) -> u64| report.interfaces.iter().map(count).sum::<u64>();
    let delivery = &report.delivery;
    let dropped =
        if delivery.dropped_records > 0 { format!(", {} dropped", delivery.dropped_records) } else { String::new() };
    format!(
        "{} packets ({}) in {} records, {} lost; {} records delivered in {} objects ({}), {} waiting{dropped}",
        sum(|interface| interface.packets_recorded),
        Bytes(sum(|interface| interface.bytes_recorded)),
        sum(|interface| interface.records),
        report.packets_lost(),
        delivery.records,
        delivery.objects,
        Bytes(delivery.bytes),
        delivery.waiting_records,
    )
}
