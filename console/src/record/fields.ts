// The fields of a record, in words.

const WORDS: Record<string, string> = {
  version: "Version of the record: the newest of its fields",
  "account-id": "Account that owns the interface",
  "interface-id": "Interface at which the packets were seen",
  srcaddr: "Where the packets came from; for packets that leave, the address of the interface",
  dstaddr: "Where the packets went to; for packets that come in, the address of the interface",
  srcport: "Port that they were sent from",
  dstport: "Port that they were sent to",
  protocol: "Protocol that the packets carried, by its number at the IANA",
  packets: "How many packets in this interval",
  bytes: "How many bytes they had, headers of IP included",
  start: "When the first packet of the interval came",
  end: "When the last packet of the interval came",
  action: "Whether they were let through: ACCEPT, or REJECT by a security group, a network ACL or the host's firewall",
  "log-status": "OK; NODATA: no packet in the interval; SKIPDATA: records were lost in it",
  "vpc-id": "VPC of the interface",
  "subnet-id": "Subnet of the interface",
  "instance-id": "Instance that the interface belongs to",
  "tcp-flags": "Flags of TCP that were seen in the interval, added up",
  type: "Kind of traffic: IPv4, IPv6, EFA",
  "pkt-srcaddr": "Source in the packet itself, where a device in between put another address before it",
  "pkt-dstaddr": "Destination in the packet itself",
  region: "Region of the interface",
  "az-id": "Availability zone of the interface",
  "sublocation-type": "Wavelength, outpost or local zone",
  "sublocation-id": "Its id",
  "pkt-src-aws-service": "Service of AWS that the source belongs to",
  "pkt-dst-aws-service": "Service of AWS that the destination belongs to",
  "flow-direction": "Seen from the interface: ingress comes in, egress leaves",
  "traffic-path": "Way that leaving traffic takes",
  "reject-reason": "Why it was refused, where another cause than a rule is known",
  rule: "Rule that decided",
  "verdict-source": "Whether the verdict was observed in the kernel, or follows from the network file",
};

const FLAGS: [number, string][] = [[1, "FIN"], [2, "SYN"], [4, "RST"], [8, "PSH"], [16, "ACK"], [32, "URG"], [64, "ECE"], [128, "CWR"]];

export function fieldInWords(name: string): string | undefined {
  return WORDS[name];
}

/** `18` is `SYN ACK`. */
export function flagNames(value: string): string {
  const number = Number(value);
  return FLAGS.filter(([bit]) => (number & bit) !== 0).map(([, name]) => name).join(" ");
}
