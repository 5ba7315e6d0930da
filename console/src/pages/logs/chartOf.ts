// The chart that `stats … by bin()` deserves.

import type { Answer, Row } from "../../api/insights";
import { duration } from "../../time/range";
import { parseUtc } from "../../time/zone";
import { count } from "../../ui/numbers";
import { type Chart, COLORS, PALETTE, type Series } from "../../ui/TimeChart";

/** Most lines in a chart: the largest. */
const MOST = 10;

const OWN: Record<string, string> = { ACCEPT: COLORS.accept, REJECT: COLORS.reject, "-": COLORS.other };

/** Of a part by its name, which looks the same on every page, or else by its place. */
export function colorOf(label: string, place: number): string {
  return OWN[label] ?? PALETTE[place % PALETTE.length] ?? COLORS.other;
}

/** None when the rows are not numbers over time. */
export function chartOf({ fields, rows }: Answer, query: string): Chart | undefined {
  const [, width] = /\bbin\(\s*(\d+\s*[smhd])/.exec(query) ?? [];
  if (!width || rows.length < 2) return undefined;
  const is = (name: string, test: (text: string) => boolean) => rows.every((row) => row[name] === undefined || row[name] === "" || test(row[name]));
  const time = fields.find((name) => is(name, (text) => parseUtc(text) !== undefined));
  if (!time) return undefined;
  const others = fields.filter((name) => name !== time && name !== "@ptr");
  const aggregated = aliases(query);
  const numbers = others.filter((name) => is(name, (text) => !Number.isNaN(Number(text))) && (aggregated.has(name) || name.includes("(")));
  const labels = others.filter((name) => !numbers.includes(name));
  if (numbers.length === 0) return undefined;
  const at = (row: Row) => parseUtc(row[time] ?? "") ?? 0;
  const times = [...new Set(rows.map(at))].sort((one, other) => one - other);
  const milliseconds = duration(width.replace(/\s/g, "")) ?? 60_000;
  return {
    times, kind: labels.length > 0 || numbers.length === 1 ? "stacked" : "line", bin: milliseconds, format: count,
    start: times[0] ?? 0, end: (times.at(-1) ?? 0) + milliseconds, series: series(rows, times, at, numbers, labels),
  };
}

/** Names that the last `stats` gives to what it computes: `sum(bytes) as b`. */
function aliases(query: string): Set<string> {
  const last = query.split("|").filter((part) => /^\s*stats\b/i.test(part)).at(-1) ?? "";
  const [computed = ""] = last.split(/\bby\b/i);
  return new Set([...computed.matchAll(/\bas\s+`?([\w.@-]+)/gi)].map(([, name]) => name ?? ""));
}

function series(rows: Row[], times: number[], at: (row: Row) => number, numbers: string[], labels: string[]): Series[] {
  const place = new Map(times.map((time, place) => [time, place]));
  const all = new Map<string, (number | null)[]>();
  for (const row of rows) {
    const label = labels.map((name) => row[name] ?? "").join(" ");
    for (const name of numbers) {
      const key = labels.length === 0 ? name : numbers.length === 1 ? label : `${label} ${name}`;
      const values = all.get(key) ?? times.map(() => null);
      // Records without traffic have nothing to add up.
      values[place.get(at(row)) ?? 0] = row[name] ? Number(row[name]) : null;
      all.set(key, values);
    }
  }
  const total = (values: (number | null)[]) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  const largest = [...all].sort(([, one], [, other]) => total(other) - total(one)).slice(0, MOST);
  return largest.map(([label, values], number) => ({ label, values, color: colorOf(label, number) }));
}
