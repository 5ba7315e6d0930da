// How a thing of each kind is made: what is asked for, and the operation that makes it.

import type { Described } from "../../api/ec2";
import type { View } from "./kinds";
import { nameOf } from "./useNetwork";

export type Values = Record<string, string>;

export interface Field {
  name: string;
  label: string;
  hint?: string;
  isOptional?: boolean;
  /** What can be chosen; none where something is written. */
  offers?: (network: Described) => { value: string; label: string }[];
}

export interface Maker {
  operation: string;
  fields: Field[];
  /** What stands there at the beginning. */
  begin: (network: Described) => Values;
  input: (values: Values) => object;
}

const NAME: Field = { name: "name", label: "Name", isOptional: true };

function offered(network: Described, ids: string[]) {
  return ids.map((id) => ({ value: id, label: [id, nameOf(network, id)].filter(Boolean).join(" ") }));
}

const VPC: Field = { name: "vpc", label: "VPC", offers: (network) => offered(network, network.vpcs.map(({ vpcId }) => vpcId)) };
const SUBNET: Field = {
  name: "subnet", label: "Subnet",
  offers: (network) => network.subnets.map(({ subnetId, cidrBlock }) => ({ value: subnetId, label: `${subnetId} ${cidrBlock ?? ""}` })),
};
const GROUP: Field = {
  name: "group", label: "Security group", hint: "The default group of the VPC, if none is chosen", isOptional: true,
  offers: (network) => network.groups.map(({ groupId, groupName }) => ({ value: groupId, label: `${groupName} ${groupId}` })),
};

const usualVpc = ({ vpcs }: Described): Values => ({ vpc: (vpcs.find(({ isDefault }) => isDefault) ?? vpcs[0])?.vpcId ?? "" });
const nothing = (): Values => ({});

/** The tag Name, for what is made. */
function named(ResourceType: string, name: string | undefined) {
  return name ? { TagSpecification: [{ ResourceType, Tag: [{ Key: "Name", Value: name }] }] } : {};
}

export const MAKERS: Partial<Record<View, Maker>> = {
  vpcs: {
    operation: "CreateVpc", begin: nothing,
    fields: [{ name: "range", label: "Range of addresses", hint: "such as 10.0.0.0/16" }, NAME],
    input: ({ range, name }) => ({ CidrBlock: range, ...named("vpc", name) }),
  },
  subnets: {
    operation: "CreateSubnet", begin: usualVpc,
    fields: [VPC, { name: "range", label: "Range of addresses", hint: "a part of the VPC's, such as 10.0.1.0/24" },
      { name: "zone", label: "Zone", hint: "such as us-east-1a; any, if none is named", isOptional: true }, NAME],
    input: ({ vpc, range, zone, name }) => ({ VpcId: vpc, CidrBlock: range, ...(zone ? { AvailabilityZone: zone } : {}), ...named("subnet", name) }),
  },
  interfaces: {
    operation: "CreateNetworkInterface", begin: nothing,
    fields: [SUBNET, GROUP, { name: "address", label: "Address", hint: "A free one of the subnet, if none is named", isOptional: true },
      { name: "description", label: "Description", isOptional: true }],
    input: ({ subnet, group, address, description }) => ({
      SubnetId: subnet, ...(group ? { SecurityGroupId: [group] } : {}), ...(address ? { PrivateIpAddress: address } : {}), ...(description ? { Description: description } : {}),
    }),
  },
  groups: {
    operation: "CreateSecurityGroup", begin: usualVpc,
    fields: [VPC, { name: "name", label: "Name" }, { name: "description", label: "Description" }],
    input: ({ vpc, name, description }) => ({ VpcId: vpc, GroupName: name, GroupDescription: description }),
  },
  acls: {
    operation: "CreateNetworkAcl", begin: usualVpc, fields: [VPC, NAME],
    input: ({ vpc, name }) => ({ VpcId: vpc, ...named("network-acl", name) }),
  },
};
