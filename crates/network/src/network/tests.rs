//! Network files: what is read, what is refused.

use super::*;

fn parse(text: &str) -> Result<Network, NetworkError> {
    Network::parse(text, &Owner::default())
}

#[test]
fn the_examples_of_the_guide_are_good() {
    let guide = include_str!("../../../../docs/guide/network-file.md");
    let examples: Vec<_> =
        guide.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert_eq!(examples.len(), 2);
    let smallest = parse(examples[0]).unwrap();
    assert_eq!(smallest.parts().security_groups["sg-web"].egress.len(), 2, "everything may leave");

    let network = parse(examples[1]).unwrap();
    let interface = network.interface("eni-web1").unwrap();
    assert_eq!(interface.vpc_id.as_deref(), Some("vpc-lab"));
    assert_eq!(interface.az_id.as_deref(), Some("use1-az1"));
    assert_eq!(network.subnet_of(interface).unwrap().network_acl_id.as_deref(), Some("acl-web"));
    assert_eq!(network.vpc_of(interface).unwrap().cidrs.len(), 2);
    assert!(network.policy(interface).is_ok());

    // The mistake that the guide shows.
    let mistake =
        examples[1].replace("[[security-group]]\nid = \"sg-bastion\"\n", "").replace("\"sg-bastion\"]", "\"sg-web\"]");
    assert!(guide.contains(&parse(&mistake).unwrap_err().to_string()));
}

#[test]
fn json_is_read_with_the_same_keys() {
    let json = r#" {"interface": [{"id": "eni-a", "addresses": ["10.0.0.5"], "security-groups": ["sg-a"]}],
        "security-group": [{"id": "sg-a", "ingress": [{"protocol": 6, "ports": 22, "source": "10.0.0.9/8"}], "egress": []}]}"#;
    let toml = r#"
        [[interface]]
        id = "eni-a"
        addresses = ["10.0.0.5"]
        security-groups = ["sg-a"]
        [[security-group]]
        id = "sg-a"
        egress = []
        [[security-group.ingress]]
        protocol = "tcp"
        ports = "22"
        source = "10.0.0.0/8""#;
    assert_eq!(parse(json).unwrap().parts(), parse(toml).unwrap().parts());
    assert!(parse(json).unwrap().parts().security_groups["sg-a"].egress.is_empty());
}

#[test]
fn the_owner_comes_from_the_nearest_place() {
    let file = "[[interface]]\nid = \"eni-a\"\naddresses = []\n";
    let owner = Owner { account_id: "999999999999".into(), region: "lab-1".into() };
    let owner_of = |text: &str| {
        let network = Network::parse(text, &owner).unwrap();
        let interface = network.interface("eni-a").unwrap();
        format!("{} {}", interface.account_id, interface.region)
    };
    assert_eq!(owner_of(file), "999999999999 lab-1");
    assert_eq!(owner_of(&format!("account-id = \"111111111111\"\n{file}")), "111111111111 lab-1");
    assert_eq!(owner_of(&format!("region = \"lab-2\"\n{file}account-id = \"unknown\"\n")), "unknown lab-2");
}

#[test]
fn an_empty_file_is_an_empty_network() {
    assert_eq!(parse("").unwrap().parts(), &Parts::default());
    assert_eq!(parse("{}").unwrap().parts(), &Parts::default());
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_place() {
    for (text, words) in [
        ("[[security-group]\nid = 1", "line 1"),
        ("[[security-group]]\nid = \"sg-a\"\ningres = []", "unknown field `ingres`"),
        ("[[security-group]]\nid = \"sg-a\"\ningres = []", "line 3"),
        (
            "[[network-acl]]\nid = \"acl-a\"\n[[network-acl.ingress]]\nnumber = 1\naction = \"permit\"",
            "`allow` or `deny`",
        ),
        ("[[network-acl]]\nid = \"acl-a\"\n[[network-acl.ingress]]\nnumber = 70000\naction = \"allow\"", "line 4"),
        ("[[network-acl]]\nid = \"acl-a\"\n[[network-acl.ingress]]\naction = \"allow\"", "missing field `number`"),
        ("{\"interface\": [}", "line 1 column 16"),
        ("{\"vpc\": [{\"id\": \"vpc-a\", \"ports\": 22}]}", "unknown field `ports`"),
        ("[[security-group]]\nid = \"sg-a\"\ningress = [{ ports = 2.5 }]", "a whole number or a text"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(matches!(error, NetworkError::Syntax(_)), "{error}");
        assert!(error.to_string().starts_with("network file: "), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

const BASE: &str = r#"
    [[vpc]]
    id = "vpc-a"
    cidrs = ["10.0.0.0/16"]
    [[vpc]]
    id = "vpc-b"
    cidrs = ["10.0.0.0/16"]
    [[subnet]]
    id = "subnet-a"
    vpc = "vpc-a"
    cidrs = ["10.0.1.0/24"]
    [[interface]]
    id = "eni-a"
    subnet = "subnet-a"
    addresses = ["10.0.1.5", "fe80::1"]
    [[security-group]]
    id = "sg-a"
    vpc = "vpc-a"
    ingress = [{ protocol = "tcp", ports = 22, source = "10.0.0.0/8" }]
    [[network-acl]]
    id = "acl-a"
    ingress = [{ number = 100, action = "allow", source = "0.0.0.0/0" }]
    [[prefix-list]]
    id = "pl-a"
    entries = ["10.1.2.3"]
"#;

#[test]
fn what_cannot_be_is_refused_by_name_with_what_to_do() {
    assert!(parse(BASE).is_ok());
    for (more, expected) in [
        (
            "[[vpc]]\ncidrs = []",
            "vpc without id: `` is no id of a vpc: write `vpc-` and 1 to 64 lower-case letters, digits or hyphens",
        ),
        ("[[vpc]]\nid = \"vpc-c\"", "vpc vpc-c: it has no addresses; give it `cidrs`"),
        (
            "[[vpc]]\nid = \"vpc-a\"\ncidrs = [\"10.2.0.0/16\"]",
            "vpc vpc-a: there are two with this id; give each its own",
        ),
        (
            "[[vpc]]\nid = \"vpc-c\"\ncidrs = [\"10.2/16\"]",
            "vpc vpc-c: `10.2/16` is no address range; write one such as 10.0.0.0/8",
        ),
        (
            "[[vpc]]\nid = \"vpc-c\"\ncidrs = [\"10.2.0.0/16\", \"10.2.3.0/24\"]",
            "vpc vpc-c: 10.2.3.0/24 overlaps 10.2.0.0/16",
        ),
        (
            "[[subnet]]\nid = \"subnet-b\"\ncidrs = [\"10.0.2.0/24\"]",
            "subnet subnet-b: it has no `vpc`; name the vpc it is part of",
        ),
        (
            "[[subnet]]\nid = \"subnet-b\"\nvpc = \"vpc-z\"\ncidrs = [\"10.0.2.0/24\"]",
            "subnet subnet-b: there is no vpc-z; add it under [[vpc]], or correct the id",
        ),
        (
            "[[subnet]]\nid = \"subnet-b\"\nvpc = \"vpc-a\"\ncidrs = [\"10.1.2.0/24\"]",
            "subnet subnet-b: 10.1.2.0/24 lies outside vpc-a; widen its `cidrs` or move it",
        ),
        (
            "[[subnet]]\nid = \"subnet-b\"\nvpc = \"vpc-a\"\ncidrs = [\"10.0.1.128/25\"]",
            "subnet subnet-b: 10.0.1.128/25 overlaps 10.0.1.0/24 of subnet-a",
        ),
        (
            "[[subnet]]\nid = \"subnet-b\"\nvpc = \"vpc-a\"\ncidrs = [\"10.0.2.0/24\"]\nnetwork-acl = \"acl-z\"",
            "subnet subnet-b: there is no acl-z; add it under [[network-acl]], or correct the id",
        ),
        (
            "[[instance]]\nid = \"web\"",
            "instance web: `web` is no id of an instance: write `i-` and 1 to 64 lower-case letters, digits or hyphens",
        ),
        (
            "[[interface]]\nid = \"eni-b\"\naddresses = [\"10.0.1\"]",
            "interface eni-b: `10.0.1` is no address; write one such as 10.0.0.5",
        ),
        (
            "[[interface]]\nid = \"eni-b\"\nsubnet = \"subnet-a\"\naddresses = [\"10.0.2.5\"]",
            "interface eni-b: 10.0.2.5 lies outside subnet-a; choose an address inside it",
        ),
        (
            "[[interface]]\nid = \"eni-b\"\nsubnet = \"subnet-a\"\naddresses = [\"10.0.1.5\"]",
            "interface eni-b: 10.0.1.5 is also an address of eni-a",
        ),
        (
            "[[interface]]\nid = \"eni-b\"\nvpc = \"vpc-b\"\nsubnet = \"subnet-a\"\naddresses = []",
            "interface eni-b: its subnet subnet-a is in vpc-a; say so, or leave `vpc` out",
        ),
        (
            "[[interface]]\nid = \"eni-b\"\nvpc = \"vpc-b\"\nsecurity-groups = [\"sg-a\"]",
            "interface eni-b: security group sg-a belongs to another vpc",
        ),
        (
            "[[interface]]\nid = \"eni-b\"\ninstance = \"i-z\"",
            "interface eni-b: there is no i-z; add it under [[instance]], or correct the id",
        ),
        (
            "[[interface]]\nid = \"eni-b\"\naccount-id = \"12\"",
            "interface eni-b: `12` is no account id: write 12 digits, such as 123456789012",
        ),
        (
            "[[interface]]\nid = \"eni-b\"\nregion = \"a/b\"",
            "interface eni-b: `a/b` is no region: write lower-case letters, digits and hyphens, such as us-east-1",
        ),
        (
            "[[security-group]]\nid = \"sg-b\"\ningress = [{ source = \"sg-z\" }]",
            "security group sg-b, ingress rule 1: there is no sg-z; add it under [[security-group]], or correct the id",
        ),
        (
            "[[security-group]]\nid = \"sg-b\"\negress = [{ destination = \"pl-z\" }]",
            "security group sg-b, egress rule 1: there is no pl-z; add it under [[prefix-list]], or correct the id",
        ),
        (
            "[[security-group]]\nid = \"sg-b\"\ningress = [{ protocol = \"tcp\", ports = 22 }]",
            "security group sg-b, ingress rule 1: it has no `source`; 0.0.0.0/0 is every IPv4 address, ::/0 every IPv6",
        ),
        (
            "[[security-group]]\nid = \"sg-b\"\ningress = [{ destination = \"sg-a\" }]",
            "security group sg-b, ingress rule 1: ingress has no `destination`; write `source`",
        ),
        (
            "[[security-group]]\nid = \"sg-b\"\ningress = [{ source = \"sg-a\" }, { ports = 22, source = \"sg-a\" }]",
            "security group sg-b, ingress rule 2: protocol `all` takes no ports: leave `ports` out, or choose tcp or udp",
        ),
        (
            "[[security-group]]\nid = \"sg-b\"\ningress = [{ source = \"10.0.0.1/8\" }, { source = \"10.0.0.2/8\" }]",
            "security group sg-b, ingress rule 2: it is the same as rule 1; remove one of them",
        ),
        (
            "[[security-group]]\nid = \"sg-b\"\ningress = [{ id = \"sgr-1\", source = \"sg-a\" }, { id = \"sgr-1\", source = \"sg-b\" }]",
            "security group sg-b, ingress rule 2: id sgr-1 is used twice; give it another, or none",
        ),
        (
            "[[security-group]]\nid = \"sg-b\"\ningress = [{ id = \"ssh\", source = \"sg-a\" }]",
            "security group sg-b, ingress rule 1: `ssh` is no id of a security group rule: write `sgr-` and 1 to 64 lower-case letters, digits or hyphens",
        ),
        (
            "[[network-acl]]\nid = \"acl-b\"\ningress = [{ number = 0, action = \"deny\", source = \"0.0.0.0/0\" }]",
            "network acl acl-b, ingress entry 0: choose a number from 1 to 32766",
        ),
        (
            "[[network-acl]]\nid = \"acl-b\"\negress = [{ number = 9, action = \"deny\", source = \"0.0.0.0/0\" }]",
            "network acl acl-b, egress entry 9: egress has no `source`; write `destination`",
        ),
        (
            "[[network-acl]]\nid = \"acl-b\"\ningress = [{ number = 9, action = \"deny\", source = \"sg-a\" }]",
            "network acl acl-b, ingress entry 9: `sg-a` is no address range; write one such as 10.0.0.0/8",
        ),
        (
            "[[network-acl]]\nid = \"acl-b\"\ningress = [{ number = 9, action = \"deny\", source = \"::/0\" }, { number = 9, action = \"allow\", source = \"::/0\" }]",
            "network acl acl-b, ingress entry 9: another entry has this number; give each its own, steps of 100 leave room",
        ),
    ] {
        let error = parse(&format!("{BASE}{more}")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn one_address_may_be_used_in_two_vpcs() {
    let more = "[[interface]]\nid = \"eni-b\"\nvpc = \"vpc-b\"\naddresses = [\"10.0.1.5\", \"fe80::1\"]";
    assert!(parse(&format!("{BASE}{more}")).is_ok());
}

#[test]
fn parts_under_a_wrong_id_are_refused() {
    let mut parts = parse(BASE).unwrap().into_parts();
    let list = parts.prefix_lists["pl-a"].clone();
    parts.prefix_lists.insert("pl-b".into(), list);
    assert_eq!(Network::new(parts).unwrap_err().to_string(), "prefix list pl-b: its own id is pl-a");
}

#[test]
fn a_file_without_interfaces_guards_the_one_that_is_given() {
    let mut given = parse(BASE).unwrap().interface("eni-a").unwrap().clone();
    given.ipv4 = vec!["192.0.2.1".parse().unwrap()];
    let groups = parse("[[security-group]]\nid = \"sg-2\"\n[[security-group]]\nid = \"sg-1\"").unwrap();
    assert_eq!(groups.interface_for(given.clone()).security_group_ids, ["sg-1", "sg-2"]);
    assert_eq!(groups.interface_for(given.clone()).ipv4, given.ipv4);

    let base = parse(BASE).unwrap();
    assert_eq!(base.interface_for(given.clone()), *base.interface("eni-a").unwrap());
    given.id = "eni-other".into();
    assert_eq!(base.interface_for(given.clone()), given);
}

#[test]
fn an_interface_of_a_host_is_found_by_id_address_or_name() {
    let file =
        "[[interface]]\nid = \"eni-a\"\nname = \"eth0\"\n[[interface]]\nid = \"eni-b\"\naddresses = [\"10.0.0.2\"]";
    let network = parse(file).unwrap();
    let mut host = network.interface("eni-b").unwrap().clone();
    let found = |host: &Interface| network.interface_of_host(host).map(|interface| interface.id);
    assert_eq!(found(&host).as_deref(), Some("eni-b"), "by id");
    host.id = "eni-other".into();
    host.tags = [("Name".to_owned(), "eth0".to_owned())].into();
    assert_eq!(found(&host).as_deref(), Some("eni-b"), "by address");
    host.ipv4 = vec!["10.0.0.9".parse().unwrap()];
    assert_eq!(found(&host).as_deref(), Some("eni-a"), "by name");
    assert_eq!(network.interface_of_host(&host).unwrap().ipv4, host.ipv4, "it lists no addresses of its own");
    host.tags = [("Name".to_owned(), "eth1".to_owned())].into();
    assert_eq!(found(&host), None);

    let groups = parse("[[security-group]]\nid = \"sg-1\"").unwrap();
    assert_eq!(groups.interface_of_host(&host).unwrap().security_group_ids, ["sg-1"]);
    let twice = parse("[[interface]]\nid = \"eni-a\"\nname = \"eth0\"\ntags = { Name = \"web\" }").unwrap_err();
    assert_eq!(twice.to_string(), "interface eni-a: it has `name` and the tag Name `web`; leave one of them out");
}

/// Two hosts have an `eth0` each: a name alone does not say whose.
#[test]
fn in_a_network_of_several_hosts_a_name_needs_its_instance() {
    let text = r#"
        [[instance]]
        id = "i-b"
        [[interface]]
        id = "eni-a"
        name = "eth0"
        [[interface]]
        id = "eni-b"
        name = "eth0"
        instance = "i-b"
        [[interface]]
        id = "eni-c"
        addresses = ["10.0.0.3"]
    "#;
    let network = Network::parse(text, &Owner::default()).unwrap();
    let find = |instance: &str, address: &str, by_name| {
        let host = Interface {
            instance_id: Some(instance.into()),
            ipv4: vec![address.parse().unwrap()],
            ..network.interface("eni-a").unwrap().clone()
        };
        let found = network.interface_of_one_host(&Interface { id: "eni-0".into(), ..host }, by_name);
        found.map(|it| (it.id, it.instance_id.unwrap()))
    };
    let found = |instance: &str, address: &str| find(instance, address, false);
    assert_eq!(found("i-b", "10.0.0.9"), Some(("eni-b".into(), "i-b".into())), "by name and instance");
    assert_eq!(found("i-x", "10.0.0.9"), None, "a name is not enough");
    assert_eq!(found("i-x", "10.0.0.3"), Some(("eni-c".into(), "i-x".into())), "by address");
    assert_eq!(
        find("i-x", "10.0.0.9", true),
        Some(("eni-a".into(), "i-x".into())),
        "the one whose names need no instance"
    );
}

/// What the file says of the side of an interface holds; otherwise what the host says.
#[test]
fn the_side_is_that_of_the_file_or_else_of_the_host() {
    let text = r#"
        [[interface]]
        id = "eni-said"
        addresses = ["10.0.0.1"]
        side = "guest"
        [[interface]]
        id = "eni-silent"
        addresses = ["10.0.0.2"]
    "#;
    let network = Network::parse(text, &Owner::default()).unwrap();
    let host = |id: &str, side| Interface { side, ..network.interface(id).unwrap().clone() };
    let side = |id, side| network.interface_of_host(&host(id, side)).unwrap().side;
    assert_eq!(side("eni-said", Side::Host), Side::Guest);
    assert_eq!((side("eni-silent", Side::Host), side("eni-silent", Side::Guest)), (Side::Host, Side::Guest));
    let written = network.to_file().to_toml().unwrap();
    assert_eq!(Network::parse(&written, &Owner::default()).unwrap().parts(), network.parts(), "{written}");
}
