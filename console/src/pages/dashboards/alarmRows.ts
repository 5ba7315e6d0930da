// The metrics of the alarms that a metric widget is annotated with, and their thresholds.

import { alarmsOf } from "./alarms";
import type { MetricQuery } from "../../api/metrics";
import type { Mark } from "../../ui/TimeChart";
import { isMembers, list, type Members, text } from "./body";

export async function alarmRows({ annotations }: Members, period: number, signal: AbortSignal, region?: string): Promise<{ queries: MetricQuery[]; marks: Mark[] }> {
  const arns = isMembers(annotations) ? list(annotations.alarms).flatMap((arn) => text(arn) ?? []) : [];
  if (arns.length === 0) return { queries: [], marks: [] };
  const alarms = (await alarmsOf(arns, signal, region)).flatMap((alarm) => (alarm.kind === "metric" ? [alarm.of] : []));
  const queries = alarms.flatMap(({ AlarmName, Namespace, MetricName, Dimensions, Statistic, ExtendedStatistic, Period }, place): MetricQuery[] =>
    (Namespace && MetricName ? [{
      Id: `alarm${place}`, Label: AlarmName,
      MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period: Math.max(period, Period ?? 0), Stat: Statistic ?? ExtendedStatistic ?? "Sum" },
    }] : []));
  return { queries, marks: alarms.map(({ AlarmName, Threshold }) => ({ value: Threshold, label: AlarmName })) };
}
