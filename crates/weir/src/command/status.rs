//! `weir status`: asks the running one what it does.

mod agents;
mod watching;

use std::io::{self, Write as _};

use anyhow::{Context as _, Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{
    Outcome, client, clock,
    report::{EnforcementReport, ErrorReport, Report},
    settings::{Bytes, Settings},
};

pub fn command() -> Command {
    Command::new("status")
        .about("Show what the running weir records, delivers and has lost")
        .after_help(
            "\
Examples:
  weir status
  weir status --json | jq .delivery
  weir status --listen 10.0.0.5:4780

Exit code 1 when nothing answers at the address.",
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print the JSON of GET /status"))
}

pub fn run(matches: &ArgMatches, settings: &Settings) -> Result<Outcome> {
    let report = report(settings)?;
    let mut out = io::stdout().lock();
    if matches.get_flag("json") {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        out.write_all(text(&report).as_bytes())?;
    }
    Ok(Outcome::Done)
}

/// What the one that runs at this address says of itself.
pub fn report(settings: &Settings) -> Result<Report> {
    let address = settings.listen;
    let body = get(settings, "/status")?;
    serde_json::from_slice(&body)
        .with_context(|| format!("what answers at {address} is not weir, or of another version"))
}

fn get(settings: &Settings, path: &str) -> Result<Vec<u8>> {
    let address = settings.listen;
    let answer = client::ask(settings, "GET", path)?.ok_or_else(|| client::nothing_answers(address))?;
    if !answer.is_good() {
        bail!("{address} answers `{}`, not as weir does", answer.status);
    }
    Ok(answer.body)
}

/// The report for people.
fn text(report: &Report) -> String {
    let mut lines = vec![format!("weir {}, up {}", report.version, duration(report.uptime_seconds))];
    if let Some(reason) = &report.not_recording {
        lines.push(format!("not recording: {reason}"));
    }
    if report.capture_failures > 0 {
        lines.push(format!("capture failed {} times; it is tried again within a minute", report.capture_failures));
    }
    if let Some(capture) = &report.capture {
        lines.push(format!("capture by {}: {}", capture.tier, capture.why));
    }
    lines.push(format!(
        "records of at most {} s go to {} in {}",
        report.interval_seconds, report.destination, report.data
    ));
    if !report.interfaces.is_empty() {
        lines.push(String::new());
        lines.extend(interface_table(report));
    }
    if let Some(enforcement) = &report.enforcement {
        lines.push(String::new());
        lines.extend(enforcement_lines(enforcement, "weir confirm"));
    }
    if let Some(unmatched) = report.refusals.as_ref().map(|refusals| refusals.unmatched).filter(|count| *count > 0) {
        lines.push(format!(
            "unmatched  {unmatched} packets were refused that were not seen coming in: IPsec unwrapped them, or they were on \
             their way when recording began. Their REJECT records are there"
        ));
    }
    if !report.agents.is_empty() {
        lines.push(String::new());
        lines.extend(agents::lines(&report.agents));
    }
    let watched = watching::lines(&report.watching, &report.data);
    if !watched.is_empty() {
        lines.push(String::new());
        lines.extend(watched);
    }
    let delivery = &report.delivery;
    lines.push(String::new());
    lines.push(format!(
        "delivered  {} records in {} objects, {}",
        delivery.records,
        delivery.objects,
        Bytes(delivery.bytes)
    ));
    lines.push(format!("waiting    {} records, {}", delivery.waiting_records, Bytes(delivery.waiting_bytes)));
    if delivery.dropped_records > 0 {
        lines.push(format!("dropped    {} records, now SKIPDATA", delivery.dropped_records));
    }
    if delivery.failures > 0 {
        lines.push(format!("failed     {} attempts to deliver; what they held waits", delivery.failures));
    }
    if !report.errors.is_empty() {
        lines.push(String::new());
        lines.push("last errors".to_owned());
        lines.extend(report.errors.iter().map(error_line));
    }
    lines.join("\n") + "\n"
}

fn error_line(error: &ErrorReport) -> String {
    format!("  {}  {}", clock::utc(error.time), error.message)
}

/// What rules are in force, and what they refused. `confirm` is the command that keeps rules on trial.
fn enforcement_lines(enforcement: &EnforcementReport, confirm: &str) -> Vec<String> {
    let mut lines = vec![format!("network    {}", enforcement.network)];
    if let Some(error) = &enforcement.error {
        lines.push(format!("           not taken: {error}"));
    }
    for interface in &enforcement.interfaces {
        let state = match interface.seconds_to_confirm {
            Some(seconds) => format!("taken back in {seconds} s unless you run `{confirm}`"),
            None => "in force".to_owned(),
        };
        lines.push(format!("enforced   {} as {}: {state}", interface.name, interface.id));
    }
    for rule in &enforcement.refused {
        lines.push(format!(
            "refused    {} {} {}: {} packets",
            rule.interface_id, rule.direction, rule.rule, rule.packets
        ));
    }
    lines
}

fn interface_table(report: &Report) -> Vec<String> {
    let heading = ["interface", "id", "", "packets", "recorded", "left out", "lost", "records"];
    let mut rows = vec![heading.map(str::to_owned)];
    for interface in &report.interfaces {
        rows.push([
            interface.name.clone(),
            interface.id.clone(),
            if interface.recording { String::new() } else { "gone".to_owned() },
            interface.packets_seen.to_string(),
            interface.packets_recorded.to_string(),
            interface.packets_left_out.to_string(),
            interface.packets_lost.to_string(),
            interface.records.to_string(),
        ]);
    }
    columns(&rows, 3)
}

/// Cells side by side: the first `left` columns begin at the left, the others end at the right.
fn columns<const N: usize>(rows: &[[String; N]], left: usize) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let line = |row: &[String; N]| {
        let cell = |(column, text): (usize, &String)| {
            let width = width(column);
            if column < left { format!("{text:width$}") } else { format!("{text:>width$}") }
        };
        row.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Such as `2 d 3 h`, `5 min 12 s`.
fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}
