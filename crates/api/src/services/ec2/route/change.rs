//! Routes, and which subnets have which table.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Association, Route, dissociate};
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2, cidr,
        kind::{
            EGRESS_GATEWAY, INSTANCE, INTERFACE, INTERNET_GATEWAY, NAT_GATEWAY, PREFIX_LIST, ROUTE_ASSOCIATION,
            invalid, required,
        },
        state::State,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct RouteInput {
    route_table_id: Option<String>,
    destination_cidr_block: Option<String>,
    destination_ipv6_cidr_block: Option<String>,
    destination_prefix_list_id: Option<String>,
    gateway_id: Option<String>,
    nat_gateway_id: Option<String>,
    egress_only_internet_gateway_id: Option<String>,
    network_interface_id: Option<String>,
    instance_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct AssociationInput {
    route_table_id: Option<String>,
    subnet_id: Option<String>,
    association_id: Option<String>,
}

impl RouteInput {
    /// The destination, as it is kept.
    fn destination(&self) -> Result<Route, ApiError> {
        let ipv4 = self.destination_cidr_block.as_deref();
        let ipv6 = self.destination_ipv6_cidr_block.as_deref();
        let route = Route {
            destination_cidr_block: ipv4
                .map(|it| cidr::ipv4(it, "destinationCidrBlock"))
                .transpose()?
                .map(|it| it.to_string()),
            destination_ipv6_cidr_block: ipv6
                .map(|it| cidr::ipv6(it, "destinationIpv6CidrBlock"))
                .transpose()?
                .map(|it| it.to_string()),
            destination_prefix_list_id: self.destination_prefix_list_id.clone(),
            state: "active".to_owned(),
            origin: "CreateRoute".to_owned(),
            ..Route::default()
        };
        required(route.destination(), "destinationCidrBlock")?;
        Ok(route)
    }

    /// The route, with a target that is there.
    fn route(&self, state: &State) -> Result<Route, ApiError> {
        let mut route = self.destination()?;
        if let Some(id) = self.destination_prefix_list_id.as_deref().filter(|id| !state.prefix_lists.contains(id)) {
            return Err(PREFIX_LIST.missing([id]));
        }
        let targets = [
            (&self.gateway_id, &mut route.gateway_id, &INTERNET_GATEWAY),
            (&self.nat_gateway_id, &mut route.nat_gateway_id, &NAT_GATEWAY),
            (&self.egress_only_internet_gateway_id, &mut route.egress_only_internet_gateway_id, &EGRESS_GATEWAY),
            (&self.network_interface_id, &mut route.network_interface_id, &INTERFACE),
            (&self.instance_id, &mut route.instance_id, &INSTANCE),
        ];
        let mut count = 0;
        for (asked, place, kind) in targets {
            let Some(id) = asked else { continue };
            if id != "local" && !state.holds(kind, id) {
                return Err(kind.missing([id.as_str()]));
            }
            *place = Some(id.clone());
            count += 1;
        }
        match count {
            1 => Ok(route),
            0 => {
                let text =
                    "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, instanceId";
                Err(ApiError::new("MissingParameter", text))
            }
            _ => Err(ApiError::new("InvalidParameterCombination", "A route has exactly one target")),
        }
    }
}

pub(in super::super) fn create_route(ec2: &Ec2, call: &Call, input: &RouteInput) -> Result<Value, ApiError> {
    let id = required(input.route_table_id.as_deref(), "routeTableId")?;
    ec2.change(call, |state| {
        let route = input.route(state)?;
        let table = state.route_tables.find_mut(id)?;
        if table.route_set.iter().any(|other| other.destination() == route.destination()) {
            let destination = route.destination().unwrap_or_default();
            let text = format!("The route identified by {destination} already exists.");
            return Err(ApiError::new("RouteAlreadyExists", text));
        }
        table.route_set.push(route);
        Ok(json!({ "return": true }))
    })
}

pub(in super::super) fn replace_route(ec2: &Ec2, call: &Call, input: &RouteInput) -> Result<Value, ApiError> {
    let id = required(input.route_table_id.as_deref(), "routeTableId")?;
    ec2.change(call, |state| {
        let route = input.route(state)?;
        let table = state.route_tables.find_mut(id)?;
        let at = table.route_set.iter().position(|other| other.destination() == route.destination());
        let at = at.ok_or_else(|| missing(id, &route))?;
        table.route_set[at] = route;
        Ok(json!({ "return": true }))
    })
}

pub(in super::super) fn delete_route(ec2: &Ec2, call: &Call, input: &RouteInput) -> Result<Value, ApiError> {
    let id = required(input.route_table_id.as_deref(), "routeTableId")?;
    let route = input.destination()?;
    ec2.change(call, |state| {
        let table = state.route_tables.find_mut(id)?;
        let at = table.route_set.iter().position(|other| other.destination() == route.destination());
        let at = at.ok_or_else(|| missing(id, &route))?;
        if table.route_set[at].gateway_id.as_deref() == Some("local") {
            let text =
                format!("cannot remove local route {} in route table {id}", route.destination().unwrap_or_default());
            return Err(invalid(text));
        }
        table.route_set.remove(at);
        Ok(json!({ "return": true }))
    })
}

fn missing(id: &str, route: &Route) -> ApiError {
    let destination = route.destination().unwrap_or_default();
    let text = format!("no route with destination-cidr-block {destination} in route table {id}");
    ApiError::new("InvalidRoute.NotFound", text)
}

pub(in super::super) fn associate(ec2: &Ec2, call: &Call, input: &AssociationInput) -> Result<Value, ApiError> {
    let id = required(input.route_table_id.as_deref(), "routeTableId")?;
    let subnet_id = required(input.subnet_id.as_deref(), "subnetId")?;
    ec2.change(call, |state| {
        let vpc_id = state.subnets.find(subnet_id)?.vpc_id.clone();
        let table = state.route_tables.find(id)?;
        if table.vpc_id != vpc_id {
            let text = format!("Route table {id} and subnet {subnet_id} belong to different networks");
            return Err(invalid(text));
        }
        let is_its = |it: &&Association| it.subnet_id.as_deref() == Some(subnet_id);
        if let Some(same) = table.association_set.iter().find(is_its) {
            return Ok(associated(same));
        }
        if state.route_tables.iter().any(|table| table.association_set.iter().any(|it| is_its(&it))) {
            let text = format!("the specified association for route table {id} conflicts with an existing association");
            return Err(ApiError::new("Resource.AlreadyAssociated", text));
        }
        Ok(associated(&give(state, id, Some(subnet_id))?))
    })
}

fn associated(association: &Association) -> Value {
    json!({ "associationId": association.route_table_association_id, "associationState": association.association_state })
}

fn give(state: &mut State, id: &str, subnet_id: Option<&str>) -> Result<Association, ApiError> {
    let table = state.route_tables.find_mut(id)?;
    let association = Association::new(id, subnet_id);
    table.association_set.push(association.clone());
    Ok(association)
}

fn find(state: &State, id: &str) -> Result<Association, ApiError> {
    let mut all = state.route_tables.iter().flat_map(|table| &table.association_set);
    let found = all.find(|association| association.route_table_association_id == id);
    found.cloned().ok_or_else(|| ROUTE_ASSOCIATION.missing([id]))
}

fn take(state: &mut State, association: &Association) {
    if let Some(table) = state.route_tables.get_mut(&association.route_table_id) {
        let id = &association.route_table_association_id;
        table.association_set.retain(|other| other.route_table_association_id != *id);
    }
}

pub(in super::super) fn disassociate(ec2: &Ec2, call: &Call, input: &AssociationInput) -> Result<Value, ApiError> {
    let id = required(input.association_id.as_deref(), "associationId")?;
    ec2.change(call, |state| {
        let association = find(state, id)?;
        match &association.subnet_id {
            Some(subnet_id) => dissociate(state, subnet_id),
            None => return Err(invalid(format!("cannot disassociate the main route table association {id}"))),
        }
        Ok(json!({ "return": true }))
    })
}

pub(in super::super) fn replace_association(
    ec2: &Ec2,
    call: &Call,
    input: &AssociationInput,
) -> Result<Value, ApiError> {
    let old = required(input.association_id.as_deref(), "associationId")?;
    let id = required(input.route_table_id.as_deref(), "routeTableId")?;
    ec2.change(call, |state| {
        let association = find(state, old)?;
        take(state, &association);
        let new = give(state, id, association.subnet_id.as_deref())?;
        Ok(json!({
            "newAssociationId": new.route_table_association_id, "associationState": new.association_state,
        }))
    })
}
