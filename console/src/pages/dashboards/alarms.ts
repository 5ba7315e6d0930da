// The alarms that a dashboard names.

import { call } from "../../api/call";

export interface Alarm {
  AlarmName: string;
  AlarmArn: string;
  StateValue: "OK" | "ALARM" | "INSUFFICIENT_DATA";
  StateReason?: string;
  StateUpdatedTimestamp?: number;
  Namespace?: string;
  MetricName?: string;
  Dimensions?: { Name: string; Value: string }[];
  Statistic?: string;
  ExtendedStatistic?: string;
  /** Seconds. */
  Period?: number;
  Threshold?: number;
}

interface Described {
  MetricAlarms?: Alarm[];
  CompositeAlarms?: Alarm[];
  LogAlarms?: Alarm[];
}

const TYPES = ["MetricAlarm", "CompositeAlarm", "LogAlarm"];
/** What DescribeAlarms takes at once. */
const MOST = 100;

/** In the order of their ARNs; those that are not there are left out. */
export async function describeAlarms(arns: string[], signal: AbortSignal, region?: string): Promise<Alarm[]> {
  const found: Alarm[] = [];
  for (let at = 0; at < arns.length; at += MOST) {
    const AlarmNames = arns.slice(at, at + MOST).map(nameOf);
    const { MetricAlarms = [], CompositeAlarms = [], LogAlarms = [] } = await call<Described>("monitoring", "DescribeAlarms", { AlarmNames, AlarmTypes: TYPES, MaxRecords: MOST }, signal, region);
    found.push(...MetricAlarms, ...CompositeAlarms, ...LogAlarms);
  }
  return arns.flatMap((arn) => found.find(({ AlarmName }) => AlarmName === nameOf(arn)) ?? []);
}

/** The name in the ARN of an alarm, which may have colons itself. */
export function nameOf(arn: string): string {
  const parts = arn.split(":");
  return parts[5] === "alarm" ? parts.slice(6).join(":") : arn;
}

/** The region in the ARN. */
export function regionOf(arn: string): string | undefined {
  return arn.startsWith("arn:") ? arn.split(":")[3] : undefined;
}
