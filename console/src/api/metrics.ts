// Metrics of CloudWatch: their values over time, by GetMetricData.

import type { Range } from "../time/range";
import { call } from "./call";
import { everyPage } from "./pages";

export interface Dimension {
  Name: string;
  Value: string;
}

/** What a metric is called. */
export interface Metric {
  Namespace: string;
  MetricName: string;
  Dimensions?: Dimension[];
}

/** A statistic of a metric, or an expression over others. */
export interface MetricQuery {
  /** What expressions call it: begins with a lower-case letter. */
  Id: string;
  MetricStat?: { Metric: Metric; Period: number; Stat: string; Unit?: string };
  Expression?: string;
  Label?: string;
  /** Seconds; of an expression. */
  Period?: number;
  ReturnData?: boolean;
}

/** One line: an expression may give several under one id. */
export interface MetricLine {
  id: string;
  label: string;
  /** Unix milliseconds, ascending; the beginning of a period each. */
  times: number[];
  values: number[];
}

interface Page {
  MetricDataResults?: { Id: string; Label: string; Timestamps?: number[]; Values?: number[] }[];
  NextToken?: string;
}

/** The values of metrics in a range, all pages of them. */
export async function metricLines(queries: MetricQuery[], range: Range, signal: AbortSignal, region?: string): Promise<MetricLine[]> {
  const found: MetricLine[] = [];
  let NextToken: string | undefined;
  do {
    const page: Page = await call("monitoring", "GetMetricData", {
      MetricDataQueries: queries, StartTime: Math.floor(range.start), EndTime: Math.ceil(range.end), ScanBy: "TimestampAscending", ...(NextToken ? { NextToken } : {}),
    }, signal, region);
    const isNext = NextToken !== undefined;
    (page.MetricDataResults ?? []).forEach(({ Id: id, Label: label, Timestamps = [], Values = [] }, place) => {
      const last = found.at(-1);
      // A line that is too long for a page goes on at the top of the next.
      const line = isNext && place === 0 && last?.id === id && last.label === label ? last : { id, label, times: [], values: [] };
      if (line !== last) found.push(line);
      line.times.push(...Timestamps);
      line.values.push(...Values);
    });
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}

/** All metrics that were written to in the last two weeks, or those of a namespace. */
export function listMetrics(signal: AbortSignal, Namespace?: string): Promise<Metric[]> {
  return everyPage<{ Metrics?: Metric[] }, Metric>({ service: "monitoring", operation: "ListMetrics", input: Namespace ? { Namespace } : {}, items: ({ Metrics }) => Metrics }, signal);
}

const PERIODS = [60, 300, 900, 3600, 21_600, 86_400];

/** A period, in seconds, of which a range has no more than so many: as fine as that allows. */
export function periodFor(range: Range, most = 300): number {
  const seconds = (range.end - range.start) / 1000;
  return PERIODS.find((period) => seconds / period <= most) ?? 86_400;
}

export const STATISTICS = ["Sum", "Average", "Maximum", "Minimum", "SampleCount", "p50", "p90", "p95", "p99"];
const BASIC = new Set(["Sum", "Average", "Maximum", "Minimum", "SampleCount"]);

/** Whether an alarm calls a statistic `Statistic`, and not `ExtendedStatistic`. */
export function isBasic(statistic: string): boolean {
  return BASIC.has(statistic);
}

/** What people call a metric: `SSH-rejects`, or `bytes interface=a0`. */
export function metricLabel({ MetricName, Dimensions = [] }: Metric): string {
  return [MetricName, ...Dimensions.map(({ Name, Value }) => `${Name}=${Value}`)].join(" ");
}
