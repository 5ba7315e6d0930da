import { Group, MultiSelect, Radio, SegmentedControl, Stack, Text } from "@mantine/core";
import type { Described } from "../../../api/ec2";
import { nameOf, useNetwork } from "../useNetwork";
import type { ResourceView } from "./draft";
import type { SectionProps } from "./Wizard";
import { interval } from "./words";

const KINDS = [{ value: "vpcs", label: "VPCs" }, { value: "subnets", label: "Subnets" }, { value: "interfaces", label: "Interfaces" }];
const FILTERS = [["ALL", "All"], ["ACCEPT", "Accepted traffic only"], ["REJECT", "Refused traffic only"]] as const;
const INTERVALS = ["600", "60", "10", "1"];

/** Whose traffic, which of it, and how long a record may stand for. */
export function WhatFields({ draft, set, problemAt }: SectionProps) {
  const network = useNetwork();
  const ids = idsOf(network, draft.kind);
  return (
    <Stack gap="sm">
      <Group gap={8} align="flex-end">
        <SegmentedControl size="xs" data={KINDS} value={draft.kind} aria-label="Kind of resource" onChange={(kind) => set({ kind: kind as ResourceView, resources: [] })} />
        <MultiSelect size="xs" flex={1} miw={260} label="Resources" required searchable hidePickedOptions value={draft.resources} error={problemAt("resource")}
          data={[...new Set([...ids, ...draft.resources])].map((id) => ({ value: id, label: [id, about(network, id)].filter(Boolean).join(" ") }))}
          onChange={(resources) => set({ resources })} />
      </Group>
      {draft.resources.length > 0 && <Text size="xs" c="dimmed">{covered(network, draft.resources)} Interfaces of VPCs and subnets that come later are recorded too.</Text>}
      <Radio.Group label="Filter" value={draft.traffic} onChange={(traffic) => set({ traffic })} size="xs">
        <Group gap="md" mt={4}>{FILTERS.map(([value, label]) => <Radio key={value} size="xs" value={value} label={label} />)}</Group>
      </Radio.Group>
      <Radio.Group label="Maximum aggregation interval" description="The longest time that one record stands for" value={draft.interval} size="xs"
        onChange={(chosen) => set({ interval: chosen })} error={problemAt("interval")}>
        <Group gap="md" mt={4}>{INTERVALS.map((seconds) => <Radio key={seconds} size="xs" value={seconds} label={interval(Number(seconds))} />)}</Group>
      </Radio.Group>
    </Stack>
  );
}

function idsOf({ vpcs, subnets, interfaces }: Described, kind: ResourceView): string[] {
  switch (kind) {
    case "vpcs": return vpcs.map(({ vpcId }) => vpcId);
    case "subnets": return subnets.map(({ subnetId }) => subnetId);
    case "interfaces": return interfaces.map(({ networkInterfaceId }) => networkInterfaceId);
  }
}

/** The name of a thing, or its range. */
function about(network: Described, id: string): string | undefined {
  const subnet = network.subnets.find(({ subnetId }) => subnetId === id);
  const vpc = network.vpcs.find(({ vpcId }) => vpcId === id);
  return nameOf(network, id) ?? subnet?.cidrBlock ?? (vpc?.isDefault ? "default" : undefined);
}

function covered({ interfaces }: Described, ids: string[]): string {
  const count = interfaces.filter((it) => [it.networkInterfaceId, it.subnetId, it.vpcId].some((id) => ids.includes(id))).length;
  return `${count} ${count === 1 ? "interface is" : "interfaces are"} recorded.`;
}
