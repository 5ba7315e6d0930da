//! The certificate of the listener. It is made once and kept: agents know it by its fingerprint, and no other.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use weir_uplink::Fingerprint;

use super::secret;

/// Certificate and key.
pub struct ServerIdentity {
    path: PathBuf,
    pem: Vec<u8>,
}

impl ServerIdentity {
    /// Reads the certificate in this folder; makes it when there is none.
    ///
    /// # Errors
    /// When it can be neither read nor made.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("identity.pem");
        let read = || fs::read(&path).with_context(|| format!("cannot read {}", path.display()));
        if !path.exists() {
            make(folder, &path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        Ok(Self { pem: read()?, path })
    }

    /// What agents know it by.
    ///
    /// # Errors
    /// When the file holds no certificate.
    pub fn fingerprint(&self) -> Result<Fingerprint> {
        Ok(Fingerprint::new(secret::sha256(&self.certificate()?)?))
    }

    /// How the listener speaks TLS.
    ///
    /// # Errors
    /// When the file does not hold a certificate and its key.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>> {
        let key = PrivateKeyDer::from_pem_slice(&self.pem).with_context(|| self.damaged())?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate()?], key)
            .with_context(|| self.damaged())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn certificate(&self) -> Result<CertificateDer<'static>> {
        CertificateDer::from_pem_slice(&self.pem).with_context(|| self.damaged())
    }

    fn damaged(&self) -> String {
        format!("{} is damaged; without it all hosts must join again", self.path.display())
    }
}

/// Two programs may do this at once: the first one wins, and both read what it made.
fn make(folder: &Path, path: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["weir".to_owned()])?.self_signed(&key)?;
    let unfinished = folder.join(format!("identity.pem.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(certificate.pem().as_bytes())?;
    file.write_all(key.serialize_pem().as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(fs::File::open(folder)?.sync_all()?),
    }
}
