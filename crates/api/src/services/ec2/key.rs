//! Key pairs, as far as instances name them.

mod material;

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::material::Imported;
use super::{
    Ec2,
    kind::{KEY_PAIR, Kind, bad_value, invalid, required},
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

    fn name(&self) -> Cow<'_, str> {
        self.key_name.as_str().into()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct KeyInput {
    key_name: Option<String>,
    key_pair_id: Option<String>,
    key_type: Option<String>,
    key_format: Option<String>,
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

/// The private key is told once, and kept nowhere.
pub(super) fn create(ec2: &Ec2, call: &Call, input: &KeyInput) -> Result<Value, ApiError> {
    let key_type = input.key_type.as_deref().unwrap_or("rsa");
    let make = match key_type {
        "rsa" => material::rsa,
        "ed25519" => material::ed25519,
        other => return Err(bad_value(other, "KeyType", "Valid values are: rsa, ed25519.")),
    };
    if input.key_format.as_deref().is_some_and(|format| format != "pem") {
        return Err(ApiError::new("UnsupportedOperation", "Weir writes private keys as pem only."));
    }
    let made = make().map_err(ApiError::internal)?;
    let mut answer = put(ec2, call, input, key_type, &made.fingerprint)?;
    answer["keyMaterial"] = json!(made.private);
    Ok(answer)
}

/// The material comes in base64.
pub(super) fn import(ec2: &Ec2, call: &Call, input: &KeyInput) -> Result<Value, ApiError> {
    let given = required(input.public_key_material.as_deref(), "PublicKeyMaterial")?;
    let text = STANDARD.decode(given).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let refused = || ApiError::new("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
    let key = text.as_deref().and_then(Imported::read).ok_or_else(refused)?;
    put(ec2, call, input, key.key_type, &key.fingerprint)
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
