//! Two maps of flows that take turns, window by window.
//!
//! The kernel counts into one map, the slot of the present window, until the boundary, and from then on into the other
//! slot; see `bpf/slots.h`. Nothing has to happen at the boundary itself. Some time after it, [`Slots::close`] takes the
//! map of the window that ended, puts a fresh one in its place for the window after the present one, and sets the next
//! boundary. The kernel's answer to the exchange comes when no program works on the old map any more, so that can be
//! read at leisure, and nothing that is counted waits for it.
//!
//! A map that is full sends packets one by one over a ring: [`Slots::read_spill`]. What that had no room for is a
//! number, [`Closed::lost`].
//!
//! Times are boot time in nanoseconds: [`boot_ns`](super::boot_ns).

use std::{
    collections::BTreeMap,
    os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd},
    sync::{Arc, atomic::Ordering},
};

use aya::{
    Ebpf,
    maps::{Map, MapData},
};

use super::{
    EbpfError,
    abi::{Counts, Key, LostKey, Record},
    spill::Spill,
    sys::{self, SharedNumber},
};

/// `SLOT_FLAGS` in `bpf/slots.h`, unless the object says otherwise: memory is taken as flows come.
pub const NO_PREALLOC: u32 = 1;

/// Maps for fewer flows are not worth it.
const CAPACITY_MIN: u32 = 1024;

/// How the maps are made.
#[derive(Debug, Clone, Copy)]
pub struct SlotOptions {
    /// Most flows of a window; the packets of others go over the ring. When memory is short, fewer are taken.
    pub capacity: u32,
    /// `SLOT_FLAGS` of the object.
    pub map_flags: u32,
}

/// The maps of one object, while its programs count into them.
pub struct Slots {
    options: SlotOptions,
    control: SharedNumber,
    slots: MapData,
    maps: [Arc<OwnedFd>; 2],
    /// Closed slots get no fresh maps any more.
    ending: bool,
    spill: Spill,
    lost: MapData,
    /// What `lost` said when a slot was closed last.
    lost_before: BTreeMap<LostKey, u64>,
    boundary_ns: u64,
    current: usize,
}

/// What was counted in a window.
#[derive(Debug)]
pub struct Closed {
    map: Arc<OwnedFd>,
    /// Packets that found no room anywhere, by index of the interface; 0 for interfaces that found no room either.
    /// What could not be read is in the answer for the same slot, two windows later.
    pub lost: Result<Vec<(u32, u64)>, EbpfError>,
}

impl Slots {
    /// Takes the maps out of an object. Until [`start`](Self::start) nothing should be attached.
    ///
    /// # Errors
    /// When the object lacks a map, or the kernel has no memory for one.
    pub fn open(object: &mut Ebpf, options: SlotOptions) -> Result<Self, EbpfError> {
        let control = take(object, "control")?;
        let control = SharedNumber::of(control.fd().as_fd()).map_err(EbpfError::map("map the control word"))?;
        let slots = take(object, "slots")?;
        let lost = take(object, "lost")?;
        sys::update(lost.fd().as_fd(), &LostKey::default(), &0u64).map_err(EbpfError::map("prepare a counter"))?;
        sys::update(lost.fd().as_fd(), &LostKey { ifindex: 0, slot: 1 }, &0u64)
            .map_err(EbpfError::map("prepare a counter"))?;
        let spill = Spill::take(object)?;
        let (maps, options) = make_maps(&slots, options)?;
        Ok(Slots {
            options,
            control,
            slots,
            maps,
            ending: false,
            spill,
            lost,
            lost_before: BTreeMap::new(),
            boundary_ns: 0,
            current: 0,
        })
    }

    /// Opens the first window, which ends at this time.
    pub fn start(&mut self, boundary_ns: u64) {
        self.move_boundary(boundary_ns);
    }

    /// Each slot is closed once more at most: that takes neither memory nor descriptors, whatever the process is short of.
    pub fn end(&mut self) {
        self.ending = true;
    }

    /// How many flows a window has room for.
    pub fn capacity(&self) -> u32 {
        self.options.capacity
    }

    /// When the present window ends.
    pub fn boundary_ns(&self) -> u64 {
        self.boundary_ns
    }

    /// Lets the present window end at another time, which should lie ahead.
    pub fn move_boundary(&mut self, boundary_ns: u64) {
        self.boundary_ns = boundary_ns & !1;
        self.control.get().store(self.boundary_ns | self.current as u64, Ordering::SeqCst);
    }

    /// Takes what was counted until the boundary, which must have passed some milliseconds ago, so that no program
    /// still works on a packet from before it. The window that has begun since then ends at `next_boundary_ns`.
    ///
    /// # Errors
    /// When the kernel has no memory for a fresh map: nothing has changed then, and it may be tried again.
    pub fn close(&mut self, next_boundary_ns: u64) -> Result<Closed, EbpfError> {
        let map = self.maps[self.current].clone();
        if !self.ending {
            self.maps[self.current] = put_fresh(&self.slots, self.current as u32, self.options)?;
        }
        let closed = Closed { map, lost: self.take_lost() };
        self.current = 1 - self.current;
        self.move_boundary(next_boundary_ns);
        Ok(closed)
    }

    /// Hands on what has been counted in the present window so far, while it goes on.
    ///
    /// # Errors
    /// When the kernel refuses to give it out.
    pub fn peek(&self, mut each: impl FnMut(Record)) -> Result<(), EbpfError> {
        sys::for_each(self.maps[self.current].as_fd(), |key: &Key, counts: &Counts| {
            each(Record { key: *key, counts: *counts });
        })
        .map_err(EbpfError::map("look at the flows"))
    }

    /// What has been counted of a flow in the present window so far, but for packets that went over the ring.
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    pub fn look_up(&self, key: &Key) -> Result<Option<Counts>, EbpfError> {
        sys::lookup(self.maps[self.current].as_fd(), key).map_err(EbpfError::map("look up a flow"))
    }

    /// Hands on packets that found no room in their slot. Those from [`boundary_ns`](Self::boundary_ns) on belong to the
    /// next window.
    ///
    /// # Errors
    /// When there are such and the ring cannot be mapped: they may be asked for again.
    pub fn read_spill(&mut self, each: impl FnMut(Record)) -> Result<(), EbpfError> {
        self.spill.read(each)
    }

    /// Readable when the ring has something.
    pub fn spill_fd(&self) -> BorrowedFd<'_> {
        self.spill.fd()
    }

    /// What was lost in the present slot since this was last asked.
    fn take_lost(&mut self) -> Result<Vec<(u32, u64)>, EbpfError> {
        let (mut lost, current, lost_before) = (Vec::new(), self.current, &mut self.lost_before);
        let each = |key: &LostKey, count: &u64| {
            if key.slot as usize == current {
                let before = lost_before.insert(*key, *count).unwrap_or(0);
                lost.extend((*count > before).then(|| (key.ifindex, count - before)));
            }
        };
        sys::for_each(self.lost.fd().as_fd(), each).map_err(EbpfError::map("read the counter of lost packets"))?;
        Ok(lost)
    }
}

impl Closed {
    /// Hands on every flow, in no order.
    ///
    /// # Errors
    /// When the kernel refuses to give them out.
    pub fn for_each(&self, mut each: impl FnMut(Record)) -> Result<(), EbpfError> {
        sys::for_each(self.map.as_fd(), |key: &Key, counts: &Counts| each(Record { key: *key, counts: *counts }))
            .map_err(EbpfError::map("read the flows"))
    }
}

fn take(object: &mut Ebpf, name: &'static str) -> Result<MapData, EbpfError> {
    match object.take_map(name) {
        Some(Map::Array(map) | Map::HashMap(map) | Map::ArrayOfMaps(map) | Map::PerCpuArray(map)) => Ok(map),
        _ => Err(EbpfError::NoMap(name)),
    }
}

/// Two maps as large as they may be.
fn make_maps(slots: &MapData, mut options: SlotOptions) -> Result<([Arc<OwnedFd>; 2], SlotOptions), EbpfError> {
    loop {
        match put_fresh(slots, 0, options).and_then(|first| Ok([first, put_fresh(slots, 1, options)?])) {
            Err(error) if error.is_about_size() && options.capacity > CAPACITY_MIN => options.capacity /= 2,
            made => return made.map(|maps| (maps, options)),
        }
    }
}

fn put_fresh(slots: &MapData, slot: u32, options: SlotOptions) -> Result<Arc<OwnedFd>, EbpfError> {
    let fresh = sys::create_hash::<Key, Counts>("weir_flows", options.capacity, options.map_flags)
        .map_err(EbpfError::map("make a map of flows"))?;
    sys::update(slots.fd().as_fd(), &slot, &fresh.as_raw_fd()).map_err(EbpfError::map("exchange a map of flows"))?;
    Ok(Arc::new(fresh))
}
