//! Why counting in the kernel is not possible.

use std::{io, thread, time::Duration};

use aya::{maps::MapError, programs::ProgramError};

/// How often a program is loaded that the kernel was disturbed with, and how long it is left alone before the next time.
const ATTEMPTS: usize = 20;
const PAUSE: Duration = Duration::from_millis(20);

/// Why counting in the kernel is not possible. Display is a sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum EbpfError {
    /// The process lacks capabilities.
    #[error(
        "eBPF needs the right {missing}: run as root, or `setcap cap_bpf,cap_perfmon,cap_net_admin,cap_net_raw+ep weir`"
    )]
    NoRight {
        /// Names of the capabilities, such as `CAP_BPF and CAP_NET_ADMIN`.
        missing: String,
    },
    /// The kernel refuses although the process has the capabilities.
    #[error(
        "the kernel forbids eBPF to this process ({0}), although it has the rights: a seccomp filter, lockdown, or a \
         user namespace"
    )]
    Forbidden(io::Error),
    /// There is no such system call.
    #[error("eBPF is not there: this kernel is built without it, or a seccomp filter hides it")]
    Absent,
    /// The object is for little-endian machines.
    #[error("eBPF programs are only made for little-endian processors so far")]
    BigEndian,
    /// The kernel's verifier does not accept a program.
    #[error("the kernel does not accept the eBPF program {program} ({source}): {reason}")]
    Refused {
        /// Name of the program.
        program: &'static str,
        /// The kernel's answer.
        source: io::Error,
        /// The last thing that the verifier said.
        reason: String,
    },
    /// The object cannot be loaded for another reason, such as a kind of map that the kernel does not have.
    #[error("cannot load the eBPF programs: {0}; Linux 5.8 or newer is needed")]
    Load(String),
    /// A program cannot be attached.
    #[error("cannot attach an eBPF program to {interface}: {reason}")]
    Attach {
        /// Name of the interface.
        interface: String,
        /// What the kernel said.
        reason: String,
    },
    /// A step on a map failed.
    #[error("cannot {what} of eBPF: {source}")]
    Map {
        /// What was tried.
        what: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The object has no map of that name; it was not built from this source.
    #[error("the eBPF object has no usable map `{0}`: build it again with crates/capture/bpf/build")]
    NoMap(&'static str),
}

impl EbpfError {
    pub(super) fn map(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| EbpfError::Map { what, source }
    }

    /// There was not enough memory, or not as much as one map may have: smaller maps may do.
    pub(crate) fn is_about_size(&self) -> bool {
        let EbpfError::Map { source, .. } = self else { return false };
        matches!(source.raw_os_error(), Some(libc::ENOMEM | libc::E2BIG))
    }
}

/// Why the object with its maps is not loaded.
impl From<aya::EbpfError> for EbpfError {
    fn from(error: aya::EbpfError) -> Self {
        match error {
            aya::EbpfError::MapError(MapError::CreateError { io_error, .. }) if is_refusal(&io_error) => {
                EbpfError::Forbidden(io_error)
            }
            aya::EbpfError::MapError(MapError::CreateError { io_error, .. }) => {
                EbpfError::Map { what: "make a map", source: io_error }
            }
            other => EbpfError::Load(with_causes(&other)),
        }
    }
}

/// Why a program is not loaded.
pub(super) fn refused(program: &'static str) -> impl FnOnce(ProgramError) -> EbpfError {
    move |error| match error {
        ProgramError::LoadError { io_error, verifier_log } => not_loaded(program, io_error, &verifier_log.to_string()),
        other => EbpfError::Load(with_causes(&other)),
    }
}

/// The verifier gives reasons; who forbids eBPF does not.
fn not_loaded(program: &'static str, source: io::Error, log: &str) -> EbpfError {
    let said = log.lines().rev().find(|line| !line.is_empty() && !line.starts_with("processed"));
    match said {
        None if is_refusal(&source) => EbpfError::Forbidden(source),
        said => EbpfError::Refused { program, source, reason: said.unwrap_or("it does not say why").to_owned() },
    }
}

/// Loads a program, anew when the kernel was disturbed while it looked at it: it gives up at any signal to the thread.
/// Source: `do_check` in kernel/bpf/verifier.c; libbpf tries again too.
///
/// # Errors
/// The last one.
pub(super) fn undisturbed(load: impl FnMut() -> Result<(), ProgramError>) -> Result<(), ProgramError> {
    let is_disturbed =
        |error: &ProgramError| matches!(error, ProgramError::LoadError { io_error, .. } if is_passing(io_error));
    again_while(is_disturbed, load)
}

fn is_passing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

fn again_while<E>(is_passing: impl Fn(&E) -> bool, mut attempt: impl FnMut() -> Result<(), E>) -> Result<(), E> {
    for _ in 1..ATTEMPTS {
        match attempt() {
            Err(error) if is_passing(&error) => thread::sleep(PAUSE),
            answer => return answer,
        }
    }
    attempt()
}

/// An error and what led to it, in one line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_no_is_told_by_whether_it_says_why() {
        let log = "0: (b7) r0 = 0\nR1 type=ctx expected=fp\nprocessed 2 insns\n\n";
        let (eacces, einval) =
            (|| io::Error::from_raw_os_error(libc::EACCES), || io::Error::from_raw_os_error(libc::EINVAL));
        let verifier = not_loaded("flow_ingress", eacces(), log).to_string();
        assert!(verifier.starts_with("the kernel does not accept the eBPF program flow_ingress (Permission denied"));
        assert!(verifier.ends_with(": R1 type=ctx expected=fp"), "{verifier}");
        assert!(matches!(not_loaded("flow_ingress", eacces(), ""), EbpfError::Forbidden(_)));
        assert!(not_loaded("flow_ingress", einval(), "").to_string().ends_with("it does not say why"));
    }

    #[test]
    fn what_was_disturbed_is_tried_again_and_nothing_else() {
        let try_all = |answers: &[i32]| {
            let mut left = answers.iter();
            let answer = again_while(is_passing, || match *left.next().unwrap_or(&libc::EAGAIN) {
                0 => Ok(()),
                code => Err(io::Error::from_raw_os_error(code)),
            });
            (answer.map_err(|error| error.raw_os_error()), left.len())
        };
        assert_eq!(try_all(&[libc::EAGAIN, libc::EAGAIN, 0, 0]), (Ok(()), 1));
        assert_eq!(try_all(&[libc::EAGAIN, libc::EACCES, 0]), (Err(Some(libc::EACCES)), 1));
        assert_eq!(try_all(&[]), (Err(Some(libc::EAGAIN)), 0), "it ends some time");
    }

    #[test]
    fn want_of_memory_is_told_from_other_answers() {
        let answer = |code| EbpfError::map("make a map")(io::Error::from_raw_os_error(code));
        assert!(answer(libc::ENOMEM).is_about_size() && answer(libc::E2BIG).is_about_size());
        assert!(!answer(libc::EPERM).is_about_size());
        assert!(answer(libc::ENOMEM).to_string().starts_with("cannot make a map of eBPF: "));
    }
}
