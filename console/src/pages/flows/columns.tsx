// The columns of records: the fields of their format, the usual ones first.

import { CellLink } from "../../app/link";
import type { Params } from "../../app/url";
import { Address } from "../../record/Address";
import { portName, protocolName } from "../../record/protocols";
import { type Rec, value } from "../../record/record";
import { Moment } from "../../time/Moment";
import { shown } from "../../time/zone";
import type { Column } from "../../ui/DataGrid";
import { recordAddress } from "./address";

const FIRST = ["action", "srcaddr", "srcport", "dstaddr", "dstport", "protocol", "packets", "bytes", "flow-direction", "tcp-flags", "interface-id", "log-status"];
const LAST = ["start", "end", "account-id", "version"];
const WIDTH: Record<string, number> = {
  action: 74, srcaddr: 128, dstaddr: 128, srcport: 66, dstport: 118, protocol: 72, packets: 68, bytes: 72, "interface-id": 170, "log-status": 88,
  start: 92, end: 92, "account-id": 108, version: 70,
};
const NUMBERS = new Set(["srcport", "packets", "bytes"]);
const ADDRESSES = new Set(["srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr"]);

export function columnsOf(fields: string[], group: string, params: Params): Column<Rec>[] {
  const rest = fields.filter((name) => !FIRST.includes(name) && !LAST.includes(name));
  const names = [...FIRST, ...rest, ...LAST].filter((name) => fields.includes(name));
  const time: Column<Rec> = {
    name: "time", width: 86, text: ({ time }) => shown(time, "UTC"),
    show: (row) => <CellLink to={recordAddress(row, group, params)}><Moment at={row.time} short /></CellLink>,
  };
  return [time, ...names.map((name) => column(name, fields, group))];
}

function column(name: string, fields: string[], group: string): Column<Rec> {
  const text = (row: Rec) => value(row, fields, name);
  const base: Column<Rec> = { name, text, width: WIDTH[name] ?? 110, isNumber: NUMBERS.has(name) };
  if (ADDRESSES.has(name)) return { ...base, show: (row) => <Address of={text(row)} group={group} /> };
  if (name === "action") return { ...base, className: (row) => (text(row) === "REJECT" ? "reject" : "") };
  if (name === "protocol") return { ...base, show: (row) => (text(row) === "-" ? "-" : protocolName(text(row))) };
  if (name === "dstport") return { ...base, show: (row) => [text(row), portName(text(row))].filter(Boolean).join(" ") };
  return base;
}
