//! Random numbers and digests, from the library that does TLS.

use anyhow::{Context as _, Result, anyhow};
use rustls::{CipherSuite, SupportedCipherSuite, crypto::ring};

/// Random bytes that nobody can guess.
///
/// # Errors
/// When the system has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let filled = ring::default_provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| anyhow!("the system gives no random numbers"))?;
    Ok(bytes)
}

/// SHA-256, which TLS 1.3 cannot be without.
///
/// # Errors
/// When the library is built without it.
pub fn sha256(bytes: &[u8]) -> Result<[u8; 32]> {
    let is_sha256 = |suite: &&SupportedCipherSuite| suite.suite() == CipherSuite::TLS13_AES_128_GCM_SHA256;
    let provider = ring::default_provider();
    let suite = provider.cipher_suites.iter().find(is_sha256).and_then(SupportedCipherSuite::tls13);
    let digest = suite.context("TLS is built without SHA-256")?.common.hash_provider.hash(bytes);
    digest.as_ref().try_into().context("SHA-256 has 32 bytes")
}
