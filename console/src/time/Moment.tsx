import { Tooltip } from "@mantine/core";
import { clock, shown, useZone } from "./zone";

/** A time in the reader's zone, with UTC at hand. */
export function Moment({ at, short = false }: { at: number; short?: boolean }) {
  const zone = useZone();
  return (
    <Tooltip label={`${shown(at, "UTC")} UTC`} openDelay={300}>
      <time dateTime={new Date(at).toISOString()}>{short ? clock(at, zone) : shown(at, zone)}</time>
    </Tooltip>
  );
}
