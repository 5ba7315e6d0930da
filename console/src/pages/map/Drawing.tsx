import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { go } from "../../app/url";
import { bytes, count, percent } from "../../ui/numbers";
import type { Line, Node } from "./graph";
import { type Drawn, layout, type Spot } from "./layout";
import type { Sums } from "./question";

/** Pixels of the bar of a node, and between it and its name. */
const BAR = 6;
const GAP = 6;

interface Props {
  lines: Line[];
  toNode: (node: Node) => string;
  toLine: (line: Line) => string;
}

/** What a sum is, in words. */
export function told({ bytes: size, packets, refused }: Sums): string {
  return `${bytes(size)}, ${count(packets)} packets${refused > 0 ? `, ${percent(refused, packets)} refused` : ""}`;
}

function nameOf({ one, other }: Line): string {
  return one === other ? `within ${one.label}` : `${one.label} and ${other.label}`;
}

/** The graph. Tab comes to it, arrow keys go from one thing to the next, Enter opens the records. */
export function Drawing({ lines, toNode, toLine }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [lit, setLit] = useState<Node | Line>();
  const [current, setCurrent] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const { spots, drawn, height, margin } = useMemo(() => layout(lines, width), [lines, width]);
  const isDim = (thing: Node | Line) => lit !== undefined && lit !== thing && !touches(lit, thing);
  const link = (thing: Node | Line, to: string, label: string, index: number, children: ReactNode) => (
    <a key={"key" in thing ? thing.key : thing.id} href={to} aria-label={label} tabIndex={index === current ? 0 : -1} className={isDim(thing) ? "dim" : undefined}
      onClick={open(to)} onFocus={() => { setLit(thing); setCurrent(index); }} onBlur={() => setLit(undefined)}
      onPointerEnter={() => setLit(thing)} onPointerLeave={() => setLit(undefined)}>
      {children}
    </a>
  );
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const all = place.current?.querySelectorAll<SVGAElement>("a") ?? [];
    const next = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : step && (current + step + all.length) % all.length;
    if (next === undefined) return;
    event.preventDefault();
    all[next]?.focus();
  };
  return (
    <div ref={place} className="map" onKeyDown={move}>
      <svg width={width} height={height} role="group" aria-label="Who talks to whom. Arrow keys go from one to the next.">
        {drawn.map((one, index) => link(one.line, toLine(one.line), `Between ${nameOf(one.line)}: ${told(one.line)}`, index, <Stroke of={one} />))}
        {spots.map((spot, place) => link(spot.node, toNode(spot.node), `${spot.node.label}: ${told(spot.node)}`, drawn.length + place,
          <Name of={spot} room={margin - BAR - 2 * GAP} />))}
      </svg>
      <p className="said map-said" aria-hidden="true">{lit ? ("key" in lit ? `${nameOf(lit)}: ${told(lit)}` : `${lit.label}: ${told(lit)}`) : "Width by bytes. Each name and each line leads to its records."}</p>
    </div>
  );
}

function touches(lit: Node | Line, thing: Node | Line): boolean {
  const [line, node] = "key" in lit ? [lit, thing] : [thing, lit];
  return "key" in line && (line.one === node || line.other === node);
}

/** Links of a drawing are no `HTMLAnchorElement`. */
function open(to: string) {
  return (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
}

function Stroke({ of: { line, path, width, refused } }: { of: Drawn }) {
  return (
    <>
      <title>{`${nameOf(line)}: ${told(line)}`}</title>
      <path d={path} className="reach" strokeWidth={Math.max(width, 12)} />
      <path d={path} className="line" strokeWidth={width} style={{ stroke: colorOf(refused) }} strokeDasharray={refused === 1 ? "6 4" : undefined} />
    </>
  );
}

/**
 * The bar of a node and its name, which is cut off by the browser where it is too long: whoever listens has all of it. A click
 * between the two, or beside a short name, is meant for them as well.
 */
function Name({ of: { node, isLeft, x, top, height }, room }: { of: Spot; room: number }) {
  const { label } = node;
  const textTop = top + height / 2 - 9;
  const reach = { x: isLeft ? x - BAR - GAP - room : x, y: Math.min(top, textTop), width: BAR + GAP + room };
  return (
    <>
      <title>{`${label}: ${told(node)}`}</title>
      <rect className="reach" {...reach} height={Math.max(top + height, textTop + 18) - reach.y} />
      <rect x={x - (isLeft ? BAR : 0)} y={top} width={BAR} height={height} rx={2} />
      <foreignObject x={isLeft ? reach.x : x + BAR + GAP} y={textTop} width={room} height={18}>
        <div className={isLeft ? "map-name left" : "map-name"}>{label}</div>
      </foreignObject>
    </>
  );
}

/** From what was let in to what was refused; the ends are those of the charts. */
export const STEPS = [[0, "none refused"], [0.01, "up to 1 %"], [0.1, "up to 10 %"], [0.5, "up to 50 %"], [1, "more refused"]] as const;

export function colorOf(refused: number): string {
  const step = STEPS.findIndex(([most]) => refused <= most);
  return `color-mix(in oklch, #1c7ed6, #e8590c ${[0, 30, 55, 80, 100][step] ?? 100}%)`;
}
