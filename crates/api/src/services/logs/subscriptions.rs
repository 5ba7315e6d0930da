//! Subscription filters: events go on to somebody else as they come in. AWS has its own services for that; here it is an
//! HTTPS endpoint, given where AWS has the ARN.

mod delivery;
mod progress;

use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use weir_store::logs::{LogsError, Owner};
use weir_watch::pattern::Pattern;

pub(super) use delivery::{Deliveries, Post};

use super::{
    Logs,
    error::{invalid, limit_exceeded, not_found},
    page::page,
    stored::{self, Definition},
};
use crate::{ApiError, Call};

/// Subscription filters of a log group, at most.
const MOST: usize = 2;

/// A subscription filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionFilter {
    filter_name: String,
    log_group_name: String,
    filter_pattern: String,
    /// An `https` URL.
    destination_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
    distribution: String,
    apply_on_transformed_logs: bool,
    creation_time: i64,
}

impl Definition for SubscriptionFilter {
    const KIND: &'static str = "subscription-filter";

    fn group(&self) -> &str {
        &self.log_group_name
    }

    fn name(&self) -> &str {
        &self.filter_name
    }
}

/// Region, log group, filter.
type Key = (String, String, String);

impl SubscriptionFilter {
    fn key(&self, region: &str) -> Key {
        (region.to_owned(), self.log_group_name.clone(), self.filter_name.clone())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutInput {
    log_group_name: String,
    filter_name: String,
    filter_pattern: String,
    destination_arn: String,
    role_arn: Option<String>,
    distribution: Option<String>,
    #[serde(default)]
    apply_on_transformed_logs: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeInput {
    log_group_name: String,
    filter_name_prefix: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeOutput {
    subscription_filters: Vec<SubscriptionFilter>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeleteInput {
    log_group_name: String,
    filter_name: String,
}

/// Sends a test message first, as AWS does: an endpoint that does not take it is refused.
pub(super) fn put(logs: &Logs, call: &Call, input: &PutInput) -> Result<(), ApiError> {
    let region = logs.region(call)?;
    region.logs.list_tags_log_group(&input.log_group_name)?;
    input.filter_pattern.parse::<Pattern>()?;
    check_destination(&input.destination_arn, input.role_arn.is_some())?;
    if input.apply_on_transformed_logs {
        return Err(invalid("applyOnTransformedLogs: there are no log transformers here."));
    }
    let mut filter = SubscriptionFilter {
        filter_name: input.filter_name.clone(),
        log_group_name: input.log_group_name.clone(),
        filter_pattern: input.filter_pattern.clone(),
        destination_arn: input.destination_arn.clone(),
        role_arn: input.role_arn.clone(),
        distribution: input.distribution.clone().unwrap_or_else(|| "ByLogStream".to_owned()),
        apply_on_transformed_logs: false,
        creation_time: call.now,
    };
    let room = |known: &[SubscriptionFilter]| {
        known.len() < MOST || known.iter().any(|known| known.filter_name == input.filter_name)
    };
    let known = |transaction: &Transaction<'_>| stored::of_group(transaction, &call.region, &input.log_group_name);
    if !room(&logs.catalogue.change(known)?) {
        return Err(limit_exceeded());
    }
    logs.deliveries
        .test(&filter, &call.account)
        .map_err(|problem| invalid(format!("Could not deliver test message to specified endpoint: {problem}.")))?;
    let from = region.logs.last_position(&input.log_group_name)?;
    logs.catalogue.change(|transaction| {
        let known: Vec<SubscriptionFilter> = known(transaction)?;
        if !room(&known) {
            return Err(limit_exceeded());
        }
        let old = known.into_iter().find(|known| known.filter_name == filter.filter_name);
        filter.creation_time = old.map_or(call.now, |old| old.creation_time);
        progress::begin(transaction, &filter.key(&call.region), from)?;
        stored::put(transaction, &call.region, &filter)
    })?;
    let owner = Owner { account: call.account.clone(), region: call.region.clone() };
    logs.deliveries.begin(&region, &owner, filter)
}

/// What AWS says about what it cannot reach.
fn check_destination(destination: &str, has_role: bool) -> Result<(), ApiError> {
    if destination.starts_with("https://") {
        return Ok(());
    }
    let service = destination.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(1)).unwrap_or_default();
    Err(match service {
        "kinesis" | "firehose" if !has_role => {
            invalid(format!("destinationArn for vendor {service} cannot be used without roleArn"))
        }
        "kinesis" => invalid(
            "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE \
             state.",
        ),
        "firehose" => invalid(
            "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in \
             ACTIVE state.",
        ),
        "lambda" => invalid(
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your \
             function.",
        ),
        "logs" => not_found(LogsError::ResourceNotFound("destination").to_string()),
        _ => invalid(format!("PutSubscriptionFilter operation cannot work with destinationArn for vendor {service}")),
    })
}

pub(super) fn describe(logs: &Logs, call: &Call, input: &DescribeInput) -> Result<DescribeOutput, ApiError> {
    logs.region(call)?.logs.list_tags_log_group(&input.log_group_name)?;
    let select = |transaction: &Transaction<'_>| stored::of_group(transaction, &call.region, &input.log_group_name);
    let mut all: Vec<SubscriptionFilter> = logs.catalogue.change(select)?;
    let prefix = input.filter_name_prefix.as_deref().unwrap_or_default();
    all.retain(|filter| filter.filter_name.starts_with(prefix));
    let (subscription_filters, next_token) =
        page(all, input.limit, input.next_token.as_deref(), |filter| &filter.filter_name);
    Ok(DescribeOutput { subscription_filters, next_token })
}

pub(super) fn delete(logs: &Logs, call: &Call, input: &DeleteInput) -> Result<(), ApiError> {
    logs.region(call)?.logs.list_tags_log_group(&input.log_group_name)?;
    let (group, name) = (&input.log_group_name, &input.filter_name);
    let delete = |transaction: &Transaction<'_>| {
        progress::end(transaction, &(call.region.clone(), group.clone(), name.clone()))?;
        stored::delete::<SubscriptionFilter>(transaction, &call.region, group, name)
    };
    if !logs.catalogue.change(delete)? {
        return Err(not_found(LogsError::ResourceNotFound("subscription filter").to_string()));
    }
    logs.deliveries.end(&call.region, group, Some(name));
    Ok(())
}

#[cfg(test)]
mod tests;
