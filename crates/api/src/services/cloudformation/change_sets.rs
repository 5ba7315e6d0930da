//! Change sets: a change that is looked at before it is made.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    CloudFormation,
    engine::{Job, OnFailure, event},
    plan::{Change, plan},
    request::{WishInput, shown, tags},
    stack::{ChangeSet, Stack},
    stacks::{begin, check_steady, new_stack, outputs_differ},
    template::invalid,
};
use crate::{ApiError, Call};

/// Why a change set that changes nothing is FAILED: clients read it.
const NOTHING: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct SetInput {
    stack_name: Option<String>,
    change_set_name: String,
    disable_rollback: bool,
    client_request_token: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListInput {
    stack_name: String,
}

pub(super) fn create(state: &CloudFormation, call: &Call, input: &WishInput) -> Result<Value, ApiError> {
    let kind = input.change_set_type.as_deref().unwrap_or("UPDATE");
    let name = &input.stack_name;
    let found = state.find(call, name)?.filter(|stack| stack.status != "DELETE_COMPLETE");
    let stack = match (kind, found) {
        ("CREATE", None) => None,
        ("CREATE", Some(stack)) if stack.status == "REVIEW_IN_PROGRESS" => Some(stack),
        ("CREATE", Some(stack)) => {
            return Err(invalid(format!(
                "Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                stack.name, input.change_set_name
            )));
        }
        ("UPDATE", None) => return Err(invalid(format!("Stack [{name}] does not exist"))),
        ("UPDATE", Some(stack)) => {
            check_steady(&stack)?;
            Some(stack)
        }
        (other, _) => {
            return Err(invalid(format!("Weir has no change sets of type {other}; there are CREATE and UPDATE")));
        }
    };
    let was = stack.as_ref().filter(|_| kind == "UPDATE");
    let (wish, template) = input.wish(state, call, was)?;
    let (stack, is_new) = match stack {
        Some(stack) => (stack, false),
        None => (new_stack(call, name)?, true),
    };
    let world = stack.world(state.engine.exports(&stack.region)?);
    let changes = plan(&stack, &template, &wish, &world)?;
    let is_same =
        kind == "UPDATE" && changes.is_empty() && wish.tags == stack.tags && !outputs_differ(&stack, &template, &wish);
    if state.engine.store.change_sets(&stack.id)?.iter().any(|set| set.name == input.change_set_name) {
        let message = format!("ChangeSet {} already exists", input.change_set_name);
        return Err(ApiError::new("AlreadyExistsException", message));
    }
    if is_new {
        review(state, call, stack.clone())?;
    }
    let (status, execution) = if is_same { ("FAILED", "UNAVAILABLE") } else { ("CREATE_COMPLETE", "AVAILABLE") };
    let set = ChangeSet {
        id: call.arn("cloudformation", &format!("changeSet/{}/{}", input.change_set_name, Uuid::new_v4())),
        name: input.change_set_name.clone(),
        stack_id: stack.id.clone(),
        stack_name: stack.name.clone(),
        kind: kind.to_owned(),
        description: input.description.clone(),
        wish,
        given: input.parameters.clone(),
        status: status.to_owned(),
        execution_status: execution.to_owned(),
        reason: is_same.then(|| NOTHING.to_owned()),
        created: call.now,
        changes: changes.iter().map(Change::shown).collect(),
    };
    state.engine.store.save_change_set(&set)?;
    Ok(json!({"Id": set.id, "StackId": set.stack_id}))
}

/// A stack that is only planned.
fn review(state: &CloudFormation, call: &Call, mut stack: Stack) -> Result<(), ApiError> {
    "REVIEW_IN_PROGRESS".clone_into(&mut stack.status);
    stack.reason = Some("User Initiated".to_owned());
    let event = event(&stack, call.now, stack.reason.clone());
    state.engine.store.save(&mut stack, &[event])
}

/// A change set by its ARN, or by its name and that of its stack.
///
/// # Errors
/// When there is none.
pub(super) fn find(
    state: &CloudFormation,
    call: &Call,
    name: &str,
    stack: Option<&str>,
) -> Result<ChangeSet, ApiError> {
    let missing = || ApiError::new("ChangeSetNotFound", format!("ChangeSet [{name}] does not exist")).with_status(404);
    if name.starts_with("arn:") {
        return state.engine.store.change_set(name)?.ok_or_else(missing);
    }
    let stack =
        stack.ok_or_else(|| invalid("StackName must be specified if ChangeSetName is not specified as an ARN."))?;
    let none = || invalid(format!("Stack [{stack}] does not exist"));
    let stack = state.find(call, stack)?.ok_or_else(none)?;
    state.engine.store.change_sets(&stack.id)?.into_iter().find(|set| set.name == name).ok_or_else(missing)
}

pub(super) fn describe(state: &CloudFormation, call: &Call, input: &SetInput) -> Result<Value, ApiError> {
    let set = find(state, call, &input.change_set_name, input.stack_name.as_deref())?;
    let parameters = shown(&set.wish.values);
    Ok(json!({
        "ChangeSetName": set.name,
        "ChangeSetId": set.id,
        "StackId": set.stack_id,
        "StackName": set.stack_name,
        "Description": set.description,
        "Parameters": (!parameters.is_empty()).then_some(parameters),
        "CreationTime": set.created,
        "ExecutionStatus": set.execution_status,
        "Status": set.status,
        "StatusReason": set.reason,
        "NotificationARNs": set.wish.notification_arns,
        "RollbackConfiguration": {},
        "Capabilities": set.wish.capabilities,
        "Tags": (!set.wish.tags.is_empty()).then(|| tags(&set.wish.tags)),
        "Changes": set.changes,
        "IncludeNestedStacks": false,
    }))
}

pub(super) fn list(state: &CloudFormation, call: &Call, input: &ListInput) -> Result<Value, ApiError> {
    let none = || invalid(format!("Stack [{}] does not exist", input.stack_name));
    let stack = state.find(call, &input.stack_name)?.ok_or_else(none)?;
    let summary = |set: &ChangeSet| {
        json!({
            "StackId": set.stack_id,
            "StackName": set.stack_name,
            "ChangeSetId": set.id,
            "ChangeSetName": set.name,
            "ExecutionStatus": set.execution_status,
            "Status": set.status,
            "StatusReason": set.reason,
            "CreationTime": set.created,
            "Description": set.description,
            "IncludeNestedStacks": false,
        })
    };
    let sets = state.engine.store.change_sets(&stack.id)?;
    Ok(json!({"Summaries": sets.iter().map(summary).collect::<Vec<_>>()}))
}

pub(super) fn execute(state: &CloudFormation, call: &Call, input: &SetInput) -> Result<(), ApiError> {
    let mut set = find(state, call, &input.change_set_name, input.stack_name.as_deref())?;
    if set.execution_status != "AVAILABLE" {
        let message = format!("ChangeSet [{}] cannot be executed in its current status of [{}]", set.id, set.status);
        return Err(ApiError::new("InvalidChangeSetStatus", message));
    }
    let mut stack = state.stack(call, &set.stack_id)?;
    if stack.is_busy() {
        return Err(invalid(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status)));
    }
    set.wish.disable_rollback = input.disable_rollback;
    set.wish.token.clone_from(&input.client_request_token);
    for other in state.engine.store.change_sets(&stack.id)?.iter().filter(|other| other.id != set.id) {
        state.engine.store.forget_change_set(&other.id)?;
    }
    "EXECUTE_COMPLETE".clone_into(&mut set.execution_status);
    state.engine.store.save_change_set(&set)?;
    stack.change_set = Some(set.id);
    if set.kind == "CREATE" {
        stack.take(&set.wish);
        let on_failure = if input.disable_rollback { OnFailure::DoNothing } else { OnFailure::Rollback };
        return begin(state, call, stack, "CREATE_IN_PROGRESS", Job::Create(on_failure)).map(drop);
    }
    stack.updated = Some(call.now);
    stack.token.clone_from(&set.wish.token);
    begin(state, call, stack, "UPDATE_IN_PROGRESS", Job::Update(Box::new(set.wish))).map(drop)
}

pub(super) fn delete(state: &CloudFormation, call: &Call, input: &SetInput) -> Result<(), ApiError> {
    let set = match find(state, call, &input.change_set_name, input.stack_name.as_deref()) {
        Err(error) if error.code == "ChangeSetNotFound" => return Ok(()),
        found => found?,
    };
    state.engine.store.forget_change_set(&set.id)
}
