//! What can be asked and changed of an instance.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Instance, InstanceState, interfaces, run::set};
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2, interface,
        kind::{bad_value, invalid, required},
        query,
        state::State,
        switch::{Switch, Words},
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct DescribeInput {
    instance_id: Option<String>,
    attribute: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct ModifyInput {
    instance_id: Option<String>,
    attribute: Option<String>,
    value: Option<String>,
    group_id: Vec<String>,
    source_dest_check: Option<Switch>,
    disable_api_termination: Option<Switch>,
    disable_api_stop: Option<Switch>,
    ebs_optimized: Option<Switch>,
    instance_type: Option<Words>,
    user_data: Option<Words>,
    instance_initiated_shutdown_behavior: Option<Words>,
}

pub(in super::super) fn describe(ec2: &Ec2, call: &Call, input: &DescribeInput) -> Result<Value, ApiError> {
    let id = required(input.instance_id.as_deref(), "InstanceId")?;
    let attribute = required(input.attribute.as_deref(), "Attribute")?;
    let state = ec2.state(call)?;
    let instance = state.instances.find(id)?;
    let all = query::show(instance, &state);
    let inner = &instance.private;
    let value = match attribute {
        "instanceType" | "rootDeviceName" | "sourceDestCheck" | "ebsOptimized" | "enaSupport" => {
            json!({ "value": all[attribute] })
        }
        "groupSet" | "blockDeviceMapping" | "productCodes" | "enclaveOptions" => all[attribute].clone(),
        "userData" => json!({ "value": inner.user_data }),
        "disableApiTermination" => json!({ "value": inner.disable_api_termination }),
        "disableApiStop" => json!({ "value": inner.disable_api_stop }),
        "instanceInitiatedShutdownBehavior" => {
            json!({ "value": inner.shutdown_behavior.as_deref().unwrap_or("stop") })
        }
        "kernel" | "ramdisk" | "sriovNetSupport" => json!({}),
        other => return Err(bad_value(other, "attribute", "Unknown attribute.")),
    };
    Ok(json!({ "instanceId": id, (attribute): value }))
}

pub(in super::super) fn modify(ec2: &Ec2, call: &Call, input: &ModifyInput) -> Result<Value, ApiError> {
    let id = required(input.instance_id.as_deref(), "InstanceId")?;
    ec2.change(call, |state| {
        state.instances.find(id)?;
        if !input.group_id.is_empty() {
            change_interface(state, id, |state, interface_id, vpc_id| {
                let groups = interface::groups_in(state, vpc_id, &input.group_id)?;
                if let Some(interface) = state.interfaces.get_mut(interface_id) {
                    interface.private.groups = groups;
                }
                Ok(())
            })?;
        }
        if let Some(check) = input.source_dest_check {
            change_interface(state, id, |state, interface_id, _| {
                if let Some(interface) = state.interfaces.get_mut(interface_id) {
                    interface.source_dest_check = check.value;
                }
                Ok(())
            })?;
        }
        let instance = state.instances.find_mut(id)?;
        set(&mut instance.private.disable_api_termination, input.disable_api_termination);
        set(&mut instance.private.disable_api_stop, input.disable_api_stop);
        set(&mut instance.ebs_optimized, input.ebs_optimized);
        let by_name = [
            ("instanceType", &input.instance_type),
            ("userData", &input.user_data),
            ("instanceInitiatedShutdownBehavior", &input.instance_initiated_shutdown_behavior),
        ];
        for (name, words) in by_name {
            if let Some(words) = words {
                modify_one(instance, name, &words.value)?;
            }
        }
        if let Some(name) = &input.attribute {
            modify_one(instance, name, required(input.value.as_deref(), "Value")?)?;
        }
        Ok(json!({ "return": true }))
    })
}

/// Changes the interface of an instance that has one.
fn change_interface(
    state: &mut State,
    id: &str,
    change: impl FnOnce(&mut State, &str, &str) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let found = match interfaces(state, id).as_slice() {
        [one] => (one.network_interface_id.clone(), one.vpc_id.clone()),
        [] => return Err(invalid(format!("The instance '{id}' has no network interface."))),
        _ => {
            let text = format!(
                "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID for the operation instead."
            );
            return Err(ApiError::new("InvalidInstanceID", text));
        }
    };
    change(state, &found.0, &found.1)
}

fn modify_one(instance: &mut Instance, name: &str, value: &str) -> Result<(), ApiError> {
    let is_true = || match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(bad_value(value, "value", "Valid values are: true, false.")),
    };
    if ["instanceType", "userData"].contains(&name) && instance.instance_state != InstanceState::Stopped {
        let text = format!("The instance '{}' is not in the 'stopped' state.", instance.instance_id);
        return Err(ApiError::new("IncorrectInstanceState", text));
    }
    match name {
        "instanceType" => value.clone_into(&mut instance.instance_type),
        "userData" => instance.private.user_data = Some(value.to_owned()),
        "instanceInitiatedShutdownBehavior" if ["stop", "terminate"].contains(&value) => {
            instance.private.shutdown_behavior = Some(value.to_owned());
        }
        "instanceInitiatedShutdownBehavior" => {
            return Err(bad_value(value, "instanceInitiatedShutdownBehavior", "Valid values are: stop, terminate."));
        }
        "disableApiTermination" => instance.private.disable_api_termination = is_true()?,
        "disableApiStop" => instance.private.disable_api_stop = is_true()?,
        "ebsOptimized" => instance.ebs_optimized = is_true()?,
        "sourceDestCheck" => instance.source_dest_check = is_true()?,
        other => return Err(bad_value(other, "attribute", "It cannot be modified.")),
    }
    Ok(())
}
