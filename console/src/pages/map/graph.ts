// Pairs of addresses made a graph: who talks to whom, in groups that the reader chose.

import type { Subnet } from "../../api/ec2";
import { type Coarse, networkOf } from "../../record/network";
import { countriesOf, type Places } from "../../record/places";
import type { Owners } from "./ends";
import type { Rank, Seen, Sums } from "./question";

export const NEAR = ["subnet", "interface", "address"] as const;
export const FAR = ["8", "16", "24", "address"] as const;

/** How addresses are grouped: ours, and those far away. */
export interface Grouping {
  near: (typeof NEAR)[number];
  far: Coarse | "address";
}

export interface Node extends Sums {
  id: string;
  label: string;
  isOurs: boolean;
  /** The addresses that were seen in it. */
  addresses: Set<string>;
  /** The range that it stands for, if it is one. */
  range?: string;
  /** The same for the filter of Flows. */
  pattern?: string;
}

/** From one node to another. */
export interface Edge extends Sums {
  from: Node;
  to: Node;
}

/** Between two nodes, both ways. */
export interface Line extends Sums {
  key: string;
  /** One of ours, if there is one. */
  one: Node;
  other: Node;
  edges: Edge[];
}

export interface Graph {
  nodes: Node[];
  /** The largest first. */
  edges: Edge[];
  lines: Line[];
}

const NOTHING: Sums = { bytes: 0, packets: 0, refused: 0, records: 0 };

export function add(to: Sums, { bytes, packets, refused, records }: Sums): void {
  to.bytes += bytes;
  to.packets += packets;
  to.refused += refused;
  to.records += records;
}

/** What two interfaces saw on its way from one to the other is the same traffic: it counts once. */
function once(seen: Seen[]): Seen[] {
  const all = new Map<string, Seen>();
  for (const row of seen) {
    const key = `${row.from} ${row.to}`;
    const same = all.get(key);
    if (!same) {
      all.set(key, { ...row });
      continue;
    }
    const isOther = same.interfaceId !== row.interfaceId;
    for (const name of ["bytes", "packets", "refused", "records"] as const) {
      same[name] = isOther ? Math.max(same[name], row[name]) : same[name] + row[name];
    }
  }
  return [...all.values()];
}

export function graphOf(seen: Seen[], owners: Owners, subnets: Subnet[], places: Places, grouping: Grouping, rank: Rank): Graph {
  const nodes = new Map<string, Node>();
  const ranges = new Map(subnets.map(({ subnetId, cidrBlock, ipv6CidrBlockAssociationSet = [] }) => [subnetId, cidrBlock ?? ipv6CidrBlockAssociationSet[0]?.ipv6CidrBlock]));
  const place = placer(owners, ranges, grouping);
  const node = (address: string): Node => {
    const { id, ...rest } = place(address);
    const known = nodes.get(id) ?? { id, ...rest, addresses: new Set<string>(), ...NOTHING };
    known.addresses.add(address);
    nodes.set(id, known);
    return known;
  };
  const edges = new Map<string, Edge>();
  const lines = new Map<string, Line>();
  for (const row of once(seen)) {
    const [from, to] = [node(row.from), node(row.to)];
    for (const end of new Set([from, to])) add(end, row);
    const edge = within(edges, `${from.id} ${to.id}`, () => ({ from, to, ...NOTHING }));
    add(edge, row);
    const [one, other] = from.isOurs === to.isOurs ? (from.id <= to.id ? [from, to] : [to, from]) : from.isOurs ? [from, to] : [to, from];
    const key = `${one.id} ${other.id}`;
    const line = within(lines, key, () => ({ key, one, other, edges: [], ...NOTHING }));
    if (!line.edges.includes(edge)) line.edges.push(edge);
    add(line, row);
  }
  for (const far of [...nodes.values()].filter(({ isOurs }) => !isOurs)) far.label = `${far.label} ${countriesOf(far.addresses, places)}`.trim();
  const down = (one: Sums, other: Sums) => other[rank] - one[rank] || other.bytes - one.bytes;
  return { nodes: [...nodes.values()], edges: [...edges.values()].sort(down), lines: [...lines.values()].sort(down) };
}

function within<T>(all: Map<string, T>, key: string, make: () => T): T {
  const found = all.get(key) ?? make();
  all.set(key, found);
  return found;
}

type Placed = Pick<Node, "id" | "label" | "isOurs" | "range" | "pattern">;

/** Says for each address to which node it belongs. */
function placer(owners: Owners, ranges: Map<string, string | null | undefined>, { near, far }: Grouping): (address: string) => Placed {
  return (address) => {
    const owner = owners.get(address);
    if (!owner) {
      if (far === "address") return { id: address, label: address, isOurs: false, pattern: address };
      const net = networkOf(address, far);
      return { id: net.range, label: net.range, isOurs: false, ...net };
    }
    const { interfaceId, known } = owner;
    if (near === "address") return { id: address, label: address, isOurs: true, pattern: address };
    if (near === "subnet" && known) {
      const range = ranges.get(known.subnetId) ?? undefined;
      return { id: known.subnetId, label: range ? `subnet ${range}` : known.subnetId, isOurs: true, range };
    }
    return { id: interfaceId, label: known?.description || interfaceId, isOurs: true };
  };
}
