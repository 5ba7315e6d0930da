// Alarms of CloudWatch, and what happened to them.

import type { Metric, MetricQuery } from "./metrics";
import { everyPage } from "./pages";

export type StateValue = "OK" | "ALARM" | "INSUFFICIENT_DATA";

interface AlarmBase {
  AlarmName: string;
  AlarmArn: string;
  AlarmDescription?: string;
  ActionsEnabled?: boolean;
  AlarmActions?: string[];
  OKActions?: string[];
  InsufficientDataActions?: string[];
  StateValue: StateValue;
  StateReason?: string;
  StateUpdatedTimestamp?: number;
  StateTransitionedTimestamp?: number;
  AlarmConfigurationUpdatedTimestamp?: number;
  /** Such as `EVALUATION_FAILURE`. */
  EvaluationState?: string;
}

export type Comparison = "GreaterThanOrEqualToThreshold" | "GreaterThanThreshold" | "LessThanThreshold" | "LessThanOrEqualToThreshold";
export type MissingData = "missing" | "ignore" | "breaching" | "notBreaching";

export interface MetricAlarm extends AlarmBase, Partial<Metric> {
  Statistic?: string;
  ExtendedStatistic?: string;
  /** Seconds. */
  Period?: number;
  Unit?: string;
  EvaluationPeriods: number;
  DatapointsToAlarm?: number;
  Threshold: number;
  ComparisonOperator: Comparison;
  TreatMissingData?: MissingData;
  EvaluateLowSampleCountPercentile?: string;
  Metrics?: MetricQuery[];
}

export interface CompositeAlarm extends AlarmBase {
  AlarmRule: string;
  ActionsSuppressor?: string;
  ActionsSuppressorWaitPeriod?: number;
  ActionsSuppressorExtensionPeriod?: number;
  ActionsSuppressedBy?: string;
  ActionsSuppressedReason?: string;
}

export interface LogAlarm extends AlarmBase {
  ScheduledQueryConfiguration: {
    QueryString: string;
    LogGroupIdentifiers?: string[];
    ScheduleConfiguration: { ScheduleExpression: string };
    AggregationExpression: string;
  };
  QueryResultsToEvaluate: number;
  QueryResultsToAlarm: number;
  Threshold: number;
  ComparisonOperator: Comparison;
  TreatMissingData?: MissingData;
}

/** An alarm of any kind. */
export type Alarm = { kind: "metric"; of: MetricAlarm } | { kind: "composite"; of: CompositeAlarm } | { kind: "log"; of: LogAlarm };

interface Described {
  MetricAlarms?: MetricAlarm[];
  CompositeAlarms?: CompositeAlarm[];
  LogAlarms?: LogAlarm[];
}

const ORDER: StateValue[] = ["ALARM", "INSUFFICIENT_DATA", "OK"];

/** Alarms of all kinds, those that ring first. `input` narrows them, as `DescribeAlarms` does. */
export async function describeAlarms(input: object, signal?: AbortSignal, region?: string): Promise<Alarm[]> {
  const items = ({ MetricAlarms = [], CompositeAlarms = [], LogAlarms = [] }: Described): Alarm[] => [
    ...MetricAlarms.map((of) => ({ kind: "metric" as const, of })),
    ...CompositeAlarms.map((of) => ({ kind: "composite" as const, of })),
    ...LogAlarms.map((of) => ({ kind: "log" as const, of })),
  ];
  const asked = { AlarmTypes: ["MetricAlarm", "CompositeAlarm", "LogAlarm"], ...input };
  const alarms = await everyPage<Described, Alarm>({ service: "monitoring", operation: "DescribeAlarms", input: asked, items, region }, signal);
  return alarms.sort((one, other) => loudest(one, other) || one.of.AlarmName.localeCompare(other.of.AlarmName));
}

/** Sorts those that ring first. */
export function loudest({ of: one }: Alarm, { of: other }: Alarm): number {
  return ORDER.indexOf(one.StateValue) - ORDER.indexOf(other.StateValue);
}

/** Something that happened to an alarm. */
export interface HistoryItem {
  Timestamp: number;
  HistoryItemType: "ConfigurationUpdate" | "StateUpdate" | "Action";
  HistorySummary: string;
  /** JSON. */
  HistoryData?: string;
}

/** What happened to an alarm in the last 30 days, newest first. */
export function alarmHistory(name: string, signal?: AbortSignal): Promise<HistoryItem[]> {
  return everyPage<{ AlarmHistoryItems?: HistoryItem[] }, HistoryItem>({
    service: "monitoring", operation: "DescribeAlarmHistory", input: { AlarmName: name }, items: ({ AlarmHistoryItems }) => AlarmHistoryItems, most: 2000,
  }, signal);
}

/** The name in the ARN of an alarm, which may have colons itself; a name is itself. */
export function alarmNameOf(alarm: string): string {
  const [, name] = /^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:(.*)$/s.exec(alarm) ?? [];
  return name ?? alarm;
}
