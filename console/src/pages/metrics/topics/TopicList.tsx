import { Button, Group, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { counts, listTopics, makeTopic, nameOf } from "../../../api/sns";
import { Link } from "../../../app/link";
import { useMay } from "../../../app/session";
import { go, href, shared, usePlace } from "../../../app/url";
import { useTurn } from "../../../time/useTurn";
import { Answered } from "../../../ui/Answered";
import { type Column, DataGrid } from "../../../ui/DataGrid";
import { Empty } from "../../../ui/Empty";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { useDoing } from "../../../ui/useDoing";

/** How often subscriptions are looked at, in milliseconds: whoever confirms is seen to. */
export const EVERY = 5000;
const MAKE = "aws sns create-topic --name alarms\naws sns subscribe --topic-arn arn:aws:sns:us-east-1:123456789012:alarms --protocol email --notification-endpoint user@example.com";

interface Row {
  arn: string;
  confirmed: number;
  pending: number;
}

async function topics(signal: AbortSignal): Promise<Row[]> {
  const arns = await listTopics(signal);
  return Promise.all(arns.map(async (arn) => ({ arn, ...(await counts(arn, signal)) })));
}

export function TopicList() {
  const { params } = usePlace();
  const turn = useTurn(EVERY);
  const asked = useAsked(`topics ${params.get("region")} ${turn}`, topics);
  const to = (topic: string) => href("metrics/topics", { ...shared(params), topic });
  const columns: Column<Row>[] = [
    { name: "Topic", width: 320, text: ({ arn }) => nameOf(arn), show: ({ arn }) => <Link to={to(arn)}>{nameOf(arn)}</Link> },
    { name: "Confirmed", width: 110, isNumber: true, text: ({ confirmed }) => String(confirmed) },
    { name: "Pending", width: 110, isNumber: true, text: ({ pending }) => String(pending) },
    { name: "ARN", width: 480, text: ({ arn }) => arn, className: () => "mono" },
  ];
  return (
    <>
      <NewTopic made={(arn) => go(to(arn))} />
      <Answered asked={asked} waiting="Asking for topics" empty={(
        <Empty command={MAKE}>There is no topic in this region. An alarm tells a topic, and the topic tells whoever subscribed: by mail, by a POST, into a queue. Create one above, or with:</Empty>
      )}>
        {(rows) => <DataGrid label="Topics" columns={columns} rows={rows} height={560} file="topics" rowKey={({ arn }) => arn} />}
      </Answered>
    </>
  );
}

function NewTopic({ made }: { made: (arn: string) => void }) {
  const [name, setName] = useState("");
  const [mayMake] = useMay([{ service: "sns", operation: "CreateTopic", input: { Name: "x" } }]);
  const { busy, problem, run } = useDoing();
  const make = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => made(await makeTopic(name, [])));
  };
  if (!mayMake) return null;
  return (
    <form onSubmit={make} aria-label="Create topic">
      <Group gap={6} mb={6}>
        <TextInput size="xs" w={260} aria-label="Name of a new topic" placeholder="Name of a new topic" required maxLength={256} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Button size="xs" type="submit" loading={busy}>Create topic</Button>
      </Group>
      {problem !== undefined && <Problem of={problem} />}
    </form>
  );
}
