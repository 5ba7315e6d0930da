//! The system call bpf(2), as much of it as aya leaves out: maps by their descriptors, and many entries at a time.
//!
//! Each command takes a structure of its own and its size; what is beyond the size counts as 0.

#![allow(unsafe_code, reason = "no safe library reads maps in batches or shares one with the kernel")]

use std::{
    ffi::c_void,
    io, mem,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    ptr::{self, NonNull},
    sync::atomic::AtomicU64,
};

const MAP_CREATE: i32 = 0;
const MAP_LOOKUP_ELEM: i32 = 1;
const MAP_UPDATE_ELEM: i32 = 2;
const MAP_LOOKUP_BATCH: i32 = 24;

const MAP_TYPE_HASH: u32 = 1;
const PAGE_LEN: usize = 4096;

/// Entries that are read at a time: more than any bucket of a hash map holds.
const BATCH: usize = 4096;

/// A type that any bytes make a value of, and that has no padding.
///
/// # Safety
/// Only integers, and structures and arrays of them without padding.
pub(crate) unsafe trait Plain: Copy + Default {}

// SAFETY: an integer.
unsafe impl Plain for u32 {}
// SAFETY: an integer.
unsafe impl Plain for u64 {}
// SAFETY: an integer.
unsafe impl Plain for i32 {}

#[repr(C)]
struct MapCreate {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map_fd: u32,
    numa_node: u32,
    map_name: [u8; 16],
}

#[repr(C)]
struct Element {
    map_fd: u32,
    pad: u32,
    key: u64,
    value: u64,
    flags: u64,
}

#[repr(C)]
struct Batch {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

/// Makes a hash map.
pub(crate) fn create_hash<K: Plain, V: Plain>(name: &str, max_entries: u32, map_flags: u32) -> io::Result<OwnedFd> {
    let mut map_name = [0; 16];
    for (to, from) in map_name[..15].iter_mut().zip(name.bytes()) {
        *to = from;
    }
    let mut attributes = MapCreate {
        map_type: MAP_TYPE_HASH,
        key_size: mem::size_of::<K>() as u32,
        value_size: mem::size_of::<V>() as u32,
        max_entries,
        map_flags,
        inner_map_fd: 0,
        numa_node: 0,
        map_name,
    };
    let descriptor = bpf(MAP_CREATE, &mut attributes)?;
    // SAFETY: the kernel has just opened it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Reads an entry of a per-processor map of numbers, and adds up those of all processors that there may be.
pub(crate) fn lookup_sum<K: Plain>(map: BorrowedFd<'_>, key: &K, processors: usize) -> io::Result<u64> {
    let mut values = vec![0u64; processors];
    bpf(MAP_LOOKUP_ELEM, &mut element(map, key, values.as_mut_ptr()))?;
    Ok(values.iter().sum())
}

/// Reads an entry; `None` when there is none. The map must have keys and values of the sizes of `K` and `V`.
pub(crate) fn lookup<K: Plain, V: Plain>(map: BorrowedFd<'_>, key: &K) -> io::Result<Option<V>> {
    let mut value = V::default();
    match bpf(MAP_LOOKUP_ELEM, &mut element(map, key, ptr::from_mut(&mut value))) {
        Ok(_) => Ok(Some(value)),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes an entry. The map must have keys and values of the sizes of `K` and `V`.
pub(crate) fn update<K: Plain, V: Plain>(map: BorrowedFd<'_>, key: &K, value: &V) -> io::Result<()> {
    let mut attributes = element(map, key, ptr::from_ref(value).cast_mut());
    bpf(MAP_UPDATE_ELEM, &mut attributes).map(drop)
}

fn element<K: Plain, V: Plain>(map: BorrowedFd<'_>, key: &K, value: *mut V) -> Element {
    Element { map_fd: number(map), pad: 0, key: address(ptr::from_ref(key)), value: address(value), flags: 0 }
}

/// Hands on every entry of a hash map that nobody writes to any more, in no order. The map must have keys and values of
/// the sizes of `K` and `V`.
pub(crate) fn for_each<K: Plain, V: Plain>(map: BorrowedFd<'_>, mut each: impl FnMut(&K, &V)) -> io::Result<()> {
    let (mut keys, mut values) = (vec![K::default(); BATCH], vec![V::default(); BATCH]);
    // For hash maps the kernel's place is the number of a bucket.
    let (mut from, mut to) = (0u32, 0u32);
    let mut first = true;
    loop {
        let mut attributes = Batch {
            in_batch: if first { 0 } else { address(&raw const from) },
            out_batch: address(&raw mut to),
            keys: address(keys.as_mut_ptr()),
            values: address(values.as_mut_ptr()),
            count: BATCH as u32,
            map_fd: number(map),
            elem_flags: 0,
            flags: 0,
        };
        let ended = match bpf(MAP_LOOKUP_BATCH, &mut attributes) {
            Ok(_) => false,
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
            Err(error) => return Err(error),
        };
        let count = (attributes.count as usize).min(BATCH);
        keys[..count].iter().zip(&values[..count]).for_each(|(key, value)| each(key, value));
        if ended {
            return Ok(());
        }
        (from, first) = (to, false);
    }
}

/// The clock that the programs stamp packets with: nanoseconds since boot, suspended times included.
pub fn boot_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes the structure, which lives through the call. It knows this clock since Linux 2.6.39.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now) };
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// Reads a value from bytes of the kernel's; `None` when there are too few.
pub(crate) fn read<T: Plain>(bytes: &[u8]) -> Option<T> {
    // SAFETY: there are enough bytes, and any bytes make a value of a plain type.
    (bytes.len() >= mem::size_of::<T>()).then(|| unsafe { ptr::read_unaligned(bytes.as_ptr().cast()) })
}

/// The first number of an array map that is shared with the programs: written and read at once.
#[derive(Debug)]
pub(crate) struct SharedNumber {
    at: NonNull<AtomicU64>,
}

// SAFETY: the mapping belongs to this value alone and is not tied to the thread that made it.
unsafe impl Send for SharedNumber {}

impl SharedNumber {
    /// Maps an array of numbers that was made with `BPF_F_MMAPABLE`.
    pub(crate) fn of(map: BorrowedFd<'_>) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory in use.
        let start = unsafe { libc::mmap(ptr::null_mut(), PAGE_LEN, access, libc::MAP_SHARED, map.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let at = NonNull::new(start.cast()).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        Ok(SharedNumber { at })
    }

    /// The number.
    pub(crate) fn get(&self) -> &AtomicU64 {
        // SAFETY: within the mapping, which lives as long as `self`, aligned, and both sides access it atomically only.
        unsafe { self.at.as_ref() }
    }
}

impl Drop for SharedNumber {
    fn drop(&mut self) {
        // SAFETY: this is the whole of what `of` mapped, and nothing can refer to it any more.
        unsafe { libc::munmap(self.at.as_ptr().cast::<c_void>(), PAGE_LEN) };
    }
}

fn number(map: BorrowedFd<'_>) -> u32 {
    // Open descriptors are not negative.
    map.as_raw_fd().cast_unsigned()
}

fn address<T>(of: *const T) -> u64 {
    of.expose_provenance() as u64
}

/// `T` is the structure of the command.
fn bpf<T>(command: i32, attributes: &mut T) -> io::Result<i32> {
    let (attributes, len) = (ptr::from_mut(attributes), mem::size_of::<T>());
    // SAFETY: the kernel reads and writes `len` bytes of the structure, and through its addresses as many as key, value
    // and count say; all of that lives through the call.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, command, attributes, len) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { i32::try_from(answer).map_err(io::Error::other) }
}
