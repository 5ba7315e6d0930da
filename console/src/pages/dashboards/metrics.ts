// The rows of a metric widget: `["AWS/EC2", "CPUUtilization", "InstanceId", "i-1", { "stat": "p90" }]`, with `.` for what the
// row above has at the same place, `...` for all that it has up to there, and `[{ "expression": "m1 / m2" }]`.

import type { MetricQuery } from "../../api/metrics";
import type { LineStyle } from "../../ui/metricChart";
import { isMembers, list, type Members, text } from "./body";

/** What the queries of a widget are, and how their lines look. */
export interface Rows {
  queries: MetricQuery[];
  styles: Map<string, LineStyle>;
  /** Seconds, by id. */
  periods: Map<string, number>;
}

/** Reads the rows. `period` is that of rows that do not say theirs; what a widget says counts only where `isFixed`. */
export function rowsOf(of: Members, period: number, isFixed: boolean): Rows {
  const rows: Rows = { queries: [], styles: new Map(), periods: new Map() };
  const own = isFixed && typeof of.period === "number" ? of.period : period;
  const all = list(of.metrics).map(list);
  const taken = new Set(all.map((row) => text(options(row).id)));
  let above: string[] = [];
  all.forEach((row, number) => {
    const more = options(row);
    const id = text(more.id) ?? unused(`m${number + 1}`, taken);
    const seconds = isFixed && typeof more.period === "number" ? more.period : own;
    const shared = { Id: id, Label: text(more.label), ReturnData: more.visible !== false };
    const expression = text(more.expression);
    if (expression) {
      rows.queries.push({ ...shared, Expression: expression, Period: seconds });
    } else {
      above = whole(row.filter((part) => typeof part === "string"), above);
      const [Namespace = "", MetricName = "", ...pairs] = above;
      const Dimensions = pairs.flatMap((Name, place) => (place % 2 === 0 ? [{ Name, Value: pairs[place + 1] ?? "" }] : []));
      const Stat = text(more.stat) ?? text(of.stat) ?? "Average";
      rows.queries.push({ ...shared, MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period: seconds, Stat } });
    }
    rows.styles.set(id, { color: color(more.color), isRight: more.yAxis === "right" });
    rows.periods.set(id, seconds);
  });
  return rows;
}

function options(row: unknown[]): Members {
  const last = row.at(-1);
  return isMembers(last) ? last : {};
}

function unused(name: string, taken: Set<string | undefined>): string {
  let found = name;
  while (taken.has(found)) found += "x";
  taken.add(found);
  return found;
}

/** Rows without `.` and `...`: each stands for itself. */
export function writtenOut(metrics: unknown): unknown[][] {
  let above: string[] = [];
  return list(metrics).map(list).map((row) => {
    const names = row.filter((part) => typeof part === "string");
    if (names.length > 0) above = whole(names, above);
    return [...(names.length > 0 ? above : []), ...row.filter((part) => typeof part !== "string")];
  });
}

/** A row with what it repeats of the row above. `...` stands for as much as makes both equally long. */
export function whole(row: string[], above: string[]): string[] {
  const dots = row.indexOf("...");
  const spread = dots < 0 ? row : [...row.slice(0, dots), ...above.slice(dots, above.length - (row.length - dots - 1)), ...row.slice(dots + 1)];
  return spread.map((part, place) => (part === "." ? above[place] ?? "" : part));
}

/** Colours that CSS reads as such. */
function color(value: unknown): string | undefined {
  return typeof value === "string" && /^#[0-9a-f]{3,8}$/i.test(value) ? value : undefined;
}
