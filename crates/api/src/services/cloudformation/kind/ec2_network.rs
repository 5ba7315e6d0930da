//! Resources of EC2 that are places: networks, subnets, gateways, routes.

use serde_json::{Value, json};

use super::{
    Kind, Made, Was, Work,
    ec2::{ids, retagged, tagged},
    work::{each, found, merged},
};
use crate::{ApiError, ServiceName::Ec2};

pub(super) const KINDS: &[Kind] = &[
    Kind::new("AWS::EC2::VPC", create_vpc, |work, was| remove(work, was, "DeleteVpc", "VpcId"))
        .shows(&["CidrBlock", "DefaultNetworkAcl", "DefaultSecurityGroup", "VpcId"])
        .found(|work| ids(work, "DescribeVpcs", "/vpcSet", "vpcId"))
        .changes(update_vpc, &["CidrBlock"]),
    Kind::new("AWS::EC2::Subnet", create_subnet, |work, was| remove(work, was, "DeleteSubnet", "SubnetId"))
        .requires(&["VpcId"])
        .shows(&["AvailabilityZone", "CidrBlock", "NetworkAclAssociationId", "SubnetId", "VpcId"])
        .found(|work| ids(work, "DescribeSubnets", "/subnetSet", "subnetId"))
        .changes(update_subnet, &["AvailabilityZone", "CidrBlock", "VpcId"]),
    Kind::new("AWS::EC2::InternetGateway", create_gateway, |work, was| {
        remove(work, was, "DeleteInternetGateway", "InternetGatewayId")
    })
    .shows(&["InternetGatewayId"])
    .found(|work| ids(work, "DescribeInternetGateways", "/internetGatewaySet", "internetGatewayId"))
    .changes(retagged, &[]),
    Kind::new("AWS::EC2::VPCGatewayAttachment", attach_gateway, detach_gateway).requires(&["VpcId"]),
    Kind::new("AWS::EC2::RouteTable", create_table, |work, was| remove(work, was, "DeleteRouteTable", "RouteTableId"))
        .requires(&["VpcId"])
        .shows(&["RouteTableId"])
        .found(|work| ids(work, "DescribeRouteTables", "/routeTableSet", "routeTableId"))
        .changes(retagged, &["VpcId"]),
    Kind::new("AWS::EC2::Route", create_route, delete_route).requires(&["RouteTableId"]).shows(&["CidrBlock"]),
    Kind::new("AWS::EC2::SubnetRouteTableAssociation", associate, |work, was| {
        remove(work, was, "DisassociateRouteTable", "AssociationId")
    })
    .requires(&["RouteTableId", "SubnetId"])
    .shows(&["Id"])
    .found(|work| {
        let tables = work.listed(Ec2, "DescribeRouteTables", json!({}), "/routeTableSet")?;
        let all = tables.iter().filter_map(|table| table["associationSet"].as_array());
        Ok(all.flat_map(|all| each(all, "routeTableAssociationId")).collect())
    }),
];

/// Deletes what is named by one id.
pub(super) fn remove(work: &Work<'_>, was: &Was<'_>, operation: &str, member: &str) -> Result<(), ApiError> {
    work.remove(Ec2, operation, json!({member: was.made.physical}))
}

fn create_vpc(work: &Work<'_>) -> Result<Made, ApiError> {
    let input = merged(work.same(&["CidrBlock", "InstanceTenancy"]), tagged(work, "vpc"));
    let answer = work.call(Ec2, "CreateVpc", input)?;
    let id = found(&answer, "/vpc/vpcId")?;
    let made = Made::of(&id).with("CidrBlock", found(&answer, "/vpc/cidrBlock")?);
    set_vpc(work, &id)?;
    let of_vpc = json!({"Filter": [{"Name": "vpc-id", "Value": [id]}]});
    let groups = work.call(Ec2, "DescribeSecurityGroups", of_vpc.clone())?;
    let acls = work.call(Ec2, "DescribeNetworkAcls", of_vpc)?;
    let first = |answer: &Value, pointer: &str| answer.pointer(pointer).cloned().unwrap_or_default();
    let made = made.with("DefaultSecurityGroup", first(&groups, "/securityGroupInfo/0/groupId"));
    Ok(made.with("DefaultNetworkAcl", first(&acls, "/networkAclSet/0/networkAclId")).with("VpcId", id))
}

fn set_vpc(work: &Work<'_>, id: &str) -> Result<(), ApiError> {
    for name in ["EnableDnsSupport", "EnableDnsHostnames"] {
        if let Some(value) = work.get(name) {
            work.call(Ec2, "ModifyVpcAttribute", json!({"VpcId": id, name: {"Value": value}}))?;
        }
    }
    Ok(())
}

fn update_vpc(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    set_vpc(work, &was.made.physical)?;
    retagged(work, was)
}

fn create_subnet(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.same(&["AvailabilityZone", "CidrBlock", "Ipv6CidrBlock", "VpcId"]);
    let answer = work.call(Ec2, "CreateSubnet", merged(given, tagged(work, "subnet")))?;
    let id = found(&answer, "/subnet/subnetId")?;
    set_subnet(work, &id)?;
    let of_subnet = json!({"Filter": [{"Name": "association.subnet-id", "Value": [id]}]});
    let acls = work.call(Ec2, "DescribeNetworkAcls", of_subnet)?;
    let associations = acls.pointer("/networkAclSet/0/associationSet").and_then(Value::as_array);
    let association = associations.into_iter().flatten().find(|one| one["subnetId"] == id.as_str());
    let association = association.map(|one| one["networkAclAssociationId"].clone()).unwrap_or_default();
    let made = Made::of(&id).with("SubnetId", id).with("NetworkAclAssociationId", association);
    let made = made.with("AvailabilityZone", found(&answer, "/subnet/availabilityZone")?);
    Ok(made.with("CidrBlock", found(&answer, "/subnet/cidrBlock")?).with("VpcId", found(&answer, "/subnet/vpcId")?))
}

fn set_subnet(work: &Work<'_>, id: &str) -> Result<(), ApiError> {
    let Some(value) = work.get("MapPublicIpOnLaunch") else { return Ok(()) };
    let input = json!({"SubnetId": id, "MapPublicIpOnLaunch": {"Value": value}});
    work.call(Ec2, "ModifySubnetAttribute", input).map(drop)
}

fn update_subnet(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    set_subnet(work, &was.made.physical)?;
    retagged(work, was)
}

fn create_gateway(work: &Work<'_>) -> Result<Made, ApiError> {
    let answer = work.call(Ec2, "CreateInternetGateway", merged(json!({}), tagged(work, "internet-gateway")))?;
    let id = found(&answer, "/internetGateway/internetGatewayId")?;
    Ok(Made::of(&id).with("InternetGatewayId", id))
}

fn attach_gateway(work: &Work<'_>) -> Result<Made, ApiError> {
    if work.get("InternetGatewayId").is_none() {
        return Err(ApiError::new("ValidationError", "Weir has internet gateways only: InternetGatewayId is missing"));
    }
    work.call(Ec2, "AttachInternetGateway", work.same(&["InternetGatewayId", "VpcId"]))?;
    Ok(Made::of(format!("IGW|{}", work.text("VpcId").unwrap_or_default())))
}

fn detach_gateway(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let member = |name: &str| was.properties.get(name);
    let input = json!({"InternetGatewayId": member("InternetGatewayId"), "VpcId": member("VpcId")});
    match work.remove(Ec2, "DetachInternetGateway", input) {
        Err(error) if error.code == "Gateway.NotAttached" => Ok(()),
        done => done,
    }
}

fn create_table(work: &Work<'_>) -> Result<Made, ApiError> {
    let answer = work.call(Ec2, "CreateRouteTable", merged(work.same(&["VpcId"]), tagged(work, "route-table")))?;
    let id = found(&answer, "/routeTable/routeTableId")?;
    Ok(Made::of(&id).with("RouteTableId", id))
}

/// What a route leads to, by one of these.
const DESTINATIONS: [&str; 3] = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];

fn create_route(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.same(&["RouteTableId", "GatewayId", "NatGatewayId", "NetworkInterfaceId", "InstanceId"]);
    work.call(Ec2, "CreateRoute", merged(given, work.same(&DESTINATIONS)))?;
    let destination = DESTINATIONS.iter().find_map(|name| work.text(name)).unwrap_or_default();
    let table = work.text("RouteTableId").unwrap_or_default();
    Ok(Made::of(format!("{table}|{destination}")).with("CidrBlock", destination))
}

fn delete_route(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let names = ["RouteTableId"].into_iter().chain(DESTINATIONS);
    let input = names.filter_map(|name| Some((name.to_owned(), was.properties.get(name)?.clone()))).collect();
    work.remove(Ec2, "DeleteRoute", Value::Object(input))
}

fn associate(work: &Work<'_>) -> Result<Made, ApiError> {
    let answer = work.call(Ec2, "AssociateRouteTable", work.same(&["RouteTableId", "SubnetId"]))?;
    let id = found(&answer, "/associationId")?;
    Ok(Made::of(&id).with("Id", id))
}
