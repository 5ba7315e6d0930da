// The kinds of things that a network is made of: a row each.

import type { Network } from "../../api/ec2";

export type View = Exclude<keyof Network, "rules" | "prefixLists">;

export interface Kind {
  view: View;
  title: string;
  one: string;
  /** How to make one, for those who see none. */
  command: string;
  /** What takes one away, and the member that names it. */
  remove: { operation: string; member: string; isList?: boolean; word: string };
}

export const KINDS: Kind[] = [
  { view: "vpcs", title: "VPCs", one: "VPC", command: "aws ec2 create-vpc --cidr-block 10.0.0.0/16",
    remove: { operation: "DeleteVpc", member: "VpcId", word: "Delete" } },
  { view: "subnets", title: "Subnets", one: "subnet", command: "aws ec2 create-subnet --vpc-id vpc-... --cidr-block 10.0.1.0/24",
    remove: { operation: "DeleteSubnet", member: "SubnetId", word: "Delete" } },
  { view: "interfaces", title: "Interfaces", one: "interface", command: "sudo weir up",
    remove: { operation: "DeleteNetworkInterface", member: "NetworkInterfaceId", word: "Delete" } },
  { view: "instances", title: "Instances", one: "instance", command: "sudo weir up",
    remove: { operation: "TerminateInstances", member: "InstanceId", isList: true, word: "Terminate" } },
  { view: "groups", title: "Security groups", one: "security group",
    command: "aws ec2 create-security-group --group-name web --description 'Web servers'",
    remove: { operation: "DeleteSecurityGroup", member: "GroupId", word: "Delete" } },
  { view: "acls", title: "Network ACLs", one: "network ACL", command: "aws ec2 create-network-acl --vpc-id vpc-...",
    remove: { operation: "DeleteNetworkAcl", member: "NetworkAclId", word: "Delete" } },
  { view: "flowLogs", title: "Flow logs", one: "flow log",
    command: "aws ec2 create-flow-logs --resource-type VPC --resource-ids vpc-... --traffic-type ALL --log-destination-type s3 --log-destination arn:aws:s3:::flow-logs",
    remove: { operation: "DeleteFlowLogs", member: "FlowLogId", isList: true, word: "Delete" } },
];

/** A kind by the prefix of its ids. */
const PREFIXES: [string, View][] = [
  ["vpc-", "vpcs"], ["subnet-", "subnets"], ["eni-", "interfaces"], ["i-", "instances"], ["sg-", "groups"], ["acl-", "acls"], ["fl-", "flowLogs"],
];

export function viewOf(id: string): View | undefined {
  return PREFIXES.find(([prefix]) => id.startsWith(prefix))?.[1];
}
