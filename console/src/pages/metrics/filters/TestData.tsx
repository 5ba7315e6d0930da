import { Alert, Button, Group, Select, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { call } from "../../../api/call";
import { usePlace } from "../../../app/url";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { useDoing } from "../../../ui/useDoing";
import type { PartProps } from "./FilterForm";
import { apart, linesOf, MOST_LINES, type Trial } from "./filter";

const CUSTOM = "Custom log data";

/** What the pattern is tried on: lines that are pasted, or the newest of a stream. */
export function TestData({ draft, set, again, trial }: PartProps & { again: () => void; trial?: Trial }) {
  const [stream, setStream] = useState<string>();
  const { problem, run } = useDoing();
  const streams = useStreams(draft.group);
  const take = (name: string | null) => {
    setStream(name === CUSTOM || name === null ? undefined : name);
    if (name && name !== CUSTOM) void run(async () => set({ lines: (await newest(draft.group, name)).join("\n") }));
  };
  const records = apart(draft.lines);
  const isTooMuch = draft.lines.split(/\r?\n/).filter((line) => line.trim()).length > MOST_LINES;
  return (
    <div className="stack">
      <Group gap={6} align="flex-end">
        <Select size="xs" flex={1} label="Select log data to test" data={[CUSTOM, ...streams]} value={stream ?? CUSTOM} allowDeselect={false} onChange={take}
          description={draft.group ? `or the newest lines of a stream of ${draft.group}` : "Choose a log group to take lines of its streams"} />
        <Button size="xs" variant="default" onClick={again}>Test pattern</Button>
      </Group>
      <Textarea size="xs" label="Log event messages, one a line" autosize minRows={5} maxRows={9} spellCheck={false} classNames={{ input: "mono" }} value={draft.lines}
        onChange={(event) => { setStream(undefined); set({ lines: event.currentTarget.value }); }} />
      {problem !== undefined && <Problem of={problem} />}
      {records !== undefined && (
        <Alert p="xs" role="status" color="yellow">
          <Group justify="space-between" gap="xs">
            <Text size="sm">{linesOf(records).length} records stand behind one another on fewer lines. Each line is one event.</Text>
            <Button size="compact-xs" variant="default" onClick={() => set({ lines: records })}>One record a line</Button>
          </Group>
        </Alert>
      )}
      <Text size="sm" role="status">{trial && trial.tried.length > 0 && <><b>{trial.matches} of {trial.tried.length}</b> {trial.tried.length === 1 ? "line matches" : "lines match"}</>}</Text>
      {isTooMuch && <Text size="xs" c="dimmed">The first {MOST_LINES} lines are tried.</Text>}
    </div>
  );
}

/** Most streams that are offered. */
const MOST_STREAMS = 50;

/** The streams of a group, the busiest lately first. */
function useStreams(logGroupName: string): string[] {
  const { params } = usePlace();
  const { value } = useAsked(logGroupName ? `streams ${params.get("region")} ${logGroupName}` : null, (signal) =>
    call<{ logStreams?: { logStreamName: string }[] }>("logs", "DescribeLogStreams", { logGroupName, orderBy: "LastEventTime", descending: true, limit: MOST_STREAMS }, signal));
  return logGroupName ? (value?.logStreams ?? []).map(({ logStreamName }) => logStreamName) : [];
}

/** The newest lines of a stream, oldest first. */
async function newest(logGroupName: string, logStreamName: string): Promise<string[]> {
  const { events = [] } = await call<{ events?: { message: string }[] }>("logs", "GetLogEvents", { logGroupName, logStreamName, startFromHead: false, limit: MOST_LINES });
  return events.map(({ message }) => message.replace(/[\r\n]+/g, " "));
}
