//! The root access key of an installation: made at the first start, kept in a file that AWS clients read.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};

use weir_api::access::RootKey;

/// The file in the data directory; clients take it as `AWS_SHARED_CREDENTIALS_FILE`.
const FILE: &str = "credentials";
/// The file with the root access key.
pub struct Credentials;

impl Credentials {
    /// Where they are kept.
    pub fn path(data: &Path) -> PathBuf {
        data.join(FILE)
    }

    /// Those of a data directory; made, readable for its owner alone, when there are none yet.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds none.
    pub fn open(data: &Path) -> Result<RootKey> {
        match Self::read(data)? {
            Some(key) => Ok(key),
            None => Self::make(data),
        }
    }

    /// Those of a data directory, if there are any.
    ///
    /// # Errors
    /// When the file cannot be read, or holds none.
    pub fn read(data: &Path) -> Result<Option<RootKey>> {
        let path = Self::path(data);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let value = |name: &str| {
            let mut pairs = text.lines().filter_map(|line| line.split_once('='));
            pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
        };
        match (value("aws_access_key_id"), value("aws_secret_access_key")) {
            (Some(id), Some(secret)) if !secret.is_empty() => Ok(Some(RootKey::new(id, secret))),
            _ => bail!("{}: no access key is in it; remove the file, and a new one is made", path.display()),
        }
    }

    fn make(data: &Path) -> Result<RootKey> {
        let key = RootKey::generate().map_err(|_| anyhow!("the system gives no random numbers"))?;
        let path = Self::path(data);
        let temporary = data.join(format!("{FILE}.new"));
        let text =
            format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret.expose());
        let written = || {
            let mut file =
                fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        written().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(key)
    }
}
