import { Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { call } from "../../api/call";
import { useMay } from "../../app/session";
import { Problem } from "../../ui/Problem";
import { useDoing } from "../../ui/useDoing";
import type { Kind } from "./kinds";
import { type Field, type Maker, MAKERS, type Values } from "./makers";
import { useNetwork } from "./useNetwork";

/** Makes a thing of a kind, if the reader may. */
export function NewThing({ kind }: { kind: Kind }) {
  const maker = MAKERS[kind.view];
  const [may] = useMay([{ service: "ec2", operation: maker?.operation ?? "" }]);
  const [open, { open: show, close }] = useDisclosure();
  if (!maker || !may) return null;
  return (
    <>
      <Button size="xs" onClick={show} style={{ flexShrink: 0 }}>New {kind.one}</Button>
      <Modal opened={open} onClose={close} title={`New ${kind.one}`} size="sm" closeButtonProps={{ "aria-label": "Close" }}>
        <MakerForm maker={maker} done={close} />
      </Modal>
    </>
  );
}

function MakerForm({ maker, done }: { maker: Maker; done: () => void }) {
  const network = useNetwork();
  const { busy, problem, run } = useDoing();
  const [values, setValues] = useState<Values>(() => maker.begin(network));
  const set = (name: string, value: string) => setValues({ ...values, [name]: value });

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!(await run(() => call("ec2", maker.operation, maker.input(values))))) return;
    done();
    network.again();
  }

  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        {maker.fields.map((field) => <Input key={field.name} field={field} value={values[field.name] ?? ""} onChange={(value) => set(field.name, value)} offers={field.offers?.(network)} />)}
        {problem !== undefined && <Problem of={problem} />}
        <Group justify="flex-end"><Button size="xs" type="submit" loading={busy}>Make it</Button></Group>
      </Stack>
    </form>
  );
}

interface InputProps {
  field: Field;
  value: string;
  onChange: (value: string) => void;
  offers?: { value: string; label: string }[];
}

function Input({ field: { label, hint, isOptional }, value, onChange, offers }: InputProps) {
  const usual = { size: "xs", label, description: hint, required: !isOptional } as const;
  if (offers) return <Select {...usual} data={offers} value={value || null} searchable clearable={isOptional} onChange={(chosen) => onChange(chosen ?? "")} />;
  return <TextInput {...usual} value={value} spellCheck={false} onChange={(event) => onChange(event.currentTarget.value)} />;
}
