//! `weir propose`: the smallest security group that would have accepted what was accepted.

mod flows;
mod table;

use std::io::{self, Write as _};

use anyhow::{Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser, value_parser};
use serde_json::json;
use weir_network::{Direction, IdKind, Network, Parts, Proposal, ProposalOptions, SecurityGroup, propose};

use crate::{Outcome, Usage, settings::Settings};

pub fn command() -> Command {
    let number = |name: &'static str, value: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).default_value(default).help(help)
    };
    Command::new("propose")
        .about("Propose the smallest security group that would have accepted what was accepted, from records")
        .after_help(
            "\
Examples:
  weir propose --days 30 --interface eni-0123456789abcdef0
  weir propose --from s3://my-bucket/AWSLogs --where \"dstport <> 22\" --as network > group.toml
  weir propose --as aws --direction ingress > ingress.json
  aws ec2 authorize-security-group-ingress --group-id sg-… --ip-permissions file://ingress.json

Every connection that was opened and accepted gets a rule for its protocol, its service port and its far side. Replies
need none. What was only refused gets none, nor do TCP attempts that nothing answered; these are listed. Which side opened
is told by the flags of the records, otherwise by the ports.

Prefixes are merged where that admits nothing new, and further only to get to --max-rules, within --new-addresses and
--refused for each rule. Each rule says how many addresses and which refused flows it newly admits.",
        )
        .arg(
            Arg::new("from")
                .long("from")
                .value_name("PLACE")
                .action(ArgAction::Append)
                .help("Where the records are: a file, a folder, or s3://bucket/prefix [default: what `weir up` delivered]"),
        )
        .arg(
            Arg::new("days")
                .long("days")
                .value_name("COUNT")
                .value_parser(value_parser!(u32).range(1..))
                .help("Use the records of the last days only [default: all]"),
        )
        .arg(Arg::new("where").long("where").value_name("CONDITION").help("Use only records for which this SQL condition holds"))
        .arg(
            Arg::new("interface-id")
                .long("interface-id")
                .visible_alias("interface")
                .value_name("ID")
                .action(ArgAction::Append)
                .help("Use only records of this interface. May be given several times [default: all]"),
        )
        .arg(
            Arg::new("as")
                .long("as")
                .value_name("FORMAT")
                .default_value("table")
                .value_parser(PossibleValuesParser::new(["table", "network", "aws", "json"]))
                .help("table for people, network for the network file, aws for --ip-permissions of the AWS command line, json for all of it"),
        )
        .arg(
            Arg::new("direction")
                .long("direction")
                .value_name("DIRECTION")
                .value_parser(PossibleValuesParser::new(["ingress", "egress"]))
                .help("With --as aws: which rules [default: both, as an object]"),
        )
        .arg(Arg::new("id").long("id").value_name("ID").default_value("sg-proposed").help("Id of the group, sg-…"))
        .arg(number("max-rules", "COUNT", "60", "Rules for each direction that are aimed at").value_parser(value_parser!(u32)))
        .arg(number("new-addresses", "COUNT", "256", "Addresses that one rule may newly admit by merging").value_parser(parse_count))
        .arg(number("refused", "COUNT", "0", "Flows that only were refused that one rule may newly admit by merging").value_parser(value_parser!(u32)))
        .arg(number("open-at", "COUNT", "1000", "Open a service to everyone, or to a private range, once so many addresses of it used it; 0 is never").value_parser(value_parser!(u32)))
        .arg(number("port-gap", "COUNT", "0", "Unused ports that may lie between two of one range").value_parser(value_parser!(u16)))
        .arg(Arg::new("unanswered").long("unanswered").action(ArgAction::SetTrue).help("Keep TCP attempts that nothing answered"))
}

pub fn run(matches: &ArgMatches, settings: &Settings) -> Result<Outcome> {
    let id = matches.get_one::<String>("id").map_or("sg-proposed", String::as_str);
    IdKind::SecurityGroup.check(id).map_err(|error| Usage(error.to_string()))?;
    let (flows, outcome) = flows::read(matches, settings)?;
    if flows.is_empty() {
        bail!("no record to propose from: widen --days, --where or --interface-id");
    }
    let proposal = propose(flows, &options(matches), id);
    let mut out = io::stdout().lock();
    match matches.get_one::<String>("as").map(String::as_str) {
        Some("network") => out.write_all(network_file(proposal.group(id, None))?.as_bytes())?,
        Some("aws") => writeln!(out, "{:#}", aws(&proposal, matches))?,
        Some("json") => writeln!(out, "{:#}", table::json(&proposal))?,
        _ => out.write_all(table::text(&proposal).as_bytes())?,
    }
    Ok(outcome)
}

fn options(matches: &ArgMatches) -> ProposalOptions {
    let count = |name| matches.get_one::<u32>(name).and_then(|count| usize::try_from(*count).ok());
    let default = ProposalOptions::default();
    ProposalOptions {
        max_rules: count("max-rules").unwrap_or(default.max_rules),
        new_addresses: matches.get_one::<u128>("new-addresses").copied().unwrap_or(default.new_addresses),
        refused: count("refused").unwrap_or(default.refused),
        open_at: count("open-at").unwrap_or(default.open_at),
        port_gap: matches.get_one::<u16>("port-gap").copied().unwrap_or(default.port_gap),
        unanswered: matches.get_flag("unanswered"),
    }
}

/// The group as a section of the network file.
fn network_file(group: SecurityGroup) -> Result<String> {
    let parts = Parts { security_groups: [(group.id.clone(), group)].into(), ..Parts::default() };
    Ok(Network::new(parts)?.to_file().to_toml()?)
}

fn aws(proposal: &Proposal, matches: &ArgMatches) -> serde_json::Value {
    let (ingress, egress) = (proposal.ip_permissions(Direction::Ingress), proposal.ip_permissions(Direction::Egress));
    match matches.get_one::<String>("direction").map(String::as_str) {
        Some("ingress") => ingress,
        Some("egress") => egress,
        _ => json!({ "ingress": ingress, "egress": egress }),
    }
}

/// A count that may be as large as there are addresses.
fn parse_count(text: &str) -> Result<u128, String> {
    text.parse().map_err(|_| format!("expected a whole number, found `{text}`"))
}
