//! Resources of EC2 that are recorded: instances, interfaces, flow logs. And what all resources of EC2 share.

use serde_json::{Value, json};

use super::{
    Kind, Made, Was, Work,
    work::{each, found, merged},
};
use crate::{ApiError, ServiceName::Ec2};

pub(super) const KINDS: &[Kind] = &[
    Kind::new("AWS::EC2::FlowLog", create_flow_log, delete_flow_log)
        .requires(&["ResourceId", "ResourceType"])
        .shows(&["Id"])
        .found(|work| ids(work, "DescribeFlowLogs", "/flowLogSet", "flowLogId"))
        .changes(retagged, FLOW_LOG),
    Kind::new("AWS::EC2::NetworkInterface", create_interface, delete_interface)
        .requires(&["SubnetId"])
        .shows(&["Id", "PrimaryPrivateIpAddress"])
        .found(|work| ids(work, "DescribeNetworkInterfaces", "/networkInterfaceSet", "networkInterfaceId"))
        .changes(update_interface, &["PrivateIpAddress", "SubnetId"]),
    Kind::new("AWS::EC2::Instance", run, terminate)
        .shows(&["AvailabilityZone", "InstanceId", "PrivateDnsName", "PrivateIp", "PublicDnsName", "PublicIp", "VpcId"])
        .found(|work| {
            let all = work.listed(Ec2, "DescribeInstances", json!({}), "/reservationSet")?;
            Ok(all
                .iter()
                .filter_map(|one| one["instancesSet"].as_array())
                .flat_map(|one| each(one, "instanceId"))
                .collect())
        })
        .changes(
            update_instance,
            &["ImageId", "KeyName", "NetworkInterfaces", "PrivateIpAddress", "SubnetId", "UserData"],
        ),
];

/// Properties of a flow log: none of them can change.
const FLOW_LOG: &[&str] = &[
    "DeliverLogsPermissionArn",
    "DestinationOptions",
    "LogDestination",
    "LogDestinationType",
    "LogFormat",
    "LogGroupName",
    "MaxAggregationInterval",
    "ResourceId",
    "ResourceType",
    "TrafficType",
];

/// The ids of all that there is of a kind.
pub(super) fn ids(work: &Work<'_>, operation: &str, list: &str, member: &str) -> Result<Vec<String>, ApiError> {
    Ok(each(&work.listed(Ec2, operation, json!({}), list)?, member))
}

/// `TagSpecification` for something that is about to be made; none without tags.
pub(super) fn tagged(work: &Work<'_>, resource_type: &str) -> Value {
    let tags = work.tags();
    match tags.as_array() {
        Some(list) if !list.is_empty() => json!({"TagSpecification": [{"ResourceType": resource_type, "Tag": tags}]}),
        _ => Value::Null,
    }
}

/// Brings the tags of what is there up to date.
pub(super) fn retagged(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    let id = &was.made.physical;
    let keys = |lost: Vec<String>| lost.into_iter().map(|key| json!({"Key": key})).collect::<Value>();
    work.retag(
        was,
        Ec2,
        ("CreateTags", |tags| json!({"ResourceId": [id], "Tag": tags})),
        ("DeleteTags", |lost| json!({"ResourceId": [id], "Tag": keys(lost)})),
    )?;
    Ok(was.made.clone())
}

fn create_flow_log(work: &Work<'_>) -> Result<Made, ApiError> {
    let one = json!({"ResourceId": [work.get("ResourceId")]});
    let input = merged(merged(work.same(FLOW_LOG), one), tagged(work, "vpc-flow-log"));
    let answer = work.call(Ec2, "CreateFlowLogs", input)?;
    if let Some(problem) = answer.pointer("/unsuccessful/0/error/message").and_then(Value::as_str) {
        return Err(ApiError::new("InvalidRequest", problem));
    }
    let id = found(&answer, "/flowLogIdSet/0")?;
    Ok(Made::of(&id).with("Id", id))
}

fn delete_flow_log(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Ec2, "DeleteFlowLogs", json!({"FlowLogId": [was.made.physical]}))
}

fn create_interface(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.pick(&[
        ("Description", "Description"),
        ("GroupSet", "SecurityGroupId"),
        ("PrivateIpAddress", "PrivateIpAddress"),
        ("SubnetId", "SubnetId"),
    ]);
    let answer = work.call(Ec2, "CreateNetworkInterface", merged(given, tagged(work, "network-interface")))?;
    let id = found(&answer, "/networkInterface/networkInterfaceId")?;
    let address = found(&answer, "/networkInterface/privateIpAddress")?;
    Ok(Made::of(&id).with("Id", id).with("PrimaryPrivateIpAddress", address))
}

fn update_interface(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    let id = &was.made.physical;
    if let Some(groups) = work.get("GroupSet") {
        let input = json!({"NetworkInterfaceId": id, "SecurityGroupId": groups});
        work.call(Ec2, "ModifyNetworkInterfaceAttribute", input)?;
    }
    if let Some(text) = work.get("Description") {
        let input = json!({"NetworkInterfaceId": id, "Description": {"Value": text}});
        work.call(Ec2, "ModifyNetworkInterfaceAttribute", input)?;
    }
    retagged(work, was)
}

fn delete_interface(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Ec2, "DeleteNetworkInterface", json!({"NetworkInterfaceId": was.made.physical}))
}

fn run(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.pick(&[
        ("ImageId", "ImageId"),
        ("InstanceType", "InstanceType"),
        ("KeyName", "KeyName"),
        ("PrivateIpAddress", "PrivateIpAddress"),
        ("SecurityGroupIds", "SecurityGroupId"),
        ("SecurityGroups", "SecurityGroup"),
        ("SubnetId", "SubnetId"),
        ("UserData", "UserData"),
    ]);
    let interfaces =
        work.get("NetworkInterfaces").and_then(Value::as_array).map(|all| all.iter().map(interface).collect::<Value>());
    let profile = work.get("IamInstanceProfile").map(|name| json!({"Name": name}));
    let further = json!({"MinCount": 1, "MaxCount": 1, "NetworkInterface": interfaces, "IamInstanceProfile": profile});
    let answer = work.call(Ec2, "RunInstances", merged(merged(given, further), tagged(work, "instance")))?;
    let instance = &answer["instancesSet"][0];
    let id = found(instance, "/instanceId")?;
    let facts = [
        ("AvailabilityZone", "/placement/availabilityZone"),
        ("PrivateDnsName", "/privateDnsName"),
        ("PrivateIp", "/privateIpAddress"),
        ("PublicDnsName", "/dnsName"),
        ("PublicIp", "/ipAddress"),
        ("VpcId", "/vpcId"),
    ];
    let made = Made::of(&id).with("InstanceId", id);
    Ok(facts.iter().fold(made, |made, (name, pointer)| {
        made.with(name, instance.pointer(pointer).cloned().unwrap_or_else(|| "".into()))
    }))
}

/// As `RunInstances` has it: the groups of an interface have another name there.
fn interface(value: &Value) -> Value {
    let mut interface = value.clone();
    if let Some(members) = interface.as_object_mut()
        && let Some(groups) = members.remove("GroupSet")
    {
        members.insert("SecurityGroupId".to_owned(), groups);
    }
    interface
}

fn update_instance(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    if let Some(groups) = work.get("SecurityGroupIds") {
        let input = json!({"InstanceId": was.made.physical, "GroupId": groups});
        work.call(Ec2, "ModifyInstanceAttribute", input)?;
    }
    retagged(work, was)
}

fn terminate(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Ec2, "TerminateInstances", json!({"InstanceId": [was.made.physical]}))
}
