//! Dashboards: kept, and checked for being what they should be. They are of the account, whatever the region.

mod body;
mod stored;

use serde::{Deserialize, Serialize};
use serde_json::json;
use weir_watch::alarm::Tag;

use super::CloudWatch;
use crate::{ApiError, Call};

pub(super) use body::Problem;
use stored::Dashboard;
pub(super) use stored::{TABLES, get as get_stored, set_tags};

/// Dashboards of a page.
const PAGE: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutInput {
    dashboard_name: String,
    dashboard_body: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutOutput {
    dashboard_validation_messages: Vec<Problem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetInput {
    dashboard_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetOutput {
    dashboard_arn: String,
    dashboard_body: String,
    dashboard_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInput {
    dashboard_name_prefix: Option<String>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOutput {
    dashboard_entries: Vec<Entry>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    dashboard_name: String,
    dashboard_arn: String,
    last_modified: i64,
    size: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteInput {
    #[serde(default)]
    dashboard_names: Vec<String>,
}

pub(super) fn put(cloudwatch: &CloudWatch, call: &Call, input: &PutInput) -> Result<PutOutput, ApiError> {
    check_name(&input.dashboard_name)?;
    let dashboard_validation_messages = body::check(&input.dashboard_body).map_err(|problems| {
        let text = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
        ApiError::new("InvalidParameterInput", text)
            .with_shape("DashboardInvalidInputError")
            .with_member("dashboardValidationMessages", json!(problems))
    })?;
    let dashboard = Dashboard {
        name: input.dashboard_name.clone(),
        body: input.dashboard_body.clone(),
        modified: call.now,
        tags: input.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
    };
    cloudwatch.catalogue.change(|transaction| stored::put(transaction, &dashboard))?;
    Ok(PutOutput { dashboard_validation_messages })
}

pub(super) fn get(cloudwatch: &CloudWatch, call: &Call, input: &GetInput) -> Result<GetOutput, ApiError> {
    let found = cloudwatch.catalogue.change(|transaction| stored::get(transaction, &input.dashboard_name))?;
    let found = found.ok_or_else(|| unknown(format!("Dashboard {} does not exist", input.dashboard_name)))?;
    Ok(GetOutput { dashboard_arn: arn(call, &found.name), dashboard_body: found.body, dashboard_name: found.name })
}

pub(super) fn list(cloudwatch: &CloudWatch, call: &Call, input: &ListInput) -> Result<ListOutput, ApiError> {
    let prefix = input.dashboard_name_prefix.as_deref().unwrap_or_default();
    let after = input.next_token.as_deref().unwrap_or_default();
    let mut found = cloudwatch.catalogue.change(|transaction| stored::list(transaction, prefix, after, PAGE + 1))?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next_token = found.last().filter(|_| more).map(|last| last.name.clone());
    let entry = |dashboard: Dashboard| Entry {
        dashboard_arn: arn(call, &dashboard.name),
        dashboard_name: dashboard.name,
        last_modified: dashboard.modified,
        size: dashboard.body.len(),
    };
    Ok(ListOutput { dashboard_entries: found.into_iter().map(entry).collect(), next_token })
}

/// All of them or none.
pub(super) fn delete(cloudwatch: &CloudWatch, _: &Call, input: &DeleteInput) -> Result<(), ApiError> {
    if input.dashboard_names.is_empty() {
        return Err(ApiError::new("MissingParameter", "The parameter DashboardNames is required."));
    }
    cloudwatch.catalogue.change(|transaction| {
        for name in &input.dashboard_names {
            if !stored::delete(transaction, name)? {
                return Err(unknown(format!("The specified dashboard does not exist. [{name}]")));
            }
        }
        Ok(())
    })
}

/// The ARN of a dashboard has no region.
pub(super) fn arn(call: &Call, name: &str) -> String {
    format!("arn:aws:cloudwatch::{}:dashboard/{name}", call.account)
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=255).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    let message = format!(
        "The value {name} for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_)."
    );
    Err(ApiError::new("InvalidParameterValue", message))
}

fn unknown(message: String) -> ApiError {
    ApiError::new("ResourceNotFound", message).with_shape("DashboardNotFoundError").with_status(404)
}
