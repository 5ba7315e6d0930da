import { Autocomplete, Button, Group, NumberInput, Select, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { type FormEvent, lazy, Suspense, useEffect, useMemo } from "react";
import { call } from "../../../api/call";
import { listMetrics } from "../../../api/metrics";
import { Link } from "../../../app/link";
import { useMay } from "../../../app/session";
import { go, href, shared, usePlace } from "../../../app/url";
import { useDraft } from "../../../app/useDraft";
import { Panel } from "../../../ui/Panel";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { useDoing } from "../../../ui/useDoing";
import { logGroups } from "../../logs/groups";
import { Dimensions } from "./Dimensions";
import { type FilterDraft, inputOf, linesOf, mistakeOf, type Trial, tryPattern, USUAL } from "./filter";
import { TestData } from "./TestData";
import { Tried } from "./Tried";

const PatternField = lazy(() => import("./PatternField"));

/** How long after the last letter the pattern is tried, in milliseconds. */
const SETTLED = 200;
const UNITS = ["None", "Count", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Bits", "Percent", "Seconds", "Milliseconds", "Microseconds", "Bytes/Second", "Bits/Second", "Count/Second"];

export interface PartProps {
  draft: FilterDraft;
  set: (change: Partial<FilterDraft>) => void;
}

/** Makes a metric filter, and tries its pattern beside it. */
export function FilterForm() {
  const { params } = usePlace();
  const [draft, set] = useDraft("new", USUAL);
  const trial = useTrial(draft);
  const mistake = useMemo(() => mistakeOf(trial.problem, draft.pattern), [trial.problem, draft.pattern]);
  const [mayPut] = useMay([{ service: "logs", operation: "PutMetricFilter", input: { logGroupName: draft.group || "*" } }]);
  const { busy, problem, run } = useDoing();
  useEffect(() => { scrollTo(0, 0); }, []);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const done = await run(() => call("logs", "PutMetricFilter", inputOf(draft)));
    if (done) go(href("metrics/filters", { ...shared(params), group: draft.group }));
  }

  return (
    <form onSubmit={submit} aria-label={draft.isChange ? `Change ${draft.name}` : "Create metric filter"}>
      <div className="tiles">
        <Panel title="Filter pattern" className="wide">
          <Suspense fallback={<div className="editor pattern-place" />}>
            <PatternField value={draft.pattern} onChange={(pattern) => set({ pattern })} onRun={trial.again} mistake={mistake} />
          </Suspense>
          {mistake && <Text size="sm" c="red" role="alert" mt={4}>Character {[...draft.pattern.slice(0, mistake.from)].length + 1}: {mistake.message}</Text>}
          <Text size="xs" c="dimmed" mt={4}>Words as <code>ERROR -health</code>, fields of a line as <code>[..., action="REJECT", status]</code>, JSON as <code>{"{ $.status = 500 }"}</code>. An empty one matches every line.</Text>
        </Panel>
        <Panel title="Test pattern" className="half"><TestData draft={draft} set={set} again={trial.again} trial={mistake ? undefined : trial.value} /></Panel>
        <Panel title="Metric filter" className="half">
          <Details draft={draft} set={set} fields={trial.value?.fields ?? []} />
          {problem !== undefined && <Problem of={problem} />}
          <Group justify="flex-end" mt="sm" gap="sm">
            <Link to={href("metrics/filters", shared(params))} size="xs">Leave it</Link>
            {mayPut ? <Button size="xs" type="submit" loading={busy} disabled={!draft.group || mistake !== undefined}>{draft.isChange ? "Save the metric filter" : "Create metric filter"}</Button> : <Text size="xs" c="dimmed">Your key may not make metric filters.</Text>}
          </Group>
        </Panel>
        <Panel title="Results" className="wide"><Tried trial={trial} hasMistake={mistake !== undefined} hasLines={linesOf(draft.lines).length > 0} /></Panel>
      </div>
    </form>
  );
}

/** What becomes of the lines, as the pattern is written. A pattern that nothing is tried on is tried all the same, for its mistakes. */
function useTrial({ pattern, lines }: FilterDraft) {
  const [settled] = useDebouncedValue(JSON.stringify([pattern, linesOf(lines)]), SETTLED);
  return useAsked<Trial>(settled, async (signal) => {
    const [pattern, lines] = JSON.parse(settled) as [string, string[]];
    const trial = await tryPattern(pattern, lines.length ? lines : ["-"], signal);
    return lines.length ? trial : { tried: [], fields: [], matches: 0 };
  });
}

/** What is counted, and where. */
function Details({ draft, set, fields }: PartProps & { fields: string[] }) {
  const { params } = usePlace();
  const groups = useAsked(`groups ${params.get("region")}`, logGroups);
  const metrics = useAsked(`metrics ${params.get("region")}`, listMetrics);
  const names = [...new Set([...(draft.group ? [draft.group] : []), ...(groups.value ?? []).map(({ logGroupName }) => logGroupName)])];
  const namespaces = [...new Set((metrics.value ?? []).map(({ Namespace }) => Namespace))];
  return (
    <div className="stack">
      <Select size="xs" label="Log group" searchable required disabled={draft.isChange} data={names} value={draft.group || null} placeholder="Whose lines are counted" onChange={(value) => set({ group: value ?? "" })} />
      <TextInput size="xs" label="Filter name" required disabled={draft.isChange} maxLength={512} value={draft.name} onChange={(event) => set({ name: event.currentTarget.value })} />
      <Group gap={6} grow>
        <Autocomplete size="xs" label="Metric namespace" required maxLength={255} data={namespaces} value={draft.namespace} onChange={(namespace) => set({ namespace })} />
        <TextInput size="xs" label="Metric name" required maxLength={255} value={draft.metric} onChange={(event) => set({ metric: event.currentTarget.value })} />
      </Group>
      <Group gap={6} grow align="flex-start">
        <Autocomplete size="xs" label="Metric value" required maxLength={100} data={["1", ...fields]} value={draft.value} onChange={(value) => set({ value })} />
        <NumberInput size="xs" label="Default value" hideControls value={draft.usual} placeholder="none" onChange={(value) => set({ usual: value === "" ? "" : Number(value) })} />
        <Select size="xs" label="Unit" allowDeselect={false} data={[...new Set([...UNITS, draft.unit])]} value={draft.unit} onChange={(unit) => set({ unit: unit ?? "None" })} />
      </Group>
      <Dimensions draft={draft} set={set} fields={fields} />
    </div>
  );
}
