import { Button, Group, MultiSelect, Text } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import type { Interface } from "../../../api/ec2";
import { call } from "../../../api/call";
import { useMay } from "../../../app/session";
import { Problem } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";
import { Things, useNetwork } from "../useNetwork";

/** The security groups of an interface, changed in place. */
export function GroupsEditor({ of: { networkInterfaceId: NetworkInterfaceId, vpcId, groupSet = [] } }: { of: Interface }) {
  const { groups, again } = useNetwork();
  const [may] = useMay([{ service: "ec2", operation: "ModifyNetworkInterfaceAttribute", input: { NetworkInterfaceId } }]);
  const { busy, problem, run } = useDoing();
  const own = groupSet.map(({ groupId }) => groupId);
  const [chosen, setChosen] = useState(own);
  const [isSaved, setSaved] = useState(false);
  useEffect(() => setChosen(own), [own.join()]);
  const isChanged = [...chosen].sort().join() !== [...own].sort().join();

  async function submit(event: FormEvent) {
    event.preventDefault();
    const SecurityGroupId = chosen;
    const isDone = await run(async () => {
      // An empty list would change nothing, and say nothing.
      if (SecurityGroupId.length === 0) throw new Error("An interface has at least one security group. Choose one; the group default lets in what is in the group.");
      await call("ec2", "ModifyNetworkInterfaceAttribute", { NetworkInterfaceId, SecurityGroupId });
    });
    setSaved(isDone);
    if (isDone) again();
  }

  return (
    <>
      <Things ids={own} />
      {may && (
        <form onSubmit={submit} aria-label={`Security groups of ${NetworkInterfaceId}`}>
          <Group gap={8} align="flex-end" mt={6}>
            <MultiSelect size="xs" flex={1} miw={220} label="Change security groups" searchable value={chosen} hidePickedOptions
              data={groups.filter((group) => group.vpcId === vpcId).map(({ groupId, groupName }) => ({ value: groupId, label: `${groupName} ${groupId}` }))}
              onChange={(ids) => { setChosen(ids); setSaved(false); }} />
            <Button size="xs" type="submit" disabled={!isChanged} loading={busy}>Save</Button>
          </Group>
          {isSaved && !isChanged && <Text size="xs" c="dimmed" role="status">Saved. Where rules are enforced, they are in force within a moment.</Text>}
        </form>
      )}
      {problem !== undefined && <Problem of={problem} />}
    </>
  );
}
