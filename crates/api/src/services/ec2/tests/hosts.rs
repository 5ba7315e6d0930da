use weir_network::{IdKind, Interface, Side};

use super::*;

fn device(name: &str, networks: &[&str]) -> HostDevice {
    let vpc_id = IdKind::Vpc.derive(&[ACCOUNT, REGION]);
    let networks: Vec<ipnet::IpNet> = networks.iter().map(|text| text.parse().expect("a network")).collect();
    let network = networks.first().map(|network| network.trunc().to_string()).unwrap_or_default();
    let interface = Interface {
        account_id: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        subnet_id: Some(IdKind::Subnet.derive(&[&vpc_id, &network])),
        vpc_id: Some(vpc_id),
        instance_id: Some(IdKind::Instance.derive(&["machine"])),
        ..Interface::unknown(&IdKind::Interface.derive(&["machine", name]))
    };
    HostDevice { name: name.to_owned(), interface, mac: "02:00:00:00:00:01".to_owned(), networks }
}

#[test]
fn a_host_is_an_instance_of_the_default_vpc() {
    let lab = Lab::new();
    let devices = [device("eth0", &["10.1.2.3/24", "2001:db8::3/64"]), device("tap0", &[])];
    assert_eq!(lab.ec2.host(REGION, NOW, &devices).expect("taken"), [""; 0]);
    let network = lab.ec2.network().expect("a network");
    let eth0 = network.interface(&devices[0].interface.id).expect("eth0");
    assert_eq!((eth0.ipv4.len(), eth0.ipv6.len()), (1, 1));
    assert_eq!((&eth0.subnet_id, &eth0.vpc_id), (&devices[0].interface.subnet_id, &devices[0].interface.vpc_id));
    assert_eq!(eth0.instance_id, devices[0].interface.instance_id);
    assert_eq!(network.interface_of_host(&devices[0].interface).map(|it| it.id), Some(eth0.id.clone()));
    let found = lab.ask("DescribeInstances", "");
    assert_eq!(
        ids(&found, "/reservationSet/0/instancesSet", "instanceId"),
        eth0.instance_id.clone().into_iter().collect::<Vec<_>>()
    );
    let id = eth0.instance_id.clone().expect("an instance");
    let refused = lab.refused("TerminateInstances", &format!("InstanceId.1={id}"));
    assert!(refused.contains("is a host that records"), "{refused}");
}

#[test]
fn a_host_that_starts_again_changes_nothing_and_keeps_what_was_set() {
    let lab = Lab::new();
    let devices = [device("eth0", &["10.1.2.3/24"])];
    lab.ec2.host(REGION, NOW, &devices).expect("taken");
    let id = &devices[0].interface.id;
    let vpc = devices[0].interface.vpc_id.clone().expect("a VPC");
    let group = lab.group(&vpc);
    lab.ask("ModifyNetworkInterfaceAttribute", &format!("NetworkInterfaceId={id}&SecurityGroupId.1={group}"));
    let before = lab.ask("DescribeNetworkInterfaces", "");
    let again = lab.again();
    again.ec2.host(REGION, NOW + 1000, &devices).expect("taken");
    assert_eq!(again.ask("DescribeNetworkInterfaces", ""), before);
    assert_eq!(before["networkInterfaceSet"][0]["groupSet"][0]["groupId"], json!(group));
    let moved = [device("eth0", &["10.9.0.1/16"])];
    again.ec2.host(REGION, NOW, &moved).expect("taken");
    let network = again.ec2.network().expect("a network");
    assert_eq!(network.interface(id).map(|it| it.ipv4.clone()), Some(vec!["10.9.0.1".parse().expect("an address")]));
}

#[test]
fn networks_that_overlap_still_fit_together() {
    let lab = Lab::new();
    let devices = [
        device("eth0", &["172.31.5.6/20"]),
        device("eth1", &["172.16.0.9/12", "10.0.0.1/8"]),
        device("eth2", &["10.0.0.2/8"]),
        device("eth3", &["10.0.0.2/8"]),
        device("eth4", &["fe80::1/64"]),
        device("wg0", &["192.0.2.1/32", "2001:db8::1/64"]),
        device("wg1", &["192.0.2.2/32", "2001:db8::2/64"]),
    ];
    let left_out = lab.ec2.host(REGION, NOW, &devices).expect("taken");
    assert_eq!(left_out.len(), 3, "{left_out:?}");
    let network = lab.ec2.network().expect("everything fits together");
    assert_eq!(network.parts().interfaces.len(), devices.len());
}

#[test]
fn a_device_is_attached_to_an_interface_that_waits() {
    let lab = Lab::new();
    let subnet = lab.subnet(&lab.vpc());
    let id = lab.interface(&subnet);
    let tap = device("tap0", &[]);
    lab.ec2.host(REGION, NOW, std::slice::from_ref(&tap)).expect("taken");
    let guest = Device { name: "tap0".to_owned(), side: Side::Guest };
    lab.ec2.attach(&id, guest.clone(), NOW).expect("attached");
    assert_eq!(lab.ec2.attached(), [(id.clone(), guest.clone())]);
    lab.ec2.host(REGION, NOW, std::slice::from_ref(&tap)).expect("taken");
    let network = lab.ec2.network().expect("a network");
    assert!(network.interface(&tap.interface.id).is_none(), "the device belongs to the other interface");
    let named = Interface { tags: [("Name".to_owned(), "tap0".to_owned())].into(), ..tap.interface.clone() };
    let known = network.interface_of_host(&named).expect("by the name of the device");
    assert_eq!((known.id, known.side), (id.clone(), Side::Guest));
    let other = lab.interface(&subnet);
    let refused = lab.ec2.attach(&other, guest, NOW).expect_err("taken").to_string();
    assert!(refused.contains("detach it there first"), "{refused}");
    lab.ec2.detach(&id, NOW).expect("detached");
    lab.ec2.attach("eni-0", Device { name: "x".to_owned(), side: Side::Host }, NOW).expect_err("no interface");
}
