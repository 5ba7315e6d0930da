// What every widget is told of its dashboard.

import { periodFor } from "../../api/metrics";
import { resolve, type Range } from "../../time/range";
import { type Members, properties, rangeOf } from "./body";

export interface About {
  range: Range;
  /** Each widget keeps its own period; otherwise periods follow the range. */
  isFixed: boolean;
}

export interface WidgetProps {
  widget: unknown;
  about: About;
  /** Pixels that there are for what it shows. */
  height: number;
}

/** The range of a widget: its own if it says one. */
export function rangeOfWidget(widget: unknown, range: Range): Range {
  const { from, to } = rangeOf(properties(widget));
  return from ? resolve(from, to ?? null, range.end) : range;
}

/** Seconds of a period for a widget that shows the whole range as one value, or as a line. */
export function periodOf(of: Members, range: Range): number {
  const isWhole = of.setPeriodToTimeRange === true && (of.view ?? "timeSeries") !== "timeSeries";
  return isWhole ? Math.ceil((range.end - range.start) / 60_000) * 60 : periodFor(range);
}
