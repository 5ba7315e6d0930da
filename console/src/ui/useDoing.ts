// Something that the reader has done: whether it still goes on, and what became of it.

import { useState } from "react";

export interface Doing {
  busy: boolean;
  problem?: unknown;
  /** Does it. True when it was done. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  forget: () => void;
}

export function useDoing(): Doing {
  const [state, setState] = useState<{ busy: boolean; problem?: unknown }>({ busy: false });
  async function run(work: () => Promise<unknown>) {
    setState({ busy: true });
    try {
      await work();
      setState({ busy: false });
      return true;
    } catch (problem) {
      setState({ busy: false, problem });
      return false;
    }
  }
  return { ...state, run, forget: () => setState({ busy: false }) };
}
