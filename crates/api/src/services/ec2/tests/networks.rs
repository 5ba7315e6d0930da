use super::*;

#[test]
fn a_region_begins_with_a_default_vpc() {
    let lab = Lab::new();
    let vpcs = lab.ask("DescribeVpcs", "Filter.1.Name=is-default&Filter.1.Value.1=true");
    let vpc = &vpcs["vpcSet"][0];
    assert_eq!(vpc["cidrBlock"], "172.31.0.0/16");
    assert!(vpc["private"].is_null() && vpc["dhcpOptionsId"].is_string());
    let zones = ids(&lab.ask("DescribeSubnets", ""), "/subnetSet", "availabilityZone");
    assert_eq!(zones, ["a", "b", "c", "d", "e", "f"].map(|letter| format!("us-east-1{letter}")));
    let subnet = &lab.ask("DescribeSubnets", "")["subnetSet"][0];
    assert_eq!((&subnet["availableIpAddressCount"], &subnet["mapPublicIpOnLaunch"]), (&json!(4091), &json!(true)));
    let group = &lab.ask("DescribeSecurityGroups", "GroupName.1=default")["securityGroupInfo"][0];
    assert_eq!(group["groupDescription"], "default VPC security group");
    assert_eq!(group["ipPermissions"][0]["groups"][0]["groupId"], group["groupId"]);
    let acl = &lab.ask("DescribeNetworkAcls", "")["networkAclSet"][0];
    assert_eq!((acl["default"].clone(), acl["entrySet"].as_array().map(Vec::len)), (json!(true), Some(4)));
    assert_eq!(acl["associationSet"].as_array().map(Vec::len), Some(6));
    lab.ec2.network().expect("everything fits together");
}

#[test]
fn zones_are_those_of_the_region() {
    let lab = Lab::new();
    let zone = &lab.ask("DescribeAvailabilityZones", "")["availabilityZoneInfo"][0];
    assert_eq!((&zone["zoneName"], &zone["zoneId"]), (&json!("us-east-1a"), &json!("use1-az6")));
    assert_eq!(zone["groupLongName"], "US East (N. Virginia) 1");
    let other = Call { region: "eu-west-1".to_owned(), ..call(NOW) };
    let answer = lab.tables[0].call("DescribeSubnets", &other, &payload("DescribeSubnets", "")).expect("subnets");
    assert_eq!(ids(&answer, "/subnetSet", "availabilityZone"), ["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
}

#[test]
fn a_vpc_is_answered_as_aws_does_and_kept() {
    let lab = Lab::new();
    let form = "CidrBlock=10.0.5.0/16&TagSpecification.1.ResourceType=vpc\
                &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=lab";
    let vpc = lab.ask("CreateVpc", form)["vpc"].clone();
    assert_eq!((&vpc["state"], &vpc["instanceTenancy"]), (&json!("pending"), &json!("default")));
    assert_eq!(vpc["cidrBlock"], "10.0.0.0/16");
    assert_eq!(vpc["cidrBlockAssociationSet"][0]["cidrBlockState"]["state"], "associated");
    assert_eq!(vpc["ipv6CidrBlockAssociationSet"], json!([]));
    assert_eq!(vpc["tagSet"], json!([{ "key": "Name", "value": "lab" }]));
    let again = lab.again();
    let found = again.ask("DescribeVpcs", "Filter.1.Name=tag:Name&Filter.1.Value.1=l*");
    assert_eq!(found["vpcSet"][0]["vpcId"], vpc["vpcId"]);
    assert_eq!(found["vpcSet"][0]["state"], "available");
}

#[test]
fn ranges_are_checked() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    lab.subnet(&vpc);
    for (operation, form, refusal) in [
        ("CreateVpc", "CidrBlock=10.0.0.0/8".to_owned(), "InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid."),
        (
            "CreateVpc",
            "CidrBlock=x".to_owned(),
            "InvalidParameterValue: Value (x) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        ),
        (
            "CreateSubnet",
            format!("VpcId={vpc}&CidrBlock=10.1.0.0/24"),
            "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid.",
        ),
        (
            "CreateSubnet",
            format!("VpcId={vpc}&CidrBlock=10.0.1.128/25"),
            "InvalidSubnet.Conflict: The CIDR '10.0.1.128/25' conflicts with another subnet",
        ),
        (
            "CreateSubnet",
            "VpcId=vpc-0&CidrBlock=10.0.1.0/24".to_owned(),
            "InvalidVpcID.NotFound: The vpc ID 'vpc-0' does not exist",
        ),
        (
            "CreateSubnet",
            "CidrBlock=10.0.1.0/24".to_owned(),
            "MissingParameter: The request must contain the parameter vpcId",
        ),
    ] {
        assert_eq!(lab.refused(operation, &form), refusal);
    }
}

#[test]
fn what_is_used_is_not_deleted() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let subnet = lab.subnet(&vpc);
    let interface = lab.interface(&subnet);
    let has = "has dependencies and cannot be deleted.";
    assert_eq!(
        lab.refused("DeleteVpc", &format!("VpcId={vpc}")),
        format!("DependencyViolation: The vpc '{vpc}' {has}")
    );
    let refused = lab.refused("DeleteSubnet", &format!("SubnetId={subnet}"));
    assert_eq!(refused, format!("DependencyViolation: The subnet '{subnet}' {has}"));
    lab.ask("DeleteNetworkInterface", &format!("NetworkInterfaceId={interface}"));
    lab.ask("DeleteSubnet", &format!("SubnetId={subnet}"));
    lab.ask("DeleteVpc", &format!("VpcId={vpc}"));
    assert!(lab.refused("DescribeVpcs", &format!("VpcId.1={vpc}")).starts_with("InvalidVpcID.NotFound"));
    let left = lab.ask("DescribeSecurityGroups", &format!("Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}"));
    assert_eq!(left["securityGroupInfo"], json!([]));
}

#[test]
fn interfaces_take_free_addresses() {
    let lab = Lab::new();
    let subnet = lab.subnet(&lab.vpc());
    let form = format!("SubnetId={subnet}&SecondaryPrivateIpAddressCount=1&PrivateIpAddress=10.0.1.4");
    let made = lab.ask("CreateNetworkInterface", &form)["networkInterface"].clone();
    let addresses = ids(&made, "/privateIpAddressesSet", "privateIpAddress");
    assert_eq!(addresses, ["10.0.1.4", "10.0.1.5"]);
    assert_eq!((&made["status"], &made["tagSet"]), (&json!("pending"), &json!([])));
    let refused = lab.refused("CreateNetworkInterface", &format!("SubnetId={subnet}&PrivateIpAddress=10.0.1.5"));
    assert!(refused.starts_with("InvalidIPAddress.InUse"), "{refused}");
    let id = made["networkInterfaceId"].as_str().expect("an id");
    lab.ask("UnassignPrivateIpAddresses", &format!("NetworkInterfaceId={id}&PrivateIpAddress.1=10.0.1.5"));
    let form = format!("NetworkInterfaceId={id}&SecondaryPrivateIpAddressCount=2");
    let assigned = lab.ask("AssignPrivateIpAddresses", &form);
    let assigned = ids(&assigned, "/assignedPrivateIpAddressesSet", "privateIpAddress");
    assert_eq!(assigned, ["10.0.1.5", "10.0.1.6"]);
    let subnet = &lab.ask("DescribeSubnets", &format!("SubnetId.1={subnet}"))["subnetSet"][0];
    assert_eq!(subnet["availableIpAddressCount"], 248);
}

#[test]
fn tags_are_found_and_taken_away() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    lab.ask("CreateTags", &format!("ResourceId.1={vpc}&Tag.1.Key=a&Tag.1.Value=1&Tag.2.Key=b&Tag.2.Value=2"));
    let found = lab.ask("DescribeTags", "Filter.1.Name=key&Filter.1.Value.1=a");
    assert_eq!(found["tagSet"], json!([{ "resourceId": vpc, "resourceType": "vpc", "key": "a", "value": "1" }]));
    lab.ask("DeleteTags", &format!("ResourceId.1={vpc}&Tag.1.Key=a&Tag.1.Value=other&Tag.2.Key=b"));
    assert_eq!(ids(&lab.ask("DescribeTags", ""), "/tagSet", "key"), ["a"]);
    let refused = lab.refused("CreateTags", "ResourceId.1=vpc-0&Tag.1.Key=a&Tag.1.Value=1");
    assert!(refused.starts_with("InvalidVpcID.NotFound"), "{refused}");
    let refused = lab.refused("CreateTags", &format!("ResourceId.1={vpc}&Tag.1.Key=aws:a&Tag.1.Value=1"));
    assert!(refused.contains("reserved for internal use"), "{refused}");
}

#[test]
fn routes_lead_to_what_is_there() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let subnet = lab.subnet(&vpc);
    let table = lab.text("CreateRouteTable", &format!("VpcId={vpc}"), "/routeTable/routeTableId");
    let gateway = lab.text("CreateInternetGateway", "", "/internetGateway/internetGatewayId");
    lab.ask("AttachInternetGateway", &format!("InternetGatewayId={gateway}&VpcId={vpc}"));
    let route = format!("RouteTableId={table}&DestinationCidrBlock=0.0.0.0/0&GatewayId={gateway}");
    lab.ask("CreateRoute", &route);
    assert!(lab.refused("CreateRoute", &route).starts_with("RouteAlreadyExists"));
    lab.ask("AssociateRouteTable", &format!("RouteTableId={table}&SubnetId={subnet}"));
    assert!(lab.refused("DeleteRouteTable", &format!("RouteTableId={table}")).starts_with("DependencyViolation"));
    let allocation = lab.text("AllocateAddress", "Domain=vpc", "/allocationId");
    let nat = lab.ask("CreateNatGateway", &format!("SubnetId={subnet}&AllocationId={allocation}"));
    assert_eq!(nat["natGateway"]["natGatewayAddressSet"][0]["allocationId"], json!(allocation));
}

#[test]
fn a_subnet_of_ipv6_alone_has_no_other_range() {
    let lab = Lab::new();
    let vpc = lab.text("CreateVpc", "CidrBlock=10.0.0.0/16&AmazonProvidedIpv6CidrBlock=true", "/vpc/vpcId");
    let form = format!("VpcId={vpc}&Ipv6Native=true");
    let missing = "MissingParameter: Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.";
    assert_eq!(lab.refused("CreateSubnet", &form), missing);
    assert_eq!(lab.refused("CreateSubnet", &format!("{form}&CidrBlock=10.0.0.0/24")), missing);
    let both = lab.refused("CreateSubnet", &format!("{form}&CidrBlock=10.0.0.0/24&Ipv6CidrBlock=fd00::/64"));
    assert!(both.starts_with("InvalidParameterCombination: When specifying ipv4 parameters"), "{both}");
    let none = lab.refused("CreateSubnet", &format!("VpcId={vpc}"));
    assert_eq!(none, "MissingParameter: Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.");
    let range = "/vpcSet/0/ipv6CidrBlockAssociationSet/0/ipv6CidrBlock";
    let range = lab.text("DescribeVpcs", &format!("VpcId.1={vpc}"), range);
    let subnet = lab.ask("CreateSubnet", &format!("{form}&Ipv6CidrBlock={range}"))["subnet"].clone();
    assert_eq!((&subnet["ipv6Native"], &subnet["assignIpv6AddressOnCreation"]), (&json!(true), &json!(true)));
}

#[test]
fn an_egress_only_gateway_is_a_way_out_and_holds_its_vpc() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let form = format!("VpcId={vpc}");
    let made = lab.ask("CreateEgressOnlyInternetGateway", &form)["egressOnlyInternetGateway"].clone();
    assert_eq!(made["attachmentSet"], json!([{ "vpcId": vpc, "state": "attached" }]));
    let id = made["egressOnlyInternetGatewayId"].as_str().expect("an id");
    let named = format!("EgressOnlyInternetGatewayId={id}");
    let described = lab.again().ask("DescribeEgressOnlyInternetGateways", &named.replace('=', ".1="));
    assert_eq!(described["egressOnlyInternetGatewaySet"], json!([made]));
    let table = lab.text("CreateRouteTable", &form, "/routeTable/routeTableId");
    lab.ask("CreateRoute", &format!("RouteTableId={table}&DestinationIpv6CidrBlock=::/0&{named}"));
    let filter = format!("Filter.1.Name=route.egress-only-internet-gateway-id&Filter.1.Value.1={id}");
    assert_eq!(
        ids(&lab.ask("DescribeRouteTables", &filter), "/routeTableSet", "routeTableId"),
        std::slice::from_ref(&table)
    );
    lab.ask("DeleteRouteTable", &format!("RouteTableId={table}"));
    assert!(lab.refused("DeleteVpc", &form).starts_with("DependencyViolation"));
    assert_eq!(lab.ask("DeleteEgressOnlyInternetGateway", &named), json!({ "returnCode": true }));
    lab.ask("DeleteVpc", &form);
}

#[test]
fn a_dedicated_vpc_becomes_a_common_one() {
    let lab = Lab::new();
    let vpc = lab.text("CreateVpc", "CidrBlock=10.0.0.0/16&InstanceTenancy=dedicated", "/vpc/vpcId");
    let refused = lab.refused("ModifyVpcTenancy", &format!("VpcId={vpc}&InstanceTenancy=dedicated"));
    assert_eq!(refused, "UnsupportedTenancy: The tenancy value dedicated is not supported.");
    lab.ask("ModifyVpcTenancy", &format!("VpcId={vpc}&InstanceTenancy=default"));
    assert_eq!(lab.ask("DescribeVpcs", &format!("VpcId.1={vpc}"))["vpcSet"][0]["instanceTenancy"], "default");
}

#[test]
fn what_is_reserved_in_a_subnet_is_taken_by_name_only() {
    let lab = Lab::new();
    let vpc = lab.ask("CreateVpc", "CidrBlock=10.0.0.0/16")["vpc"]["vpcId"].as_str().expect("an id").to_owned();
    let subnet = lab.ask("CreateSubnet", &format!("VpcId={vpc}&CidrBlock=10.0.0.0/24"));
    let subnet = subnet["subnet"]["subnetId"].as_str().expect("an id").to_owned();
    let reserve = |cidr: &str| format!("SubnetId={subnet}&Cidr={cidr}&ReservationType=explicit");
    let made = lab.ask("CreateSubnetCidrReservation", &reserve("10.0.0.4/30"))["subnetCidrReservation"].clone();
    assert_eq!((&made["cidr"], &made["reservationType"]), (&json!("10.0.0.4/30"), &json!("explicit")));
    let id = made["subnetCidrReservationId"].as_str().expect("an id");
    assert!(id.starts_with("scr-"));
    let address = |form: &str| {
        let form = format!("SubnetId={subnet}{form}");
        lab.ask("CreateNetworkInterface", &form)["networkInterface"]["privateIpAddress"].clone()
    };
    assert_eq!((address(""), address("&PrivateIpAddress=10.0.0.5")), (json!("10.0.0.8"), json!("10.0.0.5")));
    let refused = |form: &str| lab.refused("CreateSubnetCidrReservation", form);
    assert!(refused(&reserve("10.1.0.0/31")).contains("should be within subnet CIDR block (10.0.0.0/24)"));
    assert!(refused(&reserve("10.0.0.6/31")).contains("10.0.0.6/31 has overlap with existing reserved CIDR block"));
    let found = lab.again().ask("GetSubnetCidrReservations", &format!("SubnetId={subnet}"));
    assert_eq!(found["subnetIpv4CidrReservationSet"][0]["subnetCidrReservationId"], made["subnetCidrReservationId"]);
    assert_eq!(found["subnetIpv6CidrReservationSet"], json!([]));
    lab.ask("DeleteSubnetCidrReservation", &format!("SubnetCidrReservationId={id}"));
    assert_eq!(address(""), json!("10.0.0.4"));
    let gone = lab.refused("DeleteSubnetCidrReservation", &format!("SubnetCidrReservationId={id}"));
    assert!(gone.starts_with("InvalidSubnetCidrReservationID.NotFound"), "{gone}");
}

#[test]
fn an_address_is_asked_for_by_what_it_is() {
    let lab = Lab::new();
    let made = lab.ask("AllocateAddress", "Domain=vpc");
    let ip = made["publicIp"].as_str().expect("an address");
    let found = lab.ask("DescribeAddresses", &format!("PublicIp.1={ip}"));
    assert_eq!(ids(&found, "/addressesSet", "allocationId"), [made["allocationId"].as_str().expect("an id")]);
    let other = lab.refused("DescribeAddresses", "PublicIp.1=198.51.100.7");
    assert_eq!(other, "InvalidAddress.NotFound: Address '198.51.100.7' not found.");
}

#[test]
fn dhcp_options_are_those_that_a_host_understands() {
    let lab = Lab::new();
    let make = |key: &str, values: &[&str]| {
        let numbered = values.iter().enumerate();
        let values: String =
            numbered.map(|(at, value)| format!("&DhcpConfiguration.1.Value.{}={value}", at + 1)).collect();
        lab.try_ask("CreateDhcpOptions", &format!("DhcpConfiguration.1.Key={key}{values}"))
    };
    make("domain-name-servers", &["AmazonProvidedDNS"]).expect("made");
    make("ntp-servers", &["192.0.2.1", "2001:db8::1"]).expect("made");
    make("netbios-node-type", &["2"]).expect("made");
    let five = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"];
    for (key, values) in [("ntp-servers", &["f"][..]), ("domain-name-servers", &five), ("netbios-node-type", &["3"])] {
        assert_eq!(make(key, values).expect_err("refused").code, "InvalidParameterValue", "{key}");
    }
}

#[test]
fn regions_that_nobody_opted_into_are_shown_when_they_are_named() {
    let lab = Lab::new();
    let names = |form: &str| ids(&lab.ask("DescribeRegions", form), "/regionInfo", "regionName");
    assert!(!names("").contains(&"ap-east-1".to_owned()));
    assert!(names("AllRegions=true").contains(&"ap-east-1".to_owned()));
    let named = lab.ask("DescribeRegions", "RegionName.1=ap-east-1");
    assert_eq!(named["regionInfo"][0]["optInStatus"], "not-opted-in");
    assert!(lab.refused("DescribeRegions", "RegionName.1=nowhere-1").contains("Invalid region provided"));
}

#[test]
fn a_key_pair_is_made_or_brought() {
    let lab = Lab::new();
    let made = lab.ask("CreateKeyPair", "KeyName=lab");
    assert!(made["keyMaterial"].as_str().is_some_and(|key| key.starts_with("-----BEGIN RSA PRIVATE KEY-----")));
    assert_eq!(made["keyFingerprint"].as_str().map(str::len), Some(59));
    let made = lab.ask("CreateKeyPair", "KeyName=short&KeyType=ed25519");
    assert!(made["keyMaterial"].as_str().is_some_and(|key| key.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----")));
    assert!(lab.refused("CreateKeyPair", "KeyName=x&KeyType=dsa").starts_with("InvalidParameterValue"));
    assert!(lab.refused("CreateKeyPair", "KeyName=x&KeyFormat=ppk").starts_with("UnsupportedOperation"));
    // `ssh-rsa AAAA` in base64: a key without its numbers.
    assert!(
        lab.refused("ImportKeyPair", "KeyName=x&PublicKeyMaterial=c3NoLXJzYSBBQUFB").starts_with("InvalidKey.Format")
    );
    let found = lab.ask("DescribeKeyPairs", "KeyName.1=short");
    assert_eq!(found["keySet"][0]["keyType"], "ed25519");
    assert_eq!(found["keySet"][0].get("keyMaterial"), None);
}
