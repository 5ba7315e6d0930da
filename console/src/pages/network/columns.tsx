// The columns of each kind's list.

import { Badge } from "@mantine/core";
import { addressesOf, type FlowLog, nameTag } from "../../api/ec2";
import { Address } from "../../record/Address";
import { fieldsOf } from "../../record/flowLogs";
import { Moment } from "../../time/Moment";
import { shown } from "../../time/zone";
import type { Column } from "../../ui/DataGrid";
import { Destination, destinationOf } from "./flowlog/Destination";
import { Delivery, interval } from "./flowlog/words";
import type { View } from "./kinds";
import { Thing, useNetwork } from "./useNetwork";

interface Thingy {
  tagSet?: { key: string; value: string }[];
}

const NAME = { name: "Name", width: 140, text: (row: Thingy) => nameTag(row) ?? "" };

function id<Row>(name: string, text: (row: Row) => string, width = 200): Column<Row> {
  return { name, width, text, show: (row) => <Thing id={text(row)} /> };
}

/** The rows of a kind, and what is shown of them. */
export function useList(view: View): { columns: Column<never>[]; rows: never[] } {
  const network = useNetwork();
  const inVpc = (vpcId: string) => network.interfaces.filter((it) => it.vpcId === vpcId).length;
  const list = <Row,>(rows: Row[], columns: Column<Row>[]) => ({ rows, columns }) as unknown as { columns: Column<never>[]; rows: never[] };
  switch (view) {
    case "vpcs": return list(network.vpcs, [
      id("VPC", ({ vpcId }) => vpcId, 230),
      { name: "Ranges", width: 260, text: ({ cidrBlockAssociationSet = [], ipv6CidrBlockAssociationSet }) =>
        [...cidrBlockAssociationSet.map(({ cidrBlock }) => cidrBlock), ...(ipv6CidrBlockAssociationSet ?? []).map(({ ipv6CidrBlock }) => ipv6CidrBlock)].join(", ") },
      { name: "Default", width: 80, text: ({ isDefault }) => (isDefault ? "yes" : "") },
      { name: "Subnets", width: 80, isNumber: true, text: ({ vpcId }) => String(network.subnets.filter((it) => it.vpcId === vpcId).length) },
      { name: "Interfaces", width: 90, isNumber: true, text: ({ vpcId }) => String(inVpc(vpcId)) },
    ]);
    case "subnets": return list(network.subnets, [
      id("Subnet", ({ subnetId }) => subnetId, 240),
      { name: "Ranges", width: 200, text: ({ cidrBlock, ipv6CidrBlockAssociationSet = [] }) => [cidrBlock, ...ipv6CidrBlockAssociationSet.map(({ ipv6CidrBlock }) => ipv6CidrBlock)].filter(Boolean).join(", ") },
      id("VPC", ({ vpcId }) => vpcId),
      { name: "Zone", width: 100, text: ({ availabilityZone }) => availabilityZone },
      { name: "Interfaces", width: 90, isNumber: true, text: ({ subnetId }) => String(network.interfaces.filter((it) => it.subnetId === subnetId).length) },
      { name: "Free addresses", width: 120, isNumber: true, text: ({ availableIpAddressCount }) => String(availableIpAddressCount) },
    ]);
    case "interfaces": return list(network.interfaces, [
      id("Interface", ({ networkInterfaceId }) => networkInterfaceId, 230),
      { name: "Address", width: 130, text: (row) => addressesOf(row)[0] ?? "-", show: (row) => <Address of={addressesOf(row)[0] ?? ""} /> },
      { name: "Security groups", width: 180, text: ({ groupSet = [] }) => groupSet.map(({ groupName }) => groupName).join(", ") },
      id("Instance", ({ attachment }) => attachment?.instanceId ?? "", 170),
      id("Subnet", ({ subnetId }) => subnetId, 220),
      { name: "Status", width: 80, text: ({ status }) => status },
    ]);
    case "instances": return list(network.instances, [
      id("Instance", ({ instanceId }) => instanceId, 180),
      NAME,
      { name: "State", width: 90, text: ({ instanceState }) => instanceState.name },
      { name: "Type", width: 100, text: ({ instanceType }) => instanceType },
      { name: "Address", width: 130, text: ({ privateIpAddress }) => privateIpAddress ?? "-", show: ({ privateIpAddress }) => <Address of={privateIpAddress ?? ""} /> },
      id("Subnet", ({ subnetId }) => subnetId ?? "", 220),
      { name: "Since", width: 150, text: ({ launchTime }) => shown(launchTime, "UTC"), show: ({ launchTime }) => <Moment at={launchTime} /> },
    ]);
    case "groups": return list(network.groups, [
      { ...id("Security group", ({ groupId }) => groupId, 260) },
      { name: "Description", width: 250, text: ({ groupDescription }) => groupDescription },
      { name: "Inbound", width: 80, isNumber: true, text: ({ groupId }) => String(network.rules.filter((rule) => rule.groupId === groupId && !rule.isEgress).length) },
      { name: "Outbound", width: 85, isNumber: true, text: ({ groupId }) => String(network.rules.filter((rule) => rule.groupId === groupId && rule.isEgress).length) },
      { name: "Interfaces", width: 90, isNumber: true, text: ({ groupId }) => String(network.interfaces.filter(({ groupSet = [] }) => groupSet.some((it) => it.groupId === groupId)).length) },
      id("VPC", ({ vpcId }) => vpcId),
    ]);
    case "acls": return list(network.acls, [
      id("Network ACL", ({ networkAclId }) => networkAclId, 230),
      { name: "Default", width: 80, text: (row) => (row.default ? "yes" : "") },
      { name: "Inbound", width: 80, isNumber: true, text: ({ entrySet }) => String(entrySet.filter(({ egress }) => !egress).length) },
      { name: "Outbound", width: 85, isNumber: true, text: ({ entrySet }) => String(entrySet.filter(({ egress }) => egress).length) },
      { name: "Subnets", width: 80, isNumber: true, text: ({ associationSet }) => String(associationSet.length) },
      id("VPC", ({ vpcId }) => vpcId),
    ]);
    case "flowLogs": return list(network.flowLogs, FLOW_LOG);
  }
}

const FLOW_LOG: Column<FlowLog>[] = [
  id("Flow log", ({ flowLogId }) => flowLogId, 190),
  { name: "Status", width: 76, text: ({ flowLogStatus }) => flowLogStatus, show: ({ flowLogStatus }) => <Badge size="xs" variant="filled" color="#1f6f33">{flowLogStatus}</Badge> },
  { name: "Delivery", width: 120, text: ({ deliverLogsStatus, deliverLogsErrorMessage }) => deliverLogsErrorMessage ?? deliverLogsStatus, show: (row) => <Delivery of={row} /> },
  id("Of", ({ resourceId }) => resourceId, 200),
  { name: "Traffic", width: 72, text: ({ trafficType }) => trafficType },
  { name: "To", width: 175, text: destinationOf, show: (row) => <Destination of={row} /> },
  { name: "Interval", width: 74, isNumber: true, text: ({ maxAggregationInterval }) => String(maxAggregationInterval), show: ({ maxAggregationInterval }) => interval(maxAggregationInterval) },
  { name: "Fields", width: 60, isNumber: true, text: ({ logFormat }) => String(fieldsOf(logFormat).length) },
  { name: "Made", width: 140, text: ({ creationTime }) => shown(creationTime, "UTC"), show: ({ creationTime }) => <Moment at={creationTime} /> },
];
