//! `weir explain` and `weir propose`.

use crate::run::{Lab, Said};

const NETWORK: &str = r#"
[[vpc]]
id = "vpc-lab"
cidrs = ["10.0.0.0/16"]
[[subnet]]
id = "subnet-web"
vpc = "vpc-lab"
cidrs = ["10.0.1.0/24"]
network-acl = "acl-web"
[[interface]]
id = "eni-web1"
subnet = "subnet-web"
addresses = ["10.0.1.10"]
security-groups = ["sg-web"]
tags = { Name = "web 1" }
[[security-group]]
id = "sg-web"
ingress = [
  { id = "sgr-https", protocol = "tcp", ports = 443, source = "0.0.0.0/0" },
  { id = "sgr-ping", protocol = "icmp", icmp-type = 8, source = "0.0.0.0/0" },
]
egress = []
[[network-acl]]
id = "acl-web"
ingress = [{ number = 100, action = "allow", source = "0.0.0.0/0" }]
egress = [{ number = 100, action = "allow", protocol = "tcp", ports = "1024-65535", destination = "0.0.0.0/0" }]
"#;

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("net.toml", NETWORK);
    lab
}

fn explain(lab: &Lab, arguments: &[&str]) -> Said {
    lab.weir(&[&["explain", "--network", "net.toml"][..], arguments].concat())
}

fn json(said: &Said) -> Vec<serde_json::Value> {
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_refused_packet_gets_its_reasons_and_the_change() {
    explain(&lab(), &["--from", "203.0.113.9", "--to", "10.0.1.10", "--port", "22"]).is("\
tcp 203.0.113.9:49152 -> 10.0.1.10:22: REJECT

1. request, ingress at eni-web1: REJECT: no security group rule
   acl-web #100  allow all from 0.0.0.0/0    matches: decides
   acl-web *     deny what no entry matches  matches, but one before it has decided
   sg-web/sgr-https  allow tcp 443 from 0.0.0.0/0      port 22 is not 443
   sg-web/sgr-ping   allow icmp type 8 from 0.0.0.0/0  tcp is not icmp
   no rule of its security groups allows it

2. reply, egress at eni-web1: not reached

To let it through, add to security group sg-web, ingress:
  network file:  { protocol = \"tcp\", ports = 22, source = \"203.0.113.9/32\" }
  AWS:           aws ec2 authorize-security-group-ingress --group-id sg-web --ip-permissions 'IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=203.0.113.9/32}]'
");
}

/// The line that is proposed is put into the file, and then the packet passes.
#[test]
fn the_change_works() {
    let lab = lab();
    let question = ["--from", "203.0.113.9", "--to", "10.0.1.10", "--port", "53/udp", "--json"];
    let refused = json(&explain(&lab, &question));
    let lines: Vec<&str> = refused[0]["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|change| change["line"].as_str())
        .collect();
    let [rule, entry] = lines[..] else { panic!("{lines:?}") };
    let text = NETWORK
        .replace("ingress = [\n  { id = \"sgr-https\"", &format!("ingress = [\n  {rule},\n  {{ id = \"sgr-https\""))
        .replace("egress = [{ number = 100", &format!("egress = [{entry}, {{ number = 100"));
    lab.write("net.toml", text);
    let accepted = json(&explain(&lab, &question));
    assert_eq!(accepted[0]["action"], "ACCEPT", "{accepted:?}");
    assert_eq!(accepted[0]["changes"], serde_json::json!([]));
}

#[test]
fn an_interface_can_be_named_and_a_ping_has_its_reply_explained() {
    let lab = lab();
    let said = explain(&lab, &["--from", "203.0.113.9", "--to", "10.0.1.10", "--interface", "web 1", "--json"]);
    let explained = json(&said);
    let steps = explained[0]["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 2);
    assert_eq!(
        (&steps[0]["verdict"]["rule"], &steps[1]["verdict"]["rule"]),
        (&"sg-web/sgr-ping".into(), &"acl-web/*".into())
    );
    let said = explain(&lab, &["--from", "192.0.2.1", "--to", "192.0.2.2", "--port", "22"]);
    said.ended(
        1,
        "",
        "weir: no interface of the network has 192.0.2.1 or 192.0.2.2: name the one that is meant with --interface\n",
    );
    explain(&lab, &["--from", "192.0.2.1", "--to", "2001:db8::1", "--port", "22"]).ended(
        2,
        "",
        "weir: 192.0.2.1 and 2001:db8::1 are not of one family: give two IPv4 or two IPv6 addresses\n",
    );
    assert_eq!(explain(&lab, &[]).code, 2);
}

const RECORDS: &str = "\
version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status flow-direction tcp-flags
3 123456789012 eni-web1 203.0.113.9 10.0.1.10 40000 443 6 5 400 1418530010 1418530070 ACCEPT OK ingress 3
3 123456789012 eni-web1 10.0.1.10 203.0.113.9 443 40000 6 4 900 1418530010 1418530070 ACCEPT OK egress 19
3 123456789012 eni-web1 203.0.113.9 10.0.1.10 40001 22 6 1 60 1418530011 1418530011 REJECT OK ingress 2
3 123456789012 eni-web1 198.51.100.1 10.0.1.10 50000 8080 6 1 60 1418530012 1418530012 ACCEPT OK ingress 2
3 123456789012 eni-web1 10.0.1.10 192.0.2.53 40002 53 17 1 60 1418530013 1418530013 ACCEPT OK egress 0
3 123456789012 eni-web1 192.0.2.53 10.0.1.10 53 40002 17 1 120 1418530013 1418530013 ACCEPT OK ingress 0
3 123456789012 eni-web1 - - - - - - - 1418530070 1418530130 - NODATA - -
";

#[test]
fn records_are_explained_from_text_and_from_places() {
    let lab = lab();
    lab.write("logs/a.log", RECORDS);
    let default = "2 123456789012 eni-web1 203.0.113.9 10.0.1.10 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK";
    let explained = json(&explain(&lab, &["--json", default]));
    assert_eq!((&explained[0]["record_is"], &explained[0]["recorded"]), (&"request".into(), &"REJECT".into()));
    assert_eq!(explained[0]["predicted"], "REJECT");
    assert_eq!(explained[0]["changes"][0]["place"], "security group sg-web, ingress");

    let arguments = ["--records", "logs", "--where", "action = 'ACCEPT' AND protocol = 6 AND packets > 1", "--json"];
    let mut parts: Vec<String> = json(&explain(&lab, &arguments))
        .iter()
        .map(|record| format!("{} {} {}", record["record_is"], record["recorded"], record["predicted"]))
        .collect();
    parts.sort();
    assert_eq!(parts, ["\"reply\" \"ACCEPT\" \"ACCEPT\"", "\"request\" \"ACCEPT\" \"ACCEPT\""]);

    let said = lab.weir_with(&["explain", "--network", "net.toml", "-"], &[], RECORDS.as_bytes());
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.contains("The record says ACCEPT, these rules REJECT"), "{}", said.out);
    let said = explain(&lab, &["not a record"]);
    assert_eq!(said.code, 1, "{said:?}");
}

#[test]
fn a_group_is_proposed_from_records() {
    let lab = Lab::new();
    lab.write("logs/a.log", RECORDS);
    lab.weir(&["propose", "--from", "logs"]).is("\
direction  service  far side        addresses  connections  packets  bytes  newly admitted  most traffic
ingress    tcp 443  203.0.113.9/32  1          1            5        400    nothing         203.0.113.9
egress     udp 53   192.0.2.53/32   1          1            1        60     nothing         192.0.2.53

Accepted until now, and refused by these rules:
ingress  tcp 8080  1 addresses  1 records  a SYN was let through, and nothing but RST answered
");
    let said = lab.weir(&["propose", "--from", "logs", "--as", "aws", "--direction", "ingress"]);
    let permissions: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(permissions[0]["IpRanges"][0]["CidrIp"], "203.0.113.9/32");
    let said = lab.weir(&["propose", "--from", "logs", "--as", "json", "--unanswered"]);
    let proposal: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(proposal["rules"].as_array().map(Vec::len), Some(3));
}

/// The proposed section is a network file, and with it what was accepted is accepted.
#[test]
fn a_proposal_is_a_network_file() {
    let lab = Lab::new();
    lab.write("logs/a.log", RECORDS);
    let said = lab.weir(&["propose", "--from", "logs", "--as", "network", "--id", "sg-new"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    lab.write("net.toml", &said.out);
    let arguments = ["--records", "logs", "--where", "interface_id = 'eni-web1'", "--json"];
    for record in json(&explain(&lab, &arguments)) {
        let kept = record["packet"]["destination_port"] != 8080;
        assert_eq!(record["recorded"] == record["predicted"], kept, "{record}");
    }
}

/// Records of version 2 say neither direction nor flags.
#[test]
fn a_group_is_proposed_from_records_of_version_2() {
    let lab = Lab::new();
    lab.write(
        "logs/a.log",
        "\
2 123456789012 eni-web1 203.0.113.9 198.51.100.10 40000 443 6 5 400 10 20 ACCEPT OK
2 123456789012 eni-web1 198.51.100.10 203.0.113.9 443 40000 6 4 900 10 20 ACCEPT OK
2 123456789012 eni-web1 198.51.100.10 192.0.2.1 40001 443 6 4 900 10 20 ACCEPT OK
2 123456789012 eni-web1 198.51.100.10 192.0.2.1 40002 443 6 4 900 10 20 ACCEPT OK
2 123456789012 eni-web1 203.0.113.9 198.51.100.10 40000 22 6 1 60 10 20 REJECT OK
",
    );
    let said = lab.weir(&["propose", "--from", "logs", "--as", "json"]);
    let proposal: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let rules = proposal["rules"].as_array().expect("rules");
    let texts: Vec<String> =
        rules.iter().map(|rule| format!("{} {} {}", rule["direction"], rule["service"], rule["far_side"])).collect();
    assert_eq!(texts, ["\"ingress\" \"tcp 443\" \"203.0.113.9/32\"", "\"egress\" \"tcp 443\" \"192.0.2.1/32\""]);
    let said = lab.weir(&["propose", "--from", "logs", "--days", "1"]);
    said.ended(1, "", "weir: no record to propose from: widen --days, --where or --interface-id\n");
}
