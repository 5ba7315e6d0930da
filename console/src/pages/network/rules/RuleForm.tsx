import { Autocomplete, Button, Group, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Problem } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";
import { useNetwork } from "../useNetwork";
import type { Draft } from "./groupRules";
import { TrafficFields } from "./TrafficFields";

interface Props {
  label: string;
  draft: Draft;
  vpcId: string;
  isEgress: boolean;
  save: (draft: Draft) => Promise<unknown>;
  /** The button that saves. */
  word: string;
  done: () => void;
  cancel?: () => void;
}

/** A rule of a security group, as somebody writes it. What the server refuses is said below it. */
export function RuleForm({ label, draft, vpcId, isEgress, save, word, done, cancel }: Props) {
  const [now, setNow] = useState(draft);
  const { busy, problem, run } = useDoing();
  const { groups, prefixLists } = useNetwork();
  const peers = [
    "0.0.0.0/0", "::/0",
    ...groups.filter((group) => group.vpcId === vpcId).map(({ groupId, groupName }) => `${groupId} ${groupName}`),
    ...prefixLists.map(({ prefixListId, prefixListName }) => `${prefixListId} ${prefixListName}`),
  ];

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!(await run(() => save(now)))) return;
    setNow(draft);
    done();
  }

  return (
    <form aria-label={label} onSubmit={submit}>
      <Group gap={8} align="flex-end">
        <TrafficFields value={now.traffic} onChange={(traffic) => setNow({ ...now, traffic })} />
        <Autocomplete size="xs" label={isEgress ? "Destination" : "Source"} w={230} value={now.peer} data={peers} spellCheck={false}
          placeholder="10.0.0.0/8, sg-… or pl-…" onChange={(peer) => setNow({ ...now, peer })} />
        <TextInput size="xs" label="Description" w={180} value={now.description} maxLength={255}
          onChange={(event) => setNow({ ...now, description: event.currentTarget.value })} />
        <Button size="xs" type="submit" loading={busy}>{word}</Button>
        {cancel && <Button size="xs" variant="default" onClick={cancel}>Leave it</Button>}
      </Group>
      {problem !== undefined && <Problem of={problem} />}
    </form>
  );
}
