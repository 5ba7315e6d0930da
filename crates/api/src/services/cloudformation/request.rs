//! What a request wishes of a stack.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{
    CloudFormation,
    stack::{Stack, Wish},
    template::{Given, Template, Values, invalid},
};
use crate::{ApiError, Call, ServiceName};

/// Most tags of a stack.
const TAGS: usize = 50;

/// A tag.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Tag {
    key: String,
    value: String,
}

/// What `CreateStack`, `UpdateStack` and `CreateChangeSet` share.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WishInput {
    pub(super) stack_name: String,
    pub(super) template_body: Option<String>,
    #[serde(rename = "TemplateURL")]
    pub(super) template_url: Option<String>,
    pub(super) use_previous_template: Option<bool>,
    pub(super) parameters: Vec<Given>,
    pub(super) capabilities: Vec<String>,
    pub(super) tags: Option<Vec<Tag>>,
    #[serde(rename = "NotificationARNs")]
    pub(super) notification_arns: Vec<String>,
    #[serde(rename = "RoleARN")]
    pub(super) role_arn: Option<String>,
    pub(super) disable_rollback: Option<bool>,
    pub(super) on_failure: Option<String>,
    pub(super) timeout_in_minutes: Option<i64>,
    pub(super) enable_termination_protection: Option<bool>,
    pub(super) client_request_token: Option<String>,
    // Of a change set:
    pub(super) change_set_name: String,
    pub(super) change_set_type: Option<String>,
    pub(super) description: Option<String>,
}

impl WishInput {
    /// What is wished, and the template, which is whole; `was` is the stack as it is, if there is one.
    ///
    /// # Errors
    /// What is wrong with the template, a parameter, or that a capability is missing.
    pub(super) fn wish(
        &self,
        state: &CloudFormation,
        call: &Call,
        was: Option<&Stack>,
    ) -> Result<(Wish, Template), ApiError> {
        let text = match was.filter(|_| self.use_previous_template == Some(true)) {
            Some(stack) => stack.template.clone(),
            None => text(state, call, self.template_body.as_deref(), self.template_url.as_deref())?,
        };
        let template = Template::parse(&text)?;
        if let Some((capability, _)) = template.capability() {
            let has = |name: &str| self.capabilities.iter().any(|given| given == name);
            if !has(capability) && !has("CAPABILITY_NAMED_IAM") {
                let message = format!("Requires capabilities : [{capability}]");
                return Err(ApiError::new("InsufficientCapabilitiesException", message));
            }
        }
        let previous = was.map(|stack| stack.values.clone()).unwrap_or_default();
        let values = Values::of(&template.parameters, &self.parameters, &previous)?;
        let wish = Wish {
            template: text,
            values,
            tags: self.tag_map(was)?,
            capabilities: self.capabilities.clone(),
            notification_arns: self.notification_arns.clone(),
            role_arn: self.role_arn.clone(),
            disable_rollback: self.disable_rollback.unwrap_or_default(),
            token: self.client_request_token.clone(),
        };
        Ok((wish, template))
    }

    fn tag_map(&self, was: Option<&Stack>) -> Result<BTreeMap<String, String>, ApiError> {
        let Some(tags) = &self.tags else { return Ok(was.map(|stack| stack.tags.clone()).unwrap_or_default()) };
        if tags.len() > TAGS {
            return Err(invalid(format!("A stack has at most {TAGS} tags")));
        }
        Ok(tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect())
    }
}

/// The text of a template, from the request or out of a bucket.
///
/// # Errors
/// When neither or both are given, or the bucket has no such object.
pub(super) fn text(
    state: &CloudFormation,
    call: &Call,
    body: Option<&str>,
    url: Option<&str>,
) -> Result<String, ApiError> {
    match (body, url) {
        (Some(body), None) => Ok(body.to_owned()),
        (None, Some(url)) => fetch(state, call, url),
        _ => Err(invalid("Either Template URL or Template Body must be specified.")),
    }
}

fn fetch(state: &CloudFormation, call: &Call, url: &str) -> Result<String, ApiError> {
    let wrong = || invalid("TemplateURL must be a supported URL.");
    let parsed = Url::parse(url).map_err(|_| wrong())?;
    let (bucket, key) = place(&parsed).ok_or_else(wrong)?;
    let input = json!({"Bucket": bucket, "Key": key});
    let resources = [format!("arn:aws:s3:::{bucket}/{key}")];
    let engine = &state.engine;
    let protocol = ServiceName::CloudFormation.protocol();
    engine.access.authorize(call, "s3:GetObject", &resources).map_err(|refusal| refusal.to_error(protocol))?;
    let answer = engine.served.call(ServiceName::S3, "GetObject", call, input);
    let answer = answer.map_err(|error| invalid(format!("S3 error: {}", error.message)))?;
    answer["Body"].as_str().map(str::to_owned).ok_or_else(wrong)
}

/// Bucket and key: in the path, or the bucket before `.s3.` in the name of the host.
fn place(url: &Url) -> Option<(String, String)> {
    let path: Vec<u8> = url::form_urlencoded::parse(format!("x={}", url.path().replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, path)| path.into_owned().into_bytes())?;
    let path = String::from_utf8(path).ok()?;
    let path = path.strip_prefix('/')?;
    let host = url.host_str()?;
    match host.split_once(".s3") {
        Some((bucket, _)) => Some((bucket.to_owned(), path.to_owned())),
        None => path.split_once('/').map(|(bucket, key)| (bucket.to_owned(), key.to_owned())),
    }
    .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
}

/// Parameters as they are shown: a secret is not.
pub(super) fn shown(values: &Values) -> Vec<Value> {
    let one = |(name, held): (&String, &super::template::Held)| json!({"ParameterKey": name, "ParameterValue": if held.no_echo { "****" } else { &held.value }});
    values.0.iter().map(one).collect()
}

/// Tags as they are shown.
pub(super) fn tags(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}
