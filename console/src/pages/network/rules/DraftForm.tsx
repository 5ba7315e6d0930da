import { Button, Group } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { Problem } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";

export interface DraftProps<D> {
  label: string;
  /** What stands there until somebody types. */
  draft: D;
  save: (draft: D) => Promise<unknown>;
  /** The button that saves. */
  word: string;
  done: () => void;
  cancel?: () => void;
}

/** A rule or an entry in one line, as somebody writes it. What the server refuses is said below it. */
export function DraftForm<D extends object>({ label, draft, save, word, done, cancel, children }: DraftProps<D> & {
  children: (now: D, set: (change: Partial<D>) => void) => ReactNode;
}) {
  const [typed, setTyped] = useState<Partial<D>>({});
  const { busy, problem, run } = useDoing();
  const now = { ...draft, ...typed };

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!(await run(() => save(now)))) return;
    setTyped({});
    done();
  }

  return (
    <form aria-label={label} onSubmit={submit}>
      <Group gap={8} align="flex-end">
        {children(now, (change) => setTyped({ ...typed, ...change }))}
        <Button size="xs" type="submit" loading={busy}>{word}</Button>
        {cancel && <Button size="xs" variant="default" onClick={cancel}>Leave it</Button>}
      </Group>
      {problem !== undefined && <Problem of={problem} />}
    </form>
  );
}
