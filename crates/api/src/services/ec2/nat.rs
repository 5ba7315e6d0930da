//! NAT gateways, as definitions.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2, address,
    interface::{self, Wanted},
    kind::{Kind, NAT_GATEWAY, required},
    life,
    place::Place,
    query::{Described, FilterPath},
    state::State,
    tags::TagSpecification,
};
use crate::{ApiError, Call};

/// A gateway that translates addresses.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NatGateway {
    nat_gateway_id: String,
    subnet_id: String,
    vpc_id: String,
    state: String,
    connectivity_type: String,
    create_time: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    delete_time: Option<i64>,
    nat_gateway_address_set: Vec<GatewayAddress>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewayAddress {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    allocation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    association_id: Option<String>,
    network_interface_id: String,
    private_ip: Option<std::net::Ipv4Addr>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    public_ip: Option<String>,
    is_primary: bool,
    status: String,
}

impl NatGateway {
    /// Whether it still is in a subnet.
    pub(super) fn is_in(&self, subnet_id: &str) -> bool {
        self.subnet_id == subnet_id && self.state != "deleted"
    }
}

impl Described for NatGateway {
    const KIND: &'static Kind = &NAT_GATEWAY;
    const SET: &'static str = "natGatewaySet";
    const FILTERS: &'static [FilterPath] =
        &[("nat-gateway-id", "natGatewayId"), ("subnet-id", "subnetId"), ("vpc-id", "vpcId"), ("state", "state")];
    const ALWAYS_TAGS: bool = true;

    fn id(&self) -> &str {
        &self.nat_gateway_id
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CreateInput {
    subnet_id: Option<String>,
    allocation_id: Option<String>,
    connectivity_type: Option<String>,
    client_token: Option<String>,
    tag_specification: Vec<TagSpecification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DeleteInput {
    nat_gateway_id: Option<String>,
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    let subnet_id = required(input.subnet_id.as_deref(), "SubnetId")?;
    let connectivity = input.connectivity_type.as_deref().unwrap_or("public");
    if connectivity == "public" {
        required(input.allocation_id.as_deref(), "AllocationId")?;
    }
    let mut answer = life::create::<NatGateway>(ec2, call, "natGateway", &input.tag_specification, |state, place| {
        let vpc_id = state.subnets.find(subnet_id)?.vpc_id.clone();
        let id = NAT_GATEWAY.new_id();
        let address = plug(state, place, &id, subnet_id, input.allocation_id.as_deref())?;
        let gateway = NatGateway {
            nat_gateway_id: id.clone(),
            subnet_id: subnet_id.to_owned(),
            vpc_id,
            state: "available".to_owned(),
            connectivity_type: connectivity.to_owned(),
            create_time: place.now,
            delete_time: None,
            nat_gateway_address_set: vec![address],
        };
        state.nat_gateways.insert(&id, gateway);
        Ok(id)
    })?;
    answer["natGateway"]["state"] = json!("pending");
    answer["clientToken"] = json!(input.client_token);
    Ok(answer)
}

/// The interface of a gateway, with its address of the internet.
fn plug(
    state: &mut State,
    place: &Place,
    id: &str,
    subnet_id: &str,
    allocation_id: Option<&str>,
) -> Result<GatewayAddress, ApiError> {
    let description = Some(format!("Interface for NAT Gateway {id}"));
    let wanted = Wanted {
        subnet_id: Some(subnet_id.to_owned()),
        description,
        interface_type: Some("nat_gateway".to_owned()),
        ..Wanted::default()
    };
    let interface_id = interface::make(state, place, &wanted)?;
    if let Some(interface) = state.interfaces.get_mut(&interface_id) {
        interface.private.groups.clear();
        interface.source_dest_check = false;
        interface.requester_managed = true;
    }
    let association_id = match allocation_id {
        Some(allocation) => {
            state.addresses.find(allocation)?;
            Some(address::give(state, allocation, &interface_id, None, false)?)
        }
        None => None,
    };
    let interface = state.interfaces.get(&interface_id);
    let public_ip = allocation_id.and_then(|id| state.addresses.get(id)).map(|it| it.public_ip.to_string());
    Ok(GatewayAddress {
        allocation_id: allocation_id.map(str::to_owned),
        association_id,
        private_ip: interface.and_then(|it| it.private.ipv4.first().copied()),
        network_interface_id: interface_id,
        public_ip,
        is_primary: true,
        status: "succeeded".to_owned(),
    })
}

pub(super) fn delete(ec2: &Ec2, call: &Call, input: &DeleteInput) -> Result<Value, ApiError> {
    let id = required(input.nat_gateway_id.as_deref(), "NatGatewayId")?;
    ec2.change(call, |state| {
        let gateway = state.nat_gateways.find_mut(id)?;
        "deleted".clone_into(&mut gateway.state);
        gateway.delete_time = Some(call.now);
        let interfaces: Vec<String> =
            gateway.nat_gateway_address_set.iter().map(|it| it.network_interface_id.clone()).collect();
        interfaces.iter().for_each(|id| interface::forget(state, id));
        Ok(json!({ "natGatewayId": id }))
    })
}
