import type { NetworkAcl } from "../../../api/ec2";
import { Panel } from "../../../ui/Panel";
import { Facts } from "../../../ui/PlainTable";
import { Entries } from "../rules/Entries";
import { Thing, Things } from "../useNetwork";

export function AclParts({ of }: { of: NetworkAcl }) {
  return (
    <>
      <Entries acl={of} isEgress={false} />
      <Entries acl={of} isEgress />
      <Panel title="Network ACL" className="half">
        <Facts label="Network ACL" facts={[
          ["VPC", <Thing id={of.vpcId} />],
          ["Default", of.default ? "yes: subnets have it whose owner chose none" : "no"],
          ["Subnets", of.associationSet.length > 0 ? <Things ids={of.associationSet.map(({ subnetId }) => subnetId)} /> : "none: the page of a subnet gives it to it"],
        ]} />
      </Panel>
    </>
  );
}
