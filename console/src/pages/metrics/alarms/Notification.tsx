import { Button, Group, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { listTopics, makeTopic, nameOf } from "../../../api/sns";
import { useMay } from "../../../app/session";
import { usePlace } from "../../../app/url";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { useDoing } from "../../../ui/useDoing";
import type { PartProps } from "./Conditions";
import type { AlarmDraft } from "./form";

const MOMENTS: { member: "alarmActions" | "okActions" | "insufficientActions"; label: string }[] = [
  { member: "alarmActions", label: "In alarm: select an SNS topic" },
  { member: "okActions", label: "OK again" },
  { member: "insufficientActions", label: "Insufficient data" },
];

/** Who is told when the state changes. */
export function Notification({ draft, set }: PartProps) {
  const { params } = usePlace();
  const topics = useAsked(`topics ${params.get("region")}`, listTopics);
  const [mayMake] = useMay([{ service: "sns", operation: "CreateTopic", input: { Name: "x" } }]);
  const [making, setMaking] = useState(false);
  const known = (member: (typeof MOMENTS)[number]["member"]) => [...new Set([...(topics.value ?? []), ...draft[member]])].map((value) => ({ value, label: nameOf(value) }));
  const made = (arn: string) => {
    topics.again();
    setMaking(false);
    set({ alarmActions: [...new Set([...draft.alarmActions, arn])] });
  };
  return (
    <Stack gap={6}>
      {topics.problem !== undefined && <Problem of={topics.problem} again={topics.again} />}
      {MOMENTS.map(({ member, label }) => (
        <MultiSelect key={member} size="xs" label={label} data={known(member)} value={draft[member]} maxValues={5} searchable hidePickedOptions
          placeholder={draft[member].length ? "" : "Nobody is told"} onChange={(value) => set({ [member]: value } as Partial<AlarmDraft>)} />
      ))}
      {making ? <NewTopic made={made} leave={() => setMaking(false)} /> : mayMake && <Button size="compact-xs" variant="default" onClick={() => setMaking(true)}>Create new topic</Button>}
    </Stack>
  );
}

/** What CloudWatch proposes. */
const USUAL_NAME = "Default_CloudWatch_Alarms_Topic";

function NewTopic({ made, leave }: { made: (arn: string) => void; leave: () => void }) {
  const [name, setName] = useState(USUAL_NAME);
  const [mails, setMails] = useState("");
  const { busy, problem, run } = useDoing();
  const make = () => run(async () => made(await makeTopic(name, mails.split(/[\s,;]+/).filter(Boolean))));
  return (
    <Stack gap={6}>
      <TextInput size="xs" label="Create a new topic" value={name} required onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput size="xs" label="Email endpoints that will receive the notification" placeholder="user@example.com" value={mails} onChange={(event) => setMails(event.currentTarget.value)} />
      <Text size="xs" c="dimmed">Each gets a mail with a link, and is told nothing until the link was visited.</Text>
      {problem !== undefined && <Problem of={problem} />}
      <Group gap={6} justify="flex-end">
        <Button size="compact-xs" variant="subtle" color="gray" onClick={leave}>Leave it</Button>
        <Button size="compact-xs" loading={busy} onClick={() => void make()}>Create topic</Button>
      </Group>
    </Stack>
  );
}
