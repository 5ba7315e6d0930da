//! The key that signs notices, so that an endpoint knows from whom they are.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256};
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding},
    rand_core::OsRng,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::NoticeError;
use crate::topic::Answer;

/// The size of the key, as SNS has it.
const KEY_BITS: usize = 2048;
/// The name of its file.
const FILE: &str = "notice-signing.pem";

/// Which digest is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SignatureVersion {
    /// SHA-1.
    #[default]
    #[serde(rename = "1")]
    One,
    /// SHA-256.
    #[serde(rename = "2")]
    Two,
}

impl SignatureVersion {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::One, Self::Two].into_iter().find(|version| version.number() == text)
    }

    /// As SNS writes it.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
        }
    }
}

/// Signs. The key is made when it is needed for the first time, and kept in a file that only its owner reads.
#[derive(Debug)]
pub(crate) struct Signer {
    folder: PathBuf,
    keys: Mutex<Option<Arc<Keys>>>,
}

pub(crate) struct Keys {
    key: RsaPrivateKey,
    certificate: String,
    path: String,
}

/// Not the key.
impl std::fmt::Debug for Keys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Keys").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer whose key is in this folder, or will be.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), keys: Mutex::default() }
    }

    /// The key; made if there is none.
    pub(crate) fn keys(&self) -> Result<Arc<Keys>, NoticeError> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = keys.as_ref() {
            return Ok(Arc::clone(keys));
        }
        let path = self.folder.join(FILE);
        let refused = |problem: String| NoticeError::Key { path: path.clone(), problem };
        if !path.exists() {
            let pem = make().map_err(refused)?;
            keep(&self.folder, &path, &pem).map_err(|error| refused(error.to_string()))?;
        }
        let pem = fs::read_to_string(&path).map_err(|error| refused(error.to_string()))?;
        let read = Arc::new(Keys::read(&pem).map_err(refused)?);
        *keys = Some(Arc::clone(&read));
        Ok(read)
    }

    /// The certificate, for whoever asks for its path.
    pub(crate) fn answer(&self, path: &str) -> Option<Answer> {
        if !path.starts_with(CERTIFICATE_PATH) {
            return None;
        }
        let keys = self.keys().ok().filter(|keys| keys.path == path)?;
        Some(Answer { status: 200, content_type: "application/x-pem-file", body: keys.certificate.clone() })
    }
}

/// What the path of a certificate begins with, as that of SNS does.
const CERTIFICATE_PATH: &str = "/SimpleNotificationService-";

impl Keys {
    fn read(pem: &str) -> Result<Self, String> {
        let start = pem.find("-----BEGIN CERTIFICATE-----").ok_or("it holds no certificate")?;
        let (key, certificate) = pem.split_at(start);
        let key = RsaPrivateKey::from_pkcs8_pem(key.trim()).map_err(|error| error.to_string())?;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|error| error.to_string())?;
        let digest = Sha256::digest(&der);
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { key, certificate: certificate.to_owned(), path: format!("{CERTIFICATE_PATH}{name}.pem") })
    }

    /// Where the certificate is served.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// A signature in base64.
    pub(crate) fn sign(&self, version: SignatureVersion, text: &str) -> Result<String, String> {
        let signature = match version {
            SignatureVersion::One => {
                self.key.sign_with_rng(&mut OsRng, Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(text))
            }
            SignatureVersion::Two => {
                self.key.sign_with_rng(&mut OsRng, Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(text))
            }
        };
        signature.map(|signature| STANDARD.encode(signature)).map_err(|error| error.to_string())
    }
}

/// A key and its certificate, signed by itself.
fn make() -> Result<String, String> {
    let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS).map_err(|error| error.to_string())?;
    let key = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| error.to_string())?;
    let pair = KeyPair::from_pkcs8_pem_and_sign_algo(&key, &PKCS_RSA_SHA256).map_err(|error| error.to_string())?;
    let mut params = CertificateParams::new(Vec::new()).map_err(|error| error.to_string())?;
    params.distinguished_name.push(DnType::CommonName, "Weir notices");
    let certificate = params.self_signed(&pair).map_err(|error| error.to_string())?;
    Ok(format!("{}{}", key.as_str(), certificate.pem()))
}

/// Two programs may do this at once: the first one wins, and both read what it made.
fn keep(folder: &Path, path: &Path, pem: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!("{FILE}.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::File::open(folder)?.sync_all(),
    }
}
