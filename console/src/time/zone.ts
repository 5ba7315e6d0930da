// Times are shown in the reader's zone, or in UTC if the reader says so.

import { useSyncExternalStore } from "react";

const KEY = "weir-zone";
const CHANGED = "weir:zone";

export type Zone = "local" | "UTC";

export function zone(): Zone {
  return localStorage.getItem(KEY) === "UTC" ? "UTC" : "local";
}

export function setZone(to: Zone): void {
  localStorage.setItem(KEY, to);
  dispatchEvent(new Event(CHANGED));
}

export function useZone(): Zone {
  return useSyncExternalStore((listener) => {
    addEventListener(CHANGED, listener);
    return () => removeEventListener(CHANGED, listener);
  }, zone);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(time: number, timeZone: string | undefined, parts: Intl.DateTimeFormatOptions): string {
  const key = `${timeZone}${JSON.stringify(parts)}`;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.DateTimeFormat("sv-SE", { ...parts, ...(timeZone ? { timeZone } : {}) })));
  return found.format(time);
}

const WHOLE: Intl.DateTimeFormatOptions = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

export function shown(time: number, of: Zone): string {
  return format(time, of === "UTC" ? "UTC" : undefined, WHOLE);
}

export function clock(time: number, of: Zone): string {
  return format(time, of === "UTC" ? "UTC" : undefined, CLOCK);
}

/** What Logs Insights and Athena write: `2026-11-22 05:51:00.000`, in UTC. */
export function parseUtc(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d[ T]\d\d:\d\d/.test(text)) return undefined;
  const time = Date.parse(`${text.replace(" ", "T").replace(/Z$/, "")}Z`);
  return Number.isNaN(time) ? undefined : time;
}
