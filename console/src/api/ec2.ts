// What the network is made of, as EC2 describes it; the members that pages show.

import { call } from "./call";

export interface Tag {
  key: string;
  value: string;
}

interface Tagged {
  tagSet?: Tag[];
}

export interface Vpc extends Tagged {
  vpcId: string;
  isDefault: boolean;
  cidrBlockAssociationSet?: { cidrBlock: string }[];
  ipv6CidrBlockAssociationSet?: { ipv6CidrBlock: string }[] | null;
}

export interface Subnet extends Tagged {
  subnetId: string;
  vpcId: string;
  cidrBlock?: string | null;
  ipv6CidrBlockAssociationSet?: { ipv6CidrBlock: string }[];
  availabilityZone: string;
  availableIpAddressCount: number;
  defaultForAz: boolean;
}

export interface Interface extends Tagged {
  networkInterfaceId: string;
  description?: string;
  status: string;
  subnetId: string;
  vpcId: string;
  availabilityZone: string;
  macAddress?: string;
  privateIpAddress?: string | null;
  privateIpAddressesSet?: { privateIpAddress: string; association?: { publicIp?: string } | null }[];
  ipv6AddressesSet?: { ipv6Address: string }[];
  attachment?: { instanceId?: string; deviceIndex?: number };
  groupSet?: { groupId: string; groupName: string }[];
}

export interface Instance extends Tagged {
  instanceId: string;
  instanceType: string;
  instanceState: { name: string };
  privateIpAddress?: string | null;
  subnetId?: string | null;
  vpcId?: string | null;
  launchTime: number;
  placement?: { availabilityZone?: string };
}

export interface SecurityGroup extends Tagged {
  groupId: string;
  groupName: string;
  groupDescription: string;
  vpcId: string;
}

export interface SecurityGroupRule {
  securityGroupRuleId: string;
  groupId: string;
  isEgress: boolean;
  ipProtocol: string;
  fromPort: number;
  toPort: number;
  cidrIpv4?: string;
  cidrIpv6?: string;
  prefixListId?: string;
  referencedGroupInfo?: { groupId: string };
  description?: string | null;
}

export interface AclEntry {
  ruleNumber: number;
  protocol: string;
  ruleAction: "allow" | "deny";
  egress: boolean;
  cidrBlock?: string;
  ipv6CidrBlock?: string;
  portRange?: { from: number; to: number };
  icmpTypeCode?: { type: number; code: number };
}

export interface NetworkAcl extends Tagged {
  networkAclId: string;
  vpcId: string;
  default: boolean;
  entrySet: AclEntry[];
  associationSet: { networkAclAssociationId: string; subnetId: string }[];
}

export interface FlowLog extends Tagged {
  flowLogId: string;
  resourceId: string;
  creationTime: number;
  flowLogStatus: string;
  deliverLogsStatus: "SUCCESS" | "FAILED";
  deliverLogsErrorMessage?: string | null;
  trafficType: string;
  logDestinationType: "s3" | "cloud-watch-logs";
  logDestination?: string;
  logGroupName?: string;
  deliverLogsPermissionArn?: string;
  logFormat: string;
  /** Seconds. */
  maxAggregationInterval: number;
  destinationOptions?: { fileFormat: string; hiveCompatiblePartitions: boolean; perHourPartition: boolean };
}

export interface PrefixList extends Tagged {
  prefixListId: string;
  prefixListName: string;
}

/** All of a region. */
export interface Network {
  vpcs: Vpc[];
  subnets: Subnet[];
  interfaces: Interface[];
  instances: Instance[];
  groups: SecurityGroup[];
  rules: SecurityGroupRule[];
  acls: NetworkAcl[];
  flowLogs: FlowLog[];
  prefixLists: PrefixList[];
}

export type Part = keyof Network;

const OPERATIONS: Record<Part, [operation: string, member: string]> = {
  vpcs: ["DescribeVpcs", "vpcSet"],
  subnets: ["DescribeSubnets", "subnetSet"],
  interfaces: ["DescribeNetworkInterfaces", "networkInterfaceSet"],
  instances: ["DescribeInstances", "reservationSet"],
  groups: ["DescribeSecurityGroups", "securityGroupInfo"],
  rules: ["DescribeSecurityGroupRules", "securityGroupRuleSet"],
  acls: ["DescribeNetworkAcls", "networkAclSet"],
  flowLogs: ["DescribeFlowLogs", "flowLogSet"],
  prefixLists: ["DescribeManagedPrefixLists", "prefixListSet"],
};

/** A part of the network. */
export async function describe<P extends Part>(part: P, signal: AbortSignal): Promise<Network[P]> {
  const [operation, member] = OPERATIONS[part];
  const answer = await call<Record<string, unknown[] | null>>("ec2", operation, {}, signal);
  const found = answer[member] ?? [];
  const things = part === "instances" ? (found as { instancesSet?: unknown[] }[]).flatMap(({ instancesSet = [] }) => instancesSet) : found;
  return things as Network[P];
}

export interface Described extends Network {
  /** Parts that the server did not tell, and why. */
  problems: Partial<Record<Part, unknown>>;
}

/** The whole network. A part that the reader may not see is empty. */
export async function describeAll(signal: AbortSignal): Promise<Described> {
  const parts = Object.keys(OPERATIONS) as Part[];
  const answers = await Promise.allSettled(parts.map((part) => describe(part, signal)));
  signal.throwIfAborted();
  const all: Record<string, unknown> = {};
  const problems: Described["problems"] = {};
  parts.forEach((part, place) => {
    const answer = answers[place];
    all[part] = answer?.status === "fulfilled" ? answer.value : [];
    if (answer?.status === "rejected") problems[part] = answer.reason;
  });
  return { ...(all as unknown as Network), problems };
}

/** The tag `Name`. */
export function nameTag({ tagSet = [] }: Tagged): string | undefined {
  return tagSet.find(({ key }) => key === "Name")?.value || undefined;
}

/** All addresses of an interface, the primary one first. */
export function addressesOf({ privateIpAddressesSet = [], ipv6AddressesSet = [] }: Interface): string[] {
  return [...privateIpAddressesSet.map(({ privateIpAddress }) => privateIpAddress), ...ipv6AddressesSet.map(({ ipv6Address }) => ipv6Address)];
}
