// Where the page is. All that a page shows hangs on its address, so that the address can be sent to somebody.

import { useMemo, useSyncExternalStore } from "react";

const BASE = "/console/";
const MOVED = "weir:moved";

export type Params = Record<string, string | undefined>;

/** The address of a place of the page. */
export function href(place: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return BASE + place + (text ? `?${text}` : "");
}

/** Goes to an address of the page. */
export function go(address: string, how: "push" | "replace" = "push"): void {
  if (address === location.pathname + location.search) return;
  history[how === "push" ? "pushState" : "replaceState"](null, "", address);
  dispatchEvent(new Event(MOVED));
}

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  addEventListener(MOVED, listener);
  return () => {
    removeEventListener("popstate", listener);
    removeEventListener(MOVED, listener);
  };
}

export interface Place {
  /** Such as `logs`; empty at the beginning. */
  path: string;
  params: URLSearchParams;
}

export function usePlace(): Place {
  const address = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  return useMemo(() => {
    const url = new URL(address, location.origin);
    return { path: url.pathname.slice(BASE.length).replace(/\/$/, ""), params: url.searchParams };
  }, [address]);
}

/** Changes parts of what stands behind the `?`. */
export function setParams(change: Params, how: "push" | "replace" = "push"): void {
  const params = Object.fromEntries(new URLSearchParams(location.search));
  go(href(location.pathname.slice(BASE.length), { ...params, ...change }), how);
}

/** A parameter that pages share: from when until when, and which region. */
export function shared(params: URLSearchParams): Params {
  return { from: params.get("from") ?? undefined, to: params.get("to") ?? undefined, region: params.get("region") ?? undefined };
}
