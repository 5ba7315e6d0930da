// What the overview asks Logs Insights. Each panel links to its question.

import type { Range } from "../../time/range";

export type Measure = "bytes" | "packets" | "records";

const OF: Record<Measure, string> = { bytes: "sum(bytes)", packets: "sum(packets)", records: "count(*)" };
const WITH_TRAFFIC = 'filter logStatus = "OK"';

export function traffic(measure: Measure, bin: string): string {
  return `${WITH_TRAFFIC}\n| stats ${OF[measure]} as ${measure} by bin(${bin}) as t, action\n| sort t asc`;
}

export const TOTALS = `${WITH_TRAFFIC}\n| stats count(*) as records, sum(packets) as packets, sum(bytes) as bytes, `
  + "sum(strlen(@message)) as written by action";

export const TALKERS = `${WITH_TRAFFIC}\n| stats sum(bytes) as bytes, count(*) as records by srcAddr\n| sort bytes desc\n| limit 10`;

export const REFUSED_SOURCES = 'filter action = "REJECT"\n| stats sum(packets) as packets, count(*) as records by srcAddr\n| sort packets desc\n| limit 10';

export const REFUSED_PORTS = 'filter action = "REJECT"\n| stats sum(packets) as packets, count(*) as records by dstPort, protocol\n| sort packets desc\n| limit 10';

export const PROTOCOLS = `${WITH_TRAFFIC}\n| stats sum(bytes) as bytes, sum(packets) as packets by protocol\n| sort bytes desc\n| limit 10`;

/** Sources whose first record lies in the range, though the time before it was looked at as well. */
export function newPeers(range: Range): string {
  return `${WITH_TRAFFIC}\n| stats min(startTime) as first, sum(bytes) as bytes by srcAddr\n| filter first >= ${Math.floor(range.start / 1000)}\n`
    + "| sort first desc\n| limit 10";
}

const DAY = 86_400_000;

/** The range and the time before it that new peers are held against. */
export function withTimeBefore(range: Range): Range {
  return { start: range.start - Math.max(DAY, range.end - range.start), end: range.end };
}
