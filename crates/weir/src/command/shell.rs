//! `weir completions` and `weir man`: what shells and `man` want to know about the command line.

use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;

use crate::{Outcome, cli};

pub fn completions_command() -> Command {
    Command::new("completions")
        .about("Print the completions of a shell")
        .after_help(
            "\
Examples:
  weir completions bash > /etc/bash_completion.d/weir
  weir completions zsh > ~/.zfunc/_weir
  weir completions fish > ~/.config/fish/completions/weir.fish",
        )
        .arg(Arg::new("shell").value_name("SHELL").required(true).value_parser(value_parser!(Shell)))
}

pub fn man_command() -> Command {
    Command::new("man")
        .about("Print the man page, or write one page a command into a directory")
        .after_help(
            "\
Examples:
  weir man | man -l -
  weir man /usr/local/share/man/man1",
        )
        .arg(Arg::new("directory").value_name("DIR").value_parser(value_parser!(PathBuf)))
}

pub fn completions(matches: &ArgMatches) -> Result<Outcome> {
    if let Some(shell) = matches.get_one::<Shell>("shell") {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut cli::program(), "weir", &mut script);
        io::stdout().write_all(&script)?;
    }
    Ok(Outcome::Done)
}

pub fn man(matches: &ArgMatches) -> Result<Outcome> {
    let Some(directory) = matches.get_one::<PathBuf>("directory") else {
        let mut page = Vec::new();
        clap_mangen::Man::new(cli::program()).render(&mut page)?;
        io::stdout().write_all(&page)?;
        return Ok(Outcome::Done);
    };
    let written = || -> io::Result<()> {
        fs::create_dir_all(directory)?;
        clap_mangen::generate_to(cli::program(), directory)
    };
    written().with_context(|| format!("{}: cannot write man pages", directory.display()))?;
    Ok(Outcome::Done)
}
