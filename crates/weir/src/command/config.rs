//! `weir config`: the settings as they are in force.

use std::io::{self, Write as _};

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{
    Outcome,
    settings::{self, Layers, Shape},
};

pub fn command() -> Command {
    Command::new("config")
        .about("Show every setting, its value, and where the value was said")
        .after_help(
            "\
Examples:
  weir config                         what is in force here
  weir config > weir.toml             start a file from it
  weir config --interval 600          try a flag

The output is itself a valid settings file. The file is read first, then the environment, then the flags.",
        )
        .arg(
            Arg::new("markdown")
                .long("markdown")
                .action(ArgAction::SetTrue)
                .help("Print the page of the guide about settings instead"),
        )
}

pub fn run(matches: &ArgMatches, layers: &Layers) -> Result<Outcome> {
    let mut out = io::stdout().lock();
    if matches.get_flag("markdown") {
        out.write_all(settings::markdown().as_bytes())?;
        return Ok(Outcome::Done);
    }
    for (index, (setting, source, words)) in layers.said().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "# {}.", setting.help)?;
        writeln!(out, "# flag --{}, environment variable {}", setting.key, setting.variable())?;
        writeln!(out, "# said by: {source}")?;
        if setting.shape == Shape::Secret && !words.is_empty() {
            writeln!(out, "# {} = (not shown)", setting.key)?;
            continue;
        }
        let value = match (setting.shape, words) {
            (Shape::List, words) => toml::Value::from(words.to_vec()).to_string(),
            (_, []) => String::new(),
            (Shape::Number | Shape::Switch, [word, ..]) => word.clone(),
            (_, [word, ..]) => toml::Value::from(word.clone()).to_string(),
        };
        let comment = if words.is_empty() { "# " } else { "" };
        writeln!(out, "{comment}{} = {value}", setting.key)?;
    }
    Ok(Outcome::Done)
}
