import type { Vpc } from "../../../api/ec2";
import { Panel } from "../../../ui/Panel";
import { Facts } from "../../../ui/PlainTable";
import { Things, useNetwork } from "../useNetwork";
import { FlowLogsOf } from "./FlowLogsOf";

export function VpcParts({ of: { vpcId, isDefault, cidrBlockAssociationSet = [], ipv6CidrBlockAssociationSet } }: { of: Vpc }) {
  const { subnets, groups, acls, interfaces } = useNetwork();
  const within = (it: { vpcId: string }) => it.vpcId === vpcId;
  return (
    <>
      <Panel title="VPC" className="half">
        <Facts label="VPC" facts={[
          ["Ranges", [...cidrBlockAssociationSet.map(({ cidrBlock }) => cidrBlock), ...(ipv6CidrBlockAssociationSet ?? []).map(({ ipv6CidrBlock }) => ipv6CidrBlock)].join(", ")],
          ["Default", isDefault ? "yes" : "no"],
          ["Interfaces", interfaces.filter(within).length],
          ["Security groups", <Things ids={groups.filter(within).map(({ groupId }) => groupId)} />],
          ["Network ACLs", <Things ids={acls.filter(within).map(({ networkAclId }) => networkAclId)} />],
        ]} />
      </Panel>
      <Panel title="Subnets" className="half">
        <Facts label="Subnets" facts={subnets.filter(within).map(({ subnetId, cidrBlock }) => [cidrBlock ?? subnetId, <Things ids={[subnetId]} />])} />
      </Panel>
      <FlowLogsOf id={vpcId} />
    </>
  );
}
