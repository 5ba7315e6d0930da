import { Group, NumberInput, Select, Stack, Text } from "@mantine/core";
import { listMetrics, type Metric, metricLabel, STATISTICS } from "../../../api/metrics";
import { usePlace } from "../../../app/url";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { keyOf, PERIODS } from "../graphed";
import { type AlarmDraft, COMPARISONS, MISSING } from "./form";

export interface PartProps {
  draft: AlarmDraft;
  set: (change: Partial<AlarmDraft>) => void;
}

const STEPS = PERIODS.filter(({ value }) => Number(value) <= 86_400);

/** Which metric is watched, and what of it. */
export function WatchedMetric({ draft, set }: PartProps) {
  const { params } = usePlace();
  const { value, problem, again } = useAsked(`metrics ${params.get("region")}`, listMetrics);
  const known = new Map<string, Metric>();
  // A metric that has no data yet is not listed: the one that is named is there all the same.
  for (const metric of [...(draft.metric ? [draft.metric] : []), ...(value ?? [])]) known.set(keyOf(metric), metric);
  const namespaces = [...new Set([...known.values()].map(({ Namespace }) => Namespace))].sort();
  const data = namespaces.map((group) => ({
    group, items: [...known].filter(([, { Namespace }]) => Namespace === group).map(([value, metric]) => ({ value, label: metricLabel(metric) })),
  }));
  const periods = STEPS.some((step) => step.value === String(draft.period)) ? STEPS : [...STEPS, { value: String(draft.period), label: `${draft.period} seconds` }];
  return (
    <Stack gap={6}>
      {problem !== undefined && <Problem of={problem} again={again} />}
      <Select size="xs" label="Metric" searchable data={data} value={draft.metric ? keyOf(draft.metric) : null} required placeholder="Choose a metric"
        nothingFoundMessage="No metric has these letters" onChange={(key) => set({ metric: known.get(key ?? "") ?? null })} />
      {draft.metric && <Text size="xs" c="dimmed">Namespace {draft.metric.Namespace}</Text>}
      <Group gap={6} grow>
        <Select size="xs" label="Statistic" data={[...new Set([...STATISTICS, draft.statistic])]} value={draft.statistic} allowDeselect={false} onChange={(value) => set({ statistic: value ?? "Sum" })} />
        <Select size="xs" label="Period" data={periods} value={String(draft.period)} allowDeselect={false} onChange={(value) => set({ period: Number(value) })} />
      </Group>
    </Stack>
  );
}

/** When it rings. */
export function Conditions({ draft, set }: PartProps) {
  const number = (value: string | number, least: number) => Math.max(least, Math.round(Number(value) || least));
  return (
    <Stack gap={6}>
      <Group gap={6} grow align="flex-end">
        <Select size="xs" label={`Whenever ${draft.metric?.MetricName ?? "the metric"} is…`} data={COMPARISONS.map(({ value, label, sign }) => ({ value, label: `${label} (${sign})` }))}
          value={draft.comparison} allowDeselect={false} onChange={(value) => set({ comparison: (value as AlarmDraft["comparison"] | null) ?? draft.comparison })} />
        <NumberInput size="xs" label="than…" value={draft.threshold} required hideControls onChange={(value) => set({ threshold: value === "" ? "" : Number(value) })} />
      </Group>
      <Group gap={6} grow align="flex-end">
        <NumberInput size="xs" label="Datapoints to alarm" min={1} max={draft.periods} value={draft.datapoints} onChange={(value) => set({ datapoints: number(value, 1) })} />
        <NumberInput size="xs" label="out of" min={1} max={1440} value={draft.periods}
          onChange={(value) => set({ periods: number(value, 1), datapoints: draft.datapoints === draft.periods ? number(value, 1) : Math.min(draft.datapoints, number(value, 1)) })} />
      </Group>
      <Select size="xs" label="Missing data count…" data={MISSING} value={draft.missing} allowDeselect={false} onChange={(value) => set({ missing: (value as AlarmDraft["missing"] | null) ?? "missing" })} />
    </Stack>
  );
}
