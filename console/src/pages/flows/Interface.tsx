import { Text } from "@mantine/core";
import { call } from "../../api/call";
import { addressesOf, type Interface as Described, nameTag } from "../../api/ec2";
import { CellLink } from "../../app/link";
import { usePlace } from "../../app/url";
import { Answered } from "../../ui/Answered";
import { Panel } from "../../ui/Panel";
import { Facts } from "../../ui/PlainTable";
import { useAsked } from "../../ui/useAsked";
import { useThingAddress } from "../network/useNetwork";

/** The interface at which the packets were seen, and what it belongs to. */
export function Interface({ id }: { id: string }) {
  const { params } = usePlace();
  const asked = useAsked(`interface ${params.get("region")} ${id}`, async (signal) => {
    const filter = [{ Name: "network-interface-id", Value: [id] }];
    const { networkInterfaceSet = [] } = await call<{ networkInterfaceSet?: Described[] }>("ec2", "DescribeNetworkInterfaces", { Filter: filter }, signal);
    return networkInterfaceSet;
  });
  return (
    <Panel title="Interface">
      <Answered asked={asked} waiting="Asking for the interface" empty={<Text size="sm">{id} is not defined in this region: it was taken away, or is that of a network file.</Text>}>
        {([found]) => found && <Belongings of={found} />}
      </Answered>
    </Panel>
  );
}

function Belongings({ of }: { of: Described }) {
  const to = useThingAddress();
  const thing = (id: string | undefined) => id && <CellLink to={to(id) ?? ""}>{id}</CellLink>;
  return (
    <Facts label="Interface" facts={[
      ["Id", thing(of.networkInterfaceId)],
      ["Name", nameTag(of) ?? of.description],
      ["Instance", thing(of.attachment?.instanceId)],
      ["Addresses", addressesOf(of).join(", ")],
      ["Subnet", thing(of.subnetId)],
      ["VPC", thing(of.vpcId)],
      ["Zone", of.availabilityZone],
      ["Security groups", of.groupSet?.map(({ groupId, groupName }) => <div key={groupId}>{thing(groupId)} {groupName}</div>)],
    ]} />
  );
}
