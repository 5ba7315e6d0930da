//! The certificate of the listener, read again when its files change.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::fresh::Fresh;

/// A chain of certificates and its key, in two PEM files. While they do not belong together, the pair before them stays.
pub type Identity = Fresh<ServerConfig>;

/// Reads both.
///
/// # Errors
/// When one cannot be read, or they do not belong together.
pub fn identity(certificate: &Path, key: &Path) -> Result<Identity> {
    let (certificate, key) = (certificate.to_owned(), key.to_owned());
    Fresh::open("the certificate", vec![certificate.clone(), key.clone()], move || read(&certificate, &key))
}

fn read(certificate: &Path, key: &Path) -> Result<ServerConfig> {
    let chain = chain(certificate)?;
    let secret = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("{}: no private key in PEM can be read from it", key.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .with_context(|| format!("{} is not the key of {}", key.display(), certificate.display()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates of a PEM file: first that of the server, then those that vouch for it.
///
/// # Errors
/// When there are none.
pub fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let chain = read().with_context(|| format!("{}: no certificates in PEM can be read from it", path.display()))?;
    if chain.is_empty() {
        bail!("{}: no certificate is in it", path.display());
    }
    Ok(chain)
}

/// Whether issuer and subject of a certificate are the same: that of an authority, or one that nobody else vouches for.
pub fn is_self_issued(certificate: &[u8]) -> bool {
    let names = || {
        let (_, certificate, _) = element(certificate)?;
        let (_, mut rest, _) = element(certificate)?;
        if rest.first() == Some(&VERSION) {
            rest = element(rest)?.2;
        }
        let after_serial = element(rest)?.2;
        let (_, issuer, rest) = element(element(after_serial)?.2)?;
        let (_, subject, _) = element(element(rest)?.2)?;
        Some((issuer, subject))
    };
    names().is_some_and(|(issuer, subject)| issuer == subject)
}

/// The tag of a certificate's version.
const VERSION: u8 = 0xa0;

/// The first element of DER: tag, content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = digits.iter().try_fold(0_usize, |sum, &digit| Some(sum.checked_mul(256)? + usize::from(digit)))?;
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}
