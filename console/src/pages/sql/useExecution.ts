// A query of Athena: the one that the address names, or a new one.

import { useCallback, useEffect, useRef, useState } from "react";
import { type Execution, follow, results, start as begin, stop as end, type Table } from "../../api/athena";
import { setParams } from "../../app/url";
import { isAbort } from "../../ui/Problem";

export interface Run {
  execution?: Execution;
  table?: Table;
  problem?: unknown;
  isBusy: boolean;
  /** The text that was asked. */
  asked?: string;
  start: (query: string, database: string, location: string) => Promise<void>;
  stop: () => void;
}

type State = Omit<Run, "start" | "stop">;

export function useExecution(id: string | null): Run {
  const [state, setState] = useState<State>({ isBusy: false });
  const current = useRef<string>(null);

  useEffect(() => {
    current.current = id;
    if (!id) return undefined;
    const abort = new AbortController();
    const { signal } = abort;
    setState((last) => ({ isBusy: true, asked: last.asked }));
    const tell = (execution: Execution) => !signal.aborted && setState({ execution, isBusy: true, asked: execution.Query });
    const whole = async () => {
      const execution = await follow(id, signal, tell);
      const { State, StateChangeReason } = execution.Status;
      const asked = execution.Query;
      if (State !== "SUCCEEDED") {
        const problem = new Error(StateChangeReason ?? `The query ended with the state ${State}.`);
        return setState({ execution, problem, isBusy: false, asked });
      }
      return setState({ execution, table: await results(id, signal), isBusy: false, asked });
    };
    whole().catch((problem: unknown) => !isAbort(problem) && !signal.aborted && setState((last) => ({ ...last, problem, isBusy: false })));
    return () => abort.abort();
  }, [id]);

  const start = useCallback(async (query: string, database: string, location: string) => {
    setState({ isBusy: true, asked: query });
    try {
      const execution = await begin(query, database, location, new AbortController().signal);
      setParams({ execution, query });
    } catch (problem) {
      setState({ problem, isBusy: false, asked: query });
    }
  }, []);
  const stop = useCallback(() => void (current.current && end(current.current).catch(() => undefined)), []);
  return { ...state, start, stop };
}
