import { ActionIcon, Checkbox, Group, Select } from "@mantine/core";
import { listMetrics, type Metric } from "../../../api/metrics";
import { usePlace } from "../../../app/url";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { text } from "../body";
import { writtenOut } from "../metrics";
import type { FormProps } from "./form";

const VIEWS = [
  { value: "timeSeries", label: "Lines" }, { value: "singleValue", label: "Numbers" }, { value: "bar", label: "Bars" }, { value: "pie", label: "Ring" },
  { value: "gauge", label: "Gauge" }, { value: "table", label: "Table" },
];
const STATS = ["Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p99"];
const PERIODS = [["60", "1 minute"], ["300", "5 minutes"], ["900", "15 minutes"], ["3600", "1 hour"], ["21600", "6 hours"], ["86400", "1 day"]] as const;

export default function MetricForm({ of, change }: FormProps) {
  const { params } = usePlace();
  const { value: known = [], problem } = useAsked(`metrics ${params.get("region")}`, (signal) => listMetrics(signal));
  const rows = writtenOut(of.metrics);
  const [stat, period] = [text(of.stat) ?? "Average", String(of.period ?? 300)];
  return (
    <>
      {problem !== undefined && <Problem of={problem} />}
      <ul className="side-list" aria-label="Metrics of the widget">
        {rows.map((row, place) => (
          <li key={place}>
            <Group wrap="nowrap" gap={4} justify="space-between">
              <span className="mono">{nameOfRow(row)}</span>
              <ActionIcon size="sm" variant="subtle" color="red" aria-label={`Remove ${nameOfRow(row)}`} onClick={() => change({ metrics: rows.filter((_, other) => other !== place) })}>×</ActionIcon>
            </Group>
          </li>
        ))}
      </ul>
      <Select size="xs" label="Add a metric" placeholder={known.length === 0 ? "No metric was written in the last two weeks" : "Namespace, name, dimensions"} searchable value={null}
        data={known.map((metric, place) => ({ value: String(place), label: nameOfRow(rowOf(metric)) }))} limit={200}
        onChange={(chosen) => {
          const metric = known[Number(chosen)];
          if (chosen !== null && metric) change({ metrics: [...rows, rowOf(metric)] });
        }} />
      <Group grow>
        <Select size="xs" label="Statistic" data={[...new Set([...STATS, stat])]} value={stat} allowDeselect={false} onChange={(value) => change({ stat: value ?? undefined })} />
        <Select size="xs" label="Period" allowDeselect={false} value={period} data={[...PERIODS.map(([value, label]) => ({ value, label })), ...(PERIODS.some(([value]) => value === period) ? [] : [{ value: period, label: `${period} s` }])]}
          onChange={(value) => change({ period: Number(value) })} />
        <Select size="xs" label="Shown as" data={VIEWS} value={text(of.view) ?? "timeSeries"} allowDeselect={false} onChange={(view) => change({ view: view ?? undefined })} />
      </Group>
      <Checkbox size="xs" label="Stacked" checked={of.stacked === true} onChange={(event) => change({ stacked: event.currentTarget.checked })} />
    </>
  );
}

function rowOf({ Namespace, MetricName, Dimensions = [] }: Metric): unknown[] {
  return [Namespace, MetricName, ...Dimensions.flatMap(({ Name, Value }) => [Name, Value])];
}

function nameOfRow(row: unknown[]): string {
  const expression = (row.at(-1) as { expression?: unknown } | undefined)?.expression;
  return typeof expression === "string" ? expression : row.filter((part) => typeof part === "string").join(" › ");
}
