//! Internet gateways, as definitions.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2,
    kind::{INTERNET_GATEWAY, Kind, VPC, in_use, required},
    place::Place,
    query::{self, Described, FilterPath},
    state::{Shelf, State},
    tags::{self, TagSpecification},
};
use crate::{ApiError, Call};

/// The way from a VPC to the internet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InternetGateway {
    internet_gateway_id: String,
    owner_id: String,
    attachment_set: Vec<Attachment>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    vpc_id: String,
    state: String,
}

impl InternetGateway {
    pub(super) fn is_attached_to(&self, vpc_id: &str) -> bool {
        self.attachment_set.iter().any(|attachment| attachment.vpc_id == vpc_id)
    }
}

impl Described for InternetGateway {
    const KIND: &'static Kind = &INTERNET_GATEWAY;
    const SET: &'static str = "internetGatewaySet";
    const FILTERS: &'static [FilterPath] = &[
        ("internet-gateway-id", "internetGatewayId"),
        ("owner-id", "ownerId"),
        ("attachment.vpc-id", "attachmentSet.vpcId"),
        ("attachment.state", "attachmentSet.state"),
    ];
    const ALWAYS_TAGS: bool = true;

    fn shelf(state: &State) -> &Shelf<Self> {
        &state.internet_gateways
    }

    fn id(&self) -> &str {
        &self.internet_gateway_id
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CreateInput {
    tag_specification: Vec<TagSpecification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct GatewayInput {
    internet_gateway_id: Option<String>,
    vpc_id: Option<String>,
}

/// A gateway that hangs on nothing yet.
pub(super) fn make(state: &mut State, place: &Place) -> String {
    let id = INTERNET_GATEWAY.new_id();
    let gateway = InternetGateway {
        internet_gateway_id: id.clone(),
        owner_id: place.account.clone(),
        attachment_set: Vec::new(),
    };
    state.internet_gateways.insert(&id, gateway);
    id
}

pub(super) fn hang(state: &mut State, id: &str, vpc_id: &str) {
    if let Some(gateway) = state.internet_gateways.get_mut(id) {
        gateway.attachment_set = vec![Attachment { vpc_id: vpc_id.to_owned(), state: "available".to_owned() }];
    }
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    tags::only_for(&input.tag_specification, &[&INTERNET_GATEWAY])?;
    ec2.change(call, |state| {
        let id = make(state, &Place::of(call));
        tags::give(state, &id, &INTERNET_GATEWAY, &input.tag_specification)?;
        let gateway = state.internet_gateways.get(&id).map(|gateway| query::show(gateway, state));
        Ok(json!({ "internetGateway": gateway }))
    })
}

pub(super) fn attach(ec2: &Ec2, call: &Call, input: &GatewayInput) -> Result<Value, ApiError> {
    let id = required(input.internet_gateway_id.as_deref(), "internetGatewayId")?;
    let vpc_id = required(input.vpc_id.as_deref(), "vpcId")?;
    ec2.change(call, |state| {
        let gateway = state.internet_gateways.get(id).ok_or_else(|| INTERNET_GATEWAY.missing([id]))?;
        if !state.vpcs.contains(vpc_id) {
            return Err(VPC.missing([vpc_id]));
        }
        if let Some(attachment) = gateway.attachment_set.first() {
            let text = format!("resource {id} is already attached to network {}", attachment.vpc_id);
            return Err(ApiError::new("Resource.AlreadyAssociated", text));
        }
        if state.internet_gateways.iter().any(|other| other.is_attached_to(vpc_id)) {
            let text = format!("Network {vpc_id} already has an internet gateway attached");
            return Err(ApiError::new("InvalidParameterValue", text));
        }
        hang(state, id, vpc_id);
        Ok(json!({ "return": true }))
    })
}

pub(super) fn detach(ec2: &Ec2, call: &Call, input: &GatewayInput) -> Result<Value, ApiError> {
    let id = required(input.internet_gateway_id.as_deref(), "internetGatewayId")?;
    let vpc_id = required(input.vpc_id.as_deref(), "vpcId")?;
    ec2.change(call, |state| {
        let gateway = state.internet_gateways.get_mut(id).ok_or_else(|| INTERNET_GATEWAY.missing([id]))?;
        if !gateway.is_attached_to(vpc_id) {
            let text = format!("resource {id} is not attached to network {vpc_id}");
            return Err(ApiError::new("Gateway.NotAttached", text));
        }
        gateway.attachment_set.clear();
        Ok(json!({ "return": true }))
    })
}

pub(super) fn delete(ec2: &Ec2, call: &Call, input: &GatewayInput) -> Result<Value, ApiError> {
    let id = required(input.internet_gateway_id.as_deref(), "internetGatewayId")?;
    ec2.change(call, |state| {
        let gateway = state.internet_gateways.get(id).ok_or_else(|| INTERNET_GATEWAY.missing([id]))?;
        if !gateway.attachment_set.is_empty() {
            return Err(in_use(format!("The internetGateway '{id}' has dependencies and cannot be deleted.")));
        }
        state.internet_gateways.remove(id);
        state.tags.remove(id);
        Ok(json!({ "return": true }))
    })
}
