// Where things are drawn: ours on the left, what is far on the right, lines between them.

import type { Line, Node } from "./graph";

/** A node: a bar, along which its lines end. */
export interface Spot {
  node: Node;
  isLeft: boolean;
  x: number;
  top: number;
  height: number;
}

export interface Drawn {
  line: Line;
  path: string;
  /** Pixels. */
  width: number;
  /** Share of packets that were refused, 0 to 1. */
  refused: number;
}

export interface Layout {
  spots: Spot[];
  drawn: Drawn[];
  height: number;
  /** Pixels for the names of each side. */
  margin: number;
}

/** Pixels that a name needs. */
const ROW = 22;
const GAP = 6;
const THIN = 1.5;
const THICK = 16;

export function layout(lines: Line[], width: number): Layout {
  const margin = Math.max(100, Math.min(230, width * 0.29));
  const most = Math.max(1, ...lines.map(({ bytes }) => bytes));
  const thickness = new Map(lines.map((line) => [line, THIN + (THICK - THIN) * Math.sqrt(line.bytes / most)]));
  const ends = endsOf(lines);
  const need = (node: Node) => Math.max(ROW, (ends.get(node) ?? []).reduce((sum, line) => sum + (thickness.get(line) ?? 0), 0) + GAP);
  const ours = [...ends.keys()].filter(({ isOurs }) => isOurs);
  const far = level([...ends.keys()].filter(({ isOurs }) => !isOurs), ours, ends);
  const height = Math.max(...[ours, far].map((nodes) => nodes.reduce((sum, node) => sum + need(node), 0)), 2 * ROW);
  const spots = [...column(ours, need, height, margin, true), ...column(far, need, height, width - margin, false)];
  const drawn = draw(lines, spots, ends, thickness, width);
  return { spots, drawn, height, margin };
}

/** The lines of each node, the nodes by the largest of them. A line within a node ends there twice. */
function endsOf(lines: Line[]): Map<Node, Line[]> {
  const ends = new Map<Node, Line[]>();
  for (const line of lines) {
    for (const node of [line.one, line.other]) ends.set(node, [...(ends.get(node) ?? []), line]);
  }
  return ends;
}

/** What talks to the first of ours comes first: lines cross less. */
function level(far: Node[], ours: Node[], ends: Map<Node, Line[]>): Node[] {
  const rank = new Map(ours.map((node, place) => [node, place]));
  const mean = (node: Node) => {
    const places = (ends.get(node) ?? []).flatMap(({ one, other }) => [rank.get(one), rank.get(other)]).filter((place) => place !== undefined);
    return places.length === 0 ? ours.length : places.reduce((sum, place) => sum + place, 0) / places.length;
  };
  const means = new Map(far.map((node) => [node, mean(node)]));
  return far.sort((one, other) => (means.get(one) ?? 0) - (means.get(other) ?? 0));
}

/** Both columns are as high as the higher one: lines run as level as they can. */
function column(nodes: Node[], need: (node: Node) => number, height: number, x: number, isLeft: boolean): Spot[] {
  const stretch = height / nodes.reduce((sum, node) => sum + need(node), 0);
  let top = 0;
  return nodes.map((node) => {
    const slot = need(node) * stretch;
    const spot = { node, isLeft, x, top: top + GAP / 2, height: slot - GAP };
    top += slot;
    return spot;
  });
}

function draw(lines: Line[], spots: Spot[], ends: Map<Node, Line[]>, thickness: Map<Line, number>, width: number): Drawn[] {
  const of = new Map(spots.map((spot) => [spot.node, spot]));
  const middle = (node: Node) => { const spot = of.get(node); return spot ? spot.top + spot.height / 2 : 0; };
  const points = new Map<Line, [number, number][]>();
  for (const { node, x, top, height } of spots) {
    const away = (line: Line) => middle(line.one === node ? line.other : line.one);
    const own = [...(ends.get(node) ?? [])].sort((one, other) => away(one) - away(other));
    const sum = own.reduce((sum, line) => sum + (thickness.get(line) ?? 0), 0);
    let before = 0;
    for (const line of own) {
      const size = thickness.get(line) ?? 0;
      points.set(line, [...(points.get(line) ?? []), [x, top + (height * (before + size / 2)) / sum]]);
      before += size;
    }
  }
  const all = lines.flatMap((line) => {
    const [one, other] = points.get(line) ?? [];
    if (!one || !other) return [];
    return [{ line, path: path(one, other, width), width: thickness.get(line) ?? THIN, refused: line.packets > 0 ? line.refused / line.packets : 0 }];
  });
  // Thin ones last, so that thick ones do not hide them.
  return all.sort((one, other) => other.width - one.width);
}

function path([x1, y1]: [number, number], [x2, y2]: [number, number], width: number): string {
  const [a, b] = [x1, x2].map((x) => x.toFixed(1));
  const [c, d] = [y1, y2].map((y) => y.toFixed(1));
  if (x1 !== x2) {
    const middle = ((x1 + x2) / 2).toFixed(1);
    return `M${a},${c}C${middle},${c} ${middle},${d} ${b},${d}`;
  }
  // Both ends at the same side: the line bulges to the middle.
  const bulge = (x1 + (x1 < width / 2 ? 1 : -1) * Math.min(120, 34 + Math.abs(y1 - y2) * 0.5)).toFixed(1);
  return `M${a},${c}C${bulge},${c} ${bulge},${d} ${b},${d}`;
}
