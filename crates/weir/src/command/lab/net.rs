//! Two hosts on one: network namespaces and a cable between them, gone when the lab ends.

use std::process::{self, Command};

use anyhow::{Context as _, Result, bail};

/// The address of the host that is recorded.
pub const WEB: &str = "10.77.0.2";
/// The address of the host that connects.
pub const CLIENT: &str = "10.77.0.1";
/// The device of each.
pub const DEVICE: &str = "eth0";

/// Both hosts.
pub struct Hosts {
    pub web: String,
    pub client: String,
}

impl Hosts {
    /// Makes both, with names of their own: several labs may run side by side.
    ///
    /// # Errors
    /// When `ip` is not there, or refuses.
    pub fn make() -> Result<Self> {
        let id = process::id();
        let hosts = Self { web: format!("weir-lab-{id}-web"), client: format!("weir-lab-{id}-client") };
        for host in [&hosts.web, &hosts.client] {
            ip(&["netns", "add", host])?;
            ip(&["-n", host, "link", "set", "lo", "up"])?;
        }
        let (web, client) = (hosts.web.as_str(), hosts.client.as_str());
        ip(&["-n", web, "link", "add", DEVICE, "type", "veth", "peer", "name", DEVICE, "netns", client])?;
        for (host, address) in [(web, WEB), (client, CLIENT)] {
            ip(&["-n", host, "address", "add", &format!("{address}/24"), "dev", DEVICE])?;
            ip(&["-n", host, "link", "set", DEVICE, "up"])?;
        }
        Ok(hosts)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in [&self.web, &self.client] {
            // It may not have been made.
            let _ = Command::new("ip").args(["netns", "delete", host]).output();
        }
    }
}

/// This program again, on a host.
pub fn weir_on(host: &str) -> Result<Command> {
    let program = std::env::current_exe().context("this program does not know where it is")?;
    let mut command = Command::new("ip");
    command.args(["netns", "exec", host]).arg(program);
    Ok(command)
}

fn ip(arguments: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(arguments).output().context("`ip` of iproute2 is needed")?;
    if !output.status.success() {
        bail!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
