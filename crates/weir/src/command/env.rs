//! `weir env`: what an AWS client needs to know to talk to the running one.

use std::{
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
};

use anyhow::{Context as _, Result};
use clap::Command;

use crate::{Outcome, credentials::Credentials, settings::Settings};

pub fn command() -> Command {
    Command::new("env").about("Print the variables with which AWS clients talk to Weir").after_help(
        "\
Examples:
  eval \"$(weir env)\"
  aws ec2 describe-flow-logs
  weir env --data /var/lib/weir > weir.env

The access key is that of the account itself, which may do everything. `weir up` makes it at its first start.",
    )
}

pub fn run(settings: &Settings) -> Result<Outcome> {
    let data = settings.data.display();
    let key = Credentials::read(&settings.data)?.with_context(|| {
        format!("{data} has no access key yet: `weir up` makes it, or give the directory with --data")
    })?;
    let variables = [
        ("AWS_ENDPOINT_URL", format!("http://{}", reachable(settings.listen))),
        ("AWS_ACCESS_KEY_ID", key.id),
        ("AWS_SECRET_ACCESS_KEY", key.secret.expose().to_owned()),
        ("AWS_REGION", settings.region.clone()),
        ("AWS_DEFAULT_REGION", settings.region.clone()),
    ];
    let mut out = io::stdout().lock();
    for (name, value) in variables {
        writeln!(out, "export {name}={value}")?;
    }
    // A session token of another account would be sent along.
    writeln!(out, "unset AWS_SESSION_TOKEN AWS_PROFILE")?;
    Ok(Outcome::Done)
}

/// Where a client of this host reaches a listener that listens everywhere.
fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port())) } else { listen }
}
