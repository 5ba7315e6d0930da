//! Templates are shown and checked.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    CloudFormation,
    request::text,
    template::{Parameter, Template, invalid},
};
use crate::{ApiError, Call};

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TemplateInput {
    stack_name: Option<String>,
    change_set_name: Option<String>,
    template_body: Option<String>,
    #[serde(rename = "TemplateURL")]
    template_url: Option<String>,
}

pub(super) fn get(state: &CloudFormation, call: &Call, input: &TemplateInput) -> Result<Value, ApiError> {
    let body = match &input.change_set_name {
        Some(name) => super::change_sets::find(state, call, name, input.stack_name.as_deref())?.wish.template,
        None => state.stack(call, input.stack_name.as_deref().unwrap_or_default())?.template,
    };
    Ok(json!({"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}))
}

fn given(state: &CloudFormation, call: &Call, input: &TemplateInput) -> Result<Template, ApiError> {
    Template::parse(&text(state, call, input.template_body.as_deref(), input.template_url.as_deref())?)
}

pub(super) fn validate(state: &CloudFormation, call: &Call, input: &TemplateInput) -> Result<Value, ApiError> {
    let template = given(state, call, input)?;
    let parameter = |parameter: &Parameter| {
        json!({
            "ParameterKey": parameter.name,
            "DefaultValue": parameter.default,
            "NoEcho": parameter.no_echo,
            "Description": parameter.description,
        })
    };
    let capability = template.capability();
    Ok(json!({
        "Parameters": template.parameters.values().map(parameter).collect::<Vec<_>>(),
        "Description": template.description,
        "Capabilities": capability.as_ref().map(|(name, _)| [name]),
        "CapabilitiesReason": capability.as_ref().map(|(_, reason)| reason),
    }))
}

pub(super) fn summary(state: &CloudFormation, call: &Call, input: &TemplateInput) -> Result<Value, ApiError> {
    let template = match &input.stack_name {
        Some(name) if input.template_body.is_none() && input.template_url.is_none() => {
            let stack = state.stack(call, name)?;
            if stack.template.is_empty() {
                return Err(invalid("GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks."));
            }
            Template::parse(&stack.template)?
        }
        _ => given(state, call, input)?,
    };
    let parameter = |parameter: &Parameter| {
        let allowed = (!parameter.allowed.is_empty()).then_some(&parameter.allowed);
        json!({
            "ParameterKey": parameter.name,
            "DefaultValue": parameter.default,
            "ParameterType": parameter.kind,
            "NoEcho": parameter.no_echo,
            "Description": parameter.description,
            "ParameterConstraints": allowed.map_or_else(|| json!({}), |allowed| json!({"AllowedValues": allowed})),
        })
    };
    let capability = template.capability();
    let mut kinds: Vec<&str> = template.resources.values().map(|resource| resource.kind.name).collect();
    kinds.sort_unstable();
    let all = kinds.clone();
    kinds.dedup();
    let identifier = |name: &&str| {
        let of_kind = template.resources.iter().filter(|(_, resource)| resource.kind.name == *name);
        json!({"ResourceType": name, "LogicalResourceIds": of_kind.map(|(logical, _)| logical).collect::<Vec<_>>()})
    };
    Ok(json!({
        "Parameters": template.parameters.values().map(parameter).collect::<Vec<_>>(),
        "Description": template.description,
        "Capabilities": capability.as_ref().map(|(name, _)| [name]),
        "CapabilitiesReason": capability.as_ref().map(|(_, reason)| reason),
        "ResourceTypes": all,
        "ResourceIdentifierSummaries": kinds.iter().map(identifier).collect::<Vec<_>>(),
        "Version": "2010-09-09",
        "Metadata": template.metadata.as_ref().map(Value::to_string),
    }))
}
