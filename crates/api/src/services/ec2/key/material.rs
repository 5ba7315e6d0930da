//! Keys themselves: made, read, and told apart by their fingerprints.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use rsa::{
    BigUint, RsaPrivateKey, RsaPublicKey,
    pkcs1::EncodeRsaPrivateKey as _,
    pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
    rand_core::OsRng,
};
use s3s::crypto::{Checksum as _, Md5};

/// The size of an RSA key, as EC2 makes it.
const KEY_BITS: usize = 2048;
const RSA: &str = "ssh-rsa";
const ED25519: &str = "ssh-ed25519";
/// How keys begin and end in the format of RFC 4716.
const BEGIN: &str = "---- BEGIN SSH2 PUBLIC KEY ----";
const END: &str = "---- END SSH2 PUBLIC KEY ----";

/// A new key.
pub(super) struct Made {
    /// For whoever asked, and nobody else.
    pub(super) private: String,
    pub(super) fingerprint: String,
}

/// An RSA key, as PKCS #1; its fingerprint is SHA-1 over the private key, as EC2's of keys that it made.
///
/// # Errors
/// When the system gives no random numbers.
pub(super) fn rsa() -> Result<Made, String> {
    let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS).map_err(|error| error.to_string())?;
    let private = key.to_pkcs1_pem(LineEnding::LF).map_err(|error| error.to_string())?;
    let der = key.to_pkcs8_der().map_err(|error| error.to_string())?;
    let fingerprint = hexadecimal(digest(&SHA1_FOR_LEGACY_USE_ONLY, der.as_bytes()).as_ref());
    Ok(Made { private: private.to_string(), fingerprint })
}

/// An Ed25519 key, as OpenSSH keeps it.
///
/// # Errors
/// When the system gives no random numbers.
pub(super) fn ed25519() -> Result<Made, String> {
    let mut random = [0; 36];
    SystemRandom::new().fill(&mut random).map_err(|_| "no random numbers")?;
    let (seed, check) = random.split_at(32);
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|error| error.to_string())?;
    let public = pair.public_key().as_ref();
    let mut blob = Vec::new();
    push(&mut blob, ED25519.as_bytes());
    push(&mut blob, public);
    let mut secret = [check, check].concat();
    secret.extend_from_slice(&blob);
    push(&mut secret, &[seed, public].concat());
    push(&mut secret, b"");
    secret.extend((1..=8).take((8 - secret.len() % 8) % 8));
    let mut key = b"openssh-key-v1\0".to_vec();
    // No cipher, no way to derive its key, and one key.
    [&b"none"[..], b"none", b""].into_iter().for_each(|part| push(&mut key, part));
    key.extend_from_slice(&1_u32.to_be_bytes());
    push(&mut key, &blob);
    push(&mut key, &secret);
    Ok(Made { private: pem("OPENSSH PRIVATE KEY", &key), fingerprint: sha256(&blob) })
}

/// A public key that somebody has made.
pub(super) struct Imported {
    /// `rsa` or `ed25519`.
    pub(super) key_type: &'static str,
    pub(super) fingerprint: String,
}

impl Imported {
    /// From a line as `ssh-keygen` writes it, or the format of RFC 4716. None when it is neither.
    pub(super) fn read(text: &str) -> Option<Self> {
        let blob = match text.trim_start().strip_prefix(BEGIN) {
            Some(rest) => STANDARD.decode(body(rest.split_once(END)?.0)).ok()?,
            None => STANDARD.decode(text.split_whitespace().nth(1)?).ok()?,
        };
        let (name, mut rest) = string(&blob)?;
        match std::str::from_utf8(name).ok()? {
            RSA => {
                let (exponent, modulus);
                (exponent, rest) = string(rest)?;
                (modulus, _) = string(rest)?;
                let number = BigUint::from_bytes_be;
                let der = RsaPublicKey::new(number(modulus), number(exponent)).ok()?.to_public_key_der().ok()?;
                Some(Self { key_type: "rsa", fingerprint: hexadecimal(&Md5::checksum(der.as_bytes())) })
            }
            ED25519 if string(rest)?.0.len() == 32 => Some(Self { key_type: "ed25519", fingerprint: sha256(&blob) }),
            _ => None,
        }
    }
}

/// What is behind the headers, in one line. A header goes on behind a backslash at the end of its line.
fn body(text: &str) -> String {
    let mut goes_on = false;
    let is_body = |line: &&str| {
        let is_header = goes_on || line.contains(':');
        goes_on = is_header && line.ends_with('\\');
        !is_header
    };
    text.lines().map(str::trim).filter(is_body).collect()
}

/// The first string of RFC 4251, and what is behind it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn push(into: &mut Vec<u8>, string: &[u8]) {
    into.extend_from_slice(&u32::try_from(string.len()).unwrap_or(u32::MAX).to_be_bytes());
    into.extend_from_slice(string);
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(70).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn sha256(blob: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, blob))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `ssh-keygen`.
    const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEwsSB9HbTeKCdkSlMZeTq9jZggaPJUwAsUi/7wakB+B me";

    #[test]
    fn keys_are_read_in_both_formats() {
        let line = Imported::read(LINE).expect("read");
        let blob = LINE.split(' ').nth(1).expect("there");
        let (start, end) = blob.split_at(40);
        let long = format!("{BEGIN}\nComment: of two \\\nlines\nx-command: none\n{start}\n{end}\n{END}\n");
        let other = Imported::read(&long).expect("read");
        assert_eq!((line.key_type, &line.fingerprint), ("ed25519", &other.fingerprint));
        for wrong in ["", "ssh-rsa", "ssh-rsa AAAA", "ssh-dss AAAAB3NzaC1kc3MAAAAA", BEGIN, &long.replace("END", "")] {
            assert!(Imported::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_rsa_key_has_the_fingerprint_that_openssl_gives() {
        // e = 65537, and a modulus of 1024 bits: `openssl rsa -RSAPublicKey_in -pubout -outform DER | openssl md5 -c`.
        let mut blob = Vec::new();
        push(&mut blob, RSA.as_bytes());
        push(&mut blob, &[1, 0, 1]);
        push(&mut blob, &[&[0][..], &[0xc1; 128]].concat());
        let read = Imported::read(&format!("ssh-rsa {}", STANDARD.encode(blob))).expect("read");
        assert_eq!(
            (read.key_type, read.fingerprint.as_str()),
            ("rsa", "c0:0b:92:46:9e:c9:d7:79:ef:cb:7c:53:44:d5:dc:8c")
        );
    }

    #[test]
    fn a_made_key_is_one_that_is_read() {
        let made = ed25519().expect("made");
        let text: String = made.private.lines().filter(|line| !line.starts_with('-')).collect();
        let key = STANDARD.decode(text).expect("base64");
        let at = key.len() - key.windows(11).rev().position(|part| part == ED25519.as_bytes()).expect("there") - 11;
        let (_, rest) = string(&key[at - 4..]).expect("a name");
        let (public, _) = string(rest).expect("a key");
        let mut blob = Vec::new();
        push(&mut blob, ED25519.as_bytes());
        push(&mut blob, public);
        let read = Imported::read(&format!("ssh-ed25519 {}", STANDARD.encode(blob))).expect("read");
        assert_eq!(read.fingerprint, made.fingerprint);
        assert!(rsa().expect("made").private.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    }
}
