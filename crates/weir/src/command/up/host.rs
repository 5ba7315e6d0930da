//! This host as an instance, and its devices as network interfaces, for AWS clients.

use std::{sync::Arc, time::Instant};

use ipnet::IpNet;
use weir_api::services::ec2::{Device, Ec2, HostDevice};
use weir_capture::interfaces::{self, HostInterface};
use weir_host::Devices;
use weir_network::Side;

use crate::{clock, server::Attachment};

/// How often is looked whether devices came, went, or have other addresses, in seconds.
const LOOK: u64 = 1;

/// Tells what is defined of the devices that are recorded.
pub(super) struct Host {
    ec2: Ec2,
    devices: Arc<Devices>,
    region: String,
    known: Vec<HostInterface>,
    looked: Instant,
    told: Vec<String>,
}

impl Host {
    pub(super) fn new(ec2: Ec2, devices: Arc<Devices>, region: &str) -> Self {
        Self { ec2, devices, region: region.to_owned(), known: Vec::new(), looked: clock::steady(), told: Vec::new() }
    }

    /// Looks at once. Blocks.
    pub(super) fn look(&mut self) -> Vec<String> {
        self.looked = clock::steady();
        let Ok(present) = interfaces::list() else { return Vec::new() };
        if present == self.known {
            return Vec::new();
        }
        let devices: Vec<HostDevice> = present.iter().filter_map(|host| self.device(host)).collect();
        self.known = present;
        let told = match self.ec2.host(&self.region, clock::milliseconds(), &devices) {
            Ok(left_out) => left_out,
            Err(error) => vec![format!("the network interfaces of this host are not up to date: {error}")],
        };
        let news = told.iter().filter(|text| !self.told.contains(text)).cloned().collect();
        self.told = told;
        news
    }

    /// Looks now and then. Gives what could not be taken over, each once. Blocks.
    pub(super) fn poll(&mut self) -> Vec<String> {
        if self.looked.elapsed().as_secs() < LOOK { Vec::new() } else { self.look() }
    }

    fn device(&self, host: &HostInterface) -> Option<HostDevice> {
        let interface = self.devices.recorded(host)?;
        let mac: Vec<String> = host.mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let ipv4 = host.ipv4.iter().copied().map(IpNet::from);
        let networks = ipv4.chain(host.ipv6.iter().copied().map(IpNet::from)).collect();
        Some(HostDevice { name: host.name.clone(), interface, mac: mac.join(":"), networks })
    }
}

/// Attaches a device to a network interface, or takes it away. Says what was done.
///
/// # Errors
/// Why not.
pub(super) fn attach(ec2: &Ec2, attachment: Attachment) -> Result<String, String> {
    let Attachment { eni, interface, side } = attachment;
    let Some(name) = interface else {
        ec2.detach(&eni, clock::milliseconds()).map_err(|error| error.message)?;
        return Ok(format!("{eni} has no device any more\n"));
    };
    let side = match side.as_deref() {
        Some("guest") => Side::Guest,
        None | Some("host") => Side::Host,
        Some(other) => return Err(format!("side is host or guest, not {other}")),
    };
    ec2.attach(&eni, Device { name: name.clone(), side }, clock::milliseconds()).map_err(|error| error.message)?;
    Ok(format!("{name} is {eni}\n"))
}
