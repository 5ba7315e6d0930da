//! Egress-only internet gateways, as definitions.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Ec2,
    gateway::Attachment,
    kind::{EGRESS_GATEWAY, Kind, required},
    life::{self, Deletable, NewInVpc},
    query::{Described, FilterPath},
    state::State,
};
use crate::{ApiError, Call};

/// The way from a VPC to the internet for IPv6, and not back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EgressGateway {
    egress_only_internet_gateway_id: String,
    attachment_set: Vec<Attachment>,
}

impl EgressGateway {
    pub(super) fn is_attached_to(&self, vpc_id: &str) -> bool {
        self.attachment_set.iter().any(|attachment| attachment.is_to(vpc_id))
    }
}

impl Described for EgressGateway {
    const KIND: &'static Kind = &EGRESS_GATEWAY;
    const SET: &'static str = "egressOnlyInternetGatewaySet";
    const FILTERS: &'static [FilterPath] = &[];
    const ALWAYS_TAGS: bool = true;

    fn id(&self) -> &str {
        &self.egress_only_internet_gateway_id
    }
}

impl Deletable for EgressGateway {
    const PARAMETER: &'static str = "EgressOnlyInternetGatewayId";
    const NOUN: &'static str = "egress-only internet gateway";
    const DONE: &'static str = "returnCode";

    fn is_used(&self, _: &State) -> bool {
        false
    }
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &NewInVpc) -> Result<Value, ApiError> {
    let vpc_id = required(input.vpc_id.as_deref(), "VpcId")?;
    life::create::<EgressGateway>(ec2, call, "egressOnlyInternetGateway", &input.tag_specification, |state, _| {
        state.vpcs.find(vpc_id)?;
        let id = EGRESS_GATEWAY.new_id();
        let attachment_set = vec![Attachment::new(vpc_id, "attached")];
        state
            .egress_gateways
            .insert(&id, EgressGateway { egress_only_internet_gateway_id: id.clone(), attachment_set });
        Ok(id)
    })
}
