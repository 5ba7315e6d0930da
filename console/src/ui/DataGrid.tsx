// A table of any length: only the rows that are seen are drawn. Sorts by a click on a head, copies and saves as a whole.

import { ActionIcon, Button, Group, Text, Tooltip } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useRef, useState } from "react";
import { MAY_COPY } from "./Empty";
import { DownIcon } from "./icons";
import { useSorted } from "./useSorted";

export interface Column<Row> {
  name: string;
  /** What is sorted by, copied and saved. */
  text: (row: Row) => string;
  /** What is shown; the text if nothing is said. */
  show?: (row: Row) => ReactNode;
  isNumber?: boolean;
  className?: (row: Row) => string;
  /** Pixels. */
  width: number;
}

export interface Sort {
  column: string;
  isDown: boolean;
}

interface Props<Row> {
  columns: Column<Row>[];
  rows: Row[];
  label: string;
  /** Pixels. */
  height: number;
  /** Name of the file that is saved, without its ending. */
  file?: string;
  onOpen?: (row: Row) => void;
  /** What stays the same when a row moves. */
  rowKey?: (row: Row) => string;
  note?: ReactNode;
}

const ROW = 25;
/** Rows that are drawn beyond what is seen, at either end: each costs a scrolled frame. */
const OVERSCAN = 6;

export function DataGrid<Row>({ columns, rows, label, height, file, onOpen, rowKey, note }: Props<Row>) {
  const [sort, setSort] = useState<Sort>();
  const sorted = useSorted(rows, columns.find(({ name }) => name === sort?.column), sort?.isDown ?? false);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: sorted.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: OVERSCAN });
  const seen = virtual.getVirtualItems();
  const before = seen[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (seen.at(-1)?.end ?? 0);
  const turn = (column: string) => setSort((last) => (last?.column !== column ? { column, isDown: false } : last.isDown ? undefined : { column, isDown: true }));
  return (
    <>
      <Group justify="space-between" gap="xs" mb={4}>
        <Text size="xs" c="dimmed" role="status">{note ?? `${sorted.length.toLocaleString("en")} ${sorted.length === 1 ? "row" : "rows"}`}</Text>
        {file && <Take name={file} columns={columns} rows={sorted} />}
      </Group>
      <div ref={box} className="grid-box" style={{ maxHeight: height }} tabIndex={0} role="region" aria-label={label}>
        <table className="grid" aria-rowcount={sorted.length + 1}>
          <colgroup>{columns.map(({ name, width }) => <col key={name} style={{ width }} />)}</colgroup>
          <thead>
            <tr aria-rowindex={1}>
              {columns.map(({ name, isNumber }) => {
                const how = sort?.column === name ? (sort.isDown ? "descending" : "ascending") : "none";
                return (
                  <th key={name} scope="col" aria-sort={how}>
                    <button type="button" className={isNumber ? "number" : undefined} onClick={() => turn(name)}>
                      {name}{how === "none" ? "" : how === "ascending" ? " ↑" : " ↓"}
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
            {seen.map(({ index, key }) => {
              const row = sorted[index];
              if (row === undefined) return null;
              return <GridRow key={rowKey ? rowKey(row) : key} row={row} columns={columns} index={index} onOpen={onOpen} />;
            })}
            {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface RowProps<Row> {
  row: Row;
  columns: Column<Row>[];
  index: number;
  onOpen?: (row: Row) => void;
}

/** Drawn anew only when something of it changes. */
const GridRow = memo(function GridRow<Row>({ row, columns, index, onOpen }: RowProps<Row>) {
  return (
    <tr aria-rowindex={index + 2} onDoubleClick={onOpen && (() => onOpen(row))}>
      {columns.map((column) => (
        <td key={column.name} className={`${column.isNumber ? "number " : ""}${column.className?.(row) ?? ""}`} title={column.show ? undefined : column.text(row)}>
          {column.show ? column.show(row) : column.text(row)}
        </td>
      ))}
    </tr>
  );
}) as <Row>(props: RowProps<Row>) => ReactNode;

/** Copies the rows for a spreadsheet, or saves them as CSV. */
function Take<Row>({ name, columns, rows }: { name: string; columns: Column<Row>[]; rows: Row[] }) {
  return (
    <Group gap={4}>
      {MAY_COPY && <CopyRows columns={columns} rows={rows} />}
      <Tooltip label="Save as CSV">
        <ActionIcon size="sm" variant="default" aria-label="Save as CSV" onClick={() => save(`${name}.csv`, toCsv(columns, rows))}><DownIcon /></ActionIcon>
      </Tooltip>
    </Group>
  );
}

function CopyRows<Row>({ columns, rows }: { columns: Column<Row>[]; rows: Row[] }) {
  const [done, setDone] = useState(false);
  async function copy() {
    const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ text }) => text(row)))];
    await navigator.clipboard.writeText(lines.map((cells) => cells.join("\t")).join("\n"));
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  }
  return <Button size="compact-xs" variant="default" onClick={() => void copy()}>{done ? "Copied" : "Copy"}</Button>;
}

/** As RFC 4180 has it. */
export function toCsv<Row>(columns: Column<Row>[], rows: Row[]): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [columns.map(({ name }) => cell(name)), ...rows.map((row) => columns.map(({ text }) => cell(text(row))))];
  return lines.map((cells) => cells.join(",")).join("\r\n") + "\r\n";
}

export function save(name: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
