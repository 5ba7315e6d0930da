//! Route netlink, as much of it as it takes to list links and addresses and to hear of changes.
//!
//! A message is a header (length 4, type 2, flags 2, sequence 4, port 4), a fixed part, and attributes (length 2,
//! type 2, value), each padded to four bytes. Numbers are in the byte order of the machine.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, Ipv6Addr},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use ipnet::{Ipv4Net, Ipv6Net};
use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, netlink::SocketAddrNetlink, recv, send,
        socket_with,
    },
};

use super::{
    HostInterface, InterfacesError,
    link::{Link, LinkKind},
};

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const NLM_F_REQUEST_DUMP: u16 = 0x301;
/// The list changed while it was being read.
const NLM_F_DUMP_INTR: u16 = 0x10;
/// Links, IPv4 addresses, IPv6 addresses.
const CHANGE_GROUPS: u32 = 0x1 | 0x10 | 0x100;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINK: u16 = 5;
const IFLA_LINKINFO: u16 = 18;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_MASTER: u16 = 10;
const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
/// For IPv4 a secondary address, for IPv6 a temporary one.
const IFA_F_SECONDARY: u8 = 0x1;

/// The kernel fills at most 32 KiB at a time.
const BUFFER_LEN: usize = 64 * 1024;
const ATTEMPTS: usize = 5;

/// Lists the interfaces in the network namespace of the calling thread, by index.
///
/// # Errors
/// When the kernel refuses, or the interfaces change all the time while they are read.
pub fn list() -> Result<Vec<HostInterface>, InterfacesError> {
    let socket = open(0)?;
    for attempt in 0..ATTEMPTS {
        let sequence = u32::try_from(2 * attempt).unwrap_or(0);
        let mut found = Found::default();
        let links = dump(&socket, RTM_GETLINK, sequence, |kind, body| found.read(kind, body))?;
        let addresses = dump(&socket, RTM_GETADDR, sequence + 1, |kind, body| found.read(kind, body))?;
        if links == Dump::Complete && addresses == Dump::Complete {
            return Ok(found.finish());
        }
    }
    Err(InterfacesError::Unsteady)
}

/// Hears of changes to interfaces and their addresses. Poll its file descriptor for reading, then [`drain`](Self::drain)
/// it and [`list`] again.
#[derive(Debug)]
pub struct Monitor {
    socket: OwnedFd,
}

impl Monitor {
    /// Listens in the network namespace of the calling thread.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn open() -> Result<Self, InterfacesError> {
        Ok(Monitor { socket: open(CHANGE_GROUPS)? })
    }

    /// Takes what has come and says whether there was anything. A kernel that had more to say than the socket holds
    /// counts as a change too.
    pub fn drain(&self) -> bool {
        let mut buffer = vec![0; 4096];
        let mut changed = false;
        loop {
            match recv(&self.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok(_) | Err(Errno::NOBUFS) => changed = true,
                Err(Errno::INTR) => {}
                Err(_) => return changed,
            }
        }
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A netlink socket is one of route netlink unless another protocol is asked for.
pub(super) fn open(groups: u32) -> Result<OwnedFd, InterfacesError> {
    let netlink = |what| move |errno: Errno| InterfacesError::Netlink { what, source: io::Error::from(errno) };
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)
        .map_err(netlink("open a socket"))?;
    bind(&socket, &SocketAddrNetlink::new(0, groups)).map_err(netlink("listen"))?;
    Ok(socket)
}

#[derive(Debug, PartialEq, Eq)]
enum Dump {
    Complete,
    Interrupted,
}

/// Asks for all objects of a kind and hands on the body of each message.
fn dump(
    socket: &OwnedFd,
    request: u16,
    sequence: u32,
    mut each: impl FnMut(u16, &[u8]),
) -> Result<Dump, InterfacesError> {
    let netlink = |what| move |source: io::Error| InterfacesError::Netlink { what, source };
    // The fixed part may be all zero: any family, any interface. The longer one, of 16 bytes, serves both.
    let mut message = Vec::with_capacity(32);
    message.extend(32u32.to_ne_bytes());
    message.extend(request.to_ne_bytes());
    message.extend(NLM_F_REQUEST_DUMP.to_ne_bytes());
    message.extend(sequence.to_ne_bytes());
    message.resize(32, 0);
    send(socket, &message, SendFlags::empty()).map_err(|errno| netlink("ask for interfaces")(errno.into()))?;

    let mut buffer = vec![0; BUFFER_LEN];
    let mut outcome = Dump::Complete;
    loop {
        let length = match recv(socket, &mut buffer[..], RecvFlags::empty()) {
            Ok((length, _)) => length,
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(netlink("read interfaces")(errno.into())),
        };
        for message in Messages(&buffer[..length.min(BUFFER_LEN)]) {
            if message.sequence != sequence {
                continue;
            }
            if message.flags & NLM_F_DUMP_INTR != 0 {
                outcome = Dump::Interrupted;
            }
            match message.kind {
                NLMSG_DONE => return Ok(outcome),
                NLMSG_ERROR => {
                    let errno = message.body.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
                    return Err(netlink("read interfaces")(io::Error::from_raw_os_error(-errno)));
                }
                kind => each(kind, message.body),
            }
        }
    }
}

/// Scope (0 is global), then whether it is temporary.
type Ipv6Rank = (u8, u8);

/// Interfaces while they are read: links first, then addresses.
#[derive(Default)]
struct Found {
    interfaces: BTreeMap<u32, HostInterface>,
    /// With the rank of each address: lower comes first.
    ipv4: BTreeMap<u32, Vec<(u8, Ipv4Net)>>,
    ipv6: BTreeMap<u32, Vec<(Ipv6Rank, Ipv6Net)>>,
}

impl Found {
    fn read(&mut self, kind: u16, body: &[u8]) {
        // A message that is too short for its kind is none of ours.
        let _ = match kind {
            RTM_NEWLINK => self.link(body),
            RTM_NEWADDR => self.address(body),
            _ => None,
        };
    }

    fn link(&mut self, body: &[u8]) -> Option<()> {
        let (header, attributes) = body.split_first_chunk::<16>()?;
        let flags = u32_at(header, 8)?;
        let index = u32_at(header, 4)?;
        let mut interface = HostInterface {
            index,
            name: String::new(),
            hardware: u16_at(header, 2)?,
            is_up: flags & IFF_UP != 0,
            is_loopback: flags & IFF_LOOPBACK != 0,
            link: Link::default(),
            master: None,
            mac: Vec::new(),
            ipv4: Vec::new(),
            ipv6: Vec::new(),
        };
        for (kind, value) in Attributes(attributes) {
            match kind {
                IFLA_IFNAME => interface.name = text(value),
                IFLA_LINK => interface.link.other = u32_at(value, 0).filter(|index| *index != 0),
                IFLA_LINK_NETNSID => interface.link.namespace = u32_at(value, 0).map(u32::cast_signed),
                IFLA_LINKINFO => interface.link.kind = LinkKind::read(value),
                IFLA_MASTER => interface.master = u32_at(value, 0).filter(|master| *master != 0),
                IFLA_ADDRESS if value.iter().any(|byte| *byte != 0) => interface.mac = value.to_vec(),
                _ => {}
            }
        }
        if interface.is_loopback {
            interface.link.kind = LinkKind::Loopback;
        }
        self.interfaces.insert(index, interface);
        Some(())
    }

    fn address(&mut self, body: &[u8]) -> Option<()> {
        let (header, attributes) = body.split_first_chunk::<8>()?;
        let [family, prefix, flags, scope, ..] = *header;
        let index = u32_at(header, 4)?;
        let attribute = |wanted| Attributes(attributes).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
        // On a point-to-point link IFA_ADDRESS is the other end, and IFA_LOCAL ours.
        let address = attribute(IFA_LOCAL).or_else(|| attribute(IFA_ADDRESS))?;
        let secondary = flags & IFA_F_SECONDARY;
        match family {
            AF_INET => {
                let address = Ipv4Addr::from(*address.first_chunk::<4>()?);
                let network = Ipv4Net::new(address, prefix).ok()?;
                self.ipv4.entry(index).or_default().push((secondary, network));
            }
            AF_INET6 => {
                let address = Ipv6Addr::from(*address.first_chunk::<16>()?);
                let network = Ipv6Net::new(address, prefix).ok()?;
                self.ipv6.entry(index).or_default().push(((scope, secondary), network));
            }
            _ => {}
        }
        Some(())
    }

    /// Sorting keeps the kernel's order among addresses of one rank.
    fn finish(mut self) -> Vec<HostInterface> {
        for (index, interface) in &mut self.interfaces {
            let mut ipv4 = self.ipv4.remove(index).unwrap_or_default();
            ipv4.sort_by_key(|(rank, _)| *rank);
            interface.ipv4 = ipv4.into_iter().map(|(_, network)| network).collect();
            let mut ipv6 = self.ipv6.remove(index).unwrap_or_default();
            ipv6.sort_by_key(|(rank, _)| *rank);
            interface.ipv6 = ipv6.into_iter().map(|(_, network)| network).collect();
        }
        self.interfaces.into_values().collect()
    }
}

pub(super) struct Message<'a> {
    pub(super) kind: u16,
    flags: u16,
    sequence: u32,
    pub(super) body: &'a [u8],
}

/// The messages of one datagram.
pub(super) struct Messages<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let length = usize::try_from(u32_at(self.0, 0)?).ok()?;
        let message = self.0.get(..length)?;
        let (kind, flags, sequence) = (u16_at(message, 4)?, u16_at(message, 6)?, u32_at(message, 8)?);
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Message { kind, flags, sequence, body: message.get(16..)? })
    }
}

/// The attributes of one message: kind and value.
pub(super) struct Attributes<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        /// The two upper bits mark nested and byte-swapped attributes.
        const KIND: u16 = 0x3fff;
        let length = usize::from(u16_at(self.0, 0)?);
        let value = self.0.get(4..length)?;
        let kind = u16_at(self.0, 2)? & KIND;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_listed() {
        let interfaces = list().expect("netlink works for everyone");
        let lo = interfaces.iter().find(|interface| interface.is_loopback).expect("lo");
        assert_eq!((lo.index, lo.name.as_str(), lo.hardware), (1, "lo", 772));
        assert!(lo.mac.is_empty());
        if lo.is_up {
            assert_eq!(lo.ipv4.first().map(ToString::to_string).as_deref(), Some("127.0.0.1/8"));
        }
        assert!(interfaces.is_sorted_by_key(|interface| interface.index));
    }

    #[test]
    fn broken_messages_are_left_alone() {
        let mut found = Found::default();
        for length in 0..40 {
            let bytes = vec![0x11; length];
            found.read(RTM_NEWLINK, &bytes);
            found.read(RTM_NEWADDR, &bytes);
            assert!(Messages(&bytes).count() <= 1);
            assert_eq!(Messages(&vec![0; length]).count(), 0);
            assert_eq!(Attributes(&vec![0; length]).count(), 0);
        }
        assert_eq!(found.finish().len(), 1);
    }
}
