//! Roles that are linked to a service: the service's own, made on request.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    common::{document, no_such},
    owner::is_taken,
    show,
    users::identity,
};
use crate::{
    ApiError, Call,
    access::{directory::Role, policy::PolicyKind},
};

/// Where they are.
pub(super) const PATH: &str = "/aws-service-role/";

/// Services whose role is not named after the first part of their name. Source: the documentation of each service.
const NAMES: [(&str, &str); 19] = [
    ("autoscaling.amazonaws.com", "AutoScaling"),
    ("cloudtrail.amazonaws.com", "CloudTrail"),
    ("custom-resource.application-autoscaling.amazonaws.com", "ApplicationAutoScaling_CustomResource"),
    ("delivery.logs.amazonaws.com", "LogDelivery"),
    ("ecs.amazonaws.com", "ECS"),
    ("eks.amazonaws.com", "AmazonEKS"),
    ("elasticache.amazonaws.com", "ElastiCache"),
    ("elasticbeanstalk.amazonaws.com", "ElasticBeanstalk"),
    ("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing"),
    ("events.amazonaws.com", "CloudWatchEvents"),
    ("guardduty.amazonaws.com", "AmazonGuardDuty"),
    ("logs.amazonaws.com", "CloudWatchLogs"),
    ("ops.apigateway.amazonaws.com", "APIGateway"),
    ("rds.amazonaws.com", "RDS"),
    ("spot.amazonaws.com", "EC2Spot"),
    ("spotfleet.amazonaws.com", "EC2SpotFleet"),
    ("ssm.amazonaws.com", "AmazonSSM"),
    ("transitgateway.amazonaws.com", "VPCTransitGateway"),
    ("vpc-flow-logs.amazonaws.com", "VPCFlowLogs"),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateInput {
    #[serde(rename = "AWSServiceName")]
    service: String,
    description: Option<String>,
    custom_suffix: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteInput {
    role_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TaskInput {
    deletion_task_id: String,
}

pub(super) fn create(iam: &Iam, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    let CreateInput { service, description, custom_suffix } = input;
    let name = role_name(service, custom_suffix.as_deref())?;
    let identity = identity(call, "role", "AROA", &name, format!("{PATH}{service}/"))?;
    let statement = json!({"Effect": "Allow", "Principal": {"Service": [service]}, "Action": ["sts:AssumeRole"]});
    let trust = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let trust = document(&trust, PolicyKind::Trust)?;
    iam.change(|state| {
        if is_taken(&state.roles, &name) {
            let text =
                format!("Service role name {name} has been taken in this account, please try a different suffix.");
            return Err(ApiError::new("InvalidInput", text));
        }
        let role = Role { identity, trust, description: description.clone(), longest_session: 3600 };
        let shown = json!({ "Role": show::role_basics(&role) });
        state.roles.insert(name.clone(), Arc::new(role));
        Ok(shown)
    })
}

fn role_name(service: &str, suffix: Option<&str>) -> Result<String, ApiError> {
    let first = service.strip_suffix(".amazonaws.com").filter(|first| !first.is_empty());
    let first = first.ok_or_else(|| {
        ApiError::new("InvalidInput", "AWSServiceName is not valid: it ends in .amazonaws.com.".to_owned())
    })?;
    let known = NAMES.iter().find(|(name, _)| *name == service).map(|(_, role)| (*role).to_owned());
    let made = || first.split(['.', '-']).map(capital).collect::<String>();
    let suffix = suffix.map(|suffix| format!("_{suffix}")).unwrap_or_default();
    Ok(format!("AWSServiceRoleFor{}{suffix}", known.unwrap_or_else(made)))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Nothing here holds on to such a role, so that it is gone at once.
pub(super) fn delete(iam: &Iam, call: &Call, input: &DeleteInput) -> Result<Value, ApiError> {
    let name = &input.role_name;
    iam.change(|state| {
        let role = state.roles.get(name).filter(|role| role.identity.path.starts_with(PATH));
        let path = role.map(|role| role.identity.path.clone());
        let path = path.ok_or_else(|| no_such(format!("The role with name {name} cannot be found.")))?;
        state.roles.remove(name);
        Ok(json!({ "DeletionTaskId": format!("task{path}{name}/{}", call.request_id) }))
    })
}

pub(super) fn deletion(_: &Iam, _: &Call, input: &TaskInput) -> Result<Value, ApiError> {
    if input.deletion_task_id.starts_with(&format!("task{PATH}")) {
        return Ok(json!({ "Status": "SUCCEEDED" }));
    }
    Err(no_such(format!("Deletion task with id {} cannot be found.", input.deletion_task_id)))
}
