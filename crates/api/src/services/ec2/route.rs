//! Route tables, as definitions: nothing here forwards packets.

mod change;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2, gateway,
    kind::{Kind, ROUTE_ASSOCIATION, ROUTE_TABLE, required},
    life::{self, Deletable, NewInVpc},
    place::Place,
    query::{Described, FilterPath},
    state::State,
};
use crate::{ApiError, Call};

pub(super) use change::{associate, create_route, delete_route, disassociate, replace_association, replace_route};

/// Where what leaves a subnet goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RouteTable {
    pub(super) route_table_id: String,
    pub(super) vpc_id: String,
    owner_id: String,
    route_set: Vec<Route>,
    association_set: Vec<Association>,
}

/// One destination.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    destination_cidr_block: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    destination_ipv6_cidr_block: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    destination_prefix_list_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    gateway_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    nat_gateway_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    egress_only_internet_gateway_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    network_interface_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    instance_id: Option<String>,
    state: String,
    origin: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Association {
    route_table_association_id: String,
    route_table_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    subnet_id: Option<String>,
    main: bool,
    association_state: AssociationState,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AssociationState {
    state: String,
}

impl Association {
    fn new(table_id: &str, subnet_id: Option<&str>) -> Self {
        Self {
            route_table_association_id: ROUTE_ASSOCIATION.new_id(),
            route_table_id: table_id.to_owned(),
            subnet_id: subnet_id.map(str::to_owned),
            main: subnet_id.is_none(),
            association_state: AssociationState { state: "associated".to_owned() },
        }
    }
}

impl Route {
    /// Within the VPC.
    fn local(range: &str) -> Self {
        let (ipv6, ipv4) = if range.contains(':') { (Some(range), None) } else { (None, Some(range)) };
        Self {
            destination_cidr_block: ipv4.map(str::to_owned),
            destination_ipv6_cidr_block: ipv6.map(str::to_owned),
            gateway_id: Some("local".to_owned()),
            state: "active".to_owned(),
            origin: "CreateRouteTable".to_owned(),
            ..Self::default()
        }
    }

    fn destination(&self) -> Option<&str> {
        let ipv6 = self.destination_ipv6_cidr_block.as_deref();
        self.destination_cidr_block.as_deref().or(ipv6).or(self.destination_prefix_list_id.as_deref())
    }
}

impl RouteTable {
    pub(super) fn is_main(&self) -> bool {
        self.association_set.iter().any(|association| association.main)
    }
}

impl Described for RouteTable {
    const KIND: &'static Kind = &ROUTE_TABLE;
    const SET: &'static str = "routeTableSet";
    const FILTERS: &'static [FilterPath] = &[
        ("route-table-id", "routeTableId"),
        ("vpc-id", "vpcId"),
        ("owner-id", "ownerId"),
        ("association.main", "associationSet.main"),
        ("association.gateway-id", "associationSet.gatewayId"),
        ("association.subnet-id", "associationSet.subnetId"),
        ("association.route-table-id", "associationSet.routeTableId"),
        ("association.route-table-association-id", "associationSet.routeTableAssociationId"),
        ("route.destination-cidr-block", "routeSet.destinationCidrBlock"),
        ("route.destination-ipv6-cidr-block", "routeSet.destinationIpv6CidrBlock"),
        ("route.destination-prefix-list-id", "routeSet.destinationPrefixListId"),
        ("route.gateway-id", "routeSet.gatewayId"),
        ("route.nat-gateway-id", "routeSet.natGatewayId"),
        ("route.egress-only-internet-gateway-id", "routeSet.egressOnlyInternetGatewayId"),
        ("route.instance-id", "routeSet.instanceId"),
        ("route.transit-gateway-id", "routeSet.transitGatewayId"),
        ("route.vpc-peering-connection-id", "routeSet.vpcPeeringConnectionId"),
        ("route.origin", "routeSet.origin"),
        ("route.state", "routeSet.state"),
    ];
    const ALWAYS_TAGS: bool = true;

    fn id(&self) -> &str {
        &self.route_table_id
    }

    fn view(&self, _: &State) -> Value {
        let mut view = json!(self);
        view["propagatingVgwSet"] = json!([]);
        view
    }
}

impl Deletable for RouteTable {
    const PARAMETER: &'static str = "routeTableId";
    const NOUN: &'static str = "routeTable";

    fn is_used(&self, _: &State) -> bool {
        !self.association_set.is_empty()
    }
}

fn make(state: &mut State, place: &Place, vpc_id: &str, ranges: &[String]) -> String {
    let id = ROUTE_TABLE.new_id();
    let table = RouteTable {
        route_table_id: id.clone(),
        vpc_id: vpc_id.to_owned(),
        owner_id: place.account.clone(),
        route_set: ranges.iter().map(|range| Route::local(range)).collect(),
        association_set: Vec::new(),
    };
    state.route_tables.insert(&id, table);
    id
}

/// The table of subnets whose owner chose none.
pub(super) fn make_main(state: &mut State, place: &Place, vpc_id: &str, range: &str) {
    let id = make(state, place, vpc_id, &[range.to_owned()]);
    if let Some(table) = state.route_tables.get_mut(&id) {
        table.association_set.push(Association::new(&id, None));
    }
}

/// The internet gateway of a default VPC, and the route to it.
pub(super) fn make_default_gateway(state: &mut State, place: &Place, vpc_id: &str) {
    let gateway_id = gateway::make(state, place);
    gateway::hang(state, &gateway_id, vpc_id);
    if let Some(table) = state.route_tables.first_mut(|table| table.vpc_id == vpc_id && table.is_main()) {
        table.route_set.push(Route {
            destination_cidr_block: Some("0.0.0.0/0".to_owned()),
            gateway_id: Some(gateway_id),
            state: "active".to_owned(),
            origin: "CreateRoute".to_owned(),
            ..Route::default()
        });
    }
}

/// Every table of a VPC has each of its ranges.
pub(super) fn add_local(state: &mut State, vpc_id: &str, range: &str) {
    for id in state.route_tables.ids(|table| table.vpc_id == vpc_id) {
        if let Some(table) = state.route_tables.get_mut(&id) {
            table.route_set.push(Route::local(range));
        }
    }
}

pub(super) fn remove_local(state: &mut State, vpc_id: &str, range: &str) {
    for id in state.route_tables.ids(|table| table.vpc_id == vpc_id) {
        if let Some(table) = state.route_tables.get_mut(&id) {
            table.route_set.retain(|route| *route != Route::local(range));
        }
    }
}

/// Takes a subnet out of the table that it was given.
pub(super) fn dissociate(state: &mut State, subnet_id: &str) {
    let has = |association: &Association| association.subnet_id.as_deref() == Some(subnet_id);
    if let Some(table) = state.route_tables.first_mut(|table| table.association_set.iter().any(has)) {
        table.association_set.retain(|association| !has(association));
    }
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &NewInVpc) -> Result<Value, ApiError> {
    let vpc_id = required(input.vpc_id.as_deref(), "vpcId")?;
    life::create::<RouteTable>(ec2, call, "routeTable", &input.tag_specification, |state, place| {
        let vpc = state.vpcs.find(vpc_id)?;
        let ipv4 = vpc.cidr_block_association_set.iter().map(|block| block.cidr_block.to_string());
        let ipv6 = vpc.ipv6_cidr_block_association_set.iter().map(|block| block.ipv6_cidr_block.to_string());
        let ranges: Vec<String> = ipv4.chain(ipv6).collect();
        Ok(make(state, place, vpc_id, &ranges))
    })
}
