import { Autocomplete, Button, Group, Select, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { subscribe } from "../../../api/sns";
import { everyPage } from "../../../api/pages";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { useDoing } from "../../../ui/useDoing";

const PROTOCOLS: Record<string, { label: string; endpoint: string }> = {
  email: { label: "email", endpoint: "user@example.com" },
  "email-json": { label: "email, as JSON", endpoint: "user@example.com" },
  https: { label: "https", endpoint: "https://example.com/alarms" },
  http: { label: "http", endpoint: "http://127.0.0.1:8000/alarms" },
  sqs: { label: "sqs: a queue", endpoint: "arn:aws:sqs:us-east-1:123456789012:letters" },
};

/** The ARNs of the queues, of which a list has the addresses: `http://…/ACCOUNT/NAME`. */
async function queues(topic: string, signal: AbortSignal): Promise<string[]> {
  const urls = await everyPage<{ QueueUrls?: string[] }, string>({ service: "sqs", operation: "ListQueues", items: ({ QueueUrls }) => QueueUrls }, signal);
  const home = topic.split(":").slice(3, 5).join(":");
  return urls.map((url) => `arn:aws:sqs:${home}:${url.split("/").at(-1)}`);
}

/** Has somebody told what is published. */
export function Subscribe({ arn, done }: { arn: string; done: () => void }) {
  const [protocol, setProtocol] = useState("email");
  const [endpoint, setEndpoint] = useState("");
  const { busy, problem, run } = useDoing();
  const known = useAsked(protocol === "sqs" ? `queues ${arn}` : null, (signal) => queues(arn, signal));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await run(() => subscribe(arn, protocol, endpoint)))) return;
    setEndpoint("");
    done();
  };
  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Subscribe">
      <Group gap={6} mb={6}>
        <Select size="xs" w={140} aria-label="Protocol" data={Object.entries(PROTOCOLS).map(([value, { label }]) => ({ value, label }))} value={protocol} allowDeselect={false}
          onChange={(value) => { setProtocol(value ?? "email"); setEndpoint(""); }} />
        <Autocomplete size="xs" flex={1} miw={200} aria-label="Endpoint" required placeholder={PROTOCOLS[protocol]?.endpoint} value={endpoint} onChange={setEndpoint} data={protocol === "sqs" ? (known.value ?? []) : []} />
        <Button size="xs" type="submit" loading={busy}>Subscribe</Button>
      </Group>
      {protocol === "sqs" && known.value?.length === 0 && <Text size="xs" c="dimmed">There is no queue yet: <code>aws sqs create-queue --queue-name letters</code> makes one.</Text>}
      {problem !== undefined && <Problem of={problem} />}
    </form>
  );
}
