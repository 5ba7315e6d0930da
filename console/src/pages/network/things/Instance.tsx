import type { Instance } from "../../../api/ec2";
import { Moment } from "../../../time/Moment";
import { Panel } from "../../../ui/Panel";
import { Facts } from "../../../ui/PlainTable";
import { Thing, useNetwork } from "../useNetwork";
import { GroupsEditor } from "./GroupsEditor";

export function InstanceParts({ of }: { of: Instance }) {
  const { interfaces } = useNetwork();
  const own = interfaces.filter(({ attachment }) => attachment?.instanceId === of.instanceId);
  return (
    <>
      <Panel title="Instance" className="half">
        <Facts label="Instance" facts={[
          ["State", of.instanceState.name],
          ["Type", of.instanceType],
          ["Since", <Moment at={of.launchTime} />],
          ["Subnet", <Thing id={of.subnetId} />],
          ["VPC", <Thing id={of.vpcId} />],
          ["Zone", of.placement?.availabilityZone],
        ]} />
      </Panel>
      {own.map((it) => (
        <Panel key={it.networkInterfaceId} title={`Security groups at ${it.description || it.networkInterfaceId}`} className="half"
          actions={<Thing id={it.networkInterfaceId} />}>
          <GroupsEditor of={it} />
        </Panel>
      ))}
    </>
  );
}
