//! Key pairs, as far as instances name them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2,
    kind::{KEY_PAIR, Kind, invalid, required},
    query::{Described, FilterPath},
    state::State,
    tags::{self, TagSpecification},
};
use crate::{ApiError, Call};

/// A public key under a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyPair {
    key_pair_id: String,
    key_name: String,
    key_type: String,
    key_fingerprint: String,
    create_time: i64,
}

impl Described for KeyPair {
    const KIND: &'static Kind = &KEY_PAIR;
    const SET: &'static str = "keySet";
    const FILTERS: &'static [FilterPath] =
        &[("key-pair-id", "keyPairId"), ("key-name", "keyName"), ("fingerprint", "keyFingerprint")];
    const ALWAYS_TAGS: bool = true;

    fn id(&self) -> &str {
        &self.key_pair_id
    }

    fn name(&self) -> &str {
        &self.key_name
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct KeyInput {
    key_name: Option<String>,
    key_pair_id: Option<String>,
    key_type: Option<String>,
    public_key_material: Option<String>,
    tag_specification: Vec<TagSpecification>,
}

pub(super) fn is_there(state: &State, name: &str) -> bool {
    state.key_pairs.iter().any(|pair| pair.key_name == name)
}

fn put(ec2: &Ec2, call: &Call, input: &KeyInput, key_type: &str, fingerprint: &str) -> Result<Value, ApiError> {
    let name = required(input.key_name.as_deref(), "KeyName")?;
    tags::only_for(&input.tag_specification, &[&KEY_PAIR])?;
    ec2.change(call, |state| {
        if is_there(state, name) {
            let text = format!("The keypair '{name}' already exists.");
            return Err(ApiError::new("InvalidKeyPair.Duplicate", text));
        }
        let id = KEY_PAIR.new_id();
        let pair = KeyPair {
            key_pair_id: id.clone(),
            key_name: name.to_owned(),
            key_type: key_type.to_owned(),
            key_fingerprint: fingerprint.to_owned(),
            create_time: call.now,
        };
        state.key_pairs.insert(&id, pair);
        tags::give(state, &id, &KEY_PAIR, &input.tag_specification)?;
        let tags = tags::set(state, &id);
        Ok(json!({ "keyPairId": id, "keyName": name, "keyFingerprint": fingerprint, "tagSet": tags }))
    })
}

/// The private key is told once, and kept nowhere. Only ed25519: nothing here takes minutes to be made.
pub(super) fn create(ec2: &Ec2, call: &Call, input: &KeyInput) -> Result<Value, ApiError> {
    if input.key_type.as_deref() != Some("ed25519") {
        let text = "Weir makes key pairs of type ed25519 only: give KeyType ed25519, or import a key of your own.";
        return Err(ApiError::new("UnsupportedOperation", text));
    }
    let broken = |_| ApiError::internal("no random numbers");
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(broken)?;
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(ApiError::internal)?;
    let fingerprint = STANDARD.encode(digest(&SHA256, pair.public_key().as_ref()));
    let mut answer = put(ec2, call, input, "ed25519", &fingerprint)?;
    answer["keyMaterial"] = json!(pem(document.as_ref()));
    Ok(answer)
}

fn pem(document: &[u8]) -> String {
    let text = STANDARD.encode(document);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

/// The material is the base64 of a line as `ssh-keygen` writes it.
pub(super) fn import(ec2: &Ec2, call: &Call, input: &KeyInput) -> Result<Value, ApiError> {
    let material = required(input.public_key_material.as_deref(), "PublicKeyMaterial")?;
    let refused = || ApiError::new("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
    let line = String::from_utf8(STANDARD.decode(material).map_err(|_| refused())?).map_err(|_| refused())?;
    let mut words = line.split_whitespace();
    let key_type = match words.next() {
        Some("ssh-rsa") => "rsa",
        Some("ssh-ed25519") => "ed25519",
        _ => return Err(refused()),
    };
    let key = STANDARD.decode(words.next().ok_or_else(refused)?).map_err(|_| refused())?;
    put(ec2, call, input, key_type, &STANDARD.encode(digest(&SHA256, &key)))
}

/// Deleting what is not there is no error, as at AWS.
pub(super) fn delete(ec2: &Ec2, call: &Call, input: &KeyInput) -> Result<Value, ApiError> {
    if input.key_name.is_none() && input.key_pair_id.is_none() {
        return Err(invalid("Either keyName or keyPairId must be given."));
    }
    ec2.change(call, |state| {
        let is_meant = |pair: &KeyPair| {
            input.key_name.as_ref() == Some(&pair.key_name) || input.key_pair_id.as_ref() == Some(&pair.key_pair_id)
        };
        let id = state.key_pairs.ids(is_meant).into_iter().next();
        if let Some(id) = &id {
            state.remove::<KeyPair>(id);
        }
        Ok(json!({ "return": true, "keyPairId": id }))
    })
}
