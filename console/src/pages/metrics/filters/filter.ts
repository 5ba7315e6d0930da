// Metric filters, and trying a pattern.

import { call, CallError } from "../../../api/call";
import { everyPage } from "../../../api/pages";
import type { Mistake } from "../../../editor/Editor";

export interface MetricFilter {
  filterName: string;
  filterPattern: string;
  logGroupName: string;
  creationTime?: number;
  metricTransformations: { metricName: string; metricNamespace: string; metricValue: string; defaultValue?: number; unit?: string; dimensions?: Record<string, string> }[];
}

/** All metric filters, or those of a group. */
export function metricFilters(logGroupName: string | null, signal?: AbortSignal): Promise<MetricFilter[]> {
  return everyPage<{ metricFilters?: MetricFilter[] }, MetricFilter>({
    service: "logs", operation: "DescribeMetricFilters", input: logGroupName ? { logGroupName } : {}, items: ({ metricFilters }) => metricFilters, token: "nextToken",
  }, signal);
}

export interface FilterDraft {
  group: string;
  pattern: string;
  /** What the pattern is tried on. */
  lines: string;
  name: string;
  namespace: string;
  metric: string;
  value: string;
  usual: number | "";
  unit: string;
  /** Names of dimensions, and the field that each has its value of. */
  dimensions: [string, string][];
  /** There is one of this name in this group, and it is changed. */
  isChange: boolean;
}

export const USUAL: FilterDraft = { isChange: false, group: "", pattern: "", lines: "", name: "", namespace: "", metric: "", value: "1", usual: "", unit: "None", dimensions: [] };

export function draftOf({ filterName, filterPattern, logGroupName, metricTransformations: [first] }: MetricFilter): Partial<FilterDraft> {
  return {
    isChange: true, group: logGroupName, pattern: filterPattern, name: filterName, namespace: first?.metricNamespace, metric: first?.metricName, value: first?.metricValue,
    usual: first?.defaultValue ?? "", unit: first?.unit ?? "None", dimensions: Object.entries(first?.dimensions ?? {}),
  };
}

/** What `PutMetricFilter` takes. */
export function inputOf({ group, pattern, name, namespace, metric, value, usual, unit, dimensions }: FilterDraft): object {
  const named = dimensions.filter(([key]) => key !== "");
  return {
    logGroupName: group, filterName: name, filterPattern: pattern,
    metricTransformations: [{
      metricName: metric, metricNamespace: namespace, metricValue: value, unit,
      ...(usual === "" ? {} : { defaultValue: usual }), ...(named.length ? { dimensions: Object.fromEntries(named) } : {}),
    }],
  };
}

/** `TestMetricFilter` takes so many lines. */
export const MOST_LINES = 50;

/** A line, whether it matches, and what was taken of it. */
export interface Tried {
  number: number;
  line: string;
  fields?: Record<string, string>;
}

export interface Trial {
  tried: Tried[];
  /** Names of what was taken, in the order of the pattern. */
  fields: string[];
  matches: number;
}

interface Matches {
  matches?: { eventNumber: number; extractedValues?: Record<string, string> }[];
}

/** The lines that are tried: those with something in them, as many as are taken. */
export function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "").slice(0, MOST_LINES);
}

/** Tries a pattern on lines. */
export async function tryPattern(pattern: string, lines: string[], signal?: AbortSignal): Promise<Trial> {
  const { matches = [] } = await call<Matches>("logs", "TestMetricFilter", { filterPattern: pattern, logEventMessages: lines }, signal);
  const found = new Map(matches.map(({ eventNumber, extractedValues = {} }) => [eventNumber, extractedValues]));
  const fields = inOrder([...new Set(matches.flatMap(({ extractedValues = {} }) => Object.keys(extractedValues)))], pattern);
  return { tried: lines.map((line, number) => ({ number, line, fields: found.get(number) })), fields, matches: matches.length };
}

/** Fields as they stand in the pattern; those without a name by their number, first. */
function inOrder(fields: string[], pattern: string): string[] {
  const place = (field: string) => {
    const [, number] = /^\$(\d+)$/.exec(field) ?? [];
    if (number) return Number(number) - 10_000;
    const name = field.replace(/^\$(?!\.)/, "").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`(?<![\\w-])${name}(?![\\w-])`).exec(pattern)?.index ?? pattern.length;
  };
  return fields.map((field) => ({ field, at: place(field) })).sort((one, other) => one.at - other.at).map(({ field }) => field);
}

/** Where the server says that a pattern is wrong. Characters are counted from 1, and one outside of the basic plane is one. */
export function mistakeOf(problem: unknown, pattern: string): Mistake | undefined {
  if (!(problem instanceof CallError)) return undefined;
  const [, column, message] = /^Invalid filter pattern: character (\d+): (.*)$/s.exec(problem.message) ?? [];
  if (!column || !message) return undefined;
  const from = [...pattern].slice(0, Number(column) - 1).join("").length;
  return { from, to: from + 1, message };
}

/** Words of a record in the format that AWS has by default. */
const WORDS = 14;

/** A paste may have lost its line ends: records of the default format one behind the other, on lines of their own. */
export function apart(text: string): string | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
  const split = lines.flatMap((line) => {
    const words = line.split(/\s+/);
    const records = Array.from({ length: Math.floor(words.length / WORDS) }, (_, place) => words.slice(place * WORDS, (place + 1) * WORDS));
    const isMany = words.length % WORDS === 0 && records.length > 1 && records.every(([version, , eni = ""]) => version === records[0]?.[0] && /^eni-/.test(eni));
    return isMany ? records.map((record) => record.join(" ")) : [line];
  });
  return split.length > lines.length ? split.join("\n") : undefined;
}
