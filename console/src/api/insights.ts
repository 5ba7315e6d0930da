// Logs Insights: a query is started, and asked for until it is done.

import { call } from "./call";

export type Row = Record<string, string>;

export interface Answer {
  status: string;
  /** Names of the columns, in order. */
  fields: string[];
  rows: Row[];
  bytesScanned: number;
  recordsScanned: number;
  recordsMatched: number;
}

interface Results {
  status: string;
  nextToken?: string;
  results?: { field: string; value?: string }[][];
  statistics?: { bytesScanned?: number; recordsScanned?: number; recordsMatched?: number };
}

export interface Asked {
  /** None if the query names them by SOURCE. */
  groups: string[];
  query: string;
  /** Unix milliseconds. */
  start: number;
  end: number;
  limit?: number;
  /** Another one than that of the page. */
  region?: string;
}

/** Runs a query. `progress` is told what was read so far. */
export async function runInsights(asked: Asked, signal: AbortSignal, progress?: (answer: Answer) => void): Promise<Answer> {
  const { region } = asked;
  const { queryId } = await call<{ queryId: string }>("logs", "StartQuery", {
    ...(asked.groups.length > 0 ? { logGroupNames: asked.groups } : {}),
    queryString: asked.query,
    startTime: Math.floor(asked.start / 1000),
    endTime: Math.ceil(asked.end / 1000),
    ...(asked.limit ? { limit: asked.limit } : {}),
  }, signal, region);
  const stop = () => void call("logs", "StopQuery", { queryId }, undefined, region).catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for (let wait = 30; ; wait = Math.min(wait * 1.6, 500)) {
      await pause(wait, signal);
      const first = await call<Results>("logs", "GetQueryResults", { queryId }, signal, region);
      const answer = read(first);
      progress?.(answer);
      if (!["Scheduled", "Running", "Unknown"].includes(answer.status)) return done(read(await whole(queryId, first, signal, region)));
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The answer with all its pages. */
async function whole(queryId: string, first: Results, signal: AbortSignal, region?: string): Promise<Results> {
  const results = [...(first.results ?? [])];
  let { nextToken } = first;
  while (nextToken) {
    const page: Results = await call<Results>("logs", "GetQueryResults", { queryId, nextToken }, signal, region);
    results.push(...(page.results ?? []));
    nextToken = page.nextToken;
  }
  return { ...first, results };
}

function done(answer: Answer): Answer {
  if (answer.status === "Complete") return answer;
  throw new Error(`The query ended with the status ${answer.status}. Ask for a shorter time, or for less of it.`);
}

function read({ status, results = [], statistics = {} }: Results): Answer {
  const fields: string[] = [];
  const known = new Set<string>();
  const rows = results.map((cells) => {
    const row: Row = {};
    for (const { field, value } of cells) {
      row[field] = value ?? "";
      if (!known.has(field)) {
        known.add(field);
        fields.push(field);
      }
    }
    return row;
  });
  const { bytesScanned = 0, recordsScanned = 0, recordsMatched = 0 } = statistics;
  return { status, fields, rows, bytesScanned, recordsScanned, recordsMatched };
}

export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", abort, { once: true });
  });
}
