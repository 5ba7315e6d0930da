//! Which container is at the other end of a cable.
//!
//! No container engine is asked: the control group of a process names its container, and the kernel says which number the
//! namespace of a process has here, the same that it gives for the other end of a veth.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use rustix::{
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
};

use super::{
    InterfacesError,
    netlink::{Attributes, Messages, open},
};

const RTM_NEWNSID: u16 = 88;
const RTM_GETNSID: u16 = 90;
const NLM_F_REQUEST: u16 = 1;
const NETNSA_NSID: u16 = 1;
const NETNSA_PID: u16 = 2;

/// Processes that are looked at; a host with more has others of the same containers among them.
const MAX_PROCESSES: usize = 32_768;
/// Hexadecimal digits of the id of a container.
const ID_LEN: usize = 64;

/// The id of the container in each network namespace, by the number that the namespace has here; see
/// [`Link::namespace`](super::Link::namespace). Namespaces without a number have no cable to this one.
///
/// `proc` is where the kernel shows processes, `/proc`. Processes of other users can be looked at by root only; what cannot
/// be read is passed over.
///
/// # Errors
/// When the kernel will not answer over netlink.
pub fn containers(proc: &Path) -> Result<BTreeMap<i32, String>, InterfacesError> {
    let netlink = |what| move |errno: Errno| InterfacesError::Netlink { what, source: errno.into() };
    let socket = open(0)?;
    let mut found = BTreeMap::new();
    let mut buffer = vec![0; 4096];
    for (pid, container) in processes(proc) {
        send(&socket, &request(pid), SendFlags::empty()).map_err(netlink("ask for a namespace"))?;
        let (length, _) = recv(&socket, &mut buffer[..], RecvFlags::empty()).map_err(netlink("read a namespace"))?;
        let number = Messages(&buffer[..length.min(4096)]).find_map(|message| number(message.kind, message.body));
        if let Some(number) = number.filter(|number| *number >= 0) {
            found.entry(number).or_insert(container);
        }
    }
    Ok(found)
}

/// One process of each container and namespace: its number and the id of the container.
fn processes(proc: &Path) -> Vec<(u32, String)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let entries = fs::read_dir(proc).into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    for pid in pids.take(MAX_PROCESSES) {
        let folder = proc.join(pid.to_string());
        let Ok(cgroup) = fs::read_to_string(folder.join("cgroup")) else { continue };
        let Some(container) = container_of(&cgroup) else { continue };
        let Ok(namespace) = fs::read_link(folder.join("ns/net")) else { continue };
        if seen.insert(namespace) {
            found.push((pid, container.to_owned()));
        }
    }
    found.sort();
    found
}

/// The id of a container in `/proc/PID/cgroup`: `…/docker-ID.scope`, `…/docker/ID`, `…/libpod-ID.scope/container`,
/// `…/cri-containerd-ID.scope`, …: 64 hexadecimal digits between anything else.
fn container_of(cgroup: &str) -> Option<&str> {
    let is_id =
        |part: &&str| part.len() == ID_LEN && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    cgroup.lines().find_map(|line| line.split(['/', '-', '.', ':']).rfind(is_id))
}

/// Asks which number the namespace of a process has here.
fn request(pid: u32) -> Vec<u8> {
    const LEN: u32 = 28;
    let mut message = Vec::with_capacity(LEN as usize);
    message.extend(LEN.to_ne_bytes());
    message.extend(RTM_GETNSID.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend(pid.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(8_u16.to_ne_bytes());
    message.extend(NETNSA_PID.to_ne_bytes());
    message.extend(pid.to_ne_bytes());
    message
}

fn number(kind: u16, body: &[u8]) -> Option<i32> {
    if kind != RTM_NEWNSID {
        return None;
    }
    let (_, value) = Attributes(body.get(4..)?).find(|(kind, _)| *kind == NETNSA_NSID)?;
    Some(i32::from_ne_bytes(*value.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_group_names_its_container() {
        let id = "0123456789abcdef".repeat(4);
        for cgroup in [
            format!("0::/system.slice/docker-{id}.scope\n"),
            format!("12:pids:/docker/{id}\n11:cpu:/docker/{id}\n"),
            format!("0::/machine.slice/libpod-{id}.scope/container\n"),
            format!("0::/kubepods.slice/kubepods-burstable.slice/kubepods-pod1.slice/cri-containerd-{id}.scope\n"),
        ] {
            assert_eq!(container_of(&cgroup), Some(id.as_str()), "{cgroup}");
        }
        for cgroup in
            ["0::/init.scope\n", "", "0::/user.slice/user-0.slice/session-1.scope\n", &format!("0::/x-{id}0\n")]
        {
            assert_eq!(container_of(cgroup), None, "{cgroup}");
        }
    }
}
