//! `weir audit`: holds what the running one saw refused against the firewall's own counters.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use clap::{Arg, ArgMatches, Command, value_parser};
use weir_host::audit::{Compared, Firewall, Judgement, Moment, compare};

use crate::{
    Outcome, clock,
    report::{RefusalsReport, Report},
    settings::Settings,
};

/// How long the running one may take to read its counters again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take to read them for the first time.
const START: Duration = Duration::from_secs(2);
/// How often it is asked.
const ASK_AGAIN: Duration = Duration::from_millis(100);

pub fn command() -> Command {
    Command::new("audit")
        .about("Compare what the running weir saw refused with the firewall's own counters")
        .after_help(
            "\
Examples:
  sudo weir audit
  sudo weir audit --seconds 60

Watches for some seconds and compares, rule by rule: the counters of nftables and iptables with the packets that the
running `weir up` saw the firewall refuse, on all interfaces. Run it on the same host, in the same network namespace.
Rules and policies that refuse without a counter cannot be compared; they are named. Give them one: nft `counter`.

Exit code 1 when the two contradict each other.",
        )
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("SECONDS")
                .default_value("10")
                .value_parser(value_parser!(u64).range(0..=86_400))
                .help("How long to watch"),
        )
}

pub fn run(matches: &ArgMatches, settings: &Settings) -> Result<Outcome> {
    let seconds = matches.get_one::<u64>("seconds").copied().unwrap_or(10);
    let start = moment(settings)?;
    thread::sleep(Duration::from_secs(seconds));
    let end = moment(settings)?;
    let compared = compare(&start.0, &end.0);
    io::stdout().lock().write_all(text(&compared, &end.0.after, &start.1, &end.1, seconds).as_bytes())?;
    if compared.iter().any(|each| each.judgement == Judgement::Differs) {
        bail!("weir and the firewall do not agree");
    }
    Ok(Outcome::Done)
}

/// Reads the firewall, then Weir's counters as they were after that, then the firewall again.
fn moment(settings: &Settings) -> Result<(Moment, RefusalsReport)> {
    let before = Firewall::read()?;
    let read_ms = u64::try_from(clock::now().as_millis()).unwrap_or(u64::MAX);
    let refusals = refusals(settings, read_ms)?;
    let after = Firewall::read()?;
    let mut weir: BTreeMap<u32, u64> = BTreeMap::new();
    for refused in refusals.refused.iter().filter(|refused| refused.refused_by == "firewall") {
        *weir.entry(refused.mark).or_default() += refused.packets;
    }
    Ok((Moment { before, weir, after }, refusals))
}

/// The running one's counters, read no earlier than this.
fn refusals(settings: &Settings, not_before_ms: u64) -> Result<RefusalsReport> {
    let begun: Instant = clock::steady();
    loop {
        let report: Report = super::status::report(settings)?;
        match report.refusals {
            Some(refusals) if refusals.as_of_ms >= not_before_ms => return Ok(refusals),
            Some(_) if begun.elapsed() < PATIENCE => thread::sleep(ASK_AGAIN),
            // It may just have started.
            None if begun.elapsed() < START => thread::sleep(ASK_AGAIN),
            Some(_) => bail!("the running weir has not read its counters for {} s", PATIENCE.as_secs()),
            None => bail!(
                "the running weir does not see what is refused, so there is nothing to compare; `weir status` says why"
            ),
        }
    }
}

fn text(
    compared: &[Compared],
    firewall: &Firewall,
    start: &RefusalsReport,
    end: &RefusalsReport,
    seconds: u64,
) -> String {
    let mut lines = vec![format!("refused in {seconds} s:")];
    lines.extend(compared.iter().map(line));
    if compared.is_empty() {
        lines.push("  no rule that refuses, and nothing refused".into());
    }
    for (refused_by, packets) in others(start, end) {
        lines.push(format!("  {packets} packets refused by {refused_by}, which has no counters to compare with"));
    }
    if !firewall.uncounted.is_empty() {
        lines.push("these refuse without a counter, so their packets cannot be compared:".into());
        lines.extend(firewall.uncounted.iter().map(|rule| format!("  {rule}")));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn line(compared: &Compared) -> String {
    let Compared { rule, least, most, weir, judgement } = *compared;
    let name = if rule == 0 { "the host's firewall".to_owned() } else { format!("rule {}", rule & 0x00ff_ffff) };
    let counted = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let judgement = match judgement {
        Judgement::Agrees => "agrees",
        Judgement::MoreThanCounted => "weir saw more; see the rules without a counter",
        Judgement::Differs => "DIFFERS",
        Judgement::Changed => "not compared: rules were replaced or counters reset meanwhile",
    };
    format!("  {name}: counted {counted}, weir saw {weir}: {judgement}")
}

/// What others than the firewall refused between the moments.
fn others(start: &RefusalsReport, end: &RefusalsReport) -> BTreeMap<String, u64> {
    let sums = |report: &RefusalsReport| {
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for refused in report.refused.iter().filter(|refused| refused.refused_by != "firewall") {
            *sums.entry(refused.refused_by.clone()).or_default() += refused.packets;
        }
        sums
    };
    let (before, mut after) = (sums(start), sums(end));
    for (refused_by, packets) in &mut after {
        *packets = packets.saturating_sub(before.get(refused_by).copied().unwrap_or(0));
    }
    after.retain(|_, packets| *packets > 0);
    after
}
