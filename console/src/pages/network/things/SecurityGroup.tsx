import type { SecurityGroup } from "../../../api/ec2";
import { Panel } from "../../../ui/Panel";
import { Facts } from "../../../ui/PlainTable";
import { Rules } from "../rules/Rules";
import { Thing, Things, useNetwork } from "../useNetwork";

export function GroupParts({ of }: { of: SecurityGroup }) {
  const { interfaces, rules } = useNetwork();
  const users = interfaces.filter(({ groupSet = [] }) => groupSet.some(({ groupId }) => groupId === of.groupId));
  const referring = [...new Set(rules.filter(({ referencedGroupInfo, groupId }) => referencedGroupInfo?.groupId === of.groupId && groupId !== of.groupId).map(({ groupId }) => groupId))];
  return (
    <>
      <Rules group={of} isEgress={false} />
      <Rules group={of} isEgress />
      <Panel title="Security group" className="half">
        <Facts label="Security group" facts={[
          ["Name", of.groupName],
          ["Description", of.groupDescription],
          ["VPC", <Thing id={of.vpcId} />],
          ["Interfaces", users.length > 0 ? <Things ids={users.map(({ networkInterfaceId }) => networkInterfaceId)} /> : "none"],
          ["Named in rules of", referring.length > 0 && <Things ids={referring} />],
        ]} />
      </Panel>
    </>
  );
}
