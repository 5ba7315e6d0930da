import { Badge, Group, Title } from "@mantine/core";
import type { ComponentType } from "react";
import { type Described, type Part, type Tag } from "../../../api/ec2";
import { call } from "../../../api/call";
import { Link } from "../../../app/link";
import { go, href, shared, usePlace } from "../../../app/url";
import { useMay } from "../../../app/session";
import { Copy, Empty } from "../../../ui/Empty";
import { Sure } from "../../../ui/Sure";
import { type Kind, type View } from "../kinds";
import { nameOf, useNetwork } from "../useNetwork";
import { AclParts } from "./Acl";
import { FlowLogParts } from "./FlowLog";
import { GroupParts } from "./SecurityGroup";
import { InstanceParts } from "./Instance";
import { InterfaceParts } from "./Interface";
import { SubnetParts } from "./Subnet";
import { Tags } from "./Tags";
import { VpcParts } from "./Vpc";

type Found<V extends View> = Described[V][number];

const PARTS: { [V in View]: { id: (thing: Found<V>) => string; Parts: ComponentType<{ of: Found<V> }> } } = {
  vpcs: { id: ({ vpcId }) => vpcId, Parts: VpcParts },
  subnets: { id: ({ subnetId }) => subnetId, Parts: SubnetParts },
  interfaces: { id: ({ networkInterfaceId }) => networkInterfaceId, Parts: InterfaceParts },
  instances: { id: ({ instanceId }) => instanceId, Parts: InstanceParts },
  groups: { id: ({ groupId }) => groupId, Parts: GroupParts },
  acls: { id: ({ networkAclId }) => networkAclId, Parts: AclParts },
  flowLogs: { id: ({ flowLogId }) => flowLogId, Parts: FlowLogParts },
};

/** All of one thing, and what can be changed of it. */
export default function ThingPage<V extends View>({ kind, id }: { kind: Kind & { view: V }; id: string }) {
  const network = useNetwork();
  const { params } = usePlace();
  const { id: idOf, Parts } = PARTS[kind.view] as { id: (thing: Found<V>) => string; Parts: ComponentType<{ of: Found<V> }> };
  const thing = (network[kind.view as Part] as Found<V>[]).find((one) => idOf(one) === id);
  const list = href("network", { ...shared(params), view: kind.view });
  if (!thing) {
    return <Empty>There is no {kind.one} {id} in this region: it is gone, or of another region. <Link to={list}>All {kind.title}</Link></Empty>;
  }
  const name = nameOf(network, id);
  return (
    <>
      <Group gap={8} mb={8}>
        <Link size="sm" to={list}>{kind.title}</Link>
        <Title order={2} size="h5">{name ?? id}</Title>
        {name && <Badge size="sm" variant="default" className="mono" tt="none">{id}</Badge>}
        <Copy text={id} what="id" />
        <span className="spacer" />
        <Remove kind={kind} id={id} done={() => { network.again(); go(list); }} />
      </Group>
      <div className="tiles">
        <Parts of={thing} />
        <Tags id={id} tags={(thing as { tagSet?: Tag[] }).tagSet ?? []} />
      </div>
    </>
  );
}

/** What is lost with a thing, beside itself. */
const LOSS: Partial<Record<View, string>> = {
  flowLogs: "Recording for it ends within the minute. What was delivered stays where it is.",
  instances: "Its interfaces go with it. No machine is stopped.",
};

function Remove({ kind, id, done }: { kind: Kind; id: string; done: () => void }) {
  const { operation, member, isList, word } = kind.remove;
  const input = { [member]: isList ? [id] : id };
  const [may] = useMay([{ service: "ec2", operation, input }]);
  if (!may) return null;
  return (
    <Sure label={word} name={`${word} ${id}`} act={() => call("ec2", operation, input)} done={done}>
      {LOSS[kind.view] ?? `This ${kind.one} is gone then. It is refused while something needs it.`}
    </Sure>
  );
}
