//! `weir env`: what an AWS client needs to know to talk to the running one.

use std::{
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use anyhow::{Context as _, Result};
use clap::Command;

use crate::{Outcome, credentials::Credentials, server::tls, settings::Settings};

pub fn command() -> Command {
    Command::new("env").about("Print the variables with which AWS clients talk to Weir").after_help(
        "\
Examples:
  eval \"$(weir env)\"
  aws ec2 describe-flow-logs
  weir env --data /var/lib/weir > weir.env
  weir env --tls-cert weir.pem

With --tls-cert, or tls-cert in the file, clients are told to come by HTTPS, and to trust the certificate when it vouches
for itself or ends with the one that does.

The access key is that of the account itself, which may do everything. `weir up` makes it at its first start.",
    )
}

pub fn run(settings: &Settings) -> Result<Outcome> {
    let data = settings.data.display();
    let key = Credentials::read(&settings.data)?.with_context(|| {
        format!("{data} has no access key yet: `weir up` makes it, or give the directory with --data")
    })?;
    let scheme = if settings.tls_cert.is_some() { "https" } else { "http" };
    let mut variables = vec![
        ("AWS_ENDPOINT_URL", format!("{scheme}://{}", reachable(settings.listen))),
        ("AWS_ACCESS_KEY_ID", key.id),
        ("AWS_SECRET_ACCESS_KEY", key.secret.expose().to_owned()),
        ("AWS_REGION", settings.region.clone()),
        ("AWS_DEFAULT_REGION", settings.region.clone()),
    ];
    if let Some(file) = settings.tls_cert.as_deref().map(authority).transpose()?.flatten() {
        variables.push(("AWS_CA_BUNDLE", file));
    }
    let mut out = io::stdout().lock();
    for (name, value) in variables {
        writeln!(out, "export {name}={value}")?;
    }
    // A session token of another account would be sent along.
    writeln!(out, "unset AWS_SESSION_TOKEN AWS_PROFILE")?;
    Ok(Outcome::Done)
}

/// The file that vouches for the listener, unless somebody does whom clients know already.
fn authority(certificate: &Path) -> Result<Option<String>> {
    let vouches = tls::chain(certificate)?.last().is_some_and(|last| tls::is_self_issued(last));
    let file = certificate.canonicalize()?;
    Ok(vouches.then(|| quoted(&file.display().to_string())))
}

/// A word of the shell.
fn quoted(text: &str) -> String {
    let is_plain = |next: char| next.is_ascii_alphanumeric() || "/._-+:@".contains(next);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Where a client of this host reaches a listener that listens everywhere.
fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port())) } else { listen }
}
