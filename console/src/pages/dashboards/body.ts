// The body of a dashboard. What is not understood here stays in it as it is.
// Source: Dashboard Body Structure and Syntax, CloudWatch API reference.

import { type Box, place, type Wish } from "./grid";

export type Members = Record<string, unknown>;

export interface Widget extends Members {
  type?: unknown;
  properties?: unknown;
}

export interface Body extends Members {
  widgets: unknown[];
}

/** Reads a body; says why if it is none. */
export function parseBody(text: string): Body {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new Error(`The body is no JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  if (!isMembers(read)) throw new Error("The body must be a JSON object, such as {\"widgets\": []}.");
  if (read.widgets !== undefined && !Array.isArray(read.widgets)) throw new Error("\"widgets\" must be a list.");
  return { ...read, widgets: (read.widgets as unknown[] | undefined) ?? [] };
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asWidget(widget: unknown): Widget {
  return isMembers(widget) ? widget : {};
}

export function properties(widget: unknown): Members {
  const { properties: found } = asWidget(widget);
  return isMembers(found) ? found : {};
}

/** The same widget with other properties; one that is set to undefined is taken out. */
export function withProperties(widget: Widget, change: Members): Widget {
  const all = { ...properties(widget), ...change };
  return { ...widget, properties: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) };
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Where all widgets lie. */
export function boxesOf({ widgets }: Body): Box[] {
  return place(widgets.map((widget) => asWidget(widget) as Wish));
}

/** The body with widgets at these places. One that did not move keeps what it said of its place; one that said nothing would go elsewhere when others move, so its place is written. */
export function withBoxes(body: Body, boxes: Box[]): Body {
  const before = boxesOf(body);
  const widgets = body.widgets.map((widget, number) => {
    const [was, is] = [before[number], boxes[number]];
    if (!was || !is || !isMembers(widget) || (same(was, is) && "x" in widget && "y" in widget)) return widget;
    return { ...widget, ...is };
  });
  return { ...body, widgets };
}

function same(one: Box, other: Box): boolean {
  return one.x === other.x && one.y === other.y && one.width === other.width && one.height === other.height;
}

/** What a widget is called: its title, or its kind. */
export function titleOf(widget: unknown): string {
  const { title, markdown } = properties(widget);
  if (typeof title === "string" && title !== "") return title;
  const heading = typeof markdown === "string" ? /^\s*#{1,6}\s+(.+)$/m.exec(markdown)?.[1] : undefined;
  return heading?.trim() || NAMES[text(asWidget(widget).type) ?? ""] || "Widget";
}

const NAMES: Record<string, string> = { metric: "Metric", log: "Log query", text: "Text", alarm: "Alarms" };

/** What is drawn of each kind of widget; everything else is kept. */
const DRAWN: Record<string, string[]> = {
  metric: ["metrics", "title", "view", "stacked", "stat", "period", "region", "yAxis", "annotations", "start", "end", "setPeriodToTimeRange"],
  log: ["query", "title", "view", "stacked", "region", "start", "end"],
  text: ["markdown", "background"],
  alarm: ["alarms", "title", "sortBy", "states"],
};
const PLACED = ["type", "x", "y", "width", "height", "properties"];
const WHOLE = ["widgets", "start", "end", "periodOverride"];

/** What the page keeps and does not draw, as paths into the body. */
export function undrawn(body: Body): string[] {
  const more = (members: Members, known: string[], at: string) => Object.keys(members).filter((name) => !known.includes(name)).map((name) => `${at}/${name}`);
  return [...more(body, WHOLE, ""), ...body.widgets.flatMap((widget, number) => {
    const at = `/widgets/${number}`;
    if (!isMembers(widget)) return [at];
    const known = DRAWN[text(widget.type) ?? ""];
    if (!known) return [`${at} (${text(widget.type) ?? "no type"})`];
    return [...more(widget, PLACED, at), ...more(properties(widget), known, `${at}/properties`)];
  })];
}

/** How long a dashboard looks back, or from when until when it looks, as the address says it. */
export function rangeOf({ start, end }: Members): { from?: string; to?: string } {
  const from = text(start);
  if (!from) return {};
  const [, days, hours, minutes] = /^-P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(from) ?? [];
  const all = Number(days ?? 0) * 1440 + Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  if (all > 0) return { from: all % 1440 === 0 ? `${all / 1440}d` : all % 60 === 0 ? `${all / 60}h` : `${all}m` };
  return Number.isNaN(Date.parse(from)) ? {} : { from, to: text(end) };
}

