//! Join tokens and hosts that have joined, as files. Secrets are kept as digests: who reads the files can use none.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use weir_uplink::{Credential, JoinRequest, JoinToken, Secret};

use super::{identity::ServerIdentity, secret};

/// The files below `<data>/join`.
pub struct Registry {
    folder: PathBuf,
}

/// A join token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Token {
    digest: String,
    /// When it was made, Unix seconds.
    pub made: i64,
    /// From when on it may not be used, Unix seconds.
    pub expires: i64,
}

/// A host that has joined, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Host {
    digest: String,
    name: String,
    /// When it joined, Unix seconds.
    joined: i64,
    /// Id of the token that it joined with.
    token: String,
}

/// What became of a request to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// The host may send from now on; or it had joined with the same secret.
    Joined,
    /// Another secret has joined as this host.
    Taken,
}

impl Registry {
    /// The files below this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Makes a token that may be used for so many seconds from `now`.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn create_token(&self, now: i64, seconds: i64) -> Result<JoinToken> {
        let identity = ServerIdentity::open(&self.folder)?;
        let token = JoinToken {
            id: JoinToken::id(secret::random()?),
            secret: Secret::new(secret::random()?),
            fingerprint: identity.fingerprint()?,
        };
        let kept = Token { digest: digest(&token.secret)?, made: now, expires: now.saturating_add(seconds) };
        write(&self.token_file(&token.id), &kept)?;
        Ok(token)
    }

    /// All tokens, by id.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn tokens(&self) -> Result<Vec<(String, Token)>> {
        list(&self.folder.join("tokens"))
    }

    /// The hosts that have joined: ids and names.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn hosts(&self) -> Result<Vec<(String, String)>> {
        let hosts = list::<Host>(&self.folder.join("hosts"))?;
        Ok(hosts.into_iter().map(|(id, host)| (id, host.name)).collect())
    }

    /// Takes away what a token or a host may do, from the next request on.
    ///
    /// # Errors
    /// When there is no such token or host.
    pub fn revoke(&self, id: &str) -> Result<()> {
        // Only the shape of an id leads to a file.
        let credential: Result<Credential, _> = format!("{id}:{}", Secret::new([0; 16])).parse();
        if credential.is_ok() {
            for file in [self.token_file(id), self.host_file(id)] {
                match fs::remove_file(&file) {
                    Ok(()) => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error).with_context(|| format!("cannot remove {}", file.display())),
                }
            }
        }
        bail!("there is no token or host `{id}`; `weir token list` shows them")
    }

    /// Whether this is a token that may be used now.
    pub fn may_join(&self, credential: &Credential, now: i64) -> bool {
        let kept = read::<Token>(&self.token_file(&credential.id)).ok().flatten();
        kept.is_some_and(|kept| now < kept.expires && matches(&kept.digest, &credential.secret))
    }

    /// Whether this is a host that has joined.
    pub fn is_host(&self, credential: &Credential) -> bool {
        let kept = read::<Host>(&self.host_file(&credential.id)).ok().flatten();
        kept.is_some_and(|kept| matches(&kept.digest, &credential.secret))
    }

    /// Whether a host of this id has joined, whatever its secret is.
    pub fn knows(&self, id: &str) -> bool {
        self.host_file(id).exists()
    }

    /// Lets a host in, on disk before this returns. `token` is the id of its token.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn join(&self, request: &JoinRequest, token: &str, now: i64) -> Result<Joining> {
        let file = self.host_file(&request.host);
        if let Some(kept) = read::<Host>(&file)? {
            let same = matches(&kept.digest, &request.secret);
            return Ok(if same { Joining::Joined } else { Joining::Taken });
        }
        let host =
            Host { digest: digest(&request.secret)?, name: request.name.clone(), joined: now, token: token.to_owned() };
        write(&file, &host)?;
        Ok(Joining::Joined)
    }

    fn token_file(&self, id: &str) -> PathBuf {
        self.folder.join("tokens").join(format!("{id}.json"))
    }

    fn host_file(&self, id: &str) -> PathBuf {
        self.folder.join("hosts").join(format!("{id}.json"))
    }
}

fn digest(secret: &Secret) -> Result<String> {
    let digest = secret::sha256(secret.to_string().as_bytes())?;
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Digests are compared, so how long it takes says nothing about the secret.
fn matches(kept: &str, secret: &Secret) -> bool {
    digest(secret).is_ok_and(|digest| digest == kept)
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<Option<T>> {
    match fs::read(file) {
        Ok(text) => serde_json::from_slice(&text).map(Some).with_context(|| format!("{} is damaged", file.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

fn list<T: DeserializeOwned>(folder: &Path) -> Result<Vec<(String, T)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot list {}", folder.display())),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let Some(id) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else { continue };
        found.extend(read(&path)?.map(|kept| (id.to_owned(), kept)));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// Whole or not at all, and there after a power loss.
fn write(file: &Path, content: &impl Serialize) -> Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut unfinished = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut unfinished, content)?;
        unfinished.as_file().sync_all()?;
        unfinished.persist(file)?;
        fs::File::open(folder)?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}
