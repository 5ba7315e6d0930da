//! `weir explain`: why a packet passes or not, and what would let it pass.

mod packet;

use std::{
    fs,
    io::{self, Read as _, Write as _},
};

use anyhow::{Context as _, Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser, value_parser};
use serde::Serialize;
use weir_network::{Direction, Network, Owner};
use weir_record::{
    Refusals,
    read::{ReadOptions, Reader},
};

use crate::{
    Outcome, Usage,
    command::query,
    records::{self, Flow},
    settings::Settings,
};

/// Records of a place that are explained when no limit is given.
const LIMIT: &str = "10";

pub fn command() -> Command {
    Command::new("explain")
        .about(
            "Say which rule accepts or refuses a packet, which were passed over and why, and what would let it through",
        )
        .override_usage(
            "weir explain --network FILE --from ADDRESS --to ADDRESS [--port PORT]\n       \
             weir explain --network FILE RECORD...\n       \
             weir explain --network FILE --where CONDITION [--records PLACE]",
        )
        .after_help(
            "\
Examples:
  weir explain --network net.toml --from 10.0.1.20 --to 10.0.1.10 --port 22
  weir explain --network net.toml --from 203.0.113.12 --to 10.0.1.10 --protocol icmp
  weir explain --network net.toml '2 123456789012 eni-web1 10.0.1.20 10.0.1.10 49152 22 6 1 60 0 0 REJECT OK'
  weir explain --network net.toml --where \"action = 'REJECT' AND dstport = 22\" --limit 3
  tail -1 flows.log | weir explain --network net.toml --format \"$FORMAT\" -

The packet is followed out of the interface that owns its source, into the one that owns its destination, and the reply
back; --interface asks at one alone. Records are read in --format; `-` reads them from standard input, with or without
a header line. --where chooses records by SQL out of what `weir up` delivered, or out of --records. No packet is sent.",
        )
        .arg(Arg::new("record").value_name("RECORD").num_args(0..).help("Records as text; `-` is standard input"))
        .args(packet::arguments())
        .arg(
            Arg::new("where")
                .long("where")
                .value_name("CONDITION")
                .conflicts_with_all(["record", "from"])
                .help("Explain the records for which this SQL condition holds"),
        )
        .arg(
            Arg::new("records").long("records").value_name("PLACE").action(ArgAction::Append).requires("where").help(
                "Where --where looks: a file, a folder, or s3://bucket/prefix [default: what `weir up` delivered]",
            ),
        )
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("COUNT")
                .default_value(LIMIT)
                .value_parser(value_parser!(u64).range(1..))
                .help("Explain at most this many records"),
        )
        .arg(
            Arg::new("interface")
                .long("interface")
                .value_name("ID")
                .help("Ask at this interface alone: its id, or its tag Name"),
        )
        .arg(
            Arg::new("direction")
                .long("direction")
                .value_name("DIRECTION")
                .value_parser(PossibleValuesParser::new(["ingress", "egress"]))
                .help("Which way the packet passes the interface [default: by its addresses]"),
        )
        .arg(
            Arg::new("rules")
                .long("rules")
                .value_name("COUNT")
                .default_value("10")
                .value_parser(value_parser!(u64))
                .help("Rules that are named of each list, the nearest; JSON has all"),
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Write a JSON object a line"))
}

pub fn run(matches: &ArgMatches, settings: &Settings) -> Result<Outcome> {
    let network = network(settings)?;
    let printer = Printer {
        json: matches.get_flag("json"),
        rules: usize::try_from(*matches.get_one::<u64>("rules").unwrap_or(&10)).unwrap_or(usize::MAX),
    };
    if matches.contains_id("from") {
        let explanation = packet::explain(&network, matches)?;
        printer.print(&explanation, |rules| explanation.to_text(rules), true)?;
        return Ok(Outcome::Done);
    }
    let (flows, outcome) = flows(matches, settings)?;
    if flows.is_empty() {
        bail!("no record to explain: only records with addresses and ports can be");
    }
    for (place, flow) in flows.iter().enumerate() {
        let recorded = packet::recorded(&network, flow, matches)?;
        let explanation = network.explain_record(&recorded)?;
        printer.print(&explanation, |rules| explanation.to_text(rules), place == 0)?;
    }
    Ok(outcome)
}

/// The network file.
fn network(settings: &Settings) -> Result<Network> {
    let Some(file) = &settings.network else {
        bail!(Usage("--network FILE is needed: the file with the security groups and network ACLs".into()));
    };
    let text = fs::read_to_string(file).with_context(|| format!("{}: cannot read the network", file.display()))?;
    let owner = Owner { account_id: settings.account.as_str().to_owned(), region: settings.region.clone() };
    Network::parse(&text, &owner).with_context(|| file.display().to_string())
}

/// The flows to explain: out of a place, or from the command line or standard input.
fn flows(matches: &ArgMatches, settings: &Settings) -> Result<(Vec<Flow>, Outcome)> {
    let limit = *matches.get_one::<u64>("limit").unwrap_or(&10);
    if let Some(condition) = matches.get_one::<String>("where") {
        let places: Vec<&str> =
            matches.get_many::<String>("records").into_iter().flatten().map(String::as_str).collect();
        let sql = format!("SELECT * FROM vpc_flow_logs WHERE ({condition}) AND dstport IS NOT NULL LIMIT {limit}");
        let (batches, outcome) = query::batches_of(&places, settings, |_| Ok(sql))?;
        return Ok((records::flows(&batches)?, outcome));
    }
    let words: Vec<&str> = matches.get_many::<String>("record").into_iter().flatten().map(String::as_str).collect();
    let text = match words.as_slice() {
        [] => bail!(Usage("say what to explain: --from and --to, a record, or --where".into())),
        ["-"] => {
            let mut text = String::new();
            io::stdin().lock().read_to_string(&mut text).context("standard input: cannot read records")?;
            text
        }
        records => records.join("\n"),
    };
    let options = ReadOptions {
        format: Some(settings.format.clone().unwrap_or_default()),
        strict: true,
        ..ReadOptions::default()
    };
    let mut reader = Reader::from_bytes("records", text + "\n", &options)?;
    let batches = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
    let mut flows = records::flows(&batches)?;
    flows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok((flows, refused(reader.refusals())))
}

fn refused(refusals: &Refusals) -> Outcome {
    if refusals.refused == 0 {
        return Outcome::Done;
    }
    eprintln!("weir: {refusals}");
    Outcome::Refused
}

/// How answers are written.
struct Printer {
    json: bool,
    rules: usize,
}

impl Printer {
    fn print(&self, value: &impl Serialize, text: impl FnOnce(usize) -> String, first: bool) -> Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, value)?;
            writeln!(out)?;
            return Ok(());
        }
        if !first {
            writeln!(out, "\n────\n")?;
        }
        out.write_all(text(self.rules).as_bytes())?;
        Ok(())
    }
}

/// The direction that was asked for.
fn direction(matches: &ArgMatches) -> Option<Direction> {
    match matches.get_one::<String>("direction").map(String::as_str) {
        Some("ingress") => Some(Direction::Ingress),
        Some("egress") => Some(Direction::Egress),
        _ => None,
    }
}
