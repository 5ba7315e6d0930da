//! The containers of this host, for the names of what is at the other end of a cable.
//!
//! A thread of its own looks for them every few seconds: the capture only reads what it found, and never waits for a
//! container engine. What an engine does not tell stays unknown: the id of a container comes from the kernel.

mod engine;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use weir_capture::interfaces::{self, HostInterface};
use weir_network::{Interface, Side};

/// How often is looked.
const PERIOD: Duration = Duration::from_secs(2);
/// Where Docker and Podman listen.
const SOCKETS: [&str; 2] = ["/run/docker.sock", "/run/podman/podman.sock"];
/// Prefixes of labels that become tags: which project and service a container belongs to.
const LABELS: [&str; 2] = ["com.docker.compose.", "io.podman.compose."];
/// Digits of a container's id that become an instance id, as long as those of AWS.
const INSTANCE_DIGITS: usize = 17;

/// A running container, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Container {
    /// 64 hexadecimal digits.
    id: String,
    name: Option<String>,
    image: Option<String>,
    labels: BTreeMap<String, String>,
    ipv4: Vec<Ipv4Addr>,
    ipv6: Vec<Ipv6Addr>,
}

/// The containers by the number of their network namespace here.
#[derive(Debug, Clone, Default)]
pub struct Containers(Arc<Mutex<BTreeMap<i32, Container>>>);

impl Containers {
    /// Looks for containers if there may be any that matter; see [`watch`](Self::watch).
    pub fn watch_if(matters: bool, sockets: &[String]) -> Self {
        if matters { Self::watch(sockets) } else { Self::default() }
    }

    /// Looks for containers until the last clone is dropped. `sockets` are those of container engines that speak the API
    /// of Docker; without any, the usual ones.
    pub fn watch(sockets: &[String]) -> Self {
        let containers = Self::default();
        let shared = Arc::downgrade(&containers.0);
        let usual = sockets.is_empty().then_some(SOCKETS).into_iter().flatten();
        let sockets: Vec<PathBuf> = sockets.iter().map(PathBuf::from).chain(usual.map(PathBuf::from)).collect();
        thread::spawn(move || {
            let mut known = BTreeMap::new();
            while let Some(shared) = shared.upgrade() {
                known = look(&known, &sockets);
                shared.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&known);
                drop(shared);
                thread::sleep(PERIOD);
            }
        });
        containers
    }

    /// Names an interface by the container at the other end of its cable, if there is one: instance id, tags, and for the
    /// host's end the addresses of the container.
    pub fn name(&self, host: &HostInterface, interface: &mut Interface) {
        let Some(namespace) = host.link.namespace else { return };
        let containers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(container) = containers.get(&namespace) else { return };
        interface.instance_id = container.id.get(..INSTANCE_DIGITS).map(|digits| format!("i-{digits}"));
        interface.tags.insert("Device".to_owned(), host.name.clone());
        interface.tags.insert("Container".to_owned(), container.id.clone());
        interface.tags.extend(container.name.clone().map(|name| ("Name".to_owned(), name)));
        interface.tags.extend(container.image.clone().map(|image| ("Image".to_owned(), image)));
        interface.tags.extend(container.labels.clone());
        if interface.side == Side::Guest && interface.ipv4.is_empty() {
            interface.ipv4.clone_from(&container.ipv4);
            interface.ipv6.clone_from(&container.ipv6);
        }
    }
}

/// The containers now. The engines are asked only when there is one that they have not told of.
fn look(known: &BTreeMap<i32, Container>, sockets: &[PathBuf]) -> BTreeMap<i32, Container> {
    let found = interfaces::containers(Path::new("/proc")).unwrap_or_default();
    let named = |number: &i32, id: &String| known.get(number).is_some_and(|it| it.id == *id && it.name.is_some());
    let told = if found.iter().all(|(number, id)| named(number, id)) { Vec::new() } else { engine::ask(sockets) };
    let container = |(number, id): (i32, String)| {
        let before = known.get(&number).filter(|before| before.id == id && before.name.is_some());
        let now = before.or_else(|| told.iter().find(|told| told.id == id));
        (number, now.cloned().unwrap_or(Container { id, ..Container::default() }))
    };
    found.into_iter().map(container).collect()
}
