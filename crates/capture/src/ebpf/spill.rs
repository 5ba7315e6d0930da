//! The ring of packets that found no room in their map.

use std::{
    io,
    os::fd::{AsFd as _, BorrowedFd},
};

use aya::{
    Ebpf,
    maps::{Map, MapData, MapError, RingBuf},
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{EbpfError, abi::Record, sys};

/// Bytes that a packet takes in the ring.
const SPILLED_LEN: usize = 96;

/// The ring. It is mapped when the first packet has come, which on most hosts is never: its pages count as resident twice.
pub(super) struct Spill {
    map: MapData,
    mapped: Option<RingBuf<MapData>>,
    /// Packets taken out of the ring at once: twice what it holds, so that a flood does not hold up the rest.
    most: usize,
}

impl Spill {
    /// Takes the ring out of an object.
    pub(super) fn take(object: &mut Ebpf) -> Result<Self, EbpfError> {
        let Some(Map::RingBuf(map)) = object.take_map("spill") else { return Err(EbpfError::NoMap("spill")) };
        let bytes = map.info().map_err(failed)?.max_entries();
        Ok(Self { map, mapped: None, most: 2 * bytes as usize / SPILLED_LEN })
    }

    /// Readable when there is something in it.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.map.fd().as_fd()
    }

    /// Hands on what is in it.
    ///
    /// # Errors
    /// When it cannot be mapped. What is in it stays there.
    pub(super) fn read(&mut self, mut each: impl FnMut(Record)) -> Result<(), EbpfError> {
        let ring = match &mut self.mapped {
            Some(ring) => ring,
            None if is_readable(self.map.fd().as_fd()) => self.mapped.insert(mapped(&self.map)?),
            None => return Ok(()),
        };
        for _ in 0..self.most {
            let Some(item) = ring.next() else { break };
            if let Some(record) = sys::read::<Record>(&item) {
                each(record);
            }
        }
        Ok(())
    }
}

/// An answer that a signal broke off comes the next time.
fn is_readable(ring: BorrowedFd<'_>) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::from_borrowed_fd(ring, PollFlags::IN)], Some(&now)).is_ok_and(|ready| ready > 0)
}

fn mapped(map: &MapData) -> Result<RingBuf<MapData>, EbpfError> {
    let again = map.fd().as_fd().try_clone_to_owned().map_err(EbpfError::map("map the ring"))?;
    MapData::from_fd(again).and_then(|map| RingBuf::try_from(Map::RingBuf(map))).map_err(failed)
}

fn failed(error: MapError) -> EbpfError {
    EbpfError::Map { what: "map the ring", source: io::Error::other(error) }
}
