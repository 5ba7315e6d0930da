//! Whether this process may use eBPF, and if not, why, in a sentence.

use std::{fs, io};

use super::{EbpfError, sys};

/// Capabilities that counting at interfaces needs, by their number. Without CAP_PERFMON the kernel takes the program for
/// too complex: it then follows the paths of speculative execution too.
const NEEDED: [(u32, &str); 3] = [(39, "CAP_BPF"), (38, "CAP_PERFMON"), (12, "CAP_NET_ADMIN")];
/// Those that watching what is refused needs: to trace the kernel and read its memory.
const NEEDED_TO_OBSERVE: [(u32, &str); 2] = [(39, "CAP_BPF"), (38, "CAP_PERFMON")];
/// Before Linux 5.8 it stood for both, and it still does for the first.
const CAP_SYS_ADMIN: u32 = 21;

/// Asks the kernel for a map and gives it back. To be called before any other use of eBPF: libraries remember for good
/// what they find.
///
/// # Errors
/// What is in the way.
pub fn probe() -> Result<(), EbpfError> {
    if cfg!(target_endian = "big") {
        return Err(EbpfError::BigEndian);
    }
    let missing = missing(&NEEDED, effective());
    if !missing.is_empty() {
        return Err(EbpfError::NoRight { missing: missing.join(" and ") });
    }
    match sys::create_hash::<u32, u32>("weir_probe", 1, 0) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(EbpfError::Forbidden(error)),
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => Err(EbpfError::Absent),
        Err(error) => Err(EbpfError::map("make a map")(error)),
    }
}

/// Names of the capabilities that this thread lacks to watch what is refused.
pub(super) fn missing_to_observe() -> Vec<&'static str> {
    missing(&NEEDED_TO_OBSERVE, effective())
}

/// Names of the needed capabilities that are not in the set.
fn missing(needed: &[(u32, &'static str)], effective: u64) -> Vec<&'static str> {
    let has = |number: u32| effective & (1 << number) != 0;
    needed.iter().filter(|(number, _)| !has(*number) && !has(CAP_SYS_ADMIN)).map(|(_, name)| *name).collect()
}

/// The capabilities of the calling thread. When the kernel will not tell, it is left to say no later.
fn effective() -> u64 {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_rights_are_named() {
        assert_eq!(missing(&NEEDED, u64::MAX), [""; 0]);
        assert_eq!(missing(&NEEDED, 0), ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]);
        assert_eq!(missing(&NEEDED, 1 << 39), ["CAP_PERFMON", "CAP_NET_ADMIN"]);
        assert_eq!(missing(&NEEDED, 1 << 21), [""; 0]);
        assert_eq!(missing(&NEEDED_TO_OBSERVE, 1 << 39 | 1 << 12), ["CAP_PERFMON"]);
    }
}
