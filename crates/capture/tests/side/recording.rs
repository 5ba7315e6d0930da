//! What recordings of the labs have in common.

use std::{
    io::ErrorKind,
    net::{SocketAddr, UdpSocket},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use weir_capture::interfaces::{HostInterface, Placement};
use weir_network::Interface;

/// Packets, bytes and flags of a flow over all windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sum {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) tcp_flags: u8,
}

/// Chooses the interfaces of these names.
pub(crate) fn choose(names: &'static [&'static str]) -> impl FnMut(&HostInterface) -> Option<Interface> + Send {
    let place = Placement {
        account_id: "123456789012".into(),
        region: "us-east-1".into(),
        az_id: None,
        machine_id: "test".into(),
    };
    move |host| names.contains(&host.name.as_str()).then(|| host.to_interface(&place))
}

#[allow(clippy::disallowed_methods, reason = "live tests meet the kernel's clock")]
pub(crate) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_nanos()).expect("before 2262")
}

/// A socket with this address. One that was closed a moment ago may still be held, by a process that another test is about
/// to start: it shares all files until it has become another program.
pub(crate) fn bound(address: SocketAddr) -> UdpSocket {
    for _ in 0..500 {
        match UdpSocket::bind(address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => thread::sleep(Duration::from_millis(10)),
            other => return other.unwrap_or_else(|error| panic!("{address}: {error}")),
        }
    }
    panic!("{address} is in use for five seconds");
}
