// What was asked of the server, and what became of it.

import { useCallback, useEffect, useState } from "react";
import { isAbort } from "./Problem";

export interface Asked<T> {
  value?: T;
  problem?: unknown;
  busy: boolean;
  again: () => void;
}

/** Asks when `key` changes, and again when it is told to. What was answered before stays until there is more. */
export function useAsked<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [state, setState] = useState<{ key: string | null; value?: T; problem?: unknown; busy: boolean }>({ key: null, busy: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (key === null) return undefined;
    const abort = new AbortController();
    setState((last) => ({ ...last, busy: true }));
    ask(abort.signal).then(
      (value) => !abort.signal.aborted && setState({ key, value, busy: false }),
      (problem) => !isAbort(problem) && !abort.signal.aborted && setState({ key, problem, busy: false }),
    );
    return () => abort.abort();
    // `ask` is made anew each time: the key says whether it asks something else.
  }, [key, turn]);
  const again = useCallback(() => setTurn((last) => last + 1), []);
  return { ...state, again };
}
