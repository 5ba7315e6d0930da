import { useMemo } from "react";
import { CellLink } from "../../app/link";
import { type Column, DataGrid } from "../../ui/DataGrid";
import { bytes, count, percent } from "../../ui/numbers";
import type { Edge } from "./graph";

interface Props {
  edges: Edge[];
  toEdge: (edge: Edge) => string;
  height: number;
}

/** All pairs, each direction by itself: the graph for those who read. */
export function PairTable({ edges, toEdge, height }: Props) {
  const columns = useMemo((): Column<Edge>[] => [
    { name: "From", width: 150, text: ({ from }) => from.label },
    { name: "To", width: 150, text: ({ to }) => to.label },
    { name: "Bytes", width: 72, isNumber: true, text: (edge) => String(edge.bytes), show: (edge) => bytes(edge.bytes) },
    { name: "Refused", width: 66, isNumber: true, text: ({ refused, packets }) => String(packets > 0 ? refused / packets : 0),
      show: ({ refused, packets }) => (refused > 0 ? percent(refused, packets) : "–"), className: ({ refused }) => (refused > 0 ? "reject" : "") },
    { name: "Records", width: 68, isNumber: true, text: ({ records }) => String(records),
      show: (edge) => <CellLink to={toEdge(edge)}>{count(edge.records)}</CellLink> },
    { name: "Packets", width: 78, isNumber: true, text: ({ packets }) => String(packets), show: ({ packets }) => count(packets) },
  ], [toEdge]);
  return <DataGrid label="Pairs" columns={columns} rows={edges} height={height} file="map" rowKey={({ from, to }) => `${from.id} ${to.id}`} />;
}
