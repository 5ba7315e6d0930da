import { Text } from "@mantine/core";
import { call } from "../../api/call";
import { usePlace } from "../../app/url";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { useAsked } from "../../ui/useAsked";
import { Waiting } from "../../ui/Waiting";

/** As EC2 describes it; the parts that are shown. */
interface Described {
  networkInterfaceId: string;
  description?: string;
  subnetId?: string;
  vpcId?: string;
  availabilityZone?: string;
  privateIpAddress?: string;
  privateIpAddressesSet?: { privateIpAddress?: string }[];
  attachment?: { instanceId?: string };
  groupSet?: { groupId?: string; groupName?: string }[];
  tagSet?: { key: string; value: string }[];
}

/** The interface at which the packets were seen, and what it belongs to. */
export function Interface({ id }: { id: string }) {
  const { params } = usePlace();
  const { value, problem, again } = useAsked(`interface ${params.get("region")} ${id}`, async (signal) => {
    const filter = [{ Name: "network-interface-id", Value: [id] }];
    const { networkInterfaceSet = [] } = await call<{ networkInterfaceSet?: Described[] }>("ec2", "DescribeNetworkInterfaces", { Filter: filter }, signal);
    return networkInterfaceSet;
  });
  return (
    <Panel title="Interface">
      {problem ? <Problem of={problem} again={again} /> : !value ? <Waiting label="Asking for the interface" />
        : value[0] ? <Facts of={value[0]} />
          : <Text size="sm">{id} is not defined in this region: it was taken away, or is that of a network file.</Text>}
    </Panel>
  );
}

function Facts({ of }: { of: Described }) {
  const addresses = of.privateIpAddressesSet?.map(({ privateIpAddress }) => privateIpAddress) ?? [of.privateIpAddress];
  const rows: [string, string | undefined][] = [
    ["Id", of.networkInterfaceId],
    ["Name", of.tagSet?.find(({ key }) => key === "Name")?.value ?? of.description],
    ["Instance", of.attachment?.instanceId],
    ["Addresses", addresses.filter(Boolean).join(", ")],
    ["Subnet", of.subnetId],
    ["VPC", of.vpcId],
    ["Zone", of.availabilityZone],
    ["Security groups", of.groupSet?.map(({ groupId, groupName }) => `${groupName ?? ""} ${groupId ?? ""}`.trim()).join(", ")],
  ];
  return (
    <table className="plain" aria-label="Interface">
      <tbody>
        {rows.filter(([, text]) => text).map(([name, text]) => <tr key={name}><th scope="row">{name}</th><td>{text}</td></tr>)}
      </tbody>
    </table>
  );
}
