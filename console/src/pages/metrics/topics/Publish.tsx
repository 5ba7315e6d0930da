import { Button, Group, Stack, Text, TextInput, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { call } from "../../../api/call";
import { useMay } from "../../../app/session";
import { Panel } from "../../../ui/Panel";
import { Problem } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";

/** Tells all subscribers something, for a try. */
export function Publish({ arn }: { arn: string }) {
  const [mayPublish] = useMay([{ service: "sns", operation: "Publish", input: { TopicArn: arn } }]);
  const [subject, setSubject] = useState("A try");
  const [message, setMessage] = useState("Sent from the console, for a try.");
  const [sent, setSent] = useState("");
  const { busy, problem, run } = useDoing();
  if (!mayPublish) return null;
  const publish = async (event: FormEvent) => {
    event.preventDefault();
    setSent("");
    await run(async () => {
      const { MessageId } = await call<{ MessageId: string }>("sns", "Publish", { TopicArn: arn, Message: message, ...(subject ? { Subject: subject } : {}) });
      setSent(MessageId);
    });
  };
  return (
    <Panel title="Publish a try" className="half">
      <form onSubmit={(event) => void publish(event)}>
        <Stack gap={6}>
          <TextInput size="xs" label="Subject" maxLength={99} value={subject} onChange={(event) => setSubject(event.currentTarget.value)} />
          <Textarea size="xs" label="Message" required autosize minRows={2} value={message} onChange={(event) => setMessage(event.currentTarget.value)} />
          {problem !== undefined && <Problem of={problem} />}
          <Group justify="space-between" gap="xs">
            <Text size="xs" c="dimmed" role="status">{sent && `Published as ${sent}.`}</Text>
            <Button size="xs" type="submit" loading={busy}>Publish</Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}
