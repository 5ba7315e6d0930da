//! The directory of an agent, and what it knows after it has joined a server.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use weir_uplink::{Credential, Fingerprint, Secret};

use crate::{AgentError, durable};

/// The directory that an agent keeps its data in:
///
/// ```text
/// lock               held by the one that runs
/// identity.json      the server, and the secret of this host; only its owner may read it
/// definition.json    what the server asked for last, so that recording begins before the server is reached
/// spool/             batches that the server has not taken yet
/// ```
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
}

/// Held by the one that runs.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "the system releases it when the file is closed")] File);

impl DataDirectory {
    /// Makes the directory if need be.
    ///
    /// # Errors
    /// When it may not be written.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, AgentError> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(AgentError::io("make folder", &path))?;
        Ok(Self { path })
    }

    /// Keeps others out as long as the lock lives, and no longer than the process does.
    ///
    /// # Errors
    /// When another process has it.
    pub fn lock(&self) -> Result<Lock, AgentError> {
        let path = self.path.join("lock");
        let open = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = open.map_err(AgentError::io("write", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(AgentError::InUse { path: self.path.clone() }),
            Err(TryLockError::Error(source)) => Err(AgentError::io("lock", path)(source)),
        }
    }

    /// Where batches wait.
    pub fn spool(&self) -> PathBuf {
        self.path.join("spool")
    }

    /// What this host is to its server.
    ///
    /// # Errors
    /// [`AgentError::NotJoined`] when it has joined none.
    pub fn identity(&self) -> Result<Identity, AgentError> {
        let path = self.identity_file();
        let Some(text) = read(&path)? else { return Err(AgentError::NotJoined) };
        serde_json::from_slice(&text).map_err(|error| AgentError::Damaged { path, problem: error.to_string() })
    }

    /// Keeps what this host is to its server.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_identity(&self, identity: &Identity) -> Result<(), AgentError> {
        let path = self.identity_file();
        let text = serde_json::to_vec_pretty(identity).map_err(|error| AgentError::io("write", &path)(error.into()))?;
        durable::write(&path, &[&text, b"\n"]).map_err(AgentError::io("write", path))
    }

    /// The file of the identity, for messages.
    pub fn identity_file(&self) -> PathBuf {
        self.path.join("identity.json")
    }

    /// The text of the definition that was kept last, if any.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn definition(&self) -> Result<Option<String>, AgentError> {
        let path = self.path.join("definition.json");
        let text = read(&path)?.map(String::from_utf8).transpose();
        text.map_err(|error| AgentError::Damaged { path, problem: error.to_string() })
    }

    /// Keeps the text of a definition.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_definition(&self, text: &str) -> Result<(), AgentError> {
        let path = self.path.join("definition.json");
        durable::write(&path, &[text.as_bytes()]).map_err(AgentError::io("write", path))
    }
}

/// What a host is to its server. Kept before the server is asked, so that an answer that is lost does no harm: the
/// same secret may join again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Identity {
    /// Address of the server, such as `https://flows.example.com:4781`.
    pub server: String,
    /// Its certificate.
    pub fingerprint: Fingerprint,
    /// This host: `i-…`.
    pub host: String,
    /// What it shows to the server.
    pub secret: Secret,
    /// The server has said that it knows this host.
    pub joined: bool,
}

impl Identity {
    /// What this host shows to the server.
    pub fn credential(&self) -> Credential {
        Credential { id: self.host.clone(), secret: self.secret.clone() }
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, AgentError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AgentError::io("read", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_kept_is_found_again_and_only_by_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(dir.path().join("data")).unwrap();
        assert!(matches!(data.identity(), Err(AgentError::NotJoined)));
        assert_eq!(data.definition().unwrap(), None);
        let identity = Identity {
            server: "https://127.0.0.1:4781".into(),
            fingerprint: Fingerprint::new([1; 32]),
            host: "i-0123456789abcdef0".into(),
            secret: Secret::new([2; 16]),
            joined: false,
        };
        data.keep_identity(&identity).unwrap();
        data.keep_definition("{}").unwrap();
        assert_eq!(data.identity().unwrap(), identity);
        assert_eq!(data.definition().unwrap().as_deref(), Some("{}"));
        let mode = fs::metadata(data.identity_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn one_runs_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(dir.path()).unwrap();
        let lock = data.lock().unwrap();
        assert!(data.lock().unwrap_err().to_string().contains("in use by another weir-agent"));
        drop(lock);
        data.lock().unwrap();
    }
}
