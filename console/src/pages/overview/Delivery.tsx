import { Anchor, Text } from "@mantine/core";
import { Answered } from "../../ui/Answered";
import { Figure } from "../../ui/Figure";
import { bytes, count, many } from "../../ui/numbers";
import { Panel } from "../../ui/Panel";
import { useAsked } from "../../ui/useAsked";
import { Moment } from "../../time/Moment";
import { useRange } from "../../time/useRange";

/** What `GET /status` says; the parts that are shown here. */
interface Status {
  uptime_seconds: number;
  not_recording: string | null;
  capture: { tier: string; why: string } | null;
  destination: string;
  interfaces: { name: string; recording: boolean; packets_lost: number; records: number }[];
  agents: { id: string; connected: boolean }[];
  delivery: { objects: number; bytes: number; records: number; waiting_records: number; dropped_records: number; failures: number };
  watching: { dropped_records: number; rejected_events: number; notices: { waiting: number; dead: number } };
  errors: { time: number; message: string }[];
}

async function status(signal: AbortSignal): Promise<Status> {
  const response = await fetch("/status", { signal });
  if (!response.ok) throw new Error(`The status was not to be had: the server answered ${response.status}.`);
  return response.json();
}

/** How recording and delivery go, and whatever was lost. Counted since the program started. */
export function Delivery() {
  const { end } = useRange(10_000);
  const asked = useAsked(`status ${end}`, status);
  return (
    <Panel title="Recording and delivery" className="wide" hint={<Anchor href="/status" target="_blank" rel="noreferrer" size="xs">as JSON</Anchor>}>
      <Answered asked={asked} waiting="Asking how it goes">{(value) => <Facts of={value} />}</Answered>
    </Panel>
  );
}

function Facts({ of: { delivery, interfaces, watching, agents, capture, errors, not_recording } }: { of: Status }) {
  const lost = interfaces.reduce((sum, { packets_lost }) => sum + packets_lost, 0);
  const dropped = delivery.dropped_records + watching.dropped_records;
  const recording = interfaces.filter((one) => one.recording);
  const bad = (number: number) => (number > 0 ? "bad" : undefined);
  const last = errors.at(-1);
  return (
    <>
      <div className="figures">
        <Figure name="Interfaces recorded" note={capture ? `by ${capture.tier}` : undefined}>
          <span title={recording.map(({ name }) => name).join(", ")}>{recording.length}</span>
        </Figure>
        {agents.length > 0 && <Figure name="Further hosts">{agents.filter(({ connected }) => connected).length} of {agents.length}</Figure>}
        <Figure name="Packets lost" tone={bad(lost)}>{count(lost)}</Figure>
        <Figure name="Records dropped" tone={bad(dropped)}>{count(dropped)}</Figure>
        <Figure name="Delivered" note={`${many(delivery.objects, "object")}, ${bytes(delivery.bytes)}`}>{count(delivery.records)}</Figure>
        <Figure name="Waiting">{count(delivery.waiting_records)}</Figure>
        <Figure name="Failed attempts" tone={bad(delivery.failures)}>{count(delivery.failures)}</Figure>
        <Figure name="Notices given up" tone={bad(watching.notices.dead)} note={`${watching.notices.waiting} wait`}>{watching.notices.dead}</Figure>
      </div>
      {not_recording && <Text size="sm" mt={4}>Nothing is recorded: {not_recording}</Text>}
      {last && <Text size="xs" mt={4} c="red">Last error, <Moment at={last.time * 1000} />: {last.message}</Text>}
    </>
  );
}
