// Log groups, their streams and events, as CloudWatch Logs describes them.

import { call } from "../../api/call";

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

/** Pages of an operation, one after the other. */
async function all<Output, Item>(operation: string, input: object, items: (output: Output) => Item[], signal: AbortSignal, most: number): Promise<Item[]> {
  const found: Item[] = [];
  let nextToken: string | undefined;
  do {
    const output = await call<Output & { nextToken?: string }>("logs", operation, { ...input, ...(nextToken ? { nextToken } : {}) }, signal);
    found.push(...items(output));
    nextToken = output.nextToken;
  } while (nextToken && found.length < most);
  return found.slice(0, most);
}

export function logGroups(signal: AbortSignal): Promise<Group[]> {
  return all<{ logGroups?: Group[] }, Group>("DescribeLogGroups", {}, ({ logGroups = [] }) => logGroups, signal, 5000);
}

export function logStreams(group: string, signal: AbortSignal): Promise<Stream[]> {
  const input = { logGroupName: group, orderBy: "LastEventTime", descending: true };
  return all<{ logStreams?: Stream[] }, Stream>("DescribeLogStreams", input, ({ logStreams = [] }) => logStreams, signal, 5000);
}

export function logEvents(group: string, stream: string, pattern: string, start: number, end: number, signal: AbortSignal): Promise<LogEvent[]> {
  const input = {
    logGroupName: group, startTime: start, endTime: end,
    ...(stream ? { logStreamNames: [stream] } : {}), ...(pattern ? { filterPattern: pattern } : {}),
  };
  return all<{ events?: LogEvent[] }, LogEvent>("FilterLogEvents", input, ({ events = [] }) => events, signal, 10_000);
}
