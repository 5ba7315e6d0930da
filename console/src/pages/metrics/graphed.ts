// What the graph shows, as it stands in the address.

import { type Metric, metricLabel, type MetricLine, metricLines, type MetricQuery } from "../../api/metrics";
import type { Range } from "../../time/range";

/** A statistic of a metric. */
export interface Graphed {
  metric: Metric;
  stat: string;
}

/** `[["VPC Flow Logs","SSH-rejects",{},"Sum"]]` */
export function readGraph(text: string | null): Graphed[] {
  try {
    const rows: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(rows) ? rows.flatMap(readRow) : [];
  } catch {
    return [];
  }
}

function readRow(row: unknown): Graphed[] {
  if (!Array.isArray(row)) return [];
  const [Namespace, MetricName, dimensions, stat] = row as unknown[];
  if (typeof Namespace !== "string" || typeof MetricName !== "string" || typeof stat !== "string") return [];
  const Dimensions = Object.entries(dimensions ?? {}).map(([Name, Value]) => ({ Name, Value: String(Value) }));
  return [{ metric: { Namespace, MetricName, Dimensions }, stat }];
}

export function writeGraph(graph: Graphed[]): string | undefined {
  if (graph.length === 0) return undefined;
  return JSON.stringify(graph.map(({ metric, stat }) => [
    metric.Namespace, metric.MetricName, Object.fromEntries((metric.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])), stat,
  ]));
}

export function isSame(one: Metric, other: Metric): boolean {
  return keyOf(one) === keyOf(other);
}

export function keyOf({ Namespace, MetricName, Dimensions = [] }: Metric): string {
  return JSON.stringify([Namespace, MetricName, ...Dimensions.map(({ Name, Value }) => [Name, Value]).sort()]);
}

/** Periods to choose from, in seconds. */
export const PERIODS: { value: string; label: string }[] = [
  [10, "10 seconds"], [30, "30 seconds"], [60, "1 minute"], [300, "5 minutes"], [900, "15 minutes"], [3600, "1 hour"], [21_600, "6 hours"], [86_400, "1 day"],
].map(([seconds, label]) => ({ value: String(seconds), label: String(label) }));

/** The data of what is graphed. */
export function graphData(graph: Graphed[], period: number, range: Range, signal: AbortSignal): Promise<MetricLine[]> {
  const queries = graph.map(({ metric, stat }, place): MetricQuery => ({
    Id: `m${place}`, Label: `${metricLabel(metric)} ${stat}`, MetricStat: { Metric: metric, Period: period, Stat: stat },
  }));
  return metricLines(queries, inPeriods(range, period), signal);
}

/** A range that begins with a whole period. */
export function inPeriods({ start, end }: Range, periodSeconds: number): Range {
  return { start: start - (start % (periodSeconds * 1000)), end };
}
