//! The command line. Each flag of `run` can be given in the environment too; the service reads it from
//! `/etc/default/weir-agent`.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    str::FromStr,
};

use anyhow::{Context as _, Result, bail};
use clap::{
    Args, CommandFactory as _, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use tracing::level_filters::LevelFilter;
use weir_capture::live::TierChoice;
use weir_enforce::OnExit;
use weir_host::{Keeper, SideChoice};
use weir_uplink::JoinToken;

use crate::{
    control::{self, Order},
    join, run,
};

#[derive(Debug, Parser)]
#[command(
    name = "weir-agent",
    version,
    about = "Record the traffic of this host and send the records to a Weir server",
    after_help = AFTER_HELP,
    disable_help_subcommand = true
)]
struct Cli {
    /// What the program says about itself on standard error: error, warn, info or debug
    #[arg(long, global = true, value_name = "LEVEL", default_value = "info", env = "WEIR_AGENT_LOG")]
    log: LevelFilter,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Join a server, once
    Join {
        /// Address of the server, such as https://flows.example.com:4781
        server: String,
        /// What `weir token create` printed; `-` reads it from standard input
        token: String,
        #[command(flatten)]
        host: Host,
    },
    /// Record, and send what was recorded
    Run {
        #[command(flatten)]
        host: Host,
        #[command(flatten)]
        options: Options,
    },
    /// Keep the rules in force that the agent would take back
    Confirm {
        #[command(flatten)]
        data: Data,
    },
    /// Take every rule that the agent put in force away, whether it runs or not
    Detach {
        #[command(flatten)]
        data: Data,
    },
    /// Print the manual page
    #[command(hide = true)]
    Man,
}

/// Where the agent is at home.
#[derive(Debug, Clone, Args)]
pub struct Data {
    /// Where the agent keeps what it knows, and batches that the server has not taken yet
    #[arg(long = "data", value_name = "DIRECTORY", default_value = "/var/lib/weir-agent", env = "WEIR_AGENT_DATA")]
    pub folder: PathBuf,
}

/// Which host this is.
#[derive(Debug, Clone, Args)]
pub struct Host {
    #[command(flatten)]
    pub data: Data,
    /// What people call this host. Without it: its host name
    #[arg(long, value_name = "NAME", env = "WEIR_AGENT_NAME")]
    pub name: Option<String>,
    /// What tells this machine from others, for machines that were cloned. Without it: /etc/machine-id
    #[arg(long, value_name = "TEXT", env = "WEIR_AGENT_MACHINE_ID")]
    pub machine_id: Option<String>,
}

/// How it records.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How packets are seen: ebpf (counted in the kernel), packet (packet sockets), or auto (eBPF if the kernel lets us)
    #[arg(long, value_name = "TIER", default_value = "auto", env = "WEIR_AGENT_CAPTURE",
        value_parser = one_of::<TierChoice>(&TierChoice::NAMES))]
    pub capture: TierChoice,
    /// Interfaces to record; `NAME:guest` and `NAME:host` give the side of one. Without it: every interface that is up, also
    /// those that come later, except loopback
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', env = "WEIR_AGENT_INTERFACE")]
    pub interface: Vec<String>,
    /// Which end of the cable the devices are: host (the interface itself), guest (this host's end of a cable to a container,
    /// namespace or virtual machine: directions are turned around), or auto (guest for taps and for veths to another
    /// namespace that have no address)
    #[arg(long, value_name = "SIDE", default_value = "host", env = "WEIR_AGENT_SIDE",
        value_parser = one_of::<SideChoice>(&SideChoice::NAMES))]
    pub side: SideChoice,
    /// Sockets of container engines with the API of Docker, asked for the names of containers at the other end of cables
    /// with side guest. Without it: those of Docker and Podman
    #[arg(long, value_name = "PATH", num_args = 1.., value_delimiter = ',', env = "WEIR_AGENT_CONTAINER_SOCKET")]
    pub container_socket: Vec<String>,
    /// Interfaces on which the security groups and network ACLs of the server's network file are put in force, by nftables.
    /// Without it: none
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', env = "WEIR_AGENT_ENFORCE")]
    pub enforce: Vec<String>,
    /// What becomes of rules in force when the agent stops or dies: keep leaves them in force, open takes them away
    #[arg(long, value_name = "WHAT", default_value = "keep", env = "WEIR_AGENT_ON_EXIT",
        value_parser = one_of::<OnExit>(&OnExit::NAMES))]
    pub on_exit: OnExit,
    /// How long rules that may lock you or the agent out wait for `weir-agent confirm` before they are taken back
    #[arg(long, value_name = "SECONDS", default_value = "60", env = "WEIR_AGENT_CONFIRM_WITHIN",
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub confirm_within: u64,
    /// Most MiB of batches that wait on disk while the server is away; what is beyond goes oldest first
    #[arg(long, value_name = "MIB", default_value = "256", env = "WEIR_AGENT_SPOOL_LIMIT",
        value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub spool_limit: u64,
}

/// One of these words, read as what it stands for.
fn one_of<T>(words: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

const AFTER_HELP: &str = "\
Examples:
  weir-agent join https://flows.example.com:4781 weir-join-…
  weir-agent run
  weir-agent run --interface eth0 wg0
  weir-agent run --enforce eth0

Recording needs root, or the capability to capture packets; the service that comes with the package has it.

With --enforce the security groups and network ACLs of the server's network file decide what passes; a change there is in
force here at once. Rules on an interface that carries your own SSH session, or that would cut the agent off from its
server, are taken back after 60 s (--confirm-within) unless you run `weir-agent confirm`.";

/// Reads the command line and does what it says.
///
/// # Errors
/// What went wrong.
pub fn run() -> Result<()> {
    let cli = Cli::parse();
    tracing_subscriber::fmt().with_max_level(cli.log).with_writer(io::stderr).with_target(false).without_time().init();
    match cli.command {
        Command::Join { server, token, host } => join::join(&host, &server, &token_of(token)?),
        Command::Run { host, options } => run::run(&host, &options),
        Command::Confirm { data } => match control::ask(&data.folder, Order::Confirm)? {
            Some(said) => say(&said),
            None => bail!("no agent runs with the directory {}", data.folder.display()),
        },
        Command::Detach { data } => match control::ask(&data.folder, Order::Detach) {
            Ok(Some(said)) => say(&said),
            // Without a running agent that has rules, those of a run that ended or crashed are meant.
            _ => say(Keeper::clean()?),
        },
        Command::Man => Ok(clap_mangen::Man::new(Cli::command()).render(&mut io::stdout())?),
    }
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// Other users of the machine see the arguments of a program, but not what it reads.
fn token_of(argument: String) -> Result<JoinToken> {
    let text = if argument == "-" {
        io::read_to_string(io::stdin()).context("cannot read the token from standard input")?
    } else {
        argument
    };
    Ok(text.trim().parse()?)
}
