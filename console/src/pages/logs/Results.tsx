import { type ReactNode, useMemo } from "react";
import type { Answer, Row } from "../../api/insights";
import { Address, isAddress } from "../../record/Address";
import { Moment } from "../../time/Moment";
import { parseUtc } from "../../time/zone";
import { type Column, DataGrid } from "../../ui/DataGrid";
import { TimeChart } from "../../ui/TimeChart";
import { widthOf } from "../../ui/widths";
import { chartOf } from "./chartOf";

/** What a query found: the chart that it deserves, and its rows. */
export function Results({ answer, query, note, group }: { answer: Answer; query: string; note: string; group?: string }) {
  const chart = useMemo(() => chartOf(answer, query), [answer, query]);
  const columns = useMemo(() => columnsOf(answer, group), [answer, group]);
  return (
    <>
      {chart && <TimeChart chart={chart} label="The answer over time" height={200} />}
      <DataGrid label="Results" columns={columns} rows={answer.rows} height={520} file="insights" note={note} />
    </>
  );
}

/** Widths are those of the longest of the first rows. */
export function columnsOf({ fields, rows }: Answer, group?: string): Column<Row>[] {
  const first = rows.slice(0, 200);
  return fields.filter((name) => name !== "@ptr").map((name) => {
    const texts = first.map((row) => row[name] ?? "");
    const isNumber = texts.some((text) => text !== "") && texts.every((text) => text === "" || text === "-" || !Number.isNaN(Number(text)));
    return {
      name, isNumber, width: widthOf(name, texts),
      text: (row: Row) => row[name] ?? "",
      show: shows(texts, name, group),
      className: (row: Row) => (row[name] === "REJECT" ? "reject" : name === "@message" ? "mono" : ""),
    };
  });
}

function shows(texts: string[], name: string, group?: string): ((row: Row) => ReactNode) | undefined {
  const every = (is: (text: string) => boolean) => texts.some(Boolean) && texts.every((text) => text === "" || text === "-" || is(text));
  if (every((text) => parseUtc(text) !== undefined)) {
    return (row) => {
      const time = parseUtc(row[name] ?? "");
      return time === undefined ? row[name] : <Moment at={time} />;
    };
  }
  if (every(isAddress)) return (row) => <Address of={row[name] ?? ""} group={group} />;
  return undefined;
}
