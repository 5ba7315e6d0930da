//! Filters that AWS documents: each is taken, and finds what it should.

use super::*;

/// Operations, the set in their answer, and filters that AWS documents besides those that other tests use.
const TAKEN: &[(&str, &str, &str)] = &[
    (
        "DescribeSubnets",
        "subnetSet",
        "customer-owned-ipv4-pool enable-lni-at-device-index outpost-arn map-customer-owned-ip-on-launch \
         private-dns-name-options-on-launch.hostname-type",
    ),
    (
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "association.ip-owner-id association.public-dns-name addresses.association.owner-id attachment.nat-gateway-id",
    ),
    (
        "DescribeRouteTables",
        "routeTableSet",
        "association.gateway-id route.transit-gateway-id route.vpc-peering-connection-id",
    ),
    (
        "DescribeInstances",
        "reservationSet",
        "affinity iam-instance-profile.arn instance-lifecycle kernel-id metadata-options.http-tokens platform reason \
         network-interface.addresses.primary network-interface.attachment.attachment-id network-interface.mac-address \
         placement-group-name product-code requester-id spot-instance-request-id block-device-mapping.device-name",
    ),
    ("DescribeAvailabilityZones", "availabilityZoneInfo", "parent-zone-id parent-zone-name"),
];

fn filtered(lab: &Lab, operation: &str, set: &str, name: &str, value: &str) -> usize {
    let answer = lab.ask(operation, &format!("Filter.1.Name={name}&Filter.1.Value.1={value}"));
    answer[set].as_array().map_or(0, Vec::len)
}

#[test]
fn documented_filters_are_taken() {
    let lab = Lab::new();
    for (operation, set, names) in TAKEN {
        for name in names.split(' ') {
            assert_eq!(filtered(&lab, operation, set, name, "nothing-has-this"), 0, "{operation} {name}");
        }
    }
    assert!(
        lab.refused("DescribeSubnets", "Filter.1.Name=x&Filter.1.Value.1=y").ends_with("The filter 'x' is invalid")
    );
}

#[test]
fn filters_look_at_what_is_shown() {
    let lab = Lab::new();
    let subnet = lab.subnet(&lab.vpc());
    lab.ask("RunInstances", &format!("ImageId=ami-12345678&MinCount=1&MaxCount=1&SubnetId={subnet}"));
    let instances = lab.ask("DescribeInstances", "");
    let interface = &instances["reservationSet"][0]["instancesSet"][0]["networkInterfaceSet"][0];
    let text = |path: &str| interface.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    for (name, value) in [
        ("network-interface.mac-address", text("/macAddress")),
        ("network-interface.attachment.attachment-id", text("/attachment/attachmentId")),
        ("network-interface.status", text("/status")),
        ("network-interface.addresses.primary", "true".to_owned()),
    ] {
        assert!(!value.is_empty(), "{name}: {interface}");
        assert_eq!(filtered(&lab, "DescribeInstances", "reservationSet", name, &value), 1, "{name} {value}");
    }
    let hosts = "private-dns-name-options-on-launch.hostname-type";
    assert!(filtered(&lab, "DescribeSubnets", "subnetSet", hosts, "ip-name") >= 1);
}
