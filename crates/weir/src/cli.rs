//! The command line: which commands there are, and how flags reach the settings.

use std::{ffi::OsString, fs, io, path::PathBuf};

use anyhow::{Context as _, Result};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser, value_parser};

use crate::{
    Outcome, Usage, command,
    settings::{self, DEFAULT_FILE, Layers, Settings, Shape, TABLE},
};

/// Reads the command line and does what it says.
///
/// # Errors
/// What went wrong, as one sentence; [`Usage`] and clap's own error when it was not understood.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<Outcome> {
    let matches = program().try_get_matches_from(arguments)?;
    let Some((name, matches)) = matches.subcommand() else { return Ok(Outcome::Done) };
    let layers = layers(matches).map_err(|error| Usage(crate::sentence(&error)))?;
    let settings = Settings::resolve(&layers).map_err(|error| Usage(crate::sentence(&error)))?;
    start_log(&settings)?;
    match name {
        "up" => command::up::run(&settings),
        "query" => command::query::run(matches, &settings),
        "convert" => command::convert::run(matches, &settings),
        "explain" => command::explain::run(matches, &settings),
        "propose" => command::propose::run(matches, &settings),
        "lab" => command::lab::run(matches),
        "pattern" => command::pattern::run(matches),
        "status" => command::status::run(matches, &settings),
        "attach" => command::attach::run(matches, &settings),
        "confirm" => command::confirm::run(&settings),
        "detach" => command::detach::run(&settings),
        "audit" => command::audit::run(matches, &settings),
        "env" => command::env::run(&settings),
        "token" => command::token::run(matches, &settings),
        "fields" => command::fields::run(matches),
        "operations" => command::operations::run(matches),
        "config" => command::config::run(matches, &layers),
        "completions" => command::shell::completions(matches),
        _ => command::shell::man(matches),
    }
}

/// The whole command line, for parsing, completions and man pages.
pub fn program() -> Command {
    Command::new("weir")
        .version(env!("CARGO_PKG_VERSION"))
        .about("VPC Flow Logs for any network: record traffic as AWS flow log records, and query them with SQL")
        .after_help(AFTER_HELP)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .global(true)
                .value_parser(value_parser!(PathBuf))
                .help("Read settings from this TOML file [default: weir.toml when it is there] [env: WEIR_CONFIG]"),
        )
        .subcommand(with_settings(command::up::command(), Some(settings::Command::Up)))
        .subcommand(with_settings(command::query::command(), Some(settings::Command::Query)))
        .subcommand(with_settings(command::convert::command(), Some(settings::Command::Convert)))
        .subcommand(with_settings(command::explain::command(), Some(settings::Command::Explain)))
        .subcommand(with_settings(command::propose::command(), Some(settings::Command::Propose)))
        .subcommand(with_settings(command::status::command(), Some(settings::Command::Status)))
        .subcommand(with_settings(command::confirm::command(), Some(settings::Command::Confirm)))
        .subcommand(with_settings(command::detach::command(), Some(settings::Command::Detach)))
        .subcommand(with_settings(command::env::command(), Some(settings::Command::Env)))
        .subcommand(with_settings(command::attach::command(), Some(settings::Command::Attach)))
        .subcommand(with_settings(command::audit::command(), Some(settings::Command::Status)))
        .subcommand(
            // Before and after `create`, as people write it.
            with_settings(command::token::command(), Some(settings::Command::Token)).mut_args(|flag| flag.global(true)),
        )
        .subcommand(command::lab::command())
        .subcommand(command::pattern::command())
        .subcommand(command::fields::command())
        .subcommand(command::operations::command())
        .subcommand(with_settings(command::config::command(), None))
        .subcommand(command::shell::completions_command())
        .subcommand(command::shell::man_command())
}

const AFTER_HELP: &str = "\
Examples:
  sudo weir up                                   record every interface
  weir query 'SELECT srcaddr, sum(bytes) FROM flow_logs GROUP BY 1 ORDER BY 2 DESC LIMIT 10'
  weir convert trace.pcap flows.parquet          make records from packets
  weir status                                    what the running one does
  sudo weir audit                                hold what was refused against the firewall's counters

Exit codes:
  0  done
  1  failed; the reason is on standard error
  2  the command line or the configuration was not understood
  3  done, but some of the input was refused; what and where is on standard error
  130, 143  interrupted or terminated before it was done; no part of an output file is left";

/// Adds the flags of the settings that belong to a command; without one, those of all.
fn with_settings(mut command: Command, wanted: Option<settings::Command>) -> Command {
    for setting in TABLE {
        if wanted.is_some_and(|wanted| !setting.commands.contains(&wanted)) {
            continue;
        }
        let default = setting.default.map_or(String::new(), |default| format!(" [default: {default}]"));
        let help = format!("{}{default} [env: {}]", setting.help, setting.variable());
        let argument = Arg::new(setting.key)
            .long(setting.key)
            .value_name(setting.value_name)
            .help(help)
            .help_heading("Settings")
            .hide_possible_values(setting.shape == Shape::Switch);
        command = command.arg(match setting.shape {
            Shape::Switch => argument
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .value_parser(PossibleValuesParser::new(["true", "false"])),
            Shape::List => argument.num_args(1..).action(ArgAction::Append),
            Shape::Choice(choices) => argument.value_parser(PossibleValuesParser::new(choices)),
            Shape::Text | Shape::Secret | Shape::Number => argument,
        });
    }
    command
}

/// Lays file, environment and flags over the defaults.
fn layers(matches: &ArgMatches) -> Result<Layers> {
    #[allow(clippy::disallowed_methods, reason = "configuration is read here and nowhere else")]
    let variable = |name: &str| std::env::var_os(name);
    let mut layers = Layers::new();
    let named = matches
        .get_one::<PathBuf>("config")
        .cloned()
        .or_else(|| variable("WEIR_CONFIG").filter(|file| !file.is_empty()).map(PathBuf::from));
    let file = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    match fs::read_to_string(&file) {
        Ok(text) => layers.file(&file, &text)?,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{}: cannot read the settings", file.display())),
    }
    layers.environment(variable)?;
    for setting in TABLE {
        if let Ok(Some(words)) = matches.try_get_many::<String>(setting.key) {
            layers.flag(setting.key, words.cloned().collect());
        }
    }
    Ok(layers)
}

fn start_log(settings: &Settings) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::builder()
        .parse(&settings.log)
        .map_err(|error| Usage(format!("log: expected a filter such as info or weir=debug: {error}")))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false).init();
    Ok(())
}
