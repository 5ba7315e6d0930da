use super::*;

fn run(lab: &Lab, more: &str) -> Value {
    lab.ask("RunInstances", &format!("ImageId=ami-12345678&MinCount=1&MaxCount=1{more}"))
}

#[test]
fn an_instance_has_an_interface_that_waits_for_a_device() {
    let lab = Lab::new();
    let tags = "&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=web";
    let made = run(&lab, &format!("&InstanceType=t3.micro{tags}"));
    let instance = &made["instancesSet"][0];
    assert_eq!(instance["instanceState"], json!({ "code": 0, "name": "pending" }));
    let id = instance["instanceId"].as_str().expect("an id");
    let filter =
        "Filter.1.Name=instance-state-name&Filter.1.Value.1=running&Filter.2.Name=tag:Name&Filter.2.Value.1=web";
    let found = lab.ask("DescribeInstances", filter);
    let found = &found["reservationSet"][0]["instancesSet"][0];
    assert_eq!(found["instanceId"], id);
    assert!(found["private"].is_null());
    let interface = &found["networkInterfaceSet"][0];
    assert_eq!((&interface["status"], &interface["attachment"]["deviceIndex"]), (&json!("in-use"), &json!(0)));
    assert_eq!(json!(lab.ec2.waiting()), json!([interface["networkInterfaceId"]]));
    let status = lab.ask("DescribeInstanceStatus", "");
    assert_eq!(status["instanceStatusSet"][0]["instanceStatus"]["status"], "ok");
}

#[test]
fn instances_are_stopped_started_and_ended() {
    let lab = Lab::new();
    let id = run(&lab, "")["instancesSet"][0]["instanceId"].as_str().expect("an id").to_owned();
    let form = format!("InstanceId.1={id}");
    let names = |answer: Value| {
        let change = &answer["instancesSet"][0];
        [&change["previousState"]["name"], &change["currentState"]["name"]]
            .map(|name| name.as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(names(lab.ask("StopInstances", &form)), ["running", "stopping"]);
    lab.ask("ModifyInstanceAttribute", &format!("InstanceId={id}&InstanceType.Value=t3.large"));
    assert_eq!(names(lab.ask("StartInstances", &form)), ["stopped", "pending"]);
    let refused = lab.refused("ModifyInstanceAttribute", &format!("InstanceId={id}&InstanceType.Value=t3.micro"));
    assert!(refused.starts_with("IncorrectInstanceState"), "{refused}");
    lab.ask("ModifyInstanceAttribute", &format!("InstanceId={id}&DisableApiTermination.Value=true"));
    assert!(lab.refused("TerminateInstances", &form).starts_with("OperationNotPermitted"));
    lab.ask("ModifyInstanceAttribute", &format!("InstanceId={id}&DisableApiTermination.Value=false"));
    assert_eq!(names(lab.ask("TerminateInstances", &form)), ["running", "shutting-down"]);
    assert_eq!(lab.ask("DescribeNetworkInterfaces", "")["networkInterfaceSet"], json!([]));
    let text = lab.text("DescribeInstances", "", "/reservationSet/0/instancesSet/0/instanceState/name");
    assert_eq!(text, "terminated");
    lab.ec2.network().expect("no interface without its instance");
}

#[test]
fn groups_of_an_instance_are_those_of_its_interface() {
    let lab = Lab::new();
    let vpc = lab.vpc();
    let (subnet, group) = (lab.subnet(&vpc), lab.group(&vpc));
    let id =
        run(&lab, &format!("&SubnetId={subnet}"))["instancesSet"][0]["instanceId"].as_str().expect("an id").to_owned();
    lab.ask("ModifyInstanceAttribute", &format!("InstanceId={id}&GroupId.1={group}"));
    let attribute = lab.ask("DescribeInstanceAttribute", &format!("InstanceId={id}&Attribute=groupSet"));
    assert_eq!(attribute["groupSet"], json!([{ "groupId": group, "groupName": "web" }]));
    let refused = lab.refused("DeleteSecurityGroup", &format!("GroupId={group}"));
    assert!(refused.starts_with("DependencyViolation"), "{refused}");
}

#[test]
fn a_request_that_is_sent_twice_is_carried_out_once() {
    let lab = Lab::new();
    let first = run(&lab, "&ClientToken=t");
    let second = run(&lab, "&ClientToken=t");
    assert_eq!(first["instancesSet"][0]["instanceId"], second["instancesSet"][0]["instanceId"]);
}

#[test]
fn further_interfaces_come_and_go() {
    let lab = Lab::new();
    let subnet = lab.subnet(&lab.vpc());
    let id =
        run(&lab, &format!("&SubnetId={subnet}"))["instancesSet"][0]["instanceId"].as_str().expect("an id").to_owned();
    let interface = lab.interface(&subnet);
    let form = format!("NetworkInterfaceId={interface}&InstanceId={id}&DeviceIndex=1");
    let attachment = lab.text("AttachNetworkInterface", &form, "/attachmentId");
    assert!(
        lab.refused("DeleteNetworkInterface", &format!("NetworkInterfaceId={interface}")).contains("currently in use")
    );
    let refused = lab.refused("ModifyInstanceAttribute", &format!("InstanceId={id}&SourceDestCheck.Value=false"));
    assert!(refused.starts_with("InvalidInstanceID: There are multiple interfaces attached"), "{refused}");
    lab.ask("DetachNetworkInterface", &format!("AttachmentId={attachment}"));
    lab.ask("DeleteNetworkInterface", &format!("NetworkInterfaceId={interface}"));
}

#[test]
fn an_instance_must_be_asked_for_properly() {
    let lab = Lab::new();
    for (form, refusal) in [
        ("ImageId=x&MinCount=1&MaxCount=1", "InvalidAMIID.Malformed: Invalid id: \"x\" (expecting \"ami-...\")"),
        ("ImageId=ami-1&MinCount=1", "MissingParameter: The request must contain the parameter MaxCount"),
        (
            "ImageId=ami-1&MinCount=1&MaxCount=1&InstanceType=huge",
            "InvalidParameterValue: Invalid value 'huge' for InstanceType.",
        ),
        (
            "ImageId=ami-1&MinCount=1&MaxCount=1&SubnetId=subnet-0",
            "InvalidSubnetID.NotFound: The subnet ID 'subnet-0' does not exist",
        ),
        ("ImageId=ami-1&MinCount=1&MaxCount=1&KeyName=k", "InvalidKeyPair.NotFound: The key pair 'k' does not exist"),
    ] {
        assert_eq!(lab.refused("RunInstances", form), refusal);
    }
    let refused = lab.refused("DescribeInstances", "InstanceId.1=i-0&InstanceId.2=i-1");
    assert_eq!(refused, "InvalidInstanceID.NotFound: The instance IDs 'i-0, i-1' do not exist");
}
