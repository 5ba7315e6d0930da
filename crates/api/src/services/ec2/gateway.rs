//! Internet gateways, as definitions.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2,
    kind::{INTERNET_GATEWAY, Kind, invalid, required},
    life::{self, Deletable, NewInVpc},
    place::Place,
    query::{Described, FilterPath},
    state::State,
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
pub(super) struct Attachment {
    vpc_id: String,
    state: String,
}

impl Attachment {
    pub(super) fn new(vpc_id: &str, state: &str) -> Self {
        Self { vpc_id: vpc_id.to_owned(), state: state.to_owned() }
    }

    pub(super) fn is_to(&self, vpc_id: &str) -> bool {
        self.vpc_id == vpc_id
    }
}

impl InternetGateway {
    pub(super) fn is_attached_to(&self, vpc_id: &str) -> bool {
        self.attachment_set.iter().any(|attachment| attachment.is_to(vpc_id))
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

    fn id(&self) -> &str {
        &self.internet_gateway_id
    }
}

impl Deletable for InternetGateway {
    const PARAMETER: &'static str = "internetGatewayId";
    const NOUN: &'static str = "internetGateway";

    fn is_used(&self, _: &State) -> bool {
        !self.attachment_set.is_empty()
    }
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
        gateway.attachment_set = vec![Attachment::new(vpc_id, "available")];
    }
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &NewInVpc) -> Result<Value, ApiError> {
    life::create::<InternetGateway>(ec2, call, "internetGateway", &input.tag_specification, |state, place| {
        Ok(make(state, place))
    })
}

pub(super) fn attach(ec2: &Ec2, call: &Call, input: &GatewayInput) -> Result<Value, ApiError> {
    let id = required(input.internet_gateway_id.as_deref(), "internetGatewayId")?;
    let vpc_id = required(input.vpc_id.as_deref(), "vpcId")?;
    ec2.change(call, |state| {
        let gateway = state.internet_gateways.find(id)?;
        state.vpcs.find(vpc_id)?;
        if let Some(attachment) = gateway.attachment_set.first() {
            let text = format!("resource {id} is already attached to network {}", attachment.vpc_id);
            return Err(ApiError::new("Resource.AlreadyAssociated", text));
        }
        if state.internet_gateways.iter().any(|other| other.is_attached_to(vpc_id)) {
            let text = format!("Network {vpc_id} already has an internet gateway attached");
            return Err(invalid(text));
        }
        hang(state, id, vpc_id);
        Ok(json!({ "return": true }))
    })
}

pub(super) fn detach(ec2: &Ec2, call: &Call, input: &GatewayInput) -> Result<Value, ApiError> {
    let id = required(input.internet_gateway_id.as_deref(), "internetGatewayId")?;
    let vpc_id = required(input.vpc_id.as_deref(), "vpcId")?;
    ec2.change(call, |state| {
        let gateway = state.internet_gateways.find_mut(id)?;
        if !gateway.is_attached_to(vpc_id) {
            let text = format!("resource {id} is not attached to network {vpc_id}");
            return Err(ApiError::new("Gateway.NotAttached", text));
        }
        gateway.attachment_set.clear();
        Ok(json!({ "return": true }))
    })
}
