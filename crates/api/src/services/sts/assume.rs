//! Roles to take on.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Cut, Sts};
use crate::{
    ApiError, Call, Refusal,
    access::{Context, session::SessionOf},
    protocol::Protocol,
};

/// How long a session is, in seconds, unless the client says otherwise.
const HOUR: i64 = 3600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleInput {
    role_arn: String,
    role_session_name: String,
    #[serde(flatten)]
    cut: Cut,
    duration_seconds: Option<i64>,
    external_id: Option<String>,
    source_identity: Option<String>,
    serial_number: Option<String>,
    token_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WebIdentityInput {
    web_identity_token: String,
}

pub(super) fn role(sts: &Sts, call: &Call, input: &RoleInput) -> Result<Value, ApiError> {
    check_input(input)?;
    let seconds = input.duration_seconds.unwrap_or(HOUR);
    let state = sts.access.directory().read();
    let role = state.roles.values().find(|role| role.identity.arn == input.role_arn);
    let Some(role) = role else {
        let text = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
            call.principal.arn, input.role_arn
        );
        return Err(refused(&Refusal::Denied(text)));
    };
    let context = context(call, input);
    let mut actions = vec!["sts:AssumeRole"];
    actions.extend((!input.cut.tags.is_empty()).then_some("sts:TagSession"));
    actions.extend(input.source_identity.is_some().then_some("sts:SetSourceIdentity"));
    for action in actions {
        sts.access.may_assume(call, role, action, context.clone()).map_err(|refusal| refused(&refusal))?;
    }
    if seconds > role.longest_session {
        return Err(invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    if call.principal.arn.contains(":assumed-role/") && seconds > HOUR {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    let (name, id, session) = (role.identity.name.clone(), role.identity.id.clone(), input.role_session_name.clone());
    let user = json!({
        "AssumedRoleId": format!("{id}:{session}"),
        "Arn": format!("arn:aws:sts::{}:assumed-role/{name}/{session}", call.account),
    });
    let packed = input.cut.packed()?;
    let source = input.source_identity.as_deref();
    let credentials = sts.begin(call, SessionOf::Role { name, id, session }, seconds, &input.cut, source)?;
    Ok(json!({
        "Credentials": credentials,
        "AssumedRoleUser": user,
        "PackedPolicySize": packed,
        "SourceIdentity": source,
    }))
}

fn check_input(input: &RoleInput) -> Result<(), ApiError> {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    if !input.role_session_name.chars().all(is_fine) {
        return Err(invalid(&format!(
            "1 validation error detected: Value '{}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [\\w+=,.@-]*",
            input.role_session_name
        )));
    }
    let parts: Vec<&str> = input.role_arn.splitn(6, ':').collect();
    if !matches!(parts.as_slice(), ["arn", _, "iam", "", _, role] if role.starts_with("role/")) {
        return Err(invalid(&format!("{} is invalid", input.role_arn)));
    }
    check_no_mfa(input.serial_number.as_deref(), input.token_code.as_deref())
}

/// There are no MFA devices here, so that no code is right.
pub(super) fn check_no_mfa(serial: Option<&str>, code: Option<&str>) -> Result<(), ApiError> {
    if serial.is_none() && code.is_none() {
        return Ok(());
    }
    Err(refused(&Refusal::Denied("MultiFactorAuthentication failed with invalid MFA one time pass code. ".to_owned())))
}

/// What a trust policy may ask about.
fn context(call: &Call, input: &RoleInput) -> Context {
    let mut context = Context::of(call).with("sts:RoleSessionName", &input.role_session_name);
    if let Some(id) = &input.external_id {
        context = context.with("sts:ExternalId", id);
    }
    if let Some(identity) = &input.source_identity {
        context = context.with("sts:SourceIdentity", identity);
    }
    for tag in &input.cut.tags {
        context = context.with(&format!("aws:RequestTag/{}", tag.key), &tag.value);
    }
    if input.cut.tags.is_empty() {
        return context;
    }
    context.with_all("aws:TagKeys", input.cut.tags.iter().map(|tag| tag.key.clone()))
}

/// No identity provider can be told to the account, so that no token can be verified.
pub(super) fn with_web_identity(_: &Sts, _: &Call, input: &WebIdentityInput) -> Result<Value, ApiError> {
    let issuer = input.web_identity_token.split('.').nth(1).and_then(|claims| {
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        Some(claims.get("iss")?.as_str()?.to_owned())
    });
    let text = match issuer {
        Some(issuer) => format!("No OpenIDConnect provider found in your account for {issuer}"),
        None => {
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)".to_owned()
        }
    };
    Err(ApiError::new("InvalidIdentityToken", text))
}

pub(super) fn refused(refusal: &Refusal) -> ApiError {
    refusal.to_error(Protocol::AwsQuery)
}

fn invalid(text: &str) -> ApiError {
    ApiError::new("ValidationError", text)
}
