// Records as they come in: StartLiveTail, a batch for each look of the eye.

import { useEffect, useRef, useState } from "react";
import { stream } from "../../api/call";
import { pause } from "../../api/insights";
import { type Rec, record } from "../../record/record";
import { isAbort } from "../../ui/Problem";

/** Most records that are held; the oldest go. */
export const MOST = 100_000;
/** How often what came is shown, in milliseconds. */
const LOOK = 200;
/** How long it is said that the server left some out, in milliseconds. */
const SAID = 5000;

interface Result {
  timestamp: number;
  logStreamName?: string;
  message: string;
}

export interface Tail {
  rows: Rec[];
  /** Came while it was paused. */
  waiting: number;
  /** The server left some out: more came than it sends. */
  sampled: boolean;
  state: "connecting" | "live" | "broken";
  problem?: unknown;
}

const NOTHING: Tail = { rows: [], waiting: 0, sampled: false, state: "connecting" };

/** The newest first. `key` says what is listened to; another one begins anew. */
export function useTail(key: string, group: string, pattern: string, paused: boolean, before: (signal: AbortSignal) => Promise<Rec[]>): Tail {
  const [tail, setTail] = useState<Tail>(NOTHING);
  const isPaused = useRef(paused);
  isPaused.current = paused;

  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    let came: Rec[] = [];
    let leftOut = -SAID;
    setTail(NOTHING);
    const show = setInterval(() => {
      if (isPaused.current) return setTail((last) => (last.waiting === came.length ? last : { ...last, waiting: came.length }));
      const sampled = performance.now() - leftOut < SAID;
      const fresh = came;
      came = [];
      return setTail((last) => {
        if (fresh.length === 0) return last.sampled === sampled ? last : { ...last, sampled };
        return { ...last, sampled, waiting: 0, rows: [...fresh.reverse(), ...last.rows].slice(0, MOST) };
      });
    }, LOOK);
    const take = (results: Result[]) => {
      for (const { timestamp, logStreamName = "", message } of results) came.push(record(timestamp, logStreamName, message));
      if (came.length > MOST) came = came.slice(-MOST);
    };
    const listen = async () => {
      const input = { logGroupIdentifiers: [group], ...(pattern ? { logEventFilterPattern: pattern } : {}) };
      for await (const { event, error, payload } of stream("logs", "StartLiveTail", input, signal)) {
        if (error) throw new Error(String(payload.message ?? error));
        if (event === "sessionStart") setTail((last) => ({ ...last, state: "live", problem: undefined }));
        if (event !== "sessionUpdate") continue;
        if ((payload.sessionMetadata as { sampled?: boolean } | undefined)?.sampled) leftOut = performance.now();
        take((payload.sessionResults ?? []) as Result[]);
      }
    };
    before(signal).then(
      (rows) => setTail((last) => ({ ...last, rows: [...last.rows, ...without(rows, last.rows)].slice(0, MOST) })),
      (problem) => isAbort(problem) || setTail((last) => ({ ...last, problem })),
    );
    void keep(listen, signal, (problem) => setTail((last) => ({ ...last, state: "broken", problem })));
    return () => {
      clearInterval(show);
      abort.abort();
    };
  }, [key]);
  return tail;
}

/** What came while the records of before were asked for is among both. */
function without(rows: Rec[], known: Rec[]): Rec[] {
  const name = ({ stream, message }: Rec) => `${stream} ${message}`;
  const there = new Set(known.map(name));
  return rows.filter((row) => !there.has(name(row)));
}

/** Listens again when a tail ends, as it does after three hours, or breaks off. */
async function keep(listen: () => Promise<void>, signal: AbortSignal, broken: (problem: unknown) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      await listen();
    } catch (problem) {
      if (signal.aborted || isAbort(problem)) return;
      broken(problem);
    }
    await pause(2000, signal).catch(() => undefined);
  }
}
