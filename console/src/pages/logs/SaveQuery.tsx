import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { call } from "../../api/call";
import { useMay } from "../../app/session";
import { Problem } from "../../ui/Problem";

/** Told to the window when a saved query came or went. */
export const SAVED = "weir:saved-query";

/** Keeps a query under a name. */
export function SaveQuery({ query, groups }: { query: string; groups: string[] }) {
  const [mayWrite] = useMay([{ service: "logs", operation: "PutQueryDefinition" }]);
  const [open, { open: show, close }] = useDisclosure();
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<unknown>();
  if (!mayWrite) return null;

  async function submit(event: FormEvent) {
    event.preventDefault();
    try {
      await call("logs", "PutQueryDefinition", { name, queryString: query, logGroupNames: groups });
      dispatchEvent(new Event(SAVED));
      close();
    } catch (error) {
      setProblem(error);
    }
  }

  return (
    <>
      <Button size="xs" variant="default" onClick={show}>Save</Button>
      <Modal opened={open} onClose={close} title="Save the query" size="sm" closeButtonProps={{ "aria-label": "Close" }}>
        <form onSubmit={submit}>
          <TextInput label="Name" description="A / makes folders, as in lab/refused" value={name} required maxLength={255} data-autofocus
            onChange={(event) => setName(event.currentTarget.value)} />
          {problem !== undefined && <Problem of={problem} />}
          <Group justify="flex-end" mt="sm"><Button type="submit" size="xs">Save</Button></Group>
        </form>
      </Modal>
    </>
  );
}
