import { useRef } from "react";
import { type Sorted, sortRows } from "./sort";

interface By<Row> {
  name: string;
  text: (row: Row) => string;
  isNumber?: boolean;
}

/** The rows in the order of a column; as they came if there is none. */
export function useSorted<Row>(rows: Row[], column: By<Row> | undefined, isDown: boolean): Row[] {
  const last = useRef<{ column: By<Row>; isDown: boolean; sorted: Sorted<Row>; order: Row[] }>(null);
  if (!column) {
    last.current = null;
    return rows;
  }
  const same = last.current?.column === column && last.current.isDown === isDown ? last.current : undefined;
  if (same?.sorted.rows === rows) return same.order;
  const sorted = sortRows(rows, { text: column.text, isNumber: column.isNumber, isDown }, same?.sorted);
  last.current = { column, isDown, sorted, order: sorted.keyed.map(({ row }) => row) };
  return last.current.order;
}
