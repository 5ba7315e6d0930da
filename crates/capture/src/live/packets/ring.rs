//! A packet socket on one interface and the ring that the kernel fills: AF_PACKET with TPACKET_V3.
//!
//! The ring is memory shared with the kernel, cut into blocks. A block is the kernel's while its status is 0; the kernel
//! fills it with frames and sets the status when it is full or after [`RingOptions::block_timeout_ms`]; then it is ours
//! until we set the status back to 0. All `unsafe` code of live capture is here.

#![allow(unsafe_code, reason = "the ring is memory shared with the kernel, and rustix has no packet sockets")]

use std::{
    ffi::c_void,
    io, mem,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    ptr::{self, NonNull},
    slice,
    sync::atomic::{AtomicU32, Ordering},
};

use super::{
    LiveError,
    frame::{Frame, Frames},
};

/// Where `block_status` is in `struct tpacket_block_desc`.
const BLOCK_STATUS_AT: usize = 8;

/// How a ring is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct RingOptions {
    /// Bytes of a block: a multiple of the page size.
    pub(super) block_len: u32,
    /// Blocks of a ring.
    pub(super) blocks: u32,
    /// After how many milliseconds the kernel hands over a block that is not full.
    pub(super) block_timeout_ms: u32,
    /// How many bytes of each frame are kept.
    pub(super) snap_len: u32,
    /// Frames that leave are not wanted.
    pub(super) ignore_outgoing: bool,
}

/// A ring on one interface.
#[derive(Debug)]
pub(super) struct Ring {
    socket: OwnedFd,
    memory: Mapping,
    block_len: usize,
    blocks: usize,
    /// The block that the kernel fills next.
    at: usize,
}

/// What the kernel says of a socket since it was last asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct KernelCounters {
    /// Frames that passed the interface, those that were dropped among them.
    pub(super) frames: u64,
    /// Frames for which the ring had no room.
    pub(super) dropped: u64,
}

/// Tries whether this process may capture at all.
pub(super) fn check_permission() -> Result<(), LiveError> {
    open_socket().map(drop)
}

impl Ring {
    /// Opens a ring on the interface of this index. Frames arrive from now on.
    pub(super) fn open(interface: &str, ifindex: u32, options: &RingOptions) -> Result<Self, LiveError> {
        let failed = |what| move |source| LiveError::Socket { what, interface: interface.to_owned(), source };
        let socket = open_socket()?;
        let set = |level, name, value: &i32| set_option(&socket, level, name, value);
        set(libc::SOL_PACKET, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V3 as i32))
            .map_err(failed("choose the ring version"))?;
        // In front of each frame the kernel then says how the network card will cut it up.
        set(libc::SOL_PACKET, libc::PACKET_VNET_HDR, &1).map_err(failed("ask for segment sizes"))?;
        if options.ignore_outgoing {
            // Older than Linux 4.20: the frames come and are left out by their type.
            let _ = set(libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &1);
        }
        keep_only(&socket, options.snap_len).map_err(failed("limit the bytes kept of a packet"))?;
        let request = libc::tpacket_req3 {
            tp_block_size: options.block_len,
            tp_block_nr: options.blocks,
            // Frames of version 3 are as long as they need to be; the kernel only checks that these two agree.
            tp_frame_size: options.block_len,
            tp_frame_nr: options.blocks,
            tp_retire_blk_tov: options.block_timeout_ms,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set_option(&socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)
            .map_err(failed("get memory for the ring"))?;
        let (block_len, blocks) = (options.block_len as usize, options.blocks as usize);
        let memory = Mapping::of(&socket, block_len * blocks).map_err(failed("map the ring"))?;
        bind(&socket, ifindex).map_err(failed("bind"))?;
        Ok(Ring { socket, memory, block_len, blocks, at: 0 })
    }

    /// Hands on the frames of every block that is full now, at most one round of the ring. Returns how many there were.
    pub(super) fn read(&mut self, mut each: impl FnMut(Frame<'_>)) -> usize {
        let mut frames = 0;
        for _ in 0..self.blocks {
            let Some(block) = self.full_block() else { break };
            for frame in Frames::of_block(block) {
                each(frame);
                frames += 1;
            }
            self.release_block();
        }
        frames
    }

    /// What the kernel dropped since this was last called.
    pub(super) fn kernel_counters(&self) -> io::Result<KernelCounters> {
        let mut counters = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        get_option(&self.socket, libc::SOL_PACKET, libc::PACKET_STATISTICS, &mut counters)?;
        Ok(KernelCounters { frames: counters.tp_packets.into(), dropped: counters.tp_drops.into() })
    }

    /// Takes a pending error, such as that the interface went down, so that polling does not report it again.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        let mut code = 0;
        get_option(&self.socket, libc::SOL_SOCKET, libc::SO_ERROR, &mut code).ok()?;
        (code != 0).then(|| io::Error::from_raw_os_error(code))
    }

    fn full_block(&self) -> Option<&[u8]> {
        // Acquire: what the kernel wrote into the block before it set the status is seen after this.
        if self.status().load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
            return None;
        }
        // SAFETY: the block lies within the mapping, which lives as long as `self`. With TP_STATUS_USER set the kernel
        // does not touch it until `release_block`, which needs `&mut self` and so ends this borrow.
        Some(unsafe { slice::from_raw_parts(self.block_start().as_ptr(), self.block_len) })
    }

    fn release_block(&mut self) {
        // Release: our reads of the block are done before the kernel sees the status.
        self.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.at = (self.at + 1) % self.blocks;
    }

    fn status(&self) -> &AtomicU32 {
        // SAFETY: within the block (blocks are whole pages) and aligned, since mappings and blocks are page-aligned.
        // Both sides access this word atomically only: a slice over the block exists only while the kernel keeps away,
        // and is gone before `release_block` writes.
        unsafe { AtomicU32::from_ptr(self.block_start().as_ptr().add(BLOCK_STATUS_AT).cast()) }
    }

    fn block_start(&self) -> NonNull<u8> {
        // SAFETY: `at < blocks`, and the mapping is `block_len * blocks` bytes.
        unsafe { self.memory.start.add(self.at * self.block_len) }
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Memory shared with the kernel; unmapped when dropped.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to this value alone and is not tied to the thread that made it.
unsafe impl Send for Mapping {}

impl Mapping {
    fn of(socket: &OwnedFd, len: usize) -> io::Result<Self> {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory in use.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, access, kind, socket.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        Ok(Mapping { start, len })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this is the whole of what `of` mapped, and nothing can refer to it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast::<c_void>(), self.len) };
    }
}

/// Protocol 0: no frame arrives before [`bind`].
fn open_socket() -> Result<OwnedFd, LiveError> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: takes no pointers.
    let socket = unsafe { libc::socket(libc::AF_PACKET, kind, 0) };
    if socket < 0 {
        let source = io::Error::last_os_error();
        return Err(match source.kind() {
            io::ErrorKind::PermissionDenied => LiveError::Permission,
            _ => LiveError::Unavailable { source },
        });
    }
    // SAFETY: the descriptor is open and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(socket) })
}

/// A filter that takes every frame and cuts it to `snap_len` bytes: BPF_RET | BPF_K.
fn keep_only(socket: &OwnedFd, snap_len: u32) -> io::Result<()> {
    let mut program = [libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: snap_len }];
    let program = libc::sock_fprog { len: 1, filter: program.as_mut_ptr() };
    set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

fn bind(socket: &OwnedFd, ifindex: u32) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: i32::try_from(ifindex).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let len = mem::size_of_val(&address) as libc::socklen_t;
    // SAFETY: the address lives through the call and is as long as said.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), len) };
    if bound < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// `T` is the plain C type that the option takes.
fn set_option<T>(socket: &OwnedFd, level: i32, name: i32, value: &T) -> io::Result<()> {
    let len = mem::size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel reads `len` bytes of the value, which lives through the call.
    let set = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, ptr::from_ref(value).cast(), len) };
    if set < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// `T` is the plain C type of integers that the option gives.
fn get_option<T>(socket: &OwnedFd, level: i32, name: i32, value: &mut T) -> io::Result<()> {
    let mut len = mem::size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes into the value, and any bytes are valid integers.
    let got = unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, ptr::from_mut(value).cast(), &raw mut len) };
    if got < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
