import { useMemo } from "react";
import { type Answer, runInsights } from "../../../api/insights";
import { Bars } from "../../../ui/Bars";
import { DataGrid } from "../../../ui/DataGrid";
import { Empty } from "../../../ui/Empty";
import { bytes, count } from "../../../ui/numbers";
import { Problem } from "../../../ui/Problem";
import { TimeChart } from "../../../ui/TimeChart";
import { useAsked } from "../../../ui/useAsked";
import { Waiting } from "../../../ui/Waiting";
import { chartOf, colorOf } from "../../logs/chartOf";
import { columnsOf } from "../../logs/Results";
import { rangeOfWidget, type WidgetProps } from "../about";
import { properties, text, titleOf } from "../body";
import { parseSource } from "../source";
import { Pie } from "./Pie";

/** Heads of a table, and what is said above it. */
const AROUND = 34;
const MOST_PARTS = 12;

/** A query of Logs Insights: its rows, or their chart. */
export function LogWidget({ widget, about, height }: WidgetProps) {
  const of = properties(widget);
  const { groups, query } = parseSource(text(of.query) ?? "");
  const [region, view] = [text(of.region), text(of.view) ?? "table"];
  const range = rangeOfWidget(widget, about.range);
  const { value, problem, again } = useAsked(query ? JSON.stringify([groups, query, range, region]) : null, (signal) =>
    runInsights({ groups, query, ...range, region }, signal));
  if (!query) return <Empty>This widget has no query yet. Edit it to write one.</Empty>;
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <Waiting label={`Asking for ${titleOf(widget)}`} />;
  if (value.rows.length === 0) return <Empty>Nothing matched in this range: {bytes(value.bytesScanned)} read.</Empty>;
  return <Shown answer={value} query={query} view={view} label={titleOf(widget)} height={height} group={groups[0]} />;
}

interface ShownProps {
  answer: Answer;
  query: string;
  view: string;
  label: string;
  height: number;
  group?: string;
}

function Shown({ answer, query, view, label, height, group }: ShownProps) {
  const chart = useMemo(() => (view === "timeSeries" ? chartOf(answer, query) : undefined), [answer, query, view]);
  const columns = useMemo(() => columnsOf(answer, group), [answer, group]);
  const parts = useMemo(() => partsOf(answer), [answer]);
  if (chart) return <TimeChart chart={chart} label={label} height={height - AROUND} />;
  if (view === "bar" && parts) {
    return <Bars label={label} bars={parts.map(({ name, value }) => ({ key: name, name, value, shown: count(value) }))} />;
  }
  if (view === "pie" && parts) {
    return <Pie label={label} height={height} parts={parts.map((part, place) => ({ ...part, shown: count(part.value), color: colorOf(part.name, place) }))} />;
  }
  return <DataGrid label={label} columns={columns} rows={answer.rows} height={height - AROUND} file="insights" />;
}

/** The first number of each row, under the names before and after it. */
function partsOf({ fields, rows }: Answer) {
  const shown = fields.filter((name) => name !== "@ptr");
  const isNumber = (name: string) => rows.every((row) => row[name] !== undefined && row[name] !== "" && !Number.isNaN(Number(row[name])));
  const number = shown.filter(isNumber).at(-1);
  if (!number) return undefined;
  const names = shown.filter((name) => name !== number);
  return rows.slice(0, MOST_PARTS).map((row) => ({ name: names.map((name) => row[name]).join(" ") || number, value: Number(row[number]) }));
}
