//! `weir lab`: the flow log lab, on this host, with real connections, through the operations that AWS clients use.

mod aws;
mod mailbox;
mod net;
mod steps;
mod story;

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command as Process, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::{Arg, ArgMatches, Command, value_parser};

use self::{aws::Aws, mailbox::Mailbox, net::Hosts, story::Story};
use crate::{Outcome, client, credentials::Credentials};

/// Where the recording Weir listens, on the host of its own.
const LISTEN: &str = "127.0.0.1:4780";
/// How long a connection may take to be made.
const KNOCK: Duration = Duration::from_millis(1500);
const SSH: u16 = 22;
const REGION: &str = "us-east-1";

pub fn command() -> Command {
    Command::new("lab")
        .about("Do the flow log lab on this host, step by step, and say what was expected and what was seen")
        .arg(Arg::new("inside").long("inside").hide(true).num_args(2).value_names(["CLIENT", "DATA"]))
        .arg(Arg::new("knock").long("knock").hide(true).value_parser(value_parser!(SocketAddr)))
        .after_help(
            "\
Two hosts are made of network namespaces, with a cable between them; one of them runs `weir up`. The steps: SSH is allowed by
a security group and works; the group is changed for one without SSH and connections time out; the refused packets become
REJECT records in a log group and a bucket, a metric, an alarm, and a mail; queries find them; the group is changed back.
Everything goes through the operations of AWS, and everything is gone at the end. Nothing of this host is touched.

Needs root, `ip` and `nft`. Ends with 1 at the first thing that is not as expected.

Examples:
  sudo weir lab",
        )
}

pub fn run(matches: &ArgMatches) -> Result<Outcome> {
    if let Some(address) = matches.get_one::<SocketAddr>("knock") {
        TcpStream::connect_timeout(address, KNOCK).with_context(|| format!("no connection to {address}"))?;
        return Ok(Outcome::Done);
    }
    if let Some(mut words) = matches.get_many::<String>("inside") {
        let (client, data) = words.next().zip(words.next()).context("--inside takes two words")?;
        inside(client, &PathBuf::from(data))?;
        return Ok(Outcome::Done);
    }
    let data = tempfile::tempdir().context("no folder for the data")?;
    let hosts = Hosts::make()?;
    let mut lab = net::weir_on(&hosts.web)?;
    let status = lab.args(["lab", "--inside", &hosts.client]).arg(data.path()).status()?;
    if !status.success() {
        bail!("the lab ended at the step above");
    }
    Ok(Outcome::Done)
}

/// The lab, on the host that is recorded.
fn inside(client: &str, data: &std::path::Path) -> Result<()> {
    let ssh = TcpListener::bind((net::WEB, SSH)).context("no port 22 on the host of the lab")?;
    thread::spawn(move || ssh.incoming().for_each(drop));
    let mailbox = Mailbox::open()?;
    let _up = Up::start(data, &mailbox)?;
    let address: SocketAddr = LISTEN.parse()?;
    let key = Credentials::read(data)?.context("weir up made no access key")?;
    let story = Story::new(Aws::new(address, key, REGION));
    steps::tell(story, client, &mailbox)
}

/// A recording Weir, ended with this value.
struct Up(Child);

impl Up {
    fn start(data: &std::path::Path, mailbox: &Mailbox) -> Result<Self> {
        let log = std::fs::File::create(data.join("weir-up.log"))?;
        let mut up = Process::new(std::env::current_exe()?);
        up.args(["up", "--listen", LISTEN, "--interface", net::DEVICE, "--enforce", net::DEVICE, "--interval", "1"])
            .args(["--deliver-every-window", "--log-group", "none", "--on-exit", "open", "--mail-from", "weir@lab"])
            .arg("--smtp-url")
            .arg(format!("smtp://{}?tls=none", mailbox.address))
            .arg("--data")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let mut child = Self(up.spawn().context("weir up does not start")?);
        let address: SocketAddr = LISTEN.parse()?;
        for _ in 0..200 {
            if client::ask(address, "GET", "/health").is_ok_and(|answer| answer.is_some_and(|it| it.is_good())) {
                return Ok(child);
            }
            if child.0.try_wait()?.is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let said = std::fs::read_to_string(data.join("weir-up.log")).unwrap_or_default();
        bail!("weir up does not answer:\n{said}");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        if let Some(id) = rustix::process::Pid::from_raw(self.0.id().cast_signed()) {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let _ = self.0.wait();
    }
}
