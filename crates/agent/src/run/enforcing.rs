//! The thread that puts the server's groups and ACLs in force where this host's user allows it.

use std::{
    net::{SocketAddr, ToSocketAddrs as _, UdpSocket},
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use weir_capture::interfaces::Placement;
use weir_host::{Caution, DeviceOptions, Devices, Enforce, Entries, HostError, Keeper, News};
use weir_network::Network;

use super::shared::Shared;
use crate::{
    cli::Options,
    clock,
    control::{Answer, Order},
};

/// How often is looked what time demands.
const LOOK: Duration = Duration::from_millis(200);
/// Time demands nothing of one who puts nothing in force.
const LONG: Duration = Duration::from_secs(3600);
/// The port of an address that names none.
const HTTPS: u16 = 443;

/// What the thread is told.
pub enum Command {
    /// The server says what the network is, and whether it is to be in force. Told when that is done, or failed.
    Take { network: Option<Network>, enforce: bool, taken: mpsc::Sender<()> },
    /// A user of this host asks for something.
    Order(Order, mpsc::Sender<Answer>),
    /// The agent ends.
    End,
}

/// Adopts what an earlier run left in force on this host.
///
/// # Errors
/// When rules shall be put in force here and cannot be.
pub fn open(options: &Options, machine_id: &str, data: &Path) -> Result<Keeper, HostError> {
    let enforce = Enforce {
        devices: options.enforce.clone(),
        on_exit: options.on_exit,
        confirm_within: Duration::from_secs(options.confirm_within),
        confirm_with: "weir-agent confirm",
        devices_may_wait: false,
        network: "the server's network".into(),
    };
    // Who owns the interfaces the server will say; it does not matter to rules.
    let placement =
        Placement { account_id: String::new(), region: String::new(), az_id: None, machine_id: machine_id.to_owned() };
    let (devices, side) = (options.interface.clone(), options.side);
    let devices = Devices::new(DeviceOptions { devices, side, placement, entries: Entries::OfSeveralHosts });
    #[allow(clippy::disallowed_methods, reason = "it tells of the user's session, and is no setting")]
    let session = std::env::var("SSH_CONNECTION").ok();
    let caution = Caution::new(data.join("confirmed-interfaces")).with_ssh(session.as_deref());
    Keeper::open(enforce, Arc::new(devices), caution)
}

/// Looks after the rules until it is told to end; then they stay or go, as was chosen.
pub fn keep(mut keeper: Keeper, shared: &Shared, commands: &Receiver<Command>) {
    let begun = clock::steady();
    let look = if keeper.enforces() { LOOK } else { LONG };
    loop {
        let command = commands.recv_timeout(look);
        let now = begun.elapsed();
        match command {
            Ok(Command::Take { network, enforce, taken }) => {
                take(&mut keeper, shared, network, enforce, now);
                // Who said so may have stopped waiting.
                let _ = taken.send(());
            }
            Ok(Command::Order(order, reply)) => {
                let done = match order {
                    Order::Confirm => keeper.confirm(now),
                    Order::Detach => keeper.detach(now),
                };
                // Who asked may have gone.
                let _ = reply.send(done.map_err(|error| error.to_string()));
            }
            Ok(Command::End) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        keeper.poll(now);
        tell(&keeper, shared);
    }
    if let Err(error) = keeper.close() {
        tracing::error!("{error}");
    }
}

fn take(keeper: &mut Keeper, shared: &Shared, network: Option<Network>, enforce: bool, now: Duration) {
    if let Some((own, far)) = way_to(shared.client.server()) {
        keeper.caution().look_after_server(own, far);
    }
    let taken = match network {
        Some(network) if enforce => keeper.take(network, now),
        None if enforce && keeper.enforces() => {
            keeper.refuse("the server has none: start it with --network");
            Ok(())
        }
        network => keeper.release(network, now),
    };
    if let Err(error) = taken {
        keeper.refuse(&error.to_string());
    }
}

/// Tells people here and at the server.
fn tell(keeper: &Keeper, shared: &Shared) {
    let rules = keeper.rules();
    for news in rules.take_news() {
        match news {
            News::Said(text) => tracing::info!("{text}"),
            News::Failed(text) => tracing::warn!("{text}"),
        }
    }
    if keeper.enforces() {
        shared.enforces(rules.report());
    }
}

/// Both ends of a connection to the server as it would be made now. Nothing is sent.
fn way_to(server: &str) -> Option<(SocketAddr, SocketAddr)> {
    let place = server.strip_prefix("https://")?;
    let resolved = place.to_socket_addrs().or_else(|_| (place.trim_matches(['[', ']']), HTTPS).to_socket_addrs());
    let far = resolved.ok()?.next()?;
    let unspecified = if far.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
    let socket = UdpSocket::bind(unspecified).ok()?;
    socket.connect(far).ok()?;
    Some((socket.local_addr().ok()?, far))
}
