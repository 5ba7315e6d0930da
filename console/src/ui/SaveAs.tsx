import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import type { Question } from "../api/call";
import { useMay } from "../app/session";
import { Problem } from "./Problem";
import { useDoing } from "./useDoing";

/** Told to the window when a saved query came or went. */
export const SAVED = "weir:saved-query";

/** Keeps a query under a name, if the reader may. */
export function SaveAs({ question, hint, save }: { question: Question; hint?: string; save: (name: string) => Promise<unknown> }) {
  const [mayWrite] = useMay([question]);
  const [open, { open: show, close }] = useDisclosure();
  const [name, setName] = useState("");
  const { busy, problem, run } = useDoing();
  if (!mayWrite) return null;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!(await run(() => save(name)))) return;
    dispatchEvent(new Event(SAVED));
    close();
  }

  return (
    <>
      <Button size="xs" variant="default" onClick={show}>Save</Button>
      <Modal opened={open} onClose={close} title="Save the query" size="sm" closeButtonProps={{ "aria-label": "Close" }}>
        <form onSubmit={submit}>
          <TextInput label="Name" description={hint} value={name} required maxLength={128} data-autofocus onChange={(event) => setName(event.currentTarget.value)} />
          {problem !== undefined && <Problem of={problem} />}
          <Group justify="flex-end" mt="sm"><Button type="submit" size="xs" loading={busy}>Save</Button></Group>
        </form>
      </Modal>
    </>
  );
}
