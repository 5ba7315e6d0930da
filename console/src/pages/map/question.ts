// What the map asks Logs Insights, and what it reads out of the answers.

import type { Answer } from "../../api/insights";

export interface Sums {
  bytes: number;
  packets: number;
  /** Packets that were refused. */
  refused: number;
  records: number;
}

/** What decides which pairs are the largest. */
export const RANKS = ["bytes", "packets", "refused"] as const;
export type Rank = (typeof RANKS)[number];

/** Traffic from one address to another, as one interface saw it. */
export interface Seen extends Sums {
  interfaceId: string;
  from: string;
  to: string;
  /** `ingress`, `egress`, or nothing when the records do not say. */
  direction: string;
}

/** Pairs of addresses that are read; the server gives no more rows. */
export const MOST = 10_000;

const SUMS = "sum(bytes) as bytes, sum(packets) as packets, sum(refusedPackets) as refused, count(*) as records";
const BEGIN = 'filter logStatus = "OK"\n| fields strcontains(action, "REJECT") * packets as refusedPackets\n';

/** The largest pairs. `hasDirection` when the records say which way they were seen. */
export function pairs(rank: Rank, hasDirection: boolean): string {
  const by = ["interfaceId", "srcAddr", "dstAddr", ...(hasDirection ? ["flowDirection"] : [])].join(", ");
  return `${BEGIN}| stats ${SUMS} by ${by}\n| sort ${rank} desc\n| limit ${MOST}`;
}

/** All pairs, added up. */
export const TOTALS = `${BEGIN}| stats ${SUMS} by interfaceId, srcAddr, dstAddr\n`
  + "| stats count(*) as pairs, sum(bytes) as bytes, sum(packets) as packets, sum(refused) as refused, sum(records) as records";

export function readPairs({ rows }: Answer): Seen[] {
  return rows.map((row) => ({
    interfaceId: row.interfaceId ?? "", from: row.srcAddr ?? "", to: row.dstAddr ?? "", direction: row.flowDirection ?? "", ...sums(row),
  }));
}

export interface Totals extends Sums {
  pairs: number;
}

export function readTotals({ rows: [row = {}] }: Answer): Totals {
  return { pairs: Number(row.pairs ?? 0), ...sums(row) };
}

function sums(row: Record<string, string>): Sums {
  const [bytes, packets, refused, records] = ["bytes", "packets", "refused", "records"].map((name) => Number(row[name] ?? 0)) as [number, number, number, number];
  return { bytes, packets, refused, records };
}
