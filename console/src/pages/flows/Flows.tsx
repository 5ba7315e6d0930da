import { Badge, Button, Group, Text } from "@mantine/core";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { runInsights } from "../../api/insights";
import { Link } from "../../app/link";
import { go, href, shared, usePlace } from "../../app/url";
import { FilterMistake, parse, type Term, toPattern, toQuery } from "../../record/filter";
import { type Rec, record } from "../../record/record";
import { GroupSelect, type Records, WithRecords } from "../../record/WithRecords";
import { parseUtc } from "../../time/zone";
import { useRange } from "../../time/useRange";
import { DataGrid } from "../../ui/DataGrid";
import { Empty } from "../../ui/Empty";
import { PauseIcon, PlayIcon } from "../../ui/icons";
import { Problem } from "../../ui/Problem";
import { Waiting } from "../../ui/Waiting";
import { recordAddress } from "./address";
import { columnsOf } from "./columns";
import { FilterBar } from "./FilterBar";
import { type Tail, useTail } from "./useTail";

const RecordPage = lazy(() => import("./RecordPage"));

/** Records that are there when the page opens, at most. */
const BEFORE = 1000;

export default function Flows() {
  const { path } = usePlace();
  return (
    <WithRecords consequence="no record comes in here">
      {({ group, fields, logs }) => (path === "flows/record"
        ? <Suspense fallback={<Waiting label="Loading the record" />}><RecordPage group={group} fields={fields} /></Suspense>
        : <LiveTail group={group} fields={fields} logs={logs} />)}
    </WithRecords>
  );
}

/** The conditions of the address; or what is wrong with them. */
function useTerms(filter: string, fields: string[]): { terms: Term[]; mistake?: string } {
  return useMemo(() => {
    try {
      return { terms: parse(filter, fields) };
    } catch (error) {
      if (error instanceof FilterMistake) return { terms: [], mistake: error.message };
      throw error;
    }
  }, [filter, fields.join(" ")]);
}

function LiveTail({ group, fields, logs }: Records) {
  const { params } = usePlace();
  const range = useRange();
  const filter = params.get("filter") ?? "";
  const { terms, mistake } = useTerms(filter, fields);
  const [paused, setPaused] = useState(false);
  const query = toQuery(terms, BEFORE);
  const before = (signal: AbortSignal) => runInsights({ groups: [group], query, start: range.start, end: range.end }, signal).then(
    ({ rows }) => rows.map((row) => record(parseUtc(row["@timestamp"] ?? "") ?? 0, row["@logStream"] ?? "", row["@message"] ?? "")));
  const tail = useTail(JSON.stringify([group, filter, range.start]), group, toPattern(terms, fields), paused, before);
  const columns = useMemo(() => columnsOf(fields, group, shared(params)), [fields.join(" "), group, params]);
  const open = useCallback((row: Rec) => go(recordAddress(row, group, shared(params))), [group, params]);
  return (
    <>
      <h1 className="for-ears">Flows</h1>
      <Group gap={6} mb={6}>
        <GroupSelect group={group} logs={logs} />
        <Button size="xs" variant={paused ? "filled" : "default"} leftSection={paused ? <PlayIcon /> : <PauseIcon />} onClick={() => setPaused(!paused)}>
          {paused ? `Go on${tail.waiting > 0 ? ` (${tail.waiting.toLocaleString("en")} new)` : ""}` : "Pause"}
        </Button>
        <State of={tail} paused={paused} />
        <Link size="xs" to={href("logs", { ...shared(params), group, query })}>Ask Logs Insights</Link>
      </Group>
      <FilterBar filter={filter} fields={fields} rows={tail.rows} mistake={mistake} />
      {tail.problem !== undefined && <Problem of={tail.problem} />}
      <div className="below">
        {tail.rows.length === 0 && tail.state === "live"
          ? <Empty>No record {filter ? "has passed the filter" : "has come"} in this range. New ones show up here as their interval ends.</Empty>
          : <DataGrid label="Records" columns={columns} rows={tail.rows} height={680} file="records" onOpen={open} rowKey={({ key }) => key} />}
      </div>
    </>
  );
}

function State({ of: { state, sampled }, paused }: { of: Tail; paused: boolean }) {
  if (state !== "live") return <Badge size="sm" variant="outline" color={state === "broken" ? "red" : "gray"} autoContrast>{state === "broken" ? "not connected" : "connecting"}</Badge>;
  return (
    <>
      <Badge size="sm" variant="filled" color={paused ? "#495057" : "#1f6f33"}>{paused ? "paused" : "live"}</Badge>
      {sampled && <Text size="xs" c="dimmed" role="status">More come than the server sends: some are left out here, none in the log group.</Text>}
    </>
  );
}
