import { useMemo } from "react";
import { type MetricLine, metricLines } from "../../../api/metrics";
import type { Range } from "../../../time/range";
import { Bars } from "../../../ui/Bars";
import { Empty } from "../../../ui/Empty";
import { Figure } from "../../../ui/Figure";
import { metricChart } from "../../../ui/metricChart";
import { count } from "../../../ui/numbers";
import { Problem } from "../../../ui/Problem";
import { type Mark, PALETTE, type Scale, TimeChart } from "../../../ui/TimeChart";
import { useAsked } from "../../../ui/useAsked";
import { Waiting } from "../../../ui/Waiting";
import { periodOf, rangeOfWidget, type WidgetProps } from "../about";
import { alarmRows } from "../alarmRows";
import { isMembers, list, type Members, properties, text, titleOf } from "../body";
import { type Rows, rowsOf } from "../metrics";
import { Gauge } from "./Gauge";
import { Pie } from "./Pie";

/** Pixels of the legend of a chart. */
const LEGEND = 22;

/** Metrics as lines, bars, numbers. */
export function MetricWidget({ widget, about, height }: WidgetProps) {
  const of = properties(widget);
  const region = text(of.region);
  const within = rangeOfWidget(widget, about.range);
  const period = periodOf(of, within);
  const key = JSON.stringify([of.metrics, of.annotations, of.stat, of.period, of.setPeriodToTimeRange, of.view, about.isFixed, within, region]);
  const { value, problem, again } = useAsked(key, async (signal) => {
    const own = rowsOf(of, period, about.isFixed && of.setPeriodToTimeRange !== true);
    const alarms = await alarmRows(of, period, signal, region);
    for (const { Id, MetricStat } of alarms.queries) own.periods.set(Id, MetricStat?.Period ?? period);
    const rows = { ...own, queries: [...own.queries, ...alarms.queries], marks: alarms.marks };
    const range = aligned(within, rows);
    return { rows, range, lines: rows.queries.length === 0 ? [] : await metricLines(rows.queries, range, signal, region) };
  });
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <Waiting label={`Asking for ${titleOf(widget)}`} />;
  if (value.rows.queries.length === 0) return <Empty>This widget has no metric yet. Edit it to choose some.</Empty>;
  if (value.lines.every(({ times }) => times.length === 0)) return <Empty>No value in this range.</Empty>;
  return <Shown {...value} within={within} of={of} period={period} label={titleOf(widget)} height={height} />;
}

/** Begins with a whole period, so that the same moments are in the same period each time, and ends with one. */
function aligned({ start, end }: Range, { periods }: Rows): Range {
  const longest = Math.max(60, ...periods.values()) * 1000;
  if (longest >= end - start) return { start: end - longest, end };
  return { start: Math.floor(start / longest) * longest, end };
}

interface ShownProps {
  rows: Rows & { marks: Mark[] };
  lines: MetricLine[];
  within: Range;
  of: Members;
  /** Seconds, of lines that do not say theirs. */
  period: number;
  label: string;
  height: number;
}

function Shown({ rows, lines, within, of, period, label, height }: ShownProps) {
  const view = text(of.view) ?? "timeSeries";
  const color = (place: number) => rows.styles.get(lines[place]?.id ?? "")?.color ?? PALETTE[place % PALETTE.length] ?? "";
  const newest = lines.map(({ label: name, values }, place) => {
    const value = values.at(-1);
    return { key: String(place), name, value: value ?? 0, shown: value === undefined ? "–" : count(value), color: color(place) };
  });
  switch (view) {
    case "singleValue":
      return <div className="figures">{newest.map(({ key, name, shown }) => <Figure key={key} name={name}>{shown}</Figure>)}</div>;
    case "bar": return <Bars label={label} bars={newest} />;
    case "pie": return <Pie label={label} parts={newest} height={height} />;
    case "gauge": {
      const { min = 0, max = 100 } = scaleOf(of, "left");
      return <div className="gauges">{newest.map(({ key, ...one }) => <Gauge key={key} {...one} least={min} most={max} />)}</div>;
    }
    case "table": return <Table lines={lines} label={label} />;
    default: return <Lines rows={rows} lines={lines} within={within} of={of} period={period} label={label} height={height} />;
  }
}

function Lines({ rows, lines, within, of, period, label, height }: ShownProps) {
  const chart = useMemo(() => ({
    ...metricChart(lines, within, {
      period: (id) => (rows.periods.get(id) ?? period) * 1000, style: (id) => rows.styles.get(id) ?? {}, kind: of.stacked === true ? "stacked" : "line",
    }),
    marks: [...rows.marks, ...marksOf(of)], scale: scaleOf(of, "left"), rightScale: scaleOf(of, "right"),
  }), [rows, lines, within.start, within.end]);
  return <TimeChart chart={chart} label={label} height={Math.max(60, height - LEGEND)} />;
}

function Table({ lines, label }: { lines: MetricLine[]; label: string }) {
  const figures = ({ values }: MetricLine) => [values.at(-1), Math.min(...values), Math.max(...values), values.reduce((sum, value) => sum + value, 0) / values.length];
  return (
    <table className="plain" aria-label={label}>
      <thead><tr><th scope="col">Metric</th>{["Newest", "Least", "Most", "Mean"].map((name) => <th key={name} scope="col" className="number">{name}</th>)}</tr></thead>
      <tbody>
        {lines.filter(({ values }) => values.length > 0).map((line, place) => (
          <tr key={place}>
            <th scope="row">{line.label}</th>
            {figures(line).map((value, column) => <td key={column} className="number">{value === undefined ? "–" : count(value)}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function scaleOf({ yAxis }: Members, side: "left" | "right"): Scale {
  const { min, max } = isMembers(yAxis) && isMembers(yAxis[side]) ? yAxis[side] : {};
  return { ...(typeof min === "number" ? { min } : {}), ...(typeof max === "number" ? { max } : {}) };
}

/** Lines across and down, as the widget has them. A band is drawn as its two lines. */
function marksOf({ annotations }: Members): Mark[] {
  if (!isMembers(annotations)) return [];
  const shared = (mark: Members) => ({ label: text(mark.label), color: /^#[0-9a-f]{3,8}$/i.test(text(mark.color) ?? "") ? text(mark.color) : undefined });
  const seen = (marks: unknown) => list(marks).flatMap((mark) => (Array.isArray(mark) ? mark : [mark])).filter(isMembers).filter(({ visible }) => visible !== false);
  const across = seen(annotations.horizontal).flatMap((mark) => (typeof mark.value === "number" ? [{ ...shared(mark), value: mark.value, isRight: mark.yAxis === "right" }] : []));
  const down = seen(annotations.vertical).flatMap((mark) => {
    const at = Date.parse(text(mark.value) ?? "");
    return Number.isNaN(at) ? [] : [{ ...shared(mark), at }];
  });
  return [...across, ...down];
}
