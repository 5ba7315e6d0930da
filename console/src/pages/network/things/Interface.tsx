import { addressesOf, type Interface } from "../../../api/ec2";
import { Link } from "../../../app/link";
import { href, shared, usePlace } from "../../../app/url";
import { Address } from "../../../record/Address";
import { Panel } from "../../../ui/Panel";
import { Facts, PlainTable } from "../../../ui/PlainTable";
import { matchesOf, peerOf } from "../rules/groupRules";
import { FarSide } from "../rules/Rules";
import { inWords } from "../rules/traffic";
import { Thing, useNetwork } from "../useNetwork";
import { FlowLogsOf } from "./FlowLogsOf";
import { GroupsEditor } from "./GroupsEditor";

export function InterfaceParts({ of }: { of: Interface }) {
  const { params } = usePlace();
  const { networkInterfaceId: id, subnetId, vpcId } = of;
  const publicIp = of.privateIpAddressesSet?.map(({ association }) => association?.publicIp).filter(Boolean).join(", ");
  return (
    <>
      <Panel title="Interface" className="half" actions={<Link size="xs" to={href("flows", { ...shared(params), filter: `interface-id=${id}` })}>Its records</Link>}>
        <Facts label="Interface" facts={[
          ["Description", of.description],
          ["Instance", <Thing id={of.attachment?.instanceId} />],
          ["Addresses", addressesOf(of).map((address) => <div key={address}><Address of={address} /></div>)],
          ["Public address", publicIp],
          ["MAC address", of.macAddress],
          ["Subnet", <Thing id={subnetId} />],
          ["VPC", <Thing id={vpcId} />],
          ["Zone", of.availabilityZone],
          ["Status", of.status],
        ]} />
      </Panel>
      <Panel title="Security groups" className="half"><GroupsEditor of={of} /></Panel>
      <Allowed of={of} isEgress={false} />
      <Allowed of={of} isEgress />
      <FlowLogsOf id={id} around={[subnetId, vpcId]} />
    </>
  );
}

/** What the groups of an interface let pass, taken together. */
function Allowed({ of: { groupSet = [] }, isEgress }: { of: Interface; isEgress: boolean }) {
  const { rules } = useNetwork();
  const ids = groupSet.map(({ groupId }) => groupId);
  const own = rules.filter((rule) => rule.isEgress === isEgress && ids.includes(rule.groupId));
  const title = isEgress ? "May go out" : "May come in";
  return (
    <Panel title={title} className="half">
      {own.length === 0 ? "Nothing, by the rules of its groups." : (
        <PlainTable label={title} heads={["Protocol", "Ports", isEgress ? "To" : "From", "By"]}>
          {own.map((rule) => {
            const { protocol, ports } = inWords(matchesOf(rule));
            return (
              <tr key={rule.securityGroupRuleId}>
                <td>{protocol}</td><td>{ports}</td><td><FarSide text={peerOf(rule)} /></td><td><Thing id={rule.groupId} /></td>
              </tr>
            );
          })}
        </PlainTable>
      )}
    </Panel>
  );
}
