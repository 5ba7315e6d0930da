//! `weir detach`: takes every rule of ours out of the kernel.

use anyhow::Result;
use clap::Command;
use weir_host::Keeper;

use crate::{Outcome, client, settings::Settings};

pub fn command() -> Command {
    Command::new("detach").about("Take every rule that weir put in force away, whatever became of weir").after_help(
        "\
A running weir is told and puts no rules in force any more; it goes on recording. Without one, the rules of a run that
ended or crashed are deleted. Rules of others are not touched. Needs root when nothing runs.

Examples:
  sudo weir detach
  sudo weir detach --listen 10.0.0.5:4780",
    )
}

pub fn run(settings: &Settings) -> Result<Outcome> {
    if let Ok(Some(answer)) = client::ask(settings, "POST", "/enforcement/detach")
        && answer.is_good()
    {
        println!("{}", String::from_utf8_lossy(&answer.body).trim());
        return Ok(Outcome::Done);
    }
    println!("{}", Keeper::clean()?);
    Ok(Outcome::Done)
}
