//! `weir token`: lets further hosts join, and takes that away.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::{Outcome, clock, fleet::Registry, settings::Settings};

pub fn command() -> Command {
    Command::new("token")
        .about("Let further hosts join, and take that away")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("create").about("Make a token with which hosts may join, and print it").arg(
                Arg::new("hours")
                    .long("hours")
                    .value_name("HOURS")
                    .default_value("24")
                    .value_parser(value_parser!(i64).range(1..=24 * 366))
                    .help("How long hosts may join with it; those that have joined stay"),
            ),
        )
        .subcommand(Command::new("list").about("Show the tokens, and the hosts that have joined"))
        .subcommand(
            Command::new("revoke").about("Make a token useless, or shut out a host that has joined").arg(
                Arg::new("id").value_name("ID").required(true).help("Id of a token or a host, as `list` shows it"),
            ),
        )
        .after_help(
            "\
Examples:
  weir token create
  weir token create --hours 1
  weir token list
  weir token revoke i-ee3b9429859eafa7f

A token lets hosts join and nothing else. It carries the fingerprint of this server's certificate, so that a host talks
to no other. It works while `weir up --join-listen ADDRESS` runs, with the same --data.",
        )
}

pub fn run(matches: &ArgMatches, settings: &Settings) -> Result<Outcome> {
    let registry = Registry::new(settings.data.join("join"));
    let mut out = io::stdout().lock();
    match matches.subcommand() {
        Some(("create", matches)) => {
            let hours = matches.get_one::<i64>("hours").copied().unwrap_or(24);
            writeln!(out, "{}", registry.create_token(clock::seconds(), hours * 3600)?)?;
        }
        Some(("revoke", matches)) => {
            let id = matches.get_one::<String>("id").context("which one?")?;
            registry.revoke(id)?;
            writeln!(out, "{id} is revoked")?;
        }
        _ => list(&registry, &mut out)?,
    }
    Ok(Outcome::Done)
}

fn list(registry: &Registry, out: &mut impl io::Write) -> Result<()> {
    for (id, token) in registry.tokens()? {
        let until = if token.expires <= clock::seconds() { "expired" } else { "until" };
        writeln!(
            out,
            "token  {id}  made {}, {until} {}",
            clock::utc(token.made.unsigned_abs()),
            clock::utc(token.expires.unsigned_abs())
        )?;
    }
    for (id, name) in registry.hosts()? {
        writeln!(out, "host   {id}  {name}")?;
    }
    Ok(())
}
