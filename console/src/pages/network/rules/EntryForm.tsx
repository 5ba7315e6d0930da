import { Button, Group, Select, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { Problem } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";
import type { Draft } from "./aclEntries";
import { TrafficFields } from "./TrafficFields";

interface Props {
  label: string;
  draft: Draft;
  isEgress: boolean;
  /** The number stays: it says which entry is replaced. */
  isThere?: boolean;
  save: (draft: Draft) => Promise<unknown>;
  word: string;
  done: () => void;
  cancel?: () => void;
}

/** An entry of a network ACL, as somebody writes it. What the server refuses is said below it. */
export function EntryForm({ label, draft, isEgress, isThere, save, word, done, cancel }: Props) {
  const [now, setNow] = useState(draft);
  const { busy, problem, run } = useDoing();
  useEffect(() => setNow((last) => ({ ...last, number: draft.number })), [draft.number]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!(await run(() => save(now)))) return;
    setNow(draft);
    done();
  }

  return (
    <form aria-label={label} onSubmit={submit}>
      <Group gap={8} align="flex-end">
        <TextInput size="xs" label="Number" w={70} value={now.number} disabled={isThere} inputMode="numeric"
          onChange={(event) => setNow({ ...now, number: event.currentTarget.value })} />
        <Select size="xs" label="Action" w={90} data={["allow", "deny"]} value={now.action} allowDeselect={false}
          onChange={(action) => setNow({ ...now, action: action as Draft["action"] })} />
        <TrafficFields value={now.traffic} onChange={(traffic) => setNow({ ...now, traffic })} />
        <TextInput size="xs" label={isEgress ? "Destination" : "Source"} w={180} value={now.range} placeholder="10.0.0.0/8" spellCheck={false}
          onChange={(event) => setNow({ ...now, range: event.currentTarget.value })} />
        <Button size="xs" type="submit" loading={busy}>{word}</Button>
        {cancel && <Button size="xs" variant="default" onClick={cancel}>Leave it</Button>}
      </Group>
      {problem !== undefined && <Problem of={problem} />}
    </form>
  );
}
