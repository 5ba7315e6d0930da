// Parts of a chart: where an axis ends, which points are drawn, lines across and down.

import type uPlot from "uplot";
import type { Chart, Mark, Scale } from "./TimeChart";

/** Up to so many points, each is drawn. */
const FEW = 40;
const RED = "#e03131";

/** Where an axis begins and ends: at zero if nothing is below it, and with room for the lines across. */
export function ends(least: number | null, most: number | null, scale: Scale = {}, marks: Mark[] = []): [number, number] {
  const values = marks.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const low = scale.min ?? Math.min(0, least ?? 0, ...values) * 1.05;
  const high = scale.max ?? Math.max(0, most ?? 0, ...values, low + 1e-9) * 1.05;
  return [low, high > low ? high : low + 1];
}

/** All points of a short line; of a long one those that have no neighbour, which no line shows. */
export function points({ kind, times }: Chart, color: string): uPlot.Series.Points {
  if (kind === "stacked") return { show: false };
  if (times.length < FEW) return { show: true, size: 4, fill: color };
  return { show: true, size: 4, fill: color, filter: (plot, series) => lonely(plot.data[series] ?? []) };
}

function lonely(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  let before: number | null | undefined = null;
  for (let place = 0; place < values.length; place += 1) {
    const value = values[place];
    if (value === undefined) continue;
    if (value !== null && before === null && next(values, place) === null) found.push(place);
    before = value;
  }
  return found;
}

function next(values: ArrayLike<number | null | undefined>, place: number): number | null {
  for (let after = place + 1; after < values.length; after += 1) {
    const value = values[after];
    if (value !== undefined) return value;
  }
  return null;
}

/** Draws a line across, or down, with its name. */
export function drawMark(plot: uPlot, { value, at, label, color = RED, isRight }: Mark, ink: string): void {
  const { ctx, bbox } = plot;
  const isAcross = value !== undefined;
  const place = isAcross ? plot.valToPos(value, isRight ? "right" : "y", true) : plot.valToPos((at ?? 0) / 1000, "x", true);
  const [start, length] = isAcross ? [bbox.top, bbox.height] : [bbox.left, bbox.width];
  if (place < start - 1 || place > start + length + 1) return;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6, 4]);
  ctx.beginPath();
  ctx.moveTo(isAcross ? bbox.left : place, isAcross ? place : bbox.top);
  ctx.lineTo(isAcross ? bbox.left + bbox.width : place, isAcross ? place : bbox.top + bbox.height);
  ctx.stroke();
  if (label) {
    ctx.fillStyle = ink;
    ctx.textAlign = "left";
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.fillText(label, isAcross ? bbox.left + 6 : place + 4, isAcross ? place - 4 : bbox.top + 12);
  }
  ctx.restore();
}

/** Colours the background of times that stand out. */
export function shade(plot: uPlot, times: { from: number; until: number }[]): void {
  const { ctx, bbox } = plot;
  const place = (time: number) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(time / 1000, "x", true)));
  ctx.save();
  ctx.fillStyle = "rgba(224, 49, 49, 0.16)";
  for (const { from, until } of times) ctx.fillRect(place(from), bbox.top, Math.max(1, place(until) - place(from)), bbox.height);
  ctx.restore();
}
