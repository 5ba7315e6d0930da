//! Sessions of users and of those they vouch for.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Cut, LONGEST, Sts,
    assume::{check_no_mfa, refused},
};
use crate::{ApiError, Call, Refusal, access::session::SessionOf};

/// How long a session is, in seconds, unless the client says otherwise.
const HALF_DAY: i64 = 43_200;
/// The longest session of the account itself, in seconds.
const HOUR: i64 = 3600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SessionInput {
    duration_seconds: Option<i64>,
    serial_number: Option<String>,
    token_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FederationInput {
    name: String,
    #[serde(flatten)]
    cut: Cut,
    duration_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyInput {
    access_key_id: String,
}

/// The user who calls, by name and id; none: the account itself.
fn caller(sts: &Sts, call: &Call, operation: &str) -> Result<Option<(String, String)>, ApiError> {
    if sts.access.is_session(&call.principal.access_key) {
        return Err(refused(&Refusal::Denied(format!("Cannot call {operation} with session credentials"))));
    }
    let state = sts.access.directory().read();
    let user = state.key(&call.principal.access_key).map(|(user, _)| &user.identity);
    Ok(user.map(|identity| (identity.name.clone(), identity.id.clone())))
}

/// How long, in seconds. The account itself gets an hour at most.
fn seconds(asked: Option<i64>, is_root: bool) -> i64 {
    let most = if is_root { HOUR } else { LONGEST };
    asked.unwrap_or(HALF_DAY).min(most)
}

pub(super) fn session(sts: &Sts, call: &Call, input: &SessionInput) -> Result<Value, ApiError> {
    let caller = caller(sts, call, "GetSessionToken")?;
    check_no_mfa(input.serial_number.as_deref(), input.token_code.as_deref())?;
    let seconds = seconds(input.duration_seconds, caller.is_none());
    let of = caller.map_or(SessionOf::Root, |(name, id)| SessionOf::User { name, id });
    let credentials = sts.begin(call, of, seconds, &Cut::default(), None)?;
    Ok(json!({ "Credentials": credentials }))
}

pub(super) fn federation(sts: &Sts, call: &Call, input: &FederationInput) -> Result<Value, ApiError> {
    let by = caller(sts, call, "GetFederationToken")?;
    let name = input.name.clone();
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    if !name.chars().all(is_fine) {
        let text = format!(
            "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [\\w+=,.@-]*"
        );
        return Err(ApiError::new("ValidationError", text));
    }
    let seconds = seconds(input.duration_seconds, by.is_none());
    let packed = input.cut.packed()?;
    let user = json!({
        "FederatedUserId": format!("{}:{name}", call.account),
        "Arn": format!("arn:aws:sts::{}:federated-user/{name}", call.account),
    });
    let credentials = sts.begin(call, SessionOf::Federated { name, by }, seconds, &input.cut, None)?;
    Ok(json!({ "Credentials": credentials, "FederatedUser": user, "PackedPolicySize": packed }))
}

/// Keys of other accounts are not known here.
pub(super) fn key_info(sts: &Sts, call: &Call, input: &KeyInput) -> Result<Value, ApiError> {
    if sts.access.is_on() && !sts.access.is_key(&input.access_key_id) {
        return Err(ApiError::new("ValidationError", "Invalid access key id."));
    }
    Ok(json!({ "Account": call.account }))
}
