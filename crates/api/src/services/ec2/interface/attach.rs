//! Interfaces and instances.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Attachment;
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        kind::{ATTACHMENT, required},
        place::Place,
        state::State,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct AttachInput {
    network_interface_id: Option<String>,
    instance_id: Option<String>,
    device_index: Option<i64>,
    network_card_index: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct DetachInput {
    attachment_id: Option<String>,
    force: bool,
}

/// Makes an interface an instance's. Gives the id of the attachment.
pub(in super::super) fn join(
    state: &mut State,
    place: &Place,
    id: &str,
    instance_id: &str,
    device_index: i64,
    delete_on_termination: bool,
) -> Result<String, ApiError> {
    let interface = state.interfaces.find_mut(id)?;
    if interface.attachment.is_some() {
        let text = format!("Interface: [{id}] in use.");
        return Err(ApiError::new("InvalidNetworkInterface.InUse", text));
    }
    let attachment_id = ATTACHMENT.new_id();
    interface.attachment = Some(Attachment {
        attachment_id: attachment_id.clone(),
        instance_id: instance_id.to_owned(),
        instance_owner_id: place.account.clone(),
        device_index,
        network_card_index: 0,
        status: "attached".to_owned(),
        attach_time: place.now,
        delete_on_termination,
    });
    Ok(attachment_id)
}

/// Makes an interface nobody's.
pub(in super::super) fn part(state: &mut State, id: &str) {
    if let Some(interface) = state.interfaces.get_mut(id) {
        interface.attachment = None;
    }
}

pub(in super::super) fn attach(ec2: &Ec2, call: &Call, input: &AttachInput) -> Result<Value, ApiError> {
    let id = required(input.network_interface_id.as_deref(), "networkInterfaceId")?;
    let instance_id = required(input.instance_id.as_deref(), "instanceId")?;
    let device_index = *required(input.device_index.as_ref(), "deviceIndex")?;
    ec2.change(call, |state| {
        state.interfaces.find(id)?;
        let instance = state.instances.find(instance_id)?;
        if !instance.is_alive() {
            let text = format!("The instance '{instance_id}' is not in a valid state for this operation.");
            return Err(ApiError::new("IncorrectInstanceState", text));
        }
        let is_taken = |interface: &super::NetworkInterface| {
            let taken = |it: &Attachment| it.instance_id == instance_id && it.device_index == device_index;
            interface.attachment.as_ref().is_some_and(taken)
        };
        if state.interfaces.iter().any(is_taken) {
            let text =
                format!("Instance '{instance_id}' already has an interface attached at device index '{device_index}'.");
            return Err(ApiError::new("InvalidParameterValue", text));
        }
        let attachment_id = join(state, &Place::of(call), id, instance_id, device_index, false)?;
        let card = input.network_card_index.unwrap_or_default();
        Ok(json!({ "attachmentId": attachment_id, "networkCardIndex": card }))
    })
}

pub(in super::super) fn detach(ec2: &Ec2, call: &Call, input: &DetachInput) -> Result<Value, ApiError> {
    let id = required(input.attachment_id.as_deref(), "attachmentId")?;
    ec2.change(call, |state| {
        let has = |it: &&super::NetworkInterface| it.attachment.as_ref().is_some_and(|it| it.attachment_id == id);
        let interface = state.interfaces.iter().find(has).ok_or_else(|| ATTACHMENT.missing([id]))?;
        let index = interface.attachment.as_ref().map_or(0, |attachment| attachment.device_index);
        if interface.private.is_host || (index == 0 && !input.force) {
            let text = "The network interface at device index 0 cannot be detached.";
            return Err(ApiError::new("OperationNotPermitted", text));
        }
        let interface_id = interface.network_interface_id.clone();
        part(state, &interface_id);
        Ok(json!({ "return": true }))
    })
}
