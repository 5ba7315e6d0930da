import { Button, Group, Modal, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { Copy } from "../../ui/Empty";
import { Problem } from "../../ui/Problem";
import { type Body, parseBody } from "./body";

/** The body as it is put and got; changed here too, where it may be. */
export function Source({ body, change }: { body: Body; change?: (body: Body) => void }) {
  const [isOpen, { open, close }] = useDisclosure();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<unknown>();
  const show = () => {
    setText(JSON.stringify(body, null, 2));
    setProblem(undefined);
    open();
  };
  const apply = () => {
    try {
      change?.(parseBody(text));
      close();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <>
      <Button size="xs" variant="default" onClick={show}>Source</Button>
      <Modal opened={isOpen} onClose={close} title="Body of the dashboard" size="xl" closeButtonProps={{ "aria-label": "Close" }}>
        <Textarea aria-label="Body of the dashboard" description="As PutDashboard takes it and GetDashboard gives it" value={text} readOnly={!change} autosize minRows={12} maxRows={26}
          spellCheck={false} classNames={{ input: "mono" }} onChange={(event) => setText(event.currentTarget.value)} />
        {problem !== undefined && <Problem of={problem} />}
        <Group justify="flex-end" mt="sm" gap="xs">
          <Copy text={text} what="body" />
          {change && <Button size="xs" onClick={apply}>Apply</Button>}
        </Group>
      </Modal>
    </>
  );
}
