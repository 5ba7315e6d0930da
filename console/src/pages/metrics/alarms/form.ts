// An alarm on a metric, as it is written in the form and as the server takes it.

import { type Comparison, type MetricAlarm, type MissingData } from "../../../api/alarms";
import { isBasic, type Metric, type MetricQuery } from "../../../api/metrics";
import type { Params } from "../../../app/url";
import type { Rule } from "./judge";

export interface AlarmDraft {
  metric: Metric | null;
  statistic: string;
  /** Seconds. */
  period: number;
  comparison: Comparison;
  threshold: number | "";
  periods: number;
  datapoints: number;
  missing: MissingData;
  name: string;
  description: string;
  alarmActions: string[];
  okActions: string[];
  insufficientActions: string[];
}

export const USUAL: AlarmDraft = {
  metric: null, statistic: "Sum", period: 60, comparison: "GreaterThanOrEqualToThreshold", threshold: 1, periods: 1, datapoints: 1, missing: "missing",
  name: "", description: "", alarmActions: [], okActions: [], insufficientActions: [],
};

export const COMPARISONS: { value: Comparison; label: string; sign: string }[] = [
  { value: "GreaterThanThreshold", label: "Greater", sign: ">" },
  { value: "GreaterThanOrEqualToThreshold", label: "Greater/Equal", sign: "≥" },
  { value: "LessThanOrEqualToThreshold", label: "Lower/Equal", sign: "≤" },
  { value: "LessThanThreshold", label: "Lower", sign: "<" },
];

export const MISSING: { value: MissingData; label: string }[] = [
  { value: "missing", label: "as missing" },
  { value: "notBreaching", label: "as good (not breaching)" },
  { value: "breaching", label: "as bad (breaching)" },
  { value: "ignore", label: "ignore: the state stays" },
];

/** The parameters of the address at which an alarm is made of this. */
export function alarmLink(draft: Partial<AlarmDraft>): Params {
  return { new: JSON.stringify(draft) };
}

export function signOf(comparison: Comparison): string {
  return COMPARISONS.find(({ value }) => value === comparison)?.sign ?? comparison;
}

/** The draft that an alarm is changed by; nothing if it is on an expression, which the form does not have. */
export function draftOf(alarm: MetricAlarm): AlarmDraft | undefined {
  const { Namespace, MetricName, Dimensions = [], EvaluationPeriods: periods } = alarm;
  if (!Namespace || !MetricName) return undefined;
  return {
    metric: { Namespace, MetricName, Dimensions }, statistic: alarm.Statistic ?? alarm.ExtendedStatistic ?? "Sum", period: alarm.Period ?? 60,
    comparison: alarm.ComparisonOperator, threshold: alarm.Threshold, periods, datapoints: alarm.DatapointsToAlarm ?? periods, missing: alarm.TreatMissingData ?? "missing",
    name: alarm.AlarmName, description: alarm.AlarmDescription ?? "", alarmActions: alarm.AlarmActions ?? [], okActions: alarm.OKActions ?? [],
    insufficientActions: alarm.InsufficientDataActions ?? [],
  };
}

/** What `PutMetricAlarm` takes. An alarm that is changed keeps what the form does not have. */
export function inputOf(draft: AlarmDraft, before?: MetricAlarm): object {
  const { metric, statistic, period, periods, datapoints } = draft;
  return {
    AlarmName: draft.name, ...(draft.description ? { AlarmDescription: draft.description } : {}), ActionsEnabled: before?.ActionsEnabled ?? true,
    AlarmActions: draft.alarmActions, OKActions: draft.okActions, InsufficientDataActions: draft.insufficientActions,
    Namespace: metric?.Namespace, MetricName: metric?.MetricName, Dimensions: metric?.Dimensions ?? [], [isBasic(statistic) ? "Statistic" : "ExtendedStatistic"]: statistic, Period: period,
    ...(before?.Unit ? { Unit: before.Unit } : {}),
    ...(before?.EvaluateLowSampleCountPercentile && !isBasic(statistic) ? { EvaluateLowSampleCountPercentile: before.EvaluateLowSampleCountPercentile } : {}),
    EvaluationPeriods: periods, DatapointsToAlarm: datapoints, Threshold: draft.threshold, ComparisonOperator: draft.comparison, TreatMissingData: draft.missing,
  };
}

/** What is watched, as queries for its data. */
export function queriesOf({ metric, statistic, period }: Pick<AlarmDraft, "metric" | "statistic" | "period">): MetricQuery[] {
  return metric ? [{ Id: "m0", Label: `${metric.MetricName} ${statistic}`, MetricStat: { Metric: metric, Period: period, Stat: statistic } }] : [];
}

/** The queries of an alarm that is there, whatever it watches. */
export function queriesOfAlarm(alarm: MetricAlarm): MetricQuery[] {
  const draft = draftOf(alarm);
  return draft ? queriesOf(draft) : (alarm.Metrics ?? []);
}

/** Seconds of a period. */
export function periodOf({ Period, Metrics = [] }: MetricAlarm): number {
  return Period ?? Metrics.map((query) => query.MetricStat?.Period ?? query.Period ?? 0).find(Boolean) ?? 60;
}

/** What decides, as far as it can be decided: nothing while the threshold is not written. */
export function ruleOf({ comparison, threshold, periods, datapoints, missing }: AlarmDraft): Rule | undefined {
  return threshold === "" ? undefined : { comparison, threshold, periods, datapoints: Math.min(datapoints, periods), missing };
}
