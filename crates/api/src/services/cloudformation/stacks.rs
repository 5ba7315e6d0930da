//! Stacks are made, changed, removed.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    CloudFormation,
    engine::{Job, OnFailure, event},
    plan::plan,
    request::WishInput,
    stack::{Stack, Wish},
    template::{Template, invalid},
};
use crate::{ApiError, Call};

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DeleteInput {
    stack_name: String,
    retain_resources: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ProtectInput {
    stack_name: String,
    enable_termination_protection: bool,
}

/// A stack of a new name, which nothing is of yet.
///
/// # Errors
/// When the name breaks its rule.
pub(super) fn new_stack(call: &Call, name: &str) -> Result<Stack, ApiError> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.len() > 128 || !name.starts_with(|first: char| first.is_ascii_alphabetic()) || !name.bytes().all(is_good) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    Ok(Stack {
        id: call.arn("cloudformation", &format!("stack/{name}/{}", Uuid::new_v4())),
        name: name.to_owned(),
        account: call.account.clone(),
        region: call.region.clone(),
        created: call.now,
        ..Stack::default()
    })
}

pub(super) fn create(state: &CloudFormation, call: &Call, input: &WishInput) -> Result<Value, ApiError> {
    let (wish, template) = input.wish(state, call, None)?;
    if state.find(call, &input.stack_name)?.is_some() {
        let message = format!("Stack [{}] already exists", input.stack_name);
        return Err(ApiError::new("AlreadyExistsException", message));
    }
    let on_failure = match (input.disable_rollback, input.on_failure.as_deref()) {
        (Some(_), Some(_)) => return Err(invalid("You cannot specify both DisableRollback and OnFailure")),
        (Some(true), None) | (None, Some("DO_NOTHING")) => OnFailure::DoNothing,
        (None, Some("DELETE")) => OnFailure::Delete,
        _ => OnFailure::Rollback,
    };
    let mut stack = new_stack(call, &input.stack_name)?;
    check(state, &stack, &template, &wish)?;
    stack.take(&wish);
    stack.timeout_minutes = input.timeout_in_minutes;
    stack.is_protected = input.enable_termination_protection.unwrap_or_default();
    stack.disable_rollback = on_failure == OnFailure::DoNothing;
    stack.description.clone_from(&template.description);
    begin(state, call, stack, "CREATE_IN_PROGRESS", Job::Create(on_failure))
}

/// Evaluates everything once: what is wrong is said before anything is made.
pub(super) fn check(state: &CloudFormation, stack: &Stack, template: &Template, wish: &Wish) -> Result<(), ApiError> {
    let world = stack.world(state.engine.exports(&stack.region)?);
    plan(stack, template, wish, &world).map(drop)
}

/// Writes down that something is being done, and does it on another thread.
///
/// # Errors
/// When something is being done to the stack already, or it cannot be written down.
pub(super) fn begin(
    state: &CloudFormation,
    call: &Call,
    mut stack: Stack,
    status: &str,
    job: Job,
) -> Result<Value, ApiError> {
    status.clone_into(&mut stack.status);
    stack.reason = None;
    let event = event(&stack, call.now, Some("User Initiated".to_owned()));
    state.engine.store.save(&mut stack, &[event])?;
    let id = stack.id.clone();
    state.engine.start(stack, call, job)?;
    Ok(json!({"StackId": id}))
}

/// Statuses in which a stack can be changed.
const STEADY: [&str; 6] = [
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
    "CREATE_FAILED",
];

/// Refuses to change a stack that is in no state for it.
pub(super) fn check_steady(stack: &Stack) -> Result<(), ApiError> {
    if STEADY.contains(&stack.status.as_str()) {
        return Ok(());
    }
    Err(invalid(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status)))
}

pub(super) fn update(state: &CloudFormation, call: &Call, input: &WishInput) -> Result<Value, ApiError> {
    let name = &input.stack_name;
    let missing = || invalid(format!("Stack [{name}] does not exist"));
    let mut stack = state.find(call, name)?.filter(|stack| stack.status != "DELETE_COMPLETE").ok_or_else(missing)?;
    check_steady(&stack)?;
    let (wish, template) = input.wish(state, call, Some(&stack))?;
    let world = stack.world(state.engine.exports(&stack.region)?);
    let changes = plan(&stack, &template, &wish, &world)?;
    if changes.is_empty() && wish.tags == stack.tags && !outputs_differ(&stack, &template, &wish) {
        return Err(invalid("No updates are to be performed."));
    }
    stack.updated = Some(call.now);
    stack.token.clone_from(&wish.token);
    begin(state, call, stack, "UPDATE_IN_PROGRESS", Job::Update(Box::new(wish)))
}

/// Whether outputs of a template that changes no resource differ.
pub(super) fn outputs_differ(stack: &Stack, template: &Template, wish: &Wish) -> bool {
    let Ok(before) = Template::parse(&stack.template) else { return true };
    let shape =
        |template: &Template| format!("{:?}{:?}{:?}", template.outputs, template.conditions, template.description);
    shape(&before) != shape(template) || (wish.values != stack.values && !template.outputs.is_empty())
}

pub(super) fn delete(state: &CloudFormation, call: &Call, input: &DeleteInput) -> Result<(), ApiError> {
    let Some(mut stack) = state.find(call, &input.stack_name)?.filter(|stack| stack.status != "DELETE_COMPLETE") else {
        return Ok(());
    };
    if stack.is_protected {
        return Err(invalid(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            stack.name
        )));
    }
    if stack.status == "DELETE_IN_PROGRESS" {
        return Ok(());
    }
    if stack.is_busy() {
        return Err(invalid(format!("Stack:{} is in {} state and can not be deleted.", stack.id, stack.status)));
    }
    if !input.retain_resources.is_empty() && stack.status != "DELETE_FAILED" {
        return Err(invalid("Invalid operation on stack. Stack must be in DELETE_FAILED state to retain resources."));
    }
    for name in stack.outputs.iter().filter_map(|output| output.export_name.as_ref()) {
        if let Some(user) = importing(state, &stack.region, name)?.first() {
            return Err(invalid(format!("Export {name} cannot be deleted as it is in use by {user}")));
        }
    }
    stack.retained.clone_from(&input.retain_resources);
    begin(state, call, stack, "DELETE_IN_PROGRESS", Job::Delete).map(drop)
}

/// The names of the stacks that use an export.
pub(super) fn importing(state: &CloudFormation, region: &str, export: &str) -> Result<Vec<String>, ApiError> {
    let all = state.engine.store.all(region)?.into_iter();
    let uses = |stack: &Stack| stack.status != "DELETE_COMPLETE" && stack.imports.iter().any(|name| name == export);
    Ok(all.filter(uses).map(|stack| stack.name).collect())
}

pub(super) fn protect(state: &CloudFormation, call: &Call, input: &ProtectInput) -> Result<Value, ApiError> {
    let missing = || invalid(format!("Stack [{}] does not exist", input.stack_name));
    let mut stack = state.find(call, &input.stack_name)?.ok_or_else(missing)?;
    if stack.is_busy() {
        return Err(invalid(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status)));
    }
    stack.is_protected = input.enable_termination_protection;
    state.engine.store.save(&mut stack, &[])?;
    Ok(json!({"StackId": stack.id}))
}
