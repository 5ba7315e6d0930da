// What a query will read, before it runs: the last row of an EXPLAIN.

import { useEffect, useState } from "react";
import { follow, results, start, stop } from "../../api/athena";
import { pause } from "../../api/insights";
import { bytes, many } from "../../ui/numbers";

export interface Estimate {
  objects: number;
  bytes: number;
}

/** How long nobody has typed before it is asked, in milliseconds. */
const PATIENCE = 900;
/** How such an EXPLAIN begins: the history leaves it out. */
export const MARK = "EXPLAIN /* estimate */ ";

/**
 * Asked while typing has paused and `isOn`; never for `first`, which stands there without anybody having typed it. What was asked before stays known.
 * Whatever goes wrong is told when the query runs.
 */
export function useEstimate(query: string, first: string, database: string, location: string, isOn: boolean): Estimate | undefined {
  const [state, setState] = useState<{ key: string; estimate?: Estimate }>();
  const key = JSON.stringify([query, database, location]);
  const isWanted = isOn && query !== first && state?.key !== key && /^\s*(select|with|values|table)\b/i.test(query);
  useEffect(() => {
    if (!isWanted) return undefined;
    const abort = new AbortController();
    ask(query, database, location, abort.signal).then((estimate) => setState({ key, estimate }), () => undefined);
    return () => abort.abort();
  }, [isWanted, key]);
  return state?.key === key ? state.estimate : undefined;
}

async function ask(query: string, database: string, location: string, signal: AbortSignal): Promise<Estimate | undefined> {
  await pause(PATIENCE, signal);
  const id = await start(MARK + query.trim().replace(/;$/, ""), database, location, signal);
  const leave = () => void stop(id).catch(() => undefined);
  signal.addEventListener("abort", leave, { once: true });
  try {
    const { Status } = await follow(id, signal, () => undefined);
    if (Status.State !== "SUCCEEDED") return undefined;
    const { rows } = await results(id, signal);
    return read(rows.at(-1)?.join(" ") ?? "");
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

function read(row: string): Estimate | undefined {
  const [, objects, size] = /\bobjects=(\d+), partitions=\d+, bytes=(\d+)/.exec(row) ?? [];
  return objects && size ? { objects: Number(objects), bytes: Number(size) } : undefined;
}

export function Estimated({ of }: { of: Estimate | undefined }) {
  return <span role="status">{of && `· will read ${bytes(of.bytes)} of ${many(of.objects, "object")}, at most`}</span>;
}
