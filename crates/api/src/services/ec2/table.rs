//! The table of operations.

use serde_json::Value;

use super::{
    Ec2, acl, acl::NetworkAcl, address, address::Address, egress_gateway, egress_gateway::EgressGateway, flow_log,
    gateway, gateway::InternetGateway, group, group::SecurityGroup, instance, interface, interface::NetworkInterface,
    key, key::KeyPair, kind, life, nat, nat::NatGateway, options, options::DhcpOptions, place, prefix_list,
    prefix_list::PrefixList, query, route, route::RouteTable, subnet, subnet::Subnet, tags, vpc, vpc::Vpc,
};
use crate::{ApiError, Operation, Payload, Serve, ServiceName, Table};

#[path = "unsupported.rs"]
mod unsupported;

/// The tables of EC2: what Weir has, and the names of the rest.
pub fn tables(ec2: Ec2) -> [Box<dyn Serve>; 2] {
    let service = ServiceName::Ec2;
    [Box::new(Table::new(service, ec2, OPERATIONS)), Box::new(Table::new(service, (), unsupported::OPERATIONS))]
}

/// `DryRun`: whoever may do it is told so, and nothing is done.
fn dry_run(payload: &Payload) -> Result<(), ApiError> {
    let is_dry = match payload.value()?.get("DryRun") {
        Some(Value::Bool(is_dry)) => *is_dry,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    };
    if is_dry {
        let text = "Request would have succeeded, but DryRun flag is set.";
        return Err(ApiError::new("DryRunOperation", text).with_status(412));
    }
    Ok(())
}

/// An operation about the things that its input names by their ids, about those and new ones of a kind (`creates`), or
/// about nothing in particular (`any`).
macro_rules! operation {
    ($name:literal, $function:path) => {
        Operation::new($name, |state, call, payload| {
            dry_run(payload).and_then(|()| crate::operation_of(state, call, payload, $function))
        })
        .on(kind::named)
    };
    ($name:literal, $function:path, any) => {
        operation!($name, $function).on(|_, _| vec!["*".to_owned()])
    };
    ($name:literal, $function:path, creates $resource:literal) => {
        operation!($name, $function).on(|call, payload| {
            let mut arns = kind::named(call, payload);
            arns.retain(|arn| arn != "*");
            arns.push(call.arn("ec2", concat!($resource, "/*")));
            arns
        })
    };
}

const OPERATIONS: &[Operation<Ec2>] = &[
    operation!("AllocateAddress", address::allocate, creates "elastic-ip"),
    operation!("AssignIpv6Addresses", interface::assign_ipv6),
    operation!("AssignPrivateIpAddresses", interface::assign),
    operation!("AssociateAddress", address::associate),
    operation!("AssociateDhcpOptions", options::associate),
    operation!("AssociateRouteTable", route::associate),
    operation!("AssociateSubnetCidrBlock", subnet::associate),
    operation!("AssociateVpcCidrBlock", vpc::associate),
    operation!("AttachInternetGateway", gateway::attach),
    operation!("AttachNetworkInterface", interface::attach),
    operation!("AuthorizeSecurityGroupEgress", group::authorize_egress),
    operation!("AuthorizeSecurityGroupIngress", group::authorize_ingress),
    operation!("CreateDefaultSubnet", subnet::create_default, any),
    operation!("CreateDefaultVpc", vpc::create_default, any),
    operation!("CreateDhcpOptions", options::create, creates "dhcp-options"),
    operation!("CreateEgressOnlyInternetGateway", egress_gateway::create, creates "egress-only-internet-gateway"),
    operation!("CreateFlowLogs", flow_log::create, creates "vpc-flow-log"),
    operation!("CreateInternetGateway", gateway::create, creates "internet-gateway"),
    operation!("CreateKeyPair", key::create, creates "key-pair"),
    operation!("CreateManagedPrefixList", prefix_list::create, creates "prefix-list"),
    operation!("CreateNatGateway", nat::create, creates "natgateway"),
    operation!("CreateNetworkAcl", acl::create, creates "network-acl"),
    operation!("CreateNetworkAclEntry", acl::create_entry),
    operation!("CreateNetworkInterface", interface::create, creates "network-interface"),
    operation!("CreateRoute", route::create_route),
    operation!("CreateRouteTable", route::create, creates "route-table"),
    operation!("CreateSecurityGroup", group::create, creates "security-group"),
    operation!("CreateSubnet", subnet::create, creates "subnet"),
    operation!("CreateSubnetCidrReservation", subnet::reservation::create),
    operation!("CreateTags", tags::create),
    operation!("CreateVpc", vpc::create, creates "vpc"),
    operation!("DeleteDhcpOptions", life::delete::<DhcpOptions>),
    operation!("DeleteEgressOnlyInternetGateway", life::delete::<EgressGateway>),
    operation!("DeleteFlowLogs", flow_log::delete),
    operation!("DeleteInternetGateway", life::delete::<InternetGateway>),
    operation!("DeleteKeyPair", key::delete),
    operation!("DeleteManagedPrefixList", prefix_list::delete),
    operation!("DeleteNatGateway", nat::delete),
    operation!("DeleteNetworkAcl", life::delete::<NetworkAcl>),
    operation!("DeleteNetworkAclEntry", acl::delete_entry),
    operation!("DeleteNetworkInterface", interface::delete),
    operation!("DeleteRoute", route::delete_route),
    operation!("DeleteRouteTable", life::delete::<RouteTable>),
    operation!("DeleteSecurityGroup", group::delete),
    operation!("DeleteSubnet", life::delete::<Subnet>),
    operation!("DeleteSubnetCidrReservation", subnet::reservation::delete),
    operation!("DeleteTags", tags::delete),
    operation!("DeleteVpc", life::delete::<Vpc>),
    operation!("DescribeAddresses", query::describe::<Address>, any),
    operation!("DescribeAvailabilityZones", place::describe_zones, any),
    operation!("DescribeDhcpOptions", query::describe::<DhcpOptions>, any),
    operation!("DescribeEgressOnlyInternetGateways", query::describe::<EgressGateway>, any),
    operation!("DescribeFlowLogs", flow_log::describe, any),
    operation!("DescribeInstanceAttribute", instance::describe_attribute),
    operation!("DescribeInstanceStatus", instance::describe_status, any),
    operation!("DescribeInstances", instance::describe, any),
    operation!("DescribeInternetGateways", query::describe::<InternetGateway>, any),
    operation!("DescribeKeyPairs", query::describe::<KeyPair>, any),
    operation!("DescribeManagedPrefixLists", query::describe::<PrefixList>, any),
    operation!("DescribeNatGateways", query::describe::<NatGateway>, any),
    operation!("DescribeNetworkAcls", query::describe::<NetworkAcl>, any),
    operation!("DescribeNetworkInterfaceAttribute", interface::describe_attribute),
    operation!("DescribeNetworkInterfaces", query::describe::<NetworkInterface>, any),
    operation!("DescribePrefixLists", prefix_list::managed::describe, any),
    operation!("DescribeRegions", place::describe_regions, any),
    operation!("DescribeRouteTables", query::describe::<RouteTable>, any),
    operation!("DescribeSecurityGroupRules", group::rule::describe, any),
    operation!("DescribeSecurityGroups", query::describe::<SecurityGroup>, any),
    operation!("DescribeSubnets", query::describe::<Subnet>, any),
    operation!("DescribeTags", tags::describe, any),
    operation!("DescribeVpcAttribute", vpc::describe_attribute),
    operation!("DescribeVpcs", query::describe::<Vpc>, any),
    operation!("DetachInternetGateway", gateway::detach),
    operation!("DetachNetworkInterface", interface::detach),
    operation!("DisassociateAddress", address::disassociate),
    operation!("DisassociateRouteTable", route::disassociate),
    operation!("DisassociateSubnetCidrBlock", subnet::disassociate),
    operation!("DisassociateVpcCidrBlock", vpc::disassociate),
    operation!("GetManagedPrefixListEntries", prefix_list::entries),
    operation!("GetSecurityGroupsForVpc", group::for_vpc),
    operation!("GetSubnetCidrReservations", subnet::reservation::get),
    operation!("ImportKeyPair", key::import, creates "key-pair"),
    operation!("ModifyInstanceAttribute", instance::modify_attribute),
    operation!("ModifyManagedPrefixList", prefix_list::modify),
    operation!("ModifyNetworkInterfaceAttribute", interface::modify_attribute),
    operation!("ModifySecurityGroupRules", group::modify),
    operation!("ModifySubnetAttribute", subnet::modify),
    operation!("ModifyVpcAttribute", vpc::modify_attribute),
    operation!("ModifyVpcTenancy", vpc::modify_tenancy),
    operation!("ReleaseAddress", address::release),
    operation!("ReplaceNetworkAclAssociation", acl::replace_association),
    operation!("ReplaceNetworkAclEntry", acl::replace_entry),
    operation!("ReplaceRoute", route::replace_route),
    operation!("ReplaceRouteTableAssociation", route::replace_association),
    operation!("RevokeSecurityGroupEgress", group::revoke_egress),
    operation!("RevokeSecurityGroupIngress", group::revoke_ingress),
    operation!("RunInstances", instance::run, creates "instance"),
    operation!("StartInstances", instance::start),
    operation!("StopInstances", instance::stop),
    operation!("TerminateInstances", instance::terminate),
    operation!("UnassignIpv6Addresses", interface::unassign_ipv6),
    operation!("UnassignPrivateIpAddresses", interface::unassign),
    operation!("UpdateSecurityGroupRuleDescriptionsEgress", group::describe_egress),
    operation!("UpdateSecurityGroupRuleDescriptionsIngress", group::describe_ingress),
];
