//! One recording of an interface at a time.
//!
//! The lock is a Unix socket with an abstract name. Such names belong to a network namespace, as interfaces do, need no
//! file and no right, and the kernel frees them when the process ends, however it ends.

use std::os::fd::OwnedFd;

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with},
};

use super::LiveError;

/// Held for as long as an interface is recorded.
#[derive(Debug)]
pub(super) struct InterfaceLock {
    _socket: OwnedFd,
}

impl InterfaceLock {
    /// Takes the lock of an interface in the network namespace of the calling thread.
    pub(super) fn take(interface: &str, ifindex: u32) -> Result<Self, LiveError> {
        let failed = |errno: Errno| match errno {
            Errno::ADDRINUSE => LiveError::InUse { interface: interface.to_owned() },
            errno => {
                LiveError::Socket { what: "claim the interface", interface: interface.to_owned(), source: errno.into() }
            }
        };
        let name = format!("weir/capture/{ifindex}");
        let address = SocketAddrUnix::new_abstract_name(name.as_bytes()).map_err(failed)?;
        let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map_err(failed)?;
        bind(&socket, &address).map_err(failed)?;
        Ok(InterfaceLock { _socket: socket })
    }
}
