//! Resource policies: who from elsewhere may put events.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use rusqlite::Transaction;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_store::Catalogue;

use super::{
    Logs,
    error::{invalid, limit_exceeded, not_found},
    page::page,
    stored::{self, Definition},
};
use crate::{ApiError, Call, access::policy::Policy, services::resource_policy};

/// Resource policies of a region, at most.
const MOST: usize = 10;

/// A resource policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourcePolicy {
    policy_name: String,
    policy_document: String,
    last_updated_time: i64,
}

impl Definition for ResourcePolicy {
    const KIND: &'static str = "resource-policy";

    fn group(&self) -> &str {
        ""
    }

    fn name(&self) -> &str {
        &self.policy_name
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutInput {
    policy_name: String,
    policy_document: String,
    resource_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutOutput {
    resource_policy: ResourcePolicy,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeInput {
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeOutput {
    resource_policies: Vec<ResourcePolicy>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeleteInput {
    policy_name: String,
}

pub(super) fn put(logs: &Logs, call: &Call, input: &PutInput) -> Result<PutOutput, ApiError> {
    if input.resource_arn.is_some() {
        return Err(invalid("Policies of a single log group are not supported: leave resourceArn out."));
    }
    if !matches!(serde_json::from_str(&input.policy_document), Ok(Value::Object(_))) {
        return Err(invalid("The policy document is not a JSON object."));
    }
    let policy = ResourcePolicy {
        policy_name: input.policy_name.clone(),
        policy_document: input.policy_document.clone(),
        last_updated_time: call.now,
    };
    logs.catalogue.change(|transaction| {
        let known: Vec<ResourcePolicy> = stored::of_group(transaction, &call.region, "")?;
        if known.len() >= MOST && known.iter().all(|known| known.policy_name != policy.policy_name) {
            return Err(limit_exceeded());
        }
        stored::put(transaction, &call.region, &policy)
    })?;
    logs.policies.changed(&call.region);
    Ok(PutOutput { resource_policy: policy })
}

pub(super) fn describe(logs: &Logs, call: &Call, input: &DescribeInput) -> Result<DescribeOutput, ApiError> {
    let all = logs.catalogue.change(|transaction| stored::of_group(transaction, &call.region, ""))?;
    let (resource_policies, next_token) =
        page(all, input.limit, input.next_token.as_deref(), |policy: &ResourcePolicy| &policy.policy_name);
    Ok(DescribeOutput { resource_policies, next_token })
}

pub(super) fn delete(logs: &Logs, call: &Call, input: &DeleteInput) -> Result<(), ApiError> {
    let name = &input.policy_name;
    let delete = |transaction: &Transaction<'_>| stored::delete::<ResourcePolicy>(transaction, &call.region, "", name);
    let was_there = logs.catalogue.change(delete)?;
    logs.policies.changed(&call.region);
    match was_there {
        true => Ok(()),
        false => Err(not_found(format!("Policy with name [{name}] does not exist."))),
    }
}

/// The policies as they are in force, by region: every append asks for them, and does not wait for the catalogue.
pub(super) struct InForce {
    catalogue: Catalogue,
    regions: RwLock<HashMap<String, Vec<Arc<Policy>>>>,
}

impl InForce {
    pub(super) fn new(catalogue: Catalogue) -> Self {
        Self { catalogue, regions: RwLock::default() }
    }

    /// Those that bear on a log group, by its ARN: all of its region.
    pub(super) fn of(&self, arn: &str) -> Vec<Arc<Policy>> {
        let region = arn.split(':').nth(3).unwrap_or_default();
        if let Some(known) = self.regions.read().unwrap_or_else(PoisonError::into_inner).get(region) {
            return known.clone();
        }
        // Read under the lock: a change that comes meanwhile is forgotten afterwards.
        let mut regions = self.regions.write().unwrap_or_else(PoisonError::into_inner);
        let read = |transaction: &Transaction<'_>| stored::of_group::<ResourcePolicy>(transaction, region, "");
        let Ok(all) = self.catalogue.change(read) else { return Vec::new() };
        let all = all.iter().filter_map(|policy| resource_policy(&policy.policy_name, &policy.policy_document));
        let all: Vec<_> = all.collect();
        regions.insert(region.to_owned(), all.clone());
        all
    }

    fn changed(&self, region: &str) {
        self.regions.write().unwrap_or_else(PoisonError::into_inner).remove(region);
    }
}
