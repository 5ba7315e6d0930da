// The chart of metrics.

import type { MetricLine } from "../api/metrics";
import type { Range } from "../time/range";
import { count } from "./numbers";
import { type Chart, PALETTE, type Series } from "./TimeChart";

/** How a line is drawn, where it is not as usual. */
export interface LineStyle {
  color?: string;
  isRight?: boolean;
}

interface Options {
  /** Milliseconds of a period: of all lines, or of each by its id. Where one has no value, its line breaks. */
  period: (id: string) => number;
  style?: (id: string) => LineStyle;
  kind?: Chart["kind"];
}

/** Lines of different periods share the times of all. */
export function metricChart(lines: MetricLine[], range: Range, { period, style, kind = "line" }: Options): Chart {
  const breaks = lines.map(({ id, times }) => gaps(times, period(id)));
  const times = [...new Set([...lines.flatMap((line) => line.times), ...breaks.flat()])].sort((one, other) => one - other);
  const series = lines.map((line, place): Series => {
    const own = new Map<number, number | null>(line.times.map((time, at) => [time, line.values[at] ?? null]));
    for (const time of breaks[place] ?? []) own.set(time, null);
    const { color, isRight } = style?.(line.id) ?? {};
    return { label: line.label, color: color ?? PALETTE[place % PALETTE.length] ?? "", values: times.map((time) => own.get(time)), isRight };
  });
  const bin = Math.min(...lines.map(({ id }) => period(id)), range.end - range.start);
  return { times, series, kind, bin, format: count, ...range };
}

/** A time in each hole of a line. */
function gaps(times: number[], period: number): number[] {
  return times.flatMap((time, place) => {
    const next = times[place + 1];
    return next !== undefined && next - time > period ? [time + period] : [];
  });
}
