//! Stacks, their resources and events are shown.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    CloudFormation,
    request::{shown, tags},
    stack::{Resource, Stack},
    stacks::importing,
    template::{Template, invalid},
};
use crate::{ApiError, Call};

/// Most entries of a page.
const PAGE: usize = 100;

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct StackInput {
    stack_name: Option<String>,
    logical_resource_id: Option<String>,
    physical_resource_id: Option<String>,
    next_token: Option<String>,
    stack_status_filter: Vec<String>,
    export_name: Option<String>,
}

/// A page of a list, and where to go on.
fn page<T: Clone>(all: &[T], token: Option<&str>) -> Result<(Vec<T>, Option<String>), ApiError> {
    let from = match token {
        None => 0,
        Some(token) => token.parse::<usize>().map_err(|_| invalid("The specified NextToken is invalid."))?,
    };
    let rest = all.get(from..).unwrap_or_default();
    let next = (rest.len() > PAGE).then(|| (from + PAGE).to_string());
    Ok((rest.iter().take(PAGE).cloned().collect(), next))
}

pub(super) fn stacks(state: &CloudFormation, call: &Call, input: &StackInput) -> Result<Value, ApiError> {
    let found = match &input.stack_name {
        Some(name) => vec![state.stack(call, name)?],
        None => {
            state.engine.recover(call)?;
            let all = state.engine.store.all(&call.region)?;
            all.into_iter().filter(|stack| stack.status != "DELETE_COMPLETE").collect()
        }
    };
    let (stacks, next) = page(&found, input.next_token.as_deref())?;
    Ok(json!({"Stacks": stacks.iter().map(stack).collect::<Vec<_>>(), "NextToken": next}))
}

fn stack(stack: &Stack) -> Value {
    let parameters = shown(&stack.values);
    let some = |list: Vec<Value>| (!list.is_empty()).then_some(list);
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set,
        "Description": stack.description,
        "Parameters": some(parameters),
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": stack.notification_arns,
        "TimeoutInMinutes": stack.timeout_minutes,
        "Capabilities": (!stack.capabilities.is_empty()).then_some(&stack.capabilities),
        "Outputs": (!stack.outputs.is_empty()).then_some(&stack.outputs),
        "RoleARN": stack.role_arn,
        "Tags": tags(&stack.tags),
        "EnableTerminationProtection": stack.is_protected,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    })
}

pub(super) fn list(state: &CloudFormation, call: &Call, input: &StackInput) -> Result<Value, ApiError> {
    state.engine.recover(call)?;
    let wanted = &input.stack_status_filter;
    let all = state.engine.store.all(&call.region)?.into_iter();
    let all: Vec<Stack> = all.filter(|stack| wanted.is_empty() || wanted.contains(&stack.status)).collect();
    let (stacks, next) = page(&all, input.next_token.as_deref())?;
    let summary = |stack: &Stack| {
        json!({
            "StackId": stack.id,
            "StackName": stack.name,
            "TemplateDescription": stack.description,
            "CreationTime": stack.created,
            "LastUpdatedTime": stack.updated,
            "DeletionTime": stack.deleted,
            "StackStatus": stack.status,
            "StackStatusReason": stack.reason,
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        })
    };
    Ok(json!({"StackSummaries": stacks.iter().map(summary).collect::<Vec<_>>(), "NextToken": next}))
}

pub(super) fn events(state: &CloudFormation, call: &Call, input: &StackInput) -> Result<Value, ApiError> {
    let name = input.stack_name.as_deref().unwrap_or_default();
    let missing = || invalid(format!("Stack [{name}] does not exist"));
    let stack = state.find(call, name)?.ok_or_else(missing)?;
    let (events, next) = page(&state.engine.store.events(&stack.id)?, input.next_token.as_deref())?;
    Ok(json!({"StackEvents": events, "NextToken": next}))
}

fn one(stack: &Stack, logical: &str, resource: &Resource) -> Value {
    json!({
        "StackName": stack.name,
        "StackId": stack.id,
        "LogicalResourceId": logical,
        "PhysicalResourceId": (!resource.made.physical.is_empty()).then_some(&resource.made.physical),
        "ResourceType": resource.kind,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    })
}

fn with(mut value: Value, name: &str, time: i64) -> Value {
    value[name] = time.into();
    value
}

pub(super) fn resources(state: &CloudFormation, call: &Call, input: &StackInput) -> Result<Value, ApiError> {
    let stack = match (&input.stack_name, &input.physical_resource_id) {
        (Some(name), _) => state.stack(call, name)?,
        (None, Some(physical)) => {
            let has = |stack: &Stack| stack.resources.values().any(|resource| resource.made.physical == *physical);
            let missing = || invalid(format!("Stack for {physical} does not exist"));
            state.engine.store.all(&call.region)?.into_iter().find(has).ok_or_else(missing)?
        }
        (None, None) => return Err(invalid("Either StackName or PhysicalResourceId must be specified")),
    };
    let is_wanted = |logical: &String| input.logical_resource_id.as_ref().is_none_or(|wanted| wanted == logical);
    let wanted = stack.resources.iter().filter(|(logical, _)| is_wanted(logical));
    let all: Vec<Value> =
        wanted.map(|(logical, resource)| with(one(&stack, logical, resource), "Timestamp", resource.updated)).collect();
    Ok(json!({"StackResources": all}))
}

pub(super) fn resource(state: &CloudFormation, call: &Call, input: &StackInput) -> Result<Value, ApiError> {
    let name = input.stack_name.as_deref().unwrap_or_default();
    let logical = input.logical_resource_id.as_deref().unwrap_or_default();
    let missing = || invalid(format!("Stack '{name}' does not exist"));
    let stack = state.find(call, name)?.ok_or_else(missing)?;
    let none = || invalid(format!("Resource {logical} does not exist for stack {name}"));
    let resource = stack.resources.get(logical).ok_or_else(none)?;
    let detail = with(one(&stack, logical, resource), "LastUpdatedTimestamp", resource.updated);
    let metadata = Template::parse(&stack.template)?.metadata_of(logical);
    let mut detail = detail;
    detail["Metadata"] = Value::String(metadata.to_string());
    Ok(json!({"StackResourceDetail": detail}))
}

pub(super) fn list_resources(state: &CloudFormation, call: &Call, input: &StackInput) -> Result<Value, ApiError> {
    let stack = state.stack(call, input.stack_name.as_deref().unwrap_or_default())?;
    let summary = |(logical, resource): (&String, &Resource)| {
        let mut summary = with(one(&stack, logical, resource), "LastUpdatedTimestamp", resource.updated);
        if let Some(members) = summary.as_object_mut() {
            members.remove("StackId");
            members.remove("StackName");
        }
        summary
    };
    let all: Vec<Value> = stack.resources.iter().map(summary).collect();
    let (summaries, next) = page(&all, input.next_token.as_deref())?;
    Ok(json!({"StackResourceSummaries": summaries, "NextToken": next}))
}

pub(super) fn exports(state: &CloudFormation, call: &Call, input: &StackInput) -> Result<Value, ApiError> {
    state.engine.recover(call)?;
    let all = state.engine.store.exports(&call.region)?.into_iter();
    let all: Vec<Value> =
        all.map(|(name, (value, stack))| json!({"Name": name, "Value": value, "ExportingStackId": stack.id})).collect();
    let (exports, next) = page(&all, input.next_token.as_deref())?;
    Ok(json!({"Exports": exports, "NextToken": next}))
}

pub(super) fn imports(state: &CloudFormation, call: &Call, input: &StackInput) -> Result<Value, ApiError> {
    state.engine.recover(call)?;
    let name = input.export_name.as_deref().unwrap_or_default();
    let users = importing(state, &call.region, name)?;
    if users.is_empty() {
        return Err(invalid(format!("Export '{name}' is not imported by any stack.")));
    }
    let (users, next) = page(&users, input.next_token.as_deref())?;
    Ok(json!({"Imports": users, "NextToken": next}))
}
