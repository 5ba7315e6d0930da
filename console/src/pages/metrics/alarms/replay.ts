// What an alarm would have done, had it been there: its rule, tick by tick, over data that have been recorded.

import { type StateValue } from "../../../api/alarms";
import { metricLines, type MetricQuery } from "../../../api/metrics";
import { judge, type Point, rangeOf, type Rule } from "./judge";

/** A time in one state, Unix milliseconds. */
export interface Spell {
  state: StateValue;
  from: number;
  until: number;
}

export interface Replay {
  /** When it begins: later than was asked for where data are no longer fine enough. */
  from: number;
  spells: Spell[];
  /** How often the state became ALARM. */
  rings: number;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
/** Most ticks within a period; each is a question to the server, since the spans of ticks overlap. */
const MOST_PHASES = 60;

/** How far apart an alarm is judged, in milliseconds: as the server does it, but at most so often in a period. */
export function tickOf(periodSeconds: number, periods: number): number {
  const period = periodSeconds * 1000;
  const usual = period * periods > DAY ? HOUR : period < MINUTE ? Math.min(period, 10_000) : MINUTE;
  const phases = Math.min(MOST_PHASES, Math.max(1, Math.floor(period / usual)));
  return Math.max(usual, period / phases);
}

/** The states of an alarm that is made at `start`. `valueAt` knows the value of the period that begins at a time. */
export function replay(rule: Rule, period: number, tick: number, start: number, end: number, valueAt: (start: number) => Point): Omit<Replay, "from"> {
  const spells: Spell[] = [];
  let state: StateValue = "INSUFFICIENT_DATA";
  let from = start;
  let rings = 0;
  for (let at = Math.ceil(start / tick) * tick; at <= end; at += tick) {
    const found = judge(rule, (ago) => valueAt(at - ago * period));
    if (found === undefined || found === state) continue;
    if (at > from) spells.push({ state, from, until: at });
    [state, from] = [found, at];
    if (found === "ALARM") rings += 1;
  }
  if (end > from) spells.push({ state, from, until: end });
  return { spells, rings };
}

/** For how long data are kept as fine as an alarm of such a period sees them, in milliseconds. */
function keptFor(periodSeconds: number): number {
  return periodSeconds < 60 ? 3 * HOUR : 15 * DAY;
}

/** Asks for the data that an alarm would have seen, and says what it would have done. The queries give one time series. */
export async function wouldHave(rule: Rule, queries: MetricQuery[], periodSeconds: number, start: number, end: number, signal: AbortSignal): Promise<Replay> {
  const period = periodSeconds * 1000;
  const before = rangeOf(rule.periods) * period;
  const tick = tickOf(periodSeconds, rule.periods);
  const from = Math.max(start, Date.now() - keptFor(periodSeconds) + before + tick);
  const first = Math.floor(from / tick) * tick - before;
  const phases = Array.from({ length: Math.max(1, Math.round(period / tick)) }, (_, place) => first + place * tick);
  // Whole periods alone: the last one of a span that is not whole would be too small.
  const spans = phases.map((phase) => [phase, phase + Math.floor((end - phase) / period) * period] as const).filter(([begin, until]) => until > begin);
  const series = await Promise.all(spans.map(([begin, until]) => metricLines(queries, { start: begin, end: until }, signal)));
  const values = new Map(series.flatMap(([one]) => one?.times.map((time, place) => [time, one.values[place]] as const) ?? []));
  return { ...replay(rule, period, tick, from, end, (time) => values.get(time)), from };
}
