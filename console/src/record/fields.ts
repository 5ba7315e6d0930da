// The fields of a record: which there are, and what they say.

export interface Field {
  name: string;
  /** Version of the record that it came with; none where AWS does not have it. */
  version?: number;
  words: string;
  /** What an example has; `-` where it has nothing. */
  sample?: string;
}

/** Those that a flow log's format can have. Fields of transit gateways and of tags are none here. */
export const FIELDS: Field[] = [
  { name: "version", version: 2, words: "Version of the record: the newest of its fields", sample: "2" },
  { name: "account-id", version: 2, words: "Account that owns the interface", sample: "123456789012" },
  { name: "interface-id", version: 2, words: "Interface at which the packets were seen", sample: "eni-0a1b2c3d4e5f60718" },
  { name: "srcaddr", version: 2, words: "Where the packets came from; for packets that leave, the address of the interface", sample: "203.0.113.12" },
  { name: "dstaddr", version: 2, words: "Where the packets went to; for packets that come in, the address of the interface", sample: "172.31.16.139" },
  { name: "srcport", version: 2, words: "Port that they were sent from", sample: "39611" },
  { name: "dstport", version: 2, words: "Port that they were sent to", sample: "22" },
  { name: "protocol", version: 2, words: "Protocol that the packets carried, by its number at the IANA", sample: "6" },
  { name: "packets", version: 2, words: "How many packets in this interval", sample: "20" },
  { name: "bytes", version: 2, words: "How many bytes they had, headers of IP included", sample: "4249" },
  { name: "start", version: 2, words: "When the first packet of the interval came", sample: "1764000000" },
  { name: "end", version: 2, words: "When the last packet of the interval came", sample: "1764000058" },
  { name: "action", version: 2, words: "Whether they were let through: ACCEPT, or REJECT by a security group, a network ACL or the host's firewall", sample: "ACCEPT" },
  { name: "log-status", version: 2, words: "OK; NODATA: no packet in the interval; SKIPDATA: records were lost in it", sample: "OK" },
  { name: "vpc-id", version: 3, words: "VPC of the interface", sample: "vpc-0a1b2c3d4e5f60718" },
  { name: "subnet-id", version: 3, words: "Subnet of the interface", sample: "subnet-0a1b2c3d4e5f60718" },
  { name: "instance-id", version: 3, words: "Instance that the interface belongs to", sample: "i-0a1b2c3d4e5f60718" },
  { name: "tcp-flags", version: 3, words: "Flags of TCP that were seen in the interval, added up", sample: "3" },
  { name: "type", version: 3, words: "Kind of traffic: IPv4, IPv6, EFA", sample: "IPv4" },
  { name: "pkt-srcaddr", version: 3, words: "Source in the packet itself, where a device in between put another address before it", sample: "203.0.113.12" },
  { name: "pkt-dstaddr", version: 3, words: "Destination in the packet itself", sample: "172.31.16.139" },
  { name: "region", version: 4, words: "Region of the interface", sample: "us-east-1" },
  { name: "az-id", version: 4, words: "Availability zone of the interface", sample: "use1-az6" },
  { name: "sublocation-type", version: 4, words: "Wavelength, outpost or local zone" },
  { name: "sublocation-id", version: 4, words: "Its id" },
  { name: "pkt-src-aws-service", version: 5, words: "Service of AWS that the source belongs to" },
  { name: "pkt-dst-aws-service", version: 5, words: "Service of AWS that the destination belongs to" },
  { name: "flow-direction", version: 5, words: "Seen from the interface: ingress comes in, egress leaves", sample: "ingress" },
  { name: "traffic-path", version: 5, words: "Way that leaving traffic takes" },
  { name: "ecs-cluster-arn", version: 7, words: "Cluster of the ECS task, as ARN" },
  { name: "ecs-cluster-name", version: 7, words: "Cluster of the ECS task" },
  { name: "ecs-container-instance-arn", version: 7, words: "Container instance of the ECS task, as ARN" },
  { name: "ecs-container-instance-id", version: 7, words: "Container instance of the ECS task" },
  { name: "ecs-container-id", version: 7, words: "First container of the ECS task" },
  { name: "ecs-second-container-id", version: 7, words: "Second container of the ECS task" },
  { name: "ecs-service-name", version: 7, words: "Service that started the ECS task" },
  { name: "ecs-task-definition-arn", version: 7, words: "Definition of the ECS task, as ARN" },
  { name: "ecs-task-arn", version: 7, words: "ECS task, as ARN" },
  { name: "ecs-task-id", version: 7, words: "ECS task" },
  { name: "reject-reason", version: 8, words: "Why it was refused, where another cause than a rule is known" },
  { name: "resource-id", version: 9, words: "Regional NAT gateway, where the interface belongs to one" },
  { name: "encryption-status", version: 10, words: "Whether the traffic was encrypted: 0 no, 1 by Nitro, 2 by the application, 3 by both" },
  { name: "interface-type", version: 11, words: "Kind of interface, where AWS made it" },
  { name: "next-hop-interface-id", version: 11, words: "Interface of the next hop" },
  { name: "next-hop-subnet-id", version: 11, words: "Subnet of the next hop" },
  { name: "next-hop-az-id", version: 11, words: "Availability zone of the next hop" },
  { name: "next-hop-vpc-id", version: 11, words: "VPC of the next hop" },
  { name: "next-hop-interface-type", version: 11, words: "Kind of the next hop's interface" },
  { name: "src-geoip", words: "Country of the source, where a database is configured" },
  { name: "dst-geoip", words: "Country of the destination, where a database is configured" },
  { name: "rule", words: "Rule that decided", sample: "sg-0a1b2c3d4e5f60718/sgr-0a1b2c3d4e5f60718" },
  { name: "verdict-source", words: "Whether the verdict was observed in the kernel, or follows from the network file", sample: "observed" },
];

const WORDS = new Map(FIELDS.map(({ name, words }) => [name, words]));

const FLAGS: [number, string][] = [[1, "FIN"], [2, "SYN"], [4, "RST"], [8, "PSH"], [16, "ACK"], [32, "URG"], [64, "ECE"], [128, "CWR"]];

export function fieldInWords(name: string): string | undefined {
  return WORDS.get(name);
}

/** `18` is `SYN ACK`. */
export function flagNames(value: string): string {
  const number = Number(value);
  return FLAGS.filter(([bit]) => (number & bit) !== 0).map(([, name]) => name).join(" ");
}
