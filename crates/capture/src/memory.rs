//! Memory of this process that is free goes back to the system.

#![allow(unsafe_code, reason = "glibc is asked by functions of C")]

/// Bytes that [`keep_little`] lets a heap keep at its end.
#[cfg(target_env = "gnu")]
const LITTLE: libc::c_int = 1 << 20;

/// For a program that is to be small, called once at its beginning: blocks from 1 MiB on are mappings of their own, and a heap
/// keeps no more than that at its end. By itself glibc raises both with the largest block that was ever freed; the types of the
/// kernel, once read, then leave 11 MB in the heap of the thread that read them, where `malloc_trim` does not reach.
pub fn keep_little() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer, and glibc locks what it changes.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LITTLE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LITTLE);
    }
}

/// Gives back what is free between blocks in use.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer, and glibc locks what it works on.
    unsafe {
        libc::malloc_trim(0);
    }
}
