import { Button, Group } from "@mantine/core";
import { useState } from "react";
import type { SecurityGroup, SecurityGroupRule } from "../../../api/ec2";
import { useMay } from "../../../app/session";
import { Address, isAddress } from "../../../record/Address";
import { Panel } from "../../../ui/Panel";
import { PlainTable } from "../../../ui/PlainTable";
import { Problem } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";
import { Thing, useNetwork } from "../useNetwork";
import { add, change, draftOf, EMPTY, matchesOf, peerOf, revoke } from "./groupRules";
import { RuleForm } from "./RuleForm";
import { inWords } from "./traffic";

interface Props {
  group: SecurityGroup;
  isEgress: boolean;
}

/** The rules of a security group for one direction: added, changed and revoked in place. */
export function Rules({ group, isEgress }: Props) {
  const { rules, again } = useNetwork();
  const { groupId: GroupId, vpcId } = group;
  const side = isEgress ? "Egress" : "Ingress";
  const [mayAdd, mayChange, mayRevoke] = useMay([`AuthorizeSecurityGroup${side}`, "ModifySecurityGroupRules", `RevokeSecurityGroup${side}`]
    .map((operation) => ({ service: "ec2" as const, operation, input: { GroupId } })));
  const [edited, setEdited] = useState("");
  const own = rules.filter((rule) => rule.groupId === GroupId && rule.isEgress === isEgress);
  const title = isEgress ? "Outbound rules" : "Inbound rules";
  const heads = ["Protocol", "Ports", isEgress ? "Destination" : "Source", ...(mayChange || mayRevoke ? ["Change"] : []), "Description", "Rule"];
  return (
    <Panel title={title} className="wide" hint={own.length === 0 ? (isEgress ? "nothing may leave" : "nothing may come in") : undefined}>
      {own.length > 0 && (
        <PlainTable label={title} heads={heads}>
          {own.map((rule) => rule.securityGroupRuleId === edited ? (
            <tr key={edited}>
              <td colSpan={heads.length}>
                <RuleForm label={`Change ${edited}`} word="Save" vpcId={vpcId} isEgress={isEgress} draft={draftOf(rule)}
                  save={(draft) => change(GroupId, edited, draft)} done={() => { setEdited(""); again(); }} cancel={() => setEdited("")} />
              </td>
            </tr>
          ) : (
            <RuleRow key={rule.securityGroupRuleId} rule={rule} edit={mayChange ? setEdited : undefined}
              drop={mayRevoke ? (id) => revoke(GroupId, isEgress, id) : undefined} />
          ))}
        </PlainTable>
      )}
      {mayAdd && (
        <RuleForm label={`Add to the ${title.toLowerCase()}`} word="Add rule" vpcId={vpcId} isEgress={isEgress} draft={EMPTY}
          save={(draft) => add(GroupId, isEgress, draft)} done={again} />
      )}
    </Panel>
  );
}

interface RowProps {
  rule: SecurityGroupRule;
  edit?: (id: string) => void;
  drop?: (id: string) => Promise<unknown>;
}

function RuleRow({ rule, edit, drop }: RowProps) {
  const { again } = useNetwork();
  const { busy, problem, run } = useDoing();
  const { protocol, ports } = inWords(matchesOf(rule));
  const { securityGroupRuleId: id, description } = rule;
  const revokeIt = async () => {
    if (drop && await run(() => drop(id))) again();
  };
  return (
    <tr>
      <td>{protocol}</td>
      <td>{ports}</td>
      <td><FarSide text={peerOf(rule)} /></td>
      {(edit || drop) && (
        <td>
          <Group gap={4} wrap="nowrap">
            {edit && <Button size="compact-xs" variant="default" onClick={() => edit(id)} aria-label={`Edit ${id}`}>Edit</Button>}
            {drop && <Button size="compact-xs" variant="outline" color="red" loading={busy} onClick={() => void revokeIt()} aria-label={`Revoke ${id}`}>Revoke</Button>}
          </Group>
          {problem !== undefined && <Problem of={problem} />}
        </td>
      )}
      <td>{description}</td>
      <td className="mono">{id}</td>
    </tr>
  );
}

/** A range; of one address alone, it leads to its records. */
export function FarSide({ text }: { text: string }) {
  if (/^(sg|pl)-/.test(text)) return <Thing id={text} />;
  const [address = "", bits] = text.split("/");
  const isOne = isAddress(address) && (bits === "32" || bits === "128");
  return isOne ? <Address of={address} /> : <span className="mono">{text}</span>;
}
