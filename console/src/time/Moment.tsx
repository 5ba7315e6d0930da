import { clock, shown, useZone } from "./zone";

/** A time in the reader's zone, with UTC at hand. */
export function Moment({ at, short = false }: { at: number; short?: boolean }) {
  const zone = useZone();
  return (
    <time dateTime={new Date(at).toISOString()} title={`${shown(at, "UTC")} UTC`}>{short ? clock(at, zone) : shown(at, zone)}</time>
  );
}
