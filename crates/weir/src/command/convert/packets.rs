//! Captures to records: every packet is counted as a live one would be.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::ArgMatches;
use ipnet::IpNet;
use weir_capture::{
    fragment::Fragments,
    packet::Skips,
    pcap::{Frame, PcapError, PcapReader},
    tracker::{self, Exclude, InterfaceIndex, Judgement, Observation, Tracker, VerdictSource},
    window::{Counters, NO_RULES, Window},
};
use weir_network::{Connections, Interface, Network, Owner, Policy, Timeouts, TrafficType};
use weir_record::{Format, write::Writer};

use super::{Input, target::Target};
use crate::{Outcome, Usage, destination::Destination, interface_id, local_nets::LocalNets, settings::Settings};

/// Packets of a capture of several interfaces may be this much out of order.
const LATENESS_NS: i64 = 1_000_000_000;
/// Records that go to the writer at once.
const BATCH_ROWS: usize = 8192;

/// What is said about the packets on the command line.
pub struct Options {
    interface_id: Option<String>,
    local_nets: LocalNets,
    network: Option<Network>,
}

impl Options {
    /// Reads the flags, and the network file if there is one.
    pub(super) fn new(matches: &ArgMatches, settings: &Settings) -> Result<Self> {
        let nets: Vec<IpNet> = matches.get_many("local-net").into_iter().flatten().copied().collect();
        let network = |file: &PathBuf| -> Result<Network> {
            let text =
                fs::read_to_string(file).with_context(|| format!("{}: cannot read the network", file.display()))?;
            let owner = Owner { account_id: settings.account.as_str().to_owned(), region: settings.region.clone() };
            Network::parse(&text, &owner).with_context(|| file.display().to_string())
        };
        Ok(Self {
            interface_id: matches.get_one::<String>("interface-id").cloned(),
            local_nets: LocalNets::new(nets),
            network: matches.get_one::<PathBuf>("security-group").map(network).transpose()?,
        })
    }

    /// The interface of the network file that the packets belong to, or one made up for a name in the capture.
    fn interface(&self, name: &str, settings: &Settings) -> Result<Interface> {
        let id = self.interface_id.clone().unwrap_or_else(|| interface_id(name));
        let made_up = Interface {
            account_id: settings.account.as_str().to_owned(),
            region: settings.region.clone(),
            ..Interface::unknown(&id)
        };
        let Some(network) = &self.network else { return Ok(made_up) };
        let interfaces = &network.parts().interfaces;
        match (&self.interface_id, interfaces.values().next()) {
            (Some(id), Some(_)) => match interfaces.get(id) {
                Some(interface) => Ok(interface.clone()),
                None => Err(Usage(format!("--interface-id {id}: the network file has no such interface")).into()),
            },
            (None, Some(only)) if interfaces.len() == 1 => Ok(only.clone()),
            (None, Some(_)) => Err(Usage(
                "the network file has several interfaces; say with --interface-id whose packets these are".into(),
            )
            .into()),
            (_, None) => {
                let security_group_ids = network.parts().security_groups.keys().cloned().collect();
                Ok(Interface { security_group_ids, ..made_up })
            }
        }
    }
}

/// Converts captures in the order given; the pieces of one long capture are to be given in order of time.
pub(super) fn convert(inputs: Vec<Input>, target: &Target, settings: &Settings, options: &Options) -> Result<Outcome> {
    let format = settings.format.clone().unwrap_or_default();
    let mut conversion = Conversion::new(settings, options)?;
    let mut records = Records { writer: target.create(&format.schema())?, format };
    for input in inputs {
        conversion.capture(input, &mut records)?;
    }
    for window in conversion.tracker.finish(conversion.last_ns) {
        conversion.window(&window, &mut records)?;
    }
    let rows = records.writer.rows();
    records.writer.finish()?.commit()?;
    Ok(conversion.report(rows))
}

/// Where the records go.
struct Records {
    writer: Writer<Destination>,
    format: Format,
}

/// The state of one conversion.
struct Conversion<'a> {
    settings: &'a Settings,
    options: &'a Options,
    tracker: Tracker,
    fragments: Fragments,
    /// Interfaces by their name in the captures.
    interfaces: BTreeMap<String, (InterfaceIndex, Option<Judge>)>,
    last_ns: i64,
    counters: Counters,
    skips: Skips,
    damaged: bool,
}

/// The policy at an interface, and the connections that it let through.
struct Judge {
    policy: Policy,
    connections: Connections,
}

impl<'a> Conversion<'a> {
    fn new(settings: &'a Settings, options: &'a Options) -> Result<Self> {
        // What is wrong with the network file or the id is said before the first packet.
        options.interface("", settings)?;
        let tracker = Tracker::new(tracker::Options {
            interval: settings.interval,
            max_flows: usize::try_from(settings.max_flows).unwrap_or(usize::MAX),
            lateness_ns: LATENESS_NS,
            exclude: Exclude::nothing(),
        });
        Ok(Self {
            settings,
            options,
            tracker,
            fragments: Fragments::new(Fragments::DEFAULT_CAPACITY, Fragments::DEFAULT_LIFETIME_NS),
            interfaces: BTreeMap::new(),
            last_ns: 0,
            counters: Counters::default(),
            skips: Skips::default(),
            damaged: false,
        })
    }

    /// Counts the packets of one file. Damage ends the file, not the conversion.
    fn capture(&mut self, input: Input, records: &mut Records) -> Result<()> {
        let name = input.name;
        let file = File::open(&input.path).with_context(|| format!("{name}: cannot open"))?;
        let mut reader = match PcapReader::new(file) {
            Ok(reader) => reader,
            Err(error) => {
                self.damage(&name, &error);
                return Ok(());
            }
        };
        let mut closes_ns = i64::MIN;
        loop {
            let frame = match reader.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(error) => {
                    self.damage(&name, &error);
                    continue;
                }
            };
            self.frame(&frame)?;
            if self.last_ns >= closes_ns {
                while let Some(window) = self.tracker.poll(self.last_ns) {
                    self.window(&window, records)?;
                }
                closes_ns = self.tracker.poll_timeout().unwrap_or(i64::MIN);
            }
        }
        let lost: u64 = reader.interfaces().iter().map(|interface| interface.lost).sum();
        if lost > 0 {
            eprintln!("weir: {name}: the capturing program says that it lost {lost} frames");
        }
        Ok(())
    }

    /// Counts one frame.
    fn frame(&mut self, frame: &Frame<'_>) -> Result<()> {
        let mut parsed = match frame.parse() {
            Ok(parsed) => parsed,
            Err(skip) => {
                self.skips.add(skip);
                return Ok(());
            }
        };
        let time_ns = i64::try_from(frame.time_ns).unwrap_or(i64::MAX);
        self.last_ns = self.last_ns.max(time_ns);
        self.fragments.file(&mut parsed, frame.time_ns);
        let direction = parsed.direction.unwrap_or_else(|| self.options.local_nets.direction(&parsed.packet));
        let name = frame.interface.name.as_deref().unwrap_or_default();
        if !self.interfaces.contains_key(name) {
            let added = self.add_interface(name)?;
            self.interfaces.insert(name.to_owned(), added);
        }
        let Some((interface, judge)) = self.interfaces.get_mut(name) else { return Ok(()) };
        let now = Duration::from_nanos(frame.time_ns);
        let judgement = judge.as_mut().map_or(Judgement::SEEN, |judge| {
            let verdict = judge.connections.judge(&judge.policy, &parsed.packet, parsed.tcp_flags, direction, now);
            Judgement { action: verdict.action, rule: 0, source: VerdictSource::Predicted }
        });
        self.tracker
            .observe(&Observation { judgement, ..Observation::single(time_ns, *interface, direction, &parsed) });
        Ok(())
    }

    fn add_interface(&mut self, name: &str) -> Result<(InterfaceIndex, Option<Judge>)> {
        let interface = self.options.interface(name, self.settings)?;
        let judge = match &self.options.network {
            Some(network) => {
                let connections = Connections::new(Connections::DEFAULT_CAPACITY, Timeouts::default());
                Some(Judge { policy: network.policy(&interface)?, connections })
            }
            None => None,
        };
        Ok((self.tracker.add_interface(Arc::new(interface), i64::MIN)?, judge))
    }

    fn window(&mut self, window: &Window, records: &mut Records) -> Result<()> {
        self.counters = self.counters.plus(window.counters());
        for batch in window.batches(&records.format, TrafficType::All, NO_RULES, BATCH_ROWS) {
            records.writer.write(&batch)?;
        }
        Ok(())
    }

    fn damage(&mut self, name: &str, error: &PcapError) {
        self.damaged = true;
        eprintln!("weir: {name}: {error}");
    }

    /// Says what became of the packets.
    fn report(&self, records: u64) -> Outcome {
        eprintln!("weir: {records} records from {} packets", self.counters.recorded);
        if self.skips.total() > 0 {
            eprintln!("weir: {} frames are in no record: {}", self.skips.total(), self.skips);
        }
        if self.counters.skipped > 0 {
            let (skipped, most) = (self.counters.skipped, self.settings.max_flows);
            eprintln!(
                "weir: {skipped} packets were of more than {most} flows at once and became SKIPDATA; raise --max-flows"
            );
        }
        let refused = self.damaged || self.skips.lost() > 0 || self.counters.skipped > 0;
        if refused { Outcome::Refused } else { Outcome::Done }
    }
}
