import { Badge, Button, Group } from "@mantine/core";
import { useState } from "react";
import type { AclEntry, NetworkAcl } from "../../../api/ec2";
import { useMay } from "../../../app/session";
import { Panel } from "../../../ui/Panel";
import { PlainTable } from "../../../ui/PlainTable";
import { Problem } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";
import { useNetwork } from "../useNetwork";
import { create, drop, draftOf, LAST, matchesOf, nextDraft, replace } from "./aclEntries";
import { EntryForm } from "./EntryForm";
import { FarSide } from "./Rules";
import { inWords } from "./traffic";

const OPERATIONS = ["CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry"];

/** The entries of a network ACL for one direction, by number: the first that matches decides. */
export function Entries({ acl, isEgress }: { acl: NetworkAcl; isEgress: boolean }) {
  const { again } = useNetwork();
  const { networkAclId: NetworkAclId } = acl;
  const [mayCreate, mayReplace, mayDelete] = useMay(OPERATIONS.map((operation) => ({ service: "ec2" as const, operation, input: { NetworkAclId } })));
  const [edited, setEdited] = useState(0);
  const entries = acl.entrySet.filter(({ egress }) => egress === isEgress).sort((one, other) => one.ruleNumber - other.ruleNumber);
  const title = isEgress ? "Outbound entries" : "Inbound entries";
  const heads = ["Number", "Action", "Protocol", "Ports", isEgress ? "Destination" : "Source", ...(mayReplace || mayDelete ? ["Change"] : [])];
  return (
    <Panel title={title} className="wide" hint="the lowest number that matches decides">
      <PlainTable label={title} heads={heads}>
        {entries.map((entry) => entry.ruleNumber === edited ? (
          <tr key={edited}>
            <td colSpan={heads.length}>
              <EntryForm label={`Replace ${edited}`} word="Save" isThere isEgress={isEgress} draft={draftOf(entry)}
                save={(draft) => replace(NetworkAclId, isEgress, draft)} done={() => { setEdited(0); again(); }} cancel={() => setEdited(0)} />
            </td>
          </tr>
        ) : (
          <EntryRow key={entry.ruleNumber} entry={entry} edit={mayReplace ? setEdited : undefined}
            remove={mayDelete ? () => drop(NetworkAclId, isEgress, entry.ruleNumber) : undefined} />
        ))}
      </PlainTable>
      {mayCreate && (
        <EntryForm label={`Add to the ${title.toLowerCase()}`} word="Add entry" isEgress={isEgress} draft={nextDraft(entries)}
          save={(draft) => create(NetworkAclId, isEgress, draft)} done={again} />
      )}
    </Panel>
  );
}

interface RowProps {
  entry: AclEntry;
  edit?: (number: number) => void;
  remove?: () => Promise<unknown>;
}

function EntryRow({ entry, edit, remove }: RowProps) {
  const { again } = useNetwork();
  const { busy, problem, run } = useDoing();
  const { protocol, ports } = inWords(matchesOf(entry));
  const { ruleNumber, ruleAction } = entry;
  const isLast = ruleNumber >= LAST;
  const removeIt = async () => {
    if (remove && await run(remove)) again();
  };
  return (
    <tr>
      <td>{isLast ? "*" : ruleNumber}</td>
      <td><Badge size="xs" variant="filled" color={ruleAction === "allow" ? "#1f6f33" : "#c92a2a"}>{ruleAction}</Badge></td>
      <td>{protocol}</td>
      <td>{ports}</td>
      <td><FarSide text={entry.cidrBlock ?? entry.ipv6CidrBlock ?? ""} /></td>
      {(edit || remove) && (
        <td>
          {!isLast && (
            <Group gap={4} wrap="nowrap">
              {edit && <Button size="compact-xs" variant="default" onClick={() => edit(ruleNumber)} aria-label={`Edit entry ${ruleNumber}`}>Edit</Button>}
              {remove && <Button size="compact-xs" variant="outline" color="red" loading={busy} onClick={() => void removeIt()} aria-label={`Delete entry ${ruleNumber}`}>Delete</Button>}
            </Group>
          )}
          {problem !== undefined && <Problem of={problem} />}
        </td>
      )}
    </tr>
  );
}
