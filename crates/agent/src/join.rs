//! `weir-agent join`: makes this host known to a server.

use std::fs;

use anyhow::{Context as _, Result};
use weir_agent::{AgentError, Client, DataDirectory, Identity, random};
use weir_capture::interfaces;
use weir_uplink::{JoinRequest, JoinToken, Secret};

use crate::{cli::Host, clock};

/// Joins; says so on standard error.
///
/// # Errors
/// When the server cannot be reached or refuses, or this host has joined another.
pub fn join(host: &Host, server: &str, token: &JoinToken) -> Result<()> {
    let data = DataDirectory::open(&host.data.folder)?;
    let identity = prepare(&data, host, server, token)?;
    let request = JoinRequest {
        host: identity.host.clone(),
        name: name(host),
        version: env!("CARGO_PKG_VERSION").into(),
        secret: identity.secret.clone(),
    };
    let client = Client::new(&identity.server, identity.fingerprint, clock::milliseconds)?;
    client.join(token, &request)?;
    data.keep_identity(&Identity { joined: true, ..identity.clone() })?;
    eprintln!("joined {} as {} ({})", identity.server, request.name, identity.host);
    Ok(())
}

/// The identity to join with, kept on disk before it is used: what an earlier attempt made, or a new one.
fn prepare(data: &DataDirectory, host: &Host, server: &str, token: &JoinToken) -> Result<Identity> {
    let server = server.trim_end_matches('/').to_owned();
    let kept = match data.identity() {
        Ok(kept) => Some(kept),
        Err(AgentError::NotJoined) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(kept) = kept {
        if !kept.joined {
            // Nobody knows it but us: it may be for any server.
            let identity = Identity { server, fingerprint: token.fingerprint, ..kept };
            data.keep_identity(&identity)?;
            return Ok(identity);
        }
        if kept.fingerprint != token.fingerprint {
            return Err(AgentError::Joined { server: kept.server, path: data.identity_file() }.into());
        }
        return Ok(Identity { server, ..kept });
    }
    let identity = Identity {
        server,
        fingerprint: token.fingerprint,
        host: interfaces::instance_id(&machine_id(host)?),
        secret: Secret::new(random()?),
        joined: false,
    };
    data.keep_identity(&identity)?;
    Ok(identity)
}

/// What tells this machine from others.
///
/// # Errors
/// When it has neither a machine id nor a host name.
pub fn machine_id(host: &Host) -> Result<String> {
    match &host.machine_id {
        Some(given) => Ok(given.clone()),
        None => interfaces::machine_id().context("this machine has no machine id: give one with --machine-id"),
    }
}

/// What people call this host.
fn name(host: &Host) -> String {
    let own = || fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    host.name.clone().or_else(own).filter(|name| !name.is_empty()).unwrap_or_else(|| "unnamed".into())
}
