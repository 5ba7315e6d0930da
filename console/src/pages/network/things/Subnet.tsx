import { Group, Select } from "@mantine/core";
import type { Subnet } from "../../../api/ec2";
import { call } from "../../../api/call";
import { useMay } from "../../../app/session";
import { Panel } from "../../../ui/Panel";
import { Facts } from "../../../ui/PlainTable";
import { Problem } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";
import { nameOf, Thing, Things, useNetwork } from "../useNetwork";
import { FlowLogsOf } from "./FlowLogsOf";

export function SubnetParts({ of }: { of: Subnet }) {
  const { interfaces } = useNetwork();
  const { subnetId, vpcId, cidrBlock, ipv6CidrBlockAssociationSet = [], availabilityZone, availableIpAddressCount } = of;
  const own = interfaces.filter((it) => it.subnetId === subnetId);
  return (
    <>
      <Panel title="Subnet" className="half">
        <Facts label="Subnet" facts={[
          ["VPC", <Thing id={vpcId} />],
          ["Ranges", [cidrBlock, ...ipv6CidrBlockAssociationSet.map(({ ipv6CidrBlock }) => ipv6CidrBlock)].filter(Boolean).join(", ")],
          ["Zone", availabilityZone],
          ["Free addresses", availableIpAddressCount.toLocaleString("en")],
          ["Interfaces", own.length > 0 && <Things ids={own.map(({ networkInterfaceId }) => networkInterfaceId)} />],
          ["Network ACL", <Acl of={of} />],
        ]} />
      </Panel>
      <FlowLogsOf id={subnetId} around={[vpcId]} />
    </>
  );
}

/** The network ACL at the border of a subnet; another one of the VPC can take its place. */
function Acl({ of: { subnetId, vpcId } }: { of: Subnet }) {
  const network = useNetwork();
  const { problem, busy, run } = useDoing();
  const acls = network.acls.filter((acl) => acl.vpcId === vpcId);
  const own = acls.find(({ associationSet }) => associationSet.some((it) => it.subnetId === subnetId));
  const AssociationId = own?.associationSet.find((it) => it.subnetId === subnetId)?.networkAclAssociationId;
  const [may] = useMay([{ service: "ec2", operation: "ReplaceNetworkAclAssociation", input: { AssociationId, NetworkAclId: own?.networkAclId } }]);
  const change = async (NetworkAclId: string | null) => {
    if (NetworkAclId && await run(() => call("ec2", "ReplaceNetworkAclAssociation", { AssociationId, NetworkAclId }))) network.again();
  };
  return (
    <>
      <Group gap={8}>
        <Thing id={own?.networkAclId} />
        {may && acls.length > 1 && (
          <Select size="xs" w={290} aria-label="Network ACL of the subnet" value={own?.networkAclId ?? null} allowDeselect={false} disabled={busy}
            data={acls.map(({ networkAclId, default: isDefault }) => ({ value: networkAclId, label: `${networkAclId} ${nameOf(network, networkAclId) ?? (isDefault ? "default" : "")}` }))}
            onChange={(id) => void change(id)} />
        )}
      </Group>
      {problem !== undefined && <Problem of={problem} />}
    </>
  );
}
