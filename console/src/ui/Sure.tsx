import { Button, Group, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";
import { Problem } from "./Problem";
import { useDoing } from "./useDoing";

interface Props {
  /** What the button does, such as `Delete`. */
  label: string;
  /** For those who listen, when there are several such buttons: `Delete alarm x`. */
  name?: string;
  /** What happens then. */
  children: ReactNode;
  act: () => Promise<unknown>;
  done?: () => void;
  size?: "xs" | "compact-xs";
}

/** A button that cannot be taken back: it asks once more. */
export function Sure({ label, name = label, children, act, done, size = "xs" }: Props) {
  const [open, { open: ask, close }] = useDisclosure();
  const { busy, problem, run, forget } = useDoing();
  const sure = async () => {
    if (!(await run(act))) return;
    close();
    done?.();
  };
  return (
    <>
      <Button size={size} color="red" variant="outline" onClick={() => { forget(); ask(); }} aria-label={name}>{label}</Button>
      <Modal opened={open} onClose={close} title={name} size="sm" closeButtonProps={{ "aria-label": "Close" }}>
        <Text size="sm">{children}</Text>
        {problem !== undefined && <Problem of={problem} />}
        <Group justify="flex-end" mt="sm" gap="xs">
          <Button size="xs" variant="default" onClick={close} data-autofocus>Keep it</Button>
          <Button size="xs" color="red" loading={busy} onClick={() => void sure()}>{label}</Button>
        </Group>
      </Modal>
    </>
  );
}
