import { useMemo } from "react";
import { runInsights } from "../../api/insights";
import { href, shared, usePlace } from "../../app/url";
import { type Rec, record, value } from "../../record/record";
import { iso, type Range } from "../../time/range";
import { parseUtc } from "../../time/zone";
import { Answered } from "../../ui/Answered";
import { DataGrid } from "../../ui/DataGrid";
import { Empty } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";
import { useAsked } from "../../ui/useAsked";
import { columnsOf } from "./columns";

/** Milliseconds before and after a record that are looked at. */
const AROUND = 300_000;
const MOST = 200;

interface Props {
  title: string;
  one: Rec;
  fields: string[];
  group: string;
  kind: "reverse" | "neighbours";
}

/** Records that have to do with this one. */
export function Related({ title, one, fields, group, kind }: Props) {
  const { params } = usePlace();
  const query = queryOf(one, fields, kind);
  const range: Range = { start: one.time - AROUND, end: one.time + AROUND };
  const asked = useAsked(query && JSON.stringify([group, query, range]), (signal) =>
    runInsights({ groups: [group], query: query ?? "", ...range }, signal).then((answer) =>
      answer.rows.map((row) => record(parseUtc(row["@timestamp"] ?? "") ?? 0, row["@logStream"] ?? "", row["@message"] ?? ""))));
  const columns = useMemo(() => columnsOf(fields, group, shared(params)), [fields.join(" "), group, params]);
  if (query === null) return null;
  const link = href("logs", { ...shared(params), group, query, from: iso(range.start), to: iso(range.end) });
  return (
    <Panel title={title} query={link} className="wide">
      <Answered asked={asked} waiting="Looking for records" empty={<Empty>There is none within 5 minutes.</Empty>}>
        {(rows) => <DataGrid label={title} columns={columns} rows={rows} height={240} file="records" rowKey={({ key }) => key} />}
      </Answered>
    </Panel>
  );
}

/** None for a record without traffic. */
function queryOf(one: Rec, fields: string[], kind: Props["kind"]): string | null {
  const of = (name: string) => value(one, fields, name);
  if (of("srcaddr") === "-" || of("dstaddr") === "-") return null;
  const pair = (source: string, destination: string) => `srcAddr = "${source}" and dstAddr = "${destination}"`;
  const ports = of("srcport") === "-" ? "" : ` and srcPort = ${of("dstport")} and dstPort = ${of("srcport")}`;
  const filter = kind === "reverse"
    ? `${pair(of("dstaddr"), of("srcaddr"))} and protocol = ${of("protocol")}${ports}`
    : `(${pair(of("srcaddr"), of("dstaddr"))}) or (${pair(of("dstaddr"), of("srcaddr"))})`;
  return `fields @timestamp, @message, @logStream\n| filter ${filter}\n| sort @timestamp desc\n| limit ${MOST}`;
}
