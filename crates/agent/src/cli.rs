//! The command line. Each flag of `run` can be given in the environment too; the service reads it from
//! `/etc/default/weir-agent`.

use std::{io, path::PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use tracing::level_filters::LevelFilter;
use weir_capture::live::TierChoice;
use weir_uplink::JoinToken;

use crate::{join, run};

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
    /// Print the manual page
    #[command(hide = true)]
    Man,
}

/// Which host this is.
#[derive(Debug, Clone, Args)]
pub struct Host {
    /// Where the agent keeps what it knows, and batches that the server has not taken yet
    #[arg(long, value_name = "DIRECTORY", default_value = "/var/lib/weir-agent", env = "WEIR_AGENT_DATA")]
    pub data: PathBuf,
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
    #[arg(long, value_name = "TIER", default_value = "auto", env = "WEIR_AGENT_CAPTURE")]
    pub capture: Capture,
    /// Interfaces to record. Without it: every interface that is up, also those that come later, except loopback
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', env = "WEIR_AGENT_INTERFACE")]
    pub interface: Vec<String>,
    /// Most MiB of batches that wait on disk while the server is away; what is beyond goes oldest first
    #[arg(long, value_name = "MIB", default_value = "256", env = "WEIR_AGENT_SPOOL_LIMIT",
        value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub spool_limit: u64,
}

/// How packets are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Capture {
    /// eBPF if the kernel lets us, otherwise packet sockets
    Auto,
    /// eBPF or nothing
    Ebpf,
    /// Packet sockets
    Packet,
}

impl From<Capture> for TierChoice {
    fn from(capture: Capture) -> Self {
        match capture {
            Capture::Auto => TierChoice::Auto,
            Capture::Ebpf => TierChoice::Ebpf,
            Capture::Packet => TierChoice::PacketSocket,
        }
    }
}

const AFTER_HELP: &str = "\
Examples:
  weir-agent join https://flows.example.com:4781 weir-join-…
  weir-agent run
  weir-agent run --interface eth0 wg0

Recording needs root, or the capability to capture packets; the service that comes with the package has it.";

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
        Command::Man => Ok(clap_mangen::Man::new(Cli::command()).render(&mut io::stdout())?),
    }
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
