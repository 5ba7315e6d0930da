import { Button, Group, Text, TextInput, Textarea } from "@mantine/core";
import { type FormEvent, useEffect } from "react";
import { call } from "../../../api/call";
import { describeAlarms, type MetricAlarm } from "../../../api/alarms";
import { Link } from "../../../app/link";
import { useMay } from "../../../app/session";
import { go, href, shared, usePlace } from "../../../app/url";
import { useDraft } from "../../../app/useDraft";
import { Empty } from "../../../ui/Empty";
import { Panel } from "../../../ui/Panel";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { useDoing } from "../../../ui/useDoing";
import { Waiting } from "../../../ui/Waiting";
import { Conditions, WatchedMetric } from "./Conditions";
import { type AlarmDraft, draftOf, inputOf, USUAL } from "./form";
import { Notification } from "./Notification";
import { Preview } from "./Preview";

/** Makes an alarm on a metric, or changes one. */
export function AlarmForm({ change }: { change?: string }) {
  return change === undefined ? <Form usual={USUAL} /> : <ChangeForm name={change} />;
}

function ChangeForm({ name }: { name: string }) {
  const { params } = usePlace();
  const { value, problem, again } = useAsked(`alarm ${params.get("region")} ${name}`, (signal) => describeAlarms({ AlarmNames: [name] }, signal));
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <Waiting label="Asking for the alarm" />;
  const found = value[0];
  const usual = found?.kind === "metric" ? draftOf(found.of) : undefined;
  if (found?.kind !== "metric" || !usual) return <Empty>Only an alarm on a single metric is changed here. AWS clients change the others.</Empty>;
  return <Form usual={usual} before={found.of} />;
}

function Form({ usual, before }: { usual: AlarmDraft; before?: MetricAlarm }) {
  const { params } = usePlace();
  const [draft, set] = useDraft(before ? "draft" : "new", usual);
  const [mayPut] = useMay([{ service: "monitoring", operation: "PutMetricAlarm" }]);
  const { busy, problem, run } = useDoing();
  const back = { ...shared(params), ...(before ? { alarm: before.AlarmName } : {}) };
  useEffect(() => { scrollTo(0, 0); }, []);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const done = await run(() => call("monitoring", "PutMetricAlarm", inputOf(draft, before)));
    if (done) go(href("metrics/alarms", { ...shared(params), alarm: draft.name }));
  }

  return (
    <form onSubmit={submit} aria-label={before ? `Change alarm ${before.AlarmName}` : "Create alarm"}>
      <div className="tiles">
        <Panel title="Metric" className="third"><WatchedMetric draft={draft} set={set} /></Panel>
        <Panel title="Conditions" className="third"><Conditions draft={draft} set={set} /></Panel>
        <Panel title="Notification" className="third"><Notification draft={draft} set={set} /></Panel>
        <Preview draft={draft} />
        <Panel title="Name" className="wide">
          <Group align="flex-start" gap="sm">
            <TextInput size="xs" w={260} label="Alarm name" value={draft.name} required maxLength={255} disabled={before !== undefined} onChange={(event) => set({ name: event.currentTarget.value })} />
            <Textarea size="xs" flex={1} miw={220} autosize label="Description" maxLength={1024} value={draft.description} onChange={(event) => set({ description: event.currentTarget.value })} />
          </Group>
          {problem !== undefined && <Problem of={problem} />}
          <Group justify="flex-end" mt="sm" gap="sm">
            <Link to={href("metrics/alarms", back)} size="xs">Leave it</Link>
            {mayPut ? <Button size="xs" type="submit" loading={busy} disabled={!draft.metric || draft.threshold === ""}>{before ? "Save the alarm" : "Create alarm"}</Button>
              : <Text size="xs" c="dimmed">Your key may not make alarms.</Text>}
          </Group>
        </Panel>
      </div>
    </form>
  );
}
