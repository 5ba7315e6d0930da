// A chart over time: bars or lines, with a brush that sets the time range of the page.

import { useComputedColorScheme } from "@mantine/core";
import { type RefObject, useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { setParams } from "../app/url";
import { iso } from "../time/range";
import { shown, useZone } from "../time/zone";
import { bytes } from "./numbers";
import { drawMark, ends, points, shade } from "./chartParts";

export interface Series {
  label: string;
  /** A colour of `COLORS`, or of CSS. */
  color: string;
  /** None: there is no value, and the line breaks. Undefined: the line goes on, for it has no value at such times. */
  values: (number | null | undefined)[];
  /** Measured at the axis on the right. */
  isRight?: boolean;
}

/** A line across at a value, or down at a time (Unix milliseconds). */
export interface Mark {
  value?: number;
  at?: number;
  label?: string;
  color?: string;
  isRight?: boolean;
}

/** Ends of an axis; what is not said follows the values. */
export interface Scale {
  min?: number;
  max?: number;
}

export interface Chart {
  /** Unix milliseconds, ascending. */
  times: number[];
  series: Series[];
  kind: "stacked" | "line";
  /** Milliseconds of a bin. */
  bin: number;
  /** How a value is written. */
  format: (value: number) => string;
  start: number;
  end: number;
  /** A line across, such as the threshold of an alarm. */
  threshold?: number;
  /** Further lines. */
  marks?: Mark[];
  /** Times that stand out, such as those in alarm; Unix milliseconds. */
  shaded?: { from: number; until: number }[];
  scale?: Scale;
  rightScale?: Scale;
}

/** Told apart with red-green blindness too, and on both themes. */
export const COLORS = { accept: "#1c7ed6", reject: "#e8590c", other: "#868e96" };
export const PALETTE = ["#1c7ed6", "#e8590c", "#2f9e44", "#9c36b5", "#f08c00", "#0c8599", "#c2255c", "#5c7cfa", "#66a80f", "#868e96"];

/** Pixels right of the plot, and of a letter at an axis. */
const RIGHT = 8;
const LETTER = 7;

export function TimeChart({ chart: newest, label, height = 180 }: { chart: Chart; label: string; height?: number }) {
  const place = useRef<HTMLDivElement>(null);
  const zone = useZone();
  const scheme = useComputedColorScheme("light");
  const chart = useHeld(newest, place);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const plot = new uPlot(options(chart, element.clientWidth, height, zone === "UTC", scheme === "dark"), data(chart), element);
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [chart, height, zone, scheme]);
  return (
    <figure className="chart" aria-label={`${label}. ${summary(chart)} Drag over a part to look at it alone.`}>
      <div ref={place} aria-hidden="true" style={{ minHeight: height }} />
      <figcaption className="legend">
        {chart.series.map(({ label: name, color, values }, place) => (
          <span key={place}><i style={{ background: color }} />{name} <b>{figure(chart, values)}</b></span>
        ))}
      </figcaption>
    </figure>
  );
}

/** The newest chart; while the pointer is down in `place`, the one that it went down on: drawn anew, a brush would be let go. */
function useHeld(newest: Chart, place: RefObject<HTMLDivElement | null>): Chart {
  const [held, hold] = useState<Chart>();
  const chart = held ?? newest;
  useEffect(() => {
    const down = ({ target }: MouseEvent) => { if (place.current?.contains(target as Node)) hold(chart); };
    // On the window, so that the plot hears of it before.
    const up = () => hold(undefined);
    addEventListener("mousedown", down);
    addEventListener("mouseup", up);
    return () => {
      removeEventListener("mousedown", down);
      removeEventListener("mouseup", up);
    };
  }, [chart, place]);
  return chart;
}

/** What stands for a series: bars add up, of a line the newest value says most. */
function figure({ kind, format }: Chart, values: Series["values"]): string {
  if (kind === "stacked") return format(values.reduce<number>((total, value) => total + (value ?? 0), 0));
  const newest = [...values].reverse().find((value) => value != null);
  return newest == null ? "–" : format(newest);
}

function summary(chart: Chart): string {
  return chart.series.map(({ label, values }) => `${label}: ${figure(chart, values)}.`).join(" ");
}

/** Bars are drawn from the tallest stack down: each value has those below it added. */
function data({ times, series, kind }: Chart): uPlot.AlignedData {
  const seconds = times.map((time) => time / 1000);
  if (kind === "line") return [seconds, ...series.map(({ values }) => values)];
  const stacks = series.map((_, top) => times.map((_, place) => series.slice(0, top + 1).reduce((total, { values }) => total + (values[place] ?? 0), 0)));
  return [seconds, ...stacks.reverse()];
}

function options(chart: Chart, width: number, height: number, isUtc: boolean, isDark: boolean): uPlot.Options {
  const ink = isDark ? "#c1c2c5" : "#495057";
  const grid = { stroke: isDark ? "#373a40" : "#e9ecef", width: 1 };
  const ticks = { ...grid, size: 4 };
  const axis = { stroke: ink, grid, ticks, font: "11px system-ui, sans-serif" };
  const stacked = chart.kind === "stacked";
  const width_ = (plot: uPlot) => Math.max(1, (plot.bbox.width / devicePixelRatio / Math.max(1, (chart.end - chart.start) / chart.bin)) * 0.85);
  const bars: uPlot.Series.PathBuilder = (plot, ...rest) => {
    const build = uPlot.paths.bars?.({ size: [1, width_(plot) * devicePixelRatio, 1], align: 1 });
    return build ? build(plot, ...rest) : null;
  };
  const marks = [...(chart.marks ?? []), ...(chart.threshold === undefined ? [] : [{ value: chart.threshold }])];
  const drawn = chart.series.map(({ label, color, isRight }) => ({
    label, stroke: color, width: stacked ? 0 : 1.5, spanGaps: false, scale: isRight ? "right" : "y", points: points(chart, color),
    ...(stacked ? { fill: color, paths: bars } : {}),
    value: (_: uPlot, value: number | null) => (value === null ? "–" : chart.format(value)),
  }));
  const hasRight = chart.series.some(({ isRight }) => isRight);
  return {
    width, height, legend: { show: false }, padding: [8, RIGHT, 0, 0],
    ...(isUtc ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") } : {}),
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: !stacked } },
    scales: {
      x: { time: true, range: () => [chart.start / 1000, chart.end / 1000] },
      y: { range: (_, least, most) => ends(least, most, chart.scale, marks.filter(({ isRight }) => !isRight)) },
      ...(hasRight ? { right: { range: (_: uPlot, least: number, most: number) => ends(least, most, chart.rightScale, marks.filter(({ isRight }) => isRight)) } } : {}),
    },
    axes: [
      { ...axis, size: 30, space: 64, values: (plot, splits, __, ___, step) => splits.map((split) => wholly(tick(split * 1000, step, isUtc), split, plot, chart.end)) },
      { ...axis, size: 62, values: (_, values) => values.map(chart.format), ...(chart.format === bytes ? { incrs: POWERS } : {}) },
      ...(hasRight ? [{ ...axis, size: 62, scale: "right", side: 1 as const, grid: { show: false }, values: (_: uPlot, values: number[]) => values.map(chart.format) }] : []),
    ],
    series: [{}, ...(stacked ? drawn.reverse() : drawn)],
    hooks: { setSelect: [(plot) => select(plot)], drawClear: [(plot) => shade(plot, chart.shaded ?? [])], draw: [(plot) => marks.forEach((mark) => drawMark(plot, mark, ink))] },
    plugins: [tip(chart, isUtc)],
  };
}

/** Steps of an axis of bytes. */
const POWERS = Array.from({ length: 54 }, (_, power) => 2 ** power);

/** Nothing in place of a text at the end of the axis that would be cut off there. */
function wholly(text: string, at: number, plot: uPlot, end: number): string {
  const [least = 0, most = 0] = [plot.scales.x?.min, plot.scales.x?.max];
  const left = ((end / 1000 - at) / Math.max(1, most - least)) * plot.width;
  return left < (text.length * LETTER) / 2 - RIGHT ? "" : text;
}

/** A time at the axis: as much of it as the steps need. */
function tick(time: number, step: number, isUtc: boolean): string {
  const text = shown(time, isUtc ? "UTC" : "local");
  if (step >= 86_400) return text.slice(5, 10);
  return step >= 60 ? text.slice(11, 16) : text.slice(11);
}

function select(plot: uPlot): void {
  if (plot.select.width < 4) return;
  const from = plot.posToVal(plot.select.left, "x") * 1000;
  const to = plot.posToVal(plot.select.left + plot.select.width, "x") * 1000;
  setParams({ from: iso(Math.floor(from / 1000) * 1000), to: iso(Math.ceil(to / 1000) * 1000) });
}

/** Says what is under the pointer. */
function tip(chart: Chart, isUtc: boolean): uPlot.Plugin {
  const box = document.createElement("div");
  box.className = "chart-tip";
  return {
    hooks: {
      init: (plot) => plot.over.append(box),
      setCursor: (plot) => {
        const place = plot.cursor.idx;
        const at = place == null ? undefined : chart.times[place];
        box.hidden = at === undefined || (plot.cursor.left ?? -1) < 0;
        if (place == null || at === undefined || box.hidden) return;
        const lines = chart.series.map(({ label, values }) => `${label} ${values[place] == null ? "–" : chart.format(values[place] ?? 0)}`);
        box.textContent = [shown(at, isUtc ? "UTC" : "local"), ...lines].join("\n");
        const left = plot.cursor.left ?? 0;
        box.style.left = `${left > plot.over.clientWidth / 2 ? left - box.offsetWidth - 10 : left + 10}px`;
      },
    },
  };
}
