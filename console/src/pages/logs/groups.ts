// Log groups, their streams and events, as CloudWatch Logs describes them.

import { everyPage } from "../../api/pages";

export interface Group {
  logGroupName: string;
  storedBytes?: number;
  retentionInDays?: number;
  metricFilterCount?: number;
  creationTime?: number;
}

export interface Stream {
  logStreamName: string;
  firstEventTimestamp?: number;
  lastEventTimestamp?: number;
  lastIngestionTime?: number;
}

export interface LogEvent {
  logStreamName?: string;
  timestamp: number;
  ingestionTime?: number;
  message: string;
  eventId?: string;
}

const LOGS = { service: "logs", token: "nextToken" } as const;

/** Most events that are fetched. */
export const MOST_EVENTS = 10_000;

export function logGroups(signal: AbortSignal): Promise<Group[]> {
  return everyPage<{ logGroups?: Group[] }, Group>({ ...LOGS, operation: "DescribeLogGroups", items: ({ logGroups }) => logGroups }, signal);
}

export function logStreams(group: string, signal: AbortSignal): Promise<Stream[]> {
  const input = { logGroupName: group, orderBy: "LastEventTime", descending: true };
  return everyPage<{ logStreams?: Stream[] }, Stream>({ ...LOGS, operation: "DescribeLogStreams", input, items: ({ logStreams }) => logStreams }, signal);
}

export function logEvents(group: string, stream: string, pattern: string, start: number, end: number, signal: AbortSignal): Promise<LogEvent[]> {
  const input = {
    logGroupName: group, startTime: start, endTime: end,
    ...(stream ? { logStreamNames: [stream] } : {}), ...(pattern ? { filterPattern: pattern } : {}),
  };
  return everyPage<{ events?: LogEvent[] }, LogEvent>({ ...LOGS, operation: "FilterLogEvents", input, items: ({ events }) => events, most: MOST_EVENTS }, signal);
}
