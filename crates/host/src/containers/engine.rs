//! What container engines tell: the API of Docker over a Unix socket, which Podman speaks too, and Podman's own list.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use super::{Container, LABELS};

/// How long an engine may take for each step of its answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of an answer that are read at most.
const MAX_ANSWER: u64 = 16 << 20;
/// Where Podman keeps its list when no service of it runs.
const PODMAN_LIST: &str = "/var/lib/containers/storage/overlay-containers/containers.json";

/// The containers that the engines tell of; an engine that is not there or does not answer tells of none.
pub(super) fn ask(sockets: &[PathBuf]) -> Vec<Container> {
    let mut told: Vec<Container> = Vec::new();
    for socket in sockets {
        match get(socket, "/containers/json").map(|body| serde_json::from_slice::<Vec<Listed>>(&body)) {
            Ok(Ok(listed)) => told.extend(listed.into_iter().map(Container::from)),
            Ok(Err(error)) => tracing::debug!("{}: not the API of Docker: {error}", socket.display()),
            Err(error) => tracing::debug!("{}: {error}", socket.display()),
        }
    }
    let podman = fs::read(PODMAN_LIST).ok().and_then(|text| serde_json::from_slice::<Vec<Stored>>(&text).ok());
    told.extend(podman.into_iter().flatten().map(Container::from));
    told
}

/// The body of an answer over HTTP/1.0: the engine closes when it is done.
fn get(socket: &Path, path: &str) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let Some(end) = end.filter(|_| answer.starts_with(b"HTTP/1.") && answer.get(8..12) == Some(b" 200")) else {
        return Err(io::Error::other("no answer with status 200"));
    };
    Ok(answer.split_off(end + 4))
}

/// A container in the answer to `GET /containers/json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    image: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    network_settings: Option<NetworkSettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NetworkSettings {
    networks: Option<BTreeMap<String, Endpoint>>,
}

/// An end of a network in a container; no address is the empty text.
#[derive(Deserialize)]
struct Endpoint {
    #[serde(rename = "IPAddress", default)]
    ipv4: String,
    #[serde(rename = "GlobalIPv6Address", default)]
    ipv6: String,
}

/// A container in Podman's list.
#[derive(Deserialize)]
struct Stored {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    /// JSON again.
    metadata: Option<String>,
}

impl From<Listed> for Container {
    fn from(listed: Listed) -> Self {
        let networks = listed.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        let mut labels = listed.labels.unwrap_or_default();
        labels.retain(|key, _| LABELS.iter().any(|prefix| key.starts_with(prefix)));
        Container {
            id: listed.id,
            name: listed.names.first().map(|name| name.trim_start_matches('/').to_owned()),
            image: listed.image,
            labels,
            ipv4: networks.values().filter_map(|end| end.ipv4.parse().ok()).collect(),
            ipv6: networks.values().filter_map(|end| end.ipv6.parse().ok()).collect(),
        }
    }
}

impl From<Stored> for Container {
    fn from(stored: Stored) -> Self {
        let metadata = stored.metadata.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let image = metadata.as_ref().and_then(|metadata| metadata["image-name"].as_str()).map(str::to_owned);
        Container { id: stored.id, name: stored.names.into_iter().next(), image, ..Container::default() }
    }
}
