// What the state of an alarm is, from the data points of its evaluation range: the rule by which the server judges, told
// again for data that no alarm has seen yet. Both are held against one table of cases in the tests.

import type { Comparison, MissingData, StateValue } from "../../../api/alarms";

/** What makes data points an alarm. */
export interface Rule {
  comparison: Comparison;
  threshold: number;
  /** N: how many data points are looked at. */
  periods: number;
  /** M: how many of them must breach. */
  datapoints: number;
  missing: MissingData;
}

/** The value of a period; none when there is none. */
export type Point = number | undefined;

const BREACHES: Record<Comparison, (value: number, threshold: number) => boolean> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/** How many periods are looked at: two more than are needed, for the newest real points among them. */
export function rangeOf(periods: number): number {
  return periods + 2;
}

/** Judges the points of an evaluation range, `point(1)` being that of the newest period. Nothing: the state stays. */
export function judge(rule: Rule, point: (ago: number) => Point): StateValue | undefined {
  const { threshold, periods, datapoints, missing } = rule;
  const breaches = BREACHES[rule.comparison];
  let [real, breaching, age] = [0, 0, 0];
  for (let ago = 1; ago <= rangeOf(periods) && real < periods; ago += 1) {
    const value = point(ago);
    if (value === undefined) continue;
    age = ago;
    real += 1;
    if (breaches(value, threshold)) breaching += 1;
  }
  if (breaching >= datapoints) return "ALARM";
  if (breaching + periods - real < datapoints) return "OK";
  if (missing === "breaching") return "ALARM";
  if (missing === "notBreaching" || real > breaching) return "OK";
  if (missing === "ignore") return undefined;
  if (real === 0) return "INSUFFICIENT_DATA";
  // A few breaching points and nothing else: an alarm once the oldest is old enough.
  return age >= datapoints ? "ALARM" : undefined;
}
