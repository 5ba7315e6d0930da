use weir_network::{Action, Direction};

use super::*;

fn ssh(group: &str) -> String {
    format!(
        "GroupId={group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22\
         &IpPermissions.1.IpRanges.1.CidrIp=203.0.113.5/32&IpPermissions.1.IpRanges.1.Description=office"
    )
}

#[test]
fn a_rule_is_added_once_and_revoked() {
    let lab = Lab::new();
    let group = lab.group(&lab.vpc());
    let added = lab.ask("AuthorizeSecurityGroupIngress", &ssh(&group));
    let rule = &added["securityGroupRuleSet"][0];
    assert_eq!((&rule["cidrIpv4"], &rule["fromPort"]), (&json!("203.0.113.5/32"), &json!(22)));
    assert!(rule["securityGroupRuleId"].as_str().is_some_and(|id| id.starts_with("sgr-0")), "{rule}");
    assert_eq!(
        lab.refused("AuthorizeSecurityGroupIngress", &ssh(&group)),
        "InvalidPermission.Duplicate: the specified rule \"peer: 203.0.113.5/32, TCP, from port: 22, to port: 22, ALLOW\" already exists"
    );
    let shown = &lab.ask("DescribeSecurityGroups", &format!("GroupId.1={group}"))["securityGroupInfo"][0];
    let range = json!({ "cidrIp": "203.0.113.5/32", "description": "office" });
    assert_eq!(shown["ipPermissions"][0]["ipRanges"], json!([range]));
    assert_eq!(shown["ipPermissionsEgress"][0]["ipProtocol"], "-1");
    assert!(shown["ipPermissionsEgress"][0]["fromPort"].is_null());
    lab.ask("RevokeSecurityGroupIngress", &ssh(&group));
    assert!(lab.refused("RevokeSecurityGroupIngress", &ssh(&group)).starts_with("InvalidPermission.NotFound"));
}

#[test]
fn rules_are_changed_by_their_ids() {
    let lab = Lab::new();
    let group = lab.group(&lab.vpc());
    let rule = lab.text("AuthorizeSecurityGroupIngress", &ssh(&group), "/securityGroupRuleSet/0/securityGroupRuleId");
    let change = "SecurityGroupRule.1.SecurityGroupRule";
    let form = format!(
        "GroupId={group}&SecurityGroupRule.1.SecurityGroupRuleId={rule}&{change}.IpProtocol=udp&{change}.FromPort=53\
         &{change}.ToPort=53&{change}.CidrIpv6=2001:db8::/32"
    );
    lab.ask("ModifySecurityGroupRules", &form);
    let form = format!(
        "GroupId={group}&SecurityGroupRuleDescription.1.SecurityGroupRuleId={rule}&SecurityGroupRuleDescription.1.Description=dns"
    );
    lab.ask("UpdateSecurityGroupRuleDescriptionsIngress", &form);
    let answer = lab.ask("DescribeSecurityGroupRules", &format!("SecurityGroupRuleId.1={rule}"));
    let shown = &answer["securityGroupRuleSet"][0];
    assert_eq!((&shown["ipProtocol"], &shown["cidrIpv6"]), (&json!("udp"), &json!("2001:db8::/32")));
    assert_eq!(shown["description"], "dns");
    lab.ask("RevokeSecurityGroupIngress", &format!("GroupId={group}&SecurityGroupRuleId.1={rule}"));
    let rules = lab.ask("DescribeSecurityGroupRules", &format!("Filter.1.Name=group-id&Filter.1.Value.1={group}"));
    assert_eq!(rules["securityGroupRuleSet"].as_array().map(Vec::len), Some(1));
}

#[test]
fn wrong_rules_are_refused_in_the_words_of_aws() {
    let lab = Lab::new();
    let group = lab.group(&lab.vpc());
    let permission = |rest: &str| format!("GroupId={group}&IpPermissions.1.{rest}");
    for (form, refusal) in [
        (
            permission("IpProtocol=tpc&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"),
            "Invalid value 'tpc' for IP protocol. Unknown protocol.",
        ),
        (
            permission("IpProtocol=tcp&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"),
            "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
        ),
        (permission("IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0/0"), "CIDR block 0.0.0/0 is malformed"),
        (permission("IpProtocol=-1&IpPermissions.1.Groups.1.GroupId=sg-0"), "The security group 'sg-0' does not exist"),
    ] {
        let refused = lab.refused("AuthorizeSecurityGroupIngress", &form);
        assert!(refused.ends_with(refusal), "{refused}");
    }
    let same = lab.refused("CreateSecurityGroup", "GroupName=default&GroupDescription=x");
    assert!(same.contains("Cannot use reserved security group name: default"), "{same}");
}

#[test]
fn groups_that_are_referred_to_stay() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let group = lab.group(&vpc);
    let other = lab.text("CreateSecurityGroup", &format!("VpcId={vpc}&GroupName=db&GroupDescription=DB"), "/groupId");
    let form = format!("GroupId={other}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupId={group}");
    lab.ask("AuthorizeSecurityGroupIngress", &form);
    let refused = lab.refused("DeleteSecurityGroup", &format!("GroupId={group}"));
    assert_eq!(refused, format!("DependencyViolation: resource {group} has a dependent object"));
    lab.ask("DeleteSecurityGroup", &format!("GroupId={other}"));
    lab.ask("DeleteSecurityGroup", &format!("GroupId={group}"));
}

#[test]
fn network_acls_have_entries_and_subnets() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let subnet = lab.subnet(&vpc);
    let acl = lab.text("CreateNetworkAcl", &format!("VpcId={vpc}"), "/networkAcl/networkAclId");
    let entry = |number: u32, action: &str| {
        format!(
            "NetworkAclId={acl}&RuleNumber={number}&Protocol=tcp&RuleAction={action}&Egress=false\
             &CidrBlock=0.0.0.0/0&PortRange.From=22&PortRange.To=22"
        )
    };
    lab.ask("CreateNetworkAclEntry", &entry(90, "deny"));
    assert!(lab.refused("CreateNetworkAclEntry", &entry(90, "allow")).starts_with("NetworkAclEntryAlreadyExists"));
    assert!(lab.refused("CreateNetworkAclEntry", &entry(40_000, "allow")).contains("between 1 and 32766"));
    lab.ask("ReplaceNetworkAclEntry", &entry(90, "allow"));
    let icmp = entry(91, "allow").replace("tcp", "icmp") + "&Icmp.Type=8&Icmp.Code=-1";
    lab.ask("CreateNetworkAclEntry", &icmp);
    let shown = lab.ask("DescribeNetworkAcls", &format!("NetworkAclId.1={acl}"));
    let entries = shown["networkAclSet"][0]["entrySet"].as_array().cloned().unwrap_or_default();
    let shown = entries.iter().find(|entry| entry["ruleNumber"] == json!(91)).expect("an entry");
    assert_eq!(
        (&shown["icmpTypeCode"]["type"], shown.get("portRange")),
        (&json!(8), None),
        "only TCP and UDP have ports"
    );
    lab.ask("DeleteNetworkAclEntry", &format!("NetworkAclId={acl}&RuleNumber=91&Egress=false"));
    let filter = format!("Filter.1.Name=association.subnet-id&Filter.1.Value.1={subnet}");
    let old = lab.ask("DescribeNetworkAcls", &filter);
    let sets = old["networkAclSet"][0]["associationSet"].as_array().cloned().unwrap_or_default();
    let association = sets.iter().find(|it| it["subnetId"] == json!(subnet)).expect("an association");
    let association = association["networkAclAssociationId"].as_str().expect("an id").to_owned();
    lab.ask("ReplaceNetworkAclAssociation", &format!("AssociationId={association}&NetworkAclId={acl}"));
    assert!(lab.refused("DeleteNetworkAcl", &format!("NetworkAclId={acl}")).starts_with("DependencyViolation"));
    let network = lab.ec2.network().expect("a network");
    let parts = network.parts();
    assert_eq!(parts.subnets[&subnet].network_acl_id.as_ref(), Some(&acl));
    let entries = parts.network_acls[&acl].entries(Direction::Ingress);
    assert_eq!((entries.len(), entries[0].number, entries[0].action), (1, 90, Action::Accept));
    assert_eq!(entries[0].service.to_string(), "tcp 22");
}

#[test]
fn what_is_defined_decides_the_verdict() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let group = lab.group(&vpc);
    lab.ask("AuthorizeSecurityGroupIngress", &ssh(&group));
    let list = "PrefixListName=office&AddressFamily=IPv4&MaxEntries=5&Entry.1.Cidr=198.51.100.0/24";
    let list = lab.text("CreateManagedPrefixList", list, "/prefixList/prefixListId");
    let form =
        format!("GroupId={group}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.PrefixListIds.1.PrefixListId={list}");
    lab.ask("AuthorizeSecurityGroupIngress", &form);
    let subnet = lab.subnet(&vpc);
    let form = format!("SubnetId={subnet}&SecurityGroupId.1={group}&PrivateIpAddress=10.0.1.10");
    let id = lab.text("CreateNetworkInterface", &form, "/networkInterface/networkInterfaceId");
    let network = lab.ec2.network().expect("a network");
    let interface = network.interface(&id).expect("the interface");
    assert_eq!(interface.security_group_ids, std::slice::from_ref(&group));
    let allowed = network.parts().security_groups[&group].rules(Direction::Ingress);
    let shown: Vec<String> = allowed.iter().map(|rule| format!("{} {}", rule.service, rule.peer)).collect();
    assert_eq!(shown, ["tcp 22 203.0.113.5/32".to_owned(), format!("all {list}")]);
    network.policy(interface).expect("a policy");
    // It is told at once that it is on its way, and afterwards that it stayed.
    let list = format!("PrefixListId={list}");
    let deleted = lab.ask("DeleteManagedPrefixList", &list);
    assert_eq!(deleted["prefixList"]["state"], "delete-in-progress");
    let left = lab.ask("DescribeManagedPrefixLists", &list.replace('=', ".1="));
    assert_eq!(left["prefixListSet"][0]["state"], "delete-failed");
}

#[test]
fn the_services_of_aws_have_prefix_lists() {
    let lab = Lab::new();
    let named = "Filter.1.Name=prefix-list-name&Filter.1.Value.1=com.amazonaws.us-east-1.s3";
    let lists = lab.ask("DescribePrefixLists", named);
    let list = &lists["prefixListSet"][0];
    assert!(list["cidrSet"].as_array().is_some_and(|ranges| ranges.contains(&json!("52.216.0.0/15"))), "{list}");
    let id = list["prefixListId"].as_str().expect("an id");
    let managed = lab.ask("DescribeManagedPrefixLists", &format!("PrefixListId.1={id}"));
    assert_eq!(managed["prefixListSet"][0]["ownerId"], "AWS");
    assert_eq!(managed["prefixListSet"][0].get("maxEntries"), None);
    assert!(lab.refused("DeleteManagedPrefixList", &format!("PrefixListId={id}")).contains("managed by AWS"));
    assert!(
        lab.refused("ModifyManagedPrefixList", &format!("PrefixListId={id}&MaxEntries=1")).contains("managed by AWS")
    );
    let own = "PrefixListName=office&AddressFamily=IPv4&MaxEntries=5";
    lab.ask("CreateManagedPrefixList", own);
    let all = lab.ask("DescribePrefixLists", "");
    let names = all["prefixListSet"].as_array().expect("lists").iter().map(|list| list["prefixListName"].to_string());
    assert!(names.into_iter().all(|name| name.contains("com.amazonaws.us-east-1.")));

    let network = lab.ec2.network().expect("a network");
    assert!(network.parts().prefix_lists.values().all(|list| list.name.as_deref() == Some("office")));
    let group = lab.group(&lab.vpc());
    let form =
        format!("GroupId={group}&IpPermissions.1.IpProtocol=-1&IpPermissions.1.PrefixListIds.1.PrefixListId={id}");
    lab.ask("AuthorizeSecurityGroupEgress", &form);
    let network = lab.ec2.network().expect("a network");
    assert_eq!(network.parts().prefix_lists[id].entries.len(), 3);
}

#[test]
fn a_rule_is_changed_for_a_whole_one() {
    let lab = Lab::new();
    let group = lab.group(&lab.vpc());
    let rule = "IpProtocol=tcp&FromPort=22&ToPort=22&CidrIp=10.0.0.0/8";
    let form = format!("GroupId={group}&{rule}");
    let id = lab.text("AuthorizeSecurityGroupIngress", &form, "/securityGroupRuleSet/0/securityGroupRuleId");
    let change = |members: &str| {
        let members = members.replace(' ', "&SecurityGroupRule.1.SecurityGroupRule.");
        format!("GroupId={group}&SecurityGroupRule.1.SecurityGroupRuleId={id}{members}")
    };
    for (members, refusal) in [
        (
            " FromPort=1 ToPort=2 CidrIpv4=10.0.0.0/8",
            "InvalidParameterValue: Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        ),
        (
            " IpProtocol=udp ToPort=2 CidrIpv4=10.0.0.0/8",
            "InvalidParameterValue: Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
        ),
        (
            " IpProtocol=udp FromPort=1 ToPort=2",
            "MissingParameter: The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
        ),
        (
            " IpProtocol=udp FromPort=1 ToPort=2 CidrIpv4=10.0.0.0/8 CidrIpv6=fd00::/8",
            "InvalidParameterCombination: Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified",
        ),
    ] {
        assert_eq!(lab.refused("ModifySecurityGroupRules", &change(members)), refusal);
    }
    lab.ask("ModifySecurityGroupRules", &change(" IpProtocol=udp FromPort=1 ToPort=2 CidrIpv4=10.1.0.0/16"));
    let rules = lab.ask("DescribeSecurityGroupRules", &format!("SecurityGroupRuleId.1={id}"));
    assert_eq!(rules["securityGroupRuleSet"][0]["cidrIpv4"], "10.1.0.0/16");
    assert_eq!(
        lab.refused("DescribeSecurityGroupRules", "Filter.1.Name=group-id&Filter.1.Value.1=web"),
        "InvalidGroupId.Malformed: The security group ID 'web' is malformed"
    );
    assert_eq!(
        lab.refused("CreateSecurityGroup", "GroupName=plain&GroupDescription="),
        "MissingParameter: The request must contain the parameter groupDescription"
    );
}
