//! `weir confirm`: keeps rules that would be taken back.

use anyhow::{Result, bail};
use clap::Command;

use crate::{Outcome, client, settings::Settings};

pub fn command() -> Command {
    Command::new("confirm").about("Keep the rules in force that weir would take back").after_help(
        "\
Rules on an interface that carries your own SSH session, or the listener's clients, are taken back after 60 seconds
unless you confirm that you still get in.

Examples:
  weir confirm
  weir confirm --listen 10.0.0.5:4780

Exit code 1 when nothing answers at the address, or nothing waits to be confirmed.",
    )
}

pub fn run(settings: &Settings) -> Result<Outcome> {
    let address = settings.listen;
    let answer =
        client::ask(settings, "POST", "/enforcement/confirm")?.ok_or_else(|| client::nothing_answers(address))?;
    let said = String::from_utf8_lossy(&answer.body).trim().to_owned();
    if !answer.is_good() {
        bail!("{said}");
    }
    println!("{said}");
    Ok(Outcome::Done)
}
