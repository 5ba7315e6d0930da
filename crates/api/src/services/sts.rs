//! STS: who am I, and temporary keys.

mod assume;
mod tokens;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ApiError, Call, Check, Operation, Payload, ServiceName, Table,
    access::{
        Access,
        directory::Tags,
        new_id, new_secret, new_session_token,
        policy::{Document, PolicyKind},
        session::{Session, SessionOf},
    },
    handle,
};

/// What the operations work on.
pub struct Sts {
    access: Arc<Access>,
}

/// The table of STS.
pub fn table(access: Arc<Access>) -> Table<Sts> {
    Table::new(ServiceName::Sts, Sts { access }, OPERATIONS)
}

const POLICY: Check = Check::Length("Policy", 1, 2048);
/// The longest session of a user, in seconds: a day and a half.
const LONGEST: i64 = 129_600;

const OPERATIONS: &[Operation<Sts>] = &[
    Operation::new("GetCallerIdentity", handle!(get_caller_identity)).unguarded(),
    // The trust policy of the role has a say, so that the handler finds out.
    Operation::new("AssumeRole", handle!(assume::role)).on(role).unguarded().checked(&[
        Check::Required("RoleArn"),
        Check::Length("RoleArn", 20, 2048),
        Check::Required("RoleSessionName"),
        Check::Length("RoleSessionName", 2, 64),
        Check::Range("DurationSeconds", 900, 43_200),
        POLICY,
    ]),
    Operation::new("AssumeRoleWithWebIdentity", handle!(assume::with_web_identity))
        .on(role)
        .unguarded()
        .open()
        .checked(&[
            Check::Required("RoleArn"),
            Check::Required("RoleSessionName"),
            Check::Required("WebIdentityToken"),
        ]),
    Operation::new("GetSessionToken", handle!(tokens::session)).unguarded().checked(&[Check::Range(
        "DurationSeconds",
        900,
        LONGEST,
    )]),
    Operation::new("GetFederationToken", handle!(tokens::federation)).on(federated).checked(&[
        Check::Required("Name"),
        Check::Length("Name", 2, 32),
        Check::Range("DurationSeconds", 900, LONGEST),
        POLICY,
    ]),
    Operation::new("GetAccessKeyInfo", handle!(tokens::key_info))
        .checked(&[Check::Required("AccessKeyId"), Check::Length("AccessKeyId", 16, 128)]),
    Operation::unsupported("AssumeRoleWithSAML").open(),
    Operation::unsupported("AssumeRoot"),
    Operation::unsupported("DecodeAuthorizationMessage"),
    Operation::unsupported("GetDelegatedAccessToken"),
    Operation::unsupported("GetWebIdentityToken"),
];

fn role(_: &Call, payload: &Payload) -> Vec<String> {
    vec![payload.text("RoleArn").unwrap_or("*").to_owned()]
}

fn federated(call: &Call, payload: &Payload) -> Vec<String> {
    let name = payload.text("Name").unwrap_or_default();
    vec![format!("arn:aws:sts::{}:federated-user/{name}", call.account)]
}

#[derive(Deserialize)]
struct Nothing {}

fn get_caller_identity(_: &Sts, call: &Call, _: &Nothing) -> Result<Value, ApiError> {
    let principal = &call.principal;
    Ok(json!({"UserId": principal.user_id, "Account": call.account, "Arn": principal.arn}))
}

/// What a session is cut to, as inputs have it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Cut {
    policy: Option<String>,
    policy_arns: Vec<PolicyArn>,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct PolicyArn {
    arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

impl Cut {
    fn tags(&self) -> Tags {
        self.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
    }

    /// How much of the room for policies and tags this takes, in percent.
    fn packed(&self) -> Result<Option<usize>, ApiError> {
        const ROOM: usize = 2048;
        let arns: usize = self.policy_arns.iter().map(|policy| policy.arn.len()).sum();
        let tags: usize = self.tags.iter().map(|tag| tag.key.len() + tag.value.len()).sum();
        let all = self.policy.as_ref().map_or(0, String::len) + arns + tags;
        let percent = (all * 100).div_ceil(ROOM);
        if percent > 100 {
            let text = format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.");
            return Err(ApiError::new("PackedPolicyTooLarge", text));
        }
        Ok((all > 0).then_some(percent))
    }
}

impl Sts {
    /// Begins a session and gives its keys.
    fn begin(
        &self,
        call: &Call,
        of: SessionOf,
        seconds: i64,
        cut: &Cut,
        source: Option<&str>,
    ) -> Result<Value, ApiError> {
        let state = self.access.directory().read();
        if let Some(unknown) = cut.policy_arns.iter().find(|policy| state.policy(&policy.arn).is_none()) {
            let text = format!("The policy {} does not exist or is not attachable.", unknown.arn);
            return Err(ApiError::new("MalformedPolicyDocument", text));
        }
        let policy = cut.policy.as_deref().map(|text| Document::parse(text, PolicyKind::Session)).transpose()?;
        let no_random = |_| ApiError::internal("the system gives no random numbers");
        let session = Session {
            key: new_id("ASIA").map_err(no_random)?,
            secret: new_secret().map_err(no_random)?,
            token: new_session_token().map_err(no_random)?,
            of,
            issued: call.now,
            expires: call.now + seconds * 1000,
            policy,
            policy_arns: cut.policy_arns.iter().map(|policy| policy.arn.clone()).collect(),
            tags: cut.tags(),
            source_identity: source.map(str::to_owned),
        };
        let session = self.access.sessions().add(session, call.now)?;
        Ok(json!({
            "AccessKeyId": session.key,
            "SecretAccessKey": session.secret.expose(),
            "SessionToken": session.token.expose(),
            "Expiration": session.expires,
        }))
    }
}

#[cfg(test)]
mod tests;
