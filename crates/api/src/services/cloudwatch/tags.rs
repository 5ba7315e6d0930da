//! Tags of alarms and dashboards.

use std::collections::BTreeMap;

use weir_watch::alarm::{AlarmError, ListTagsInput, ListTagsOutput, Tag, TagResourceInput, UntagResourceInput};

use super::{CloudWatch, dashboards, error::nothing_to_tag};
use crate::{ApiError, Call};

/// Tags of a resource, at most.
const MOST: usize = 50;

pub(super) fn tag(cloudwatch: &CloudWatch, call: &Call, input: &TagResourceInput) -> Result<(), ApiError> {
    if let Some(name) = dashboard(call, &input.resource_arn) {
        let tags = input.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone()));
        return of_dashboard(cloudwatch, &input.resource_arn, name, |all| all.extend(tags)).map(|_| ());
    }
    let done = cloudwatch.region(call)?.alarms.tag_resource(input.clone());
    done.map_err(|error| told(&input.resource_arn, error))
}

pub(super) fn untag(cloudwatch: &CloudWatch, call: &Call, input: &UntagResourceInput) -> Result<(), ApiError> {
    if let Some(name) = dashboard(call, &input.resource_arn) {
        let remove = |all: &mut BTreeMap<String, String>| all.retain(|key, _| !input.tag_keys.contains(key));
        return of_dashboard(cloudwatch, &input.resource_arn, name, remove).map(|_| ());
    }
    let done = cloudwatch.region(call)?.alarms.untag_resource(input);
    done.map_err(|error| told(&input.resource_arn, error))
}

pub(super) fn list(cloudwatch: &CloudWatch, call: &Call, input: &ListTagsInput) -> Result<ListTagsOutput, ApiError> {
    if let Some(name) = dashboard(call, &input.resource_arn) {
        let tags = of_dashboard(cloudwatch, &input.resource_arn, name, |_| ())?;
        return Ok(ListTagsOutput { tags: tags.into_iter().map(|(key, value)| Tag { key, value }).collect() });
    }
    let done = cloudwatch.region(call)?.alarms.list_tags_for_resource(input);
    done.map_err(|error| told(&input.resource_arn, error))
}

/// The name in the ARN of a dashboard.
fn dashboard<'a>(call: &Call, arn: &'a str) -> Option<&'a str> {
    arn.strip_prefix(&dashboards::arn(call, ""))
}

/// Changes the tags of a dashboard, and gives them.
fn of_dashboard(
    cloudwatch: &CloudWatch,
    arn: &str,
    name: &str,
    change: impl FnOnce(&mut BTreeMap<String, String>),
) -> Result<BTreeMap<String, String>, ApiError> {
    cloudwatch.catalogue.change(|transaction| {
        let mut tags = dashboards::get_stored(transaction, name)?.ok_or_else(|| nothing_to_tag(arn))?.tags;
        change(&mut tags);
        if tags.len() > MOST {
            let message = format!("A resource has at most {MOST} tags.");
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        dashboards::set_tags(transaction, name, &tags)?;
        Ok(tags)
    })
}

fn told(arn: &str, error: AlarmError) -> ApiError {
    match error {
        AlarmError::NotFound(_) => nothing_to_tag(arn),
        other => other.into(),
    }
}
