//! What [`Capture`](super::Capture) wants of a way to see packets.

use std::sync::Arc;

use rustix::event::PollFd;
use weir_network::{Direction, Interface, Packet};

use super::{LiveError, Totals};
use crate::{
    interfaces::HostInterface,
    tracker::{InterfaceIndex, Judgement, Tracker},
};

/// Says what became of a packet, from its interface, direction, headers and time.
pub(super) type Judge<'a> = dyn FnMut(&Interface, Direction, &Packet, i64) -> Judgement + 'a;

/// An interface that is captured.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) host: HostInterface,
    /// What its records call it.
    pub(super) interface: Arc<Interface>,
    pub(super) index: InterfaceIndex,
}

/// Where everything that was seen goes.
pub(super) struct Tally<'a> {
    pub(super) tracker: &'a mut Tracker,
    pub(super) totals: &'a mut Totals,
    pub(super) judge: &'a mut Judge<'a>,
    /// Nanoseconds since 1970.
    pub(super) clock: &'a dyn Fn() -> i64,
}

/// A way to see packets: each is in the tracker once, or counted as lost.
pub(super) trait Source: Send {
    /// Takes up an interface.
    fn add(&mut self, watched: &Watched) -> Result<(), LiveError>;

    /// Learns something new about an interface.
    fn update(&mut self, watched: &Watched);

    /// Lets go of interfaces, after counting what was seen on them until now.
    fn remove(&mut self, gone: &[u32], tally: &mut Tally<'_>) -> Result<(), LiveError>;

    /// What becomes readable when there is something to [`read`](Self::read).
    fn descriptors<'a>(&'a self, into: &mut Vec<PollFd<'a>>);

    /// Counts what was seen, as far as it is due. What passed before the answer (nanoseconds since 1970) has been
    /// counted: windows that end later must stay open.
    fn read(&mut self, tally: &mut Tally<'_>) -> Result<i64, LiveError>;

    /// Counts everything that was seen until now.
    fn finish(&mut self, tally: &mut Tally<'_>) -> Result<(), LiveError>;
}
