//! Keeps two Weirs out of one network namespace.
//!
//! The lock is a Unix socket with an abstract name. Such names belong to a network namespace, as rules do, need no file and
//! no right, and the kernel frees them when the process ends, however it ends.

use std::{
    fs::File,
    io,
    os::fd::{AsFd as _, OwnedFd},
    thread,
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use crate::{EnforceError, nft::Namespace};

const NAME: &[u8] = b"weir/enforce";

/// Held for as long as this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _socket: OwnedFd,
}

impl Lock {
    /// Takes the lock of a network namespace.
    pub(crate) fn take(namespace: &Namespace) -> Result<Self, EnforceError> {
        if *namespace == Namespace::Own {
            return Self::take_here();
        }
        let failed = |source| EnforceError::Lock { source };
        let elsewhere = File::open(namespace.file()).map_err(failed)?;
        // A thread of its own goes there, so that this one stays where it is.
        let there = thread::spawn(move || {
            let network = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(elsewhere.as_fd(), network).map_err(|errno| failed(errno.into()))?;
            Self::take_here()
        });
        there.join().unwrap_or_else(|_| Err(failed(io::Error::other("a thread broke off"))))
    }

    /// Takes the lock of the network namespace of the calling thread.
    fn take_here() -> Result<Self, EnforceError> {
        let failed = |errno: Errno| match errno {
            Errno::ADDRINUSE => EnforceError::Busy,
            errno => EnforceError::Lock { source: errno.into() },
        };
        let address = SocketAddrUnix::new_abstract_name(NAME).map_err(failed)?;
        let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map_err(failed)?;
        bind(&socket, &address).map_err(failed)?;
        Ok(Self { _socket: socket })
    }
}
