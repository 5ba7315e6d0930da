//! What can be asked and changed of an interface.

use serde::Deserialize;
use serde_json::{Value, json};

use super::shown;
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2, group,
        kind::{ATTACHMENT, bad_value, invalid, required},
        state::State,
        switch::{Switch, Words},
    },
};

/// Most groups of one interface.
const MOST: usize = 16;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct DescribeInput {
    network_interface_id: Option<String>,
    attribute: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct ModifyInput {
    network_interface_id: Option<String>,
    description: Option<Words>,
    source_dest_check: Option<Switch>,
    security_group_id: Vec<String>,
    attachment: Option<AttachmentChange>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AttachmentChange {
    attachment_id: String,
    delete_on_termination: Option<bool>,
}

/// The groups of an interface in a VPC: those that are named, or else the default one.
pub(in super::super) fn groups_in(state: &State, vpc_id: &str, named: &[String]) -> Result<Vec<String>, ApiError> {
    if named.is_empty() {
        return Ok(group::default_of(state, vpc_id).map(|group| group.group_id.clone()).into_iter().collect());
    }
    if named.len() > MOST {
        let text = "You have exceeded the maximum number of security groups allowed per network interface.";
        return Err(ApiError::new("SecurityGroupsPerInterfaceLimitExceeded", text));
    }
    let mut groups: Vec<String> = Vec::new();
    for id in named {
        let group = state.groups.find(id)?;
        if group.vpc_id != vpc_id {
            let text = format!("Security group {id} and the subnet belong to different networks.");
            return Err(invalid(text));
        }
        if !groups.contains(id) {
            groups.push(id.clone());
        }
    }
    Ok(groups)
}

pub(in super::super) fn describe(ec2: &Ec2, call: &Call, input: &DescribeInput) -> Result<Value, ApiError> {
    let id = required(input.network_interface_id.as_deref(), "networkInterfaceId")?;
    let attribute = required(input.attribute.as_deref(), "attribute")?;
    let state = ec2.state(call)?;
    let all = shown(&state, id)?;
    let (member, value) = match attribute {
        "description" | "sourceDestCheck" => (attribute, json!({ "value": all[attribute] })),
        "groupSet" | "attachment" => (attribute, all[attribute].clone()),
        other => return Err(bad_value(other, "attribute", "Unknown attribute.")),
    };
    Ok(json!({ "networkInterfaceId": id, (member): value }))
}

pub(in super::super) fn modify(ec2: &Ec2, call: &Call, input: &ModifyInput) -> Result<Value, ApiError> {
    let id = required(input.network_interface_id.as_deref(), "networkInterfaceId")?;
    ec2.change(call, |state| {
        let vpc_id = state.interfaces.find(id)?.vpc_id.clone();
        let groups = groups_in(state, &vpc_id, &input.security_group_id)?;
        let interface = state.interfaces.find_mut(id)?;
        if !input.security_group_id.is_empty() {
            interface.private.groups = groups;
        }
        if let Some(description) = &input.description {
            interface.description.clone_from(&description.value);
        }
        if let Some(check) = input.source_dest_check {
            interface.source_dest_check = check.value;
        }
        if let Some(change) = &input.attachment {
            let attachment = interface.attachment.as_mut().filter(|it| it.attachment_id == change.attachment_id);
            let attachment = attachment.ok_or_else(|| ATTACHMENT.missing([change.attachment_id.as_str()]))?;
            attachment.delete_on_termination = change.delete_on_termination.unwrap_or(attachment.delete_on_termination);
        }
        Ok(json!({ "return": true }))
    })
}
