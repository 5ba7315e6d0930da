import { type Column, DataGrid } from "../../../ui/DataGrid";
import { Empty } from "../../../ui/Empty";
import { Problem } from "../../../ui/Problem";
import type { Asked } from "../../../ui/useAsked";
import { widthOf } from "../../../ui/widths";
import type { Trial, Tried as Line } from "./filter";

/** Which lines match, and what is taken of each. */
export function Tried({ trial: { value, problem, again }, hasMistake, hasLines }: { trial: Asked<Trial>; hasMistake: boolean; hasLines: boolean }) {
  if (hasMistake) return <Empty>The pattern cannot be read yet: what is wrong is marked in it.</Empty>;
  if (problem) return <Problem of={problem} again={again} />;
  if (!hasLines || !value) return <Empty>Paste lines, or take those of a stream: which of them match, and the fields that are found in them, stands here at once.</Empty>;
  return <DataGrid label="Results" columns={columnsOf(value)} rows={value.tried} height={420} file="pattern-test" rowKey={({ number }) => String(number)} />;
}

function columnsOf({ tried, fields }: Trial): Column<Line>[] {
  const width = (field: string) => widthOf(field, tried.map(({ fields = {} }) => fields[field] ?? ""), 420);
  return [
    { name: "Line", width: 50, isNumber: true, text: ({ number }) => String(number + 1) },
    { name: "Match", width: 64, text: ({ fields }) => (fields ? "yes" : "no"), show: ({ fields }) => (fields ? <b className="match">✓ yes</b> : "no") },
    ...fields.map((field): Column<Line> => ({ name: field, width: width(field), text: ({ fields = {} }) => fields[field] ?? "" })),
    { name: "Message", width: 900, text: ({ line }) => line, className: () => "mono" },
  ];
}
