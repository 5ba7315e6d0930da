import { sql, StandardSQL } from "@codemirror/lang-sql";
import { Button, Group, Kbd, Select, Text } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { catalogue, WORK_GROUP } from "../../api/athena";
import { call } from "../../api/call";
import { useMay } from "../../app/session";
import { setParams, usePlace } from "../../app/url";
import { Editor } from "../../editor/Editor";
import { PlayIcon, StopIcon } from "../../ui/icons";
import { SaveAs } from "../../ui/SaveAs";
import { useAsked } from "../../ui/useAsked";
import { Location, locationOf } from "./Location";
import { mistakeOf } from "./mistake";
import { Outcome } from "./Outcome";
import { Side } from "./Side";
import { Estimated, useEstimate } from "./Estimate";
import { useExecution } from "./useExecution";

const BEGINNING = "SELECT srcaddr, dstaddr, dstport, action, sum(bytes) AS bytes, count(*) AS records\nFROM vpc_flow_logs\nWHERE log_status = 'OK'\n"
  + "GROUP BY 1, 2, 3, 4\nORDER BY bytes DESC\nLIMIT 100";

/** Athena SQL over the objects in buckets. A query runs when somebody says so, never by its address alone: it may write. */
export default function Sql() {
  const { params } = usePlace();
  const database = params.get("database") ?? "default";
  const query = params.get("query");
  const [draft, setDraft] = useState(query ?? BEGINNING);
  useEffect(() => { if (query !== null) setDraft(query); }, [query]);
  const run = useExecution(params.get("execution"));
  useEffect(() => { if (query === null && run.execution) setDraft(run.execution.Query); }, [query, run.execution?.QueryExecutionId]);
  const known = useAsked(`catalogue ${params.get("region")} ${database}`, (signal) => catalogue(database, signal));
  const language = useMemo(() => {
    const schema = Object.fromEntries((known.value?.tables ?? []).map(({ name, columns }) => [name, columns.map((column) => column.name)]));
    return sql({ dialect: StandardSQL, schema, upperCaseKeywords: true });
  }, [known.value]);
  const mistake = useMemo(() => mistakeOf(run.problem, run.asked === draft ? draft : undefined), [run.problem, run.asked, draft]);
  const [mayRun] = useMay([{ service: "athena", operation: "StartQueryExecution" }]);
  const estimate = useEstimate(draft, query ?? BEGINNING, database, locationOf(params), mayRun === true && !run.isBusy);
  const start = () => void run.start(draft, database, locationOf(params));

  return (
    <div className="beside">
      <h1 className="for-ears">SQL</h1>
      <div>
        <Group gap={6} mb={6}>
          <Select size="xs" w={140} aria-label="Database" data={[...new Set([database, ...(known.value?.databases ?? [])])]} value={database} allowDeselect={false}
            onChange={(value) => setParams({ database: value ?? undefined })} />
          <Location />
          <Group gap={6} wrap="nowrap" ml="auto">
            <SaveAs question={{ service: "athena", operation: "CreateNamedQuery" }}
              save={(name) => call("athena", "CreateNamedQuery", { Name: name, Database: database, QueryString: draft, WorkGroup: WORK_GROUP })} />
            {run.isBusy
              ? <Button size="xs" color="red" leftSection={<StopIcon />} onClick={run.stop}>Stop</Button>
              : mayRun && <Button size="xs" leftSection={<PlayIcon />} onClick={start}>Run</Button>}
          </Group>
        </Group>
        <Editor value={draft} onChange={setDraft} onRun={() => mayRun && start()} language={language} label="SQL" mistake={mistake} />
        <Text size="xs" c="dimmed" my={4}><Kbd size="xs">Ctrl</Kbd> <Kbd size="xs">Enter</Kbd> runs, <Kbd size="xs">Ctrl</Kbd> <Kbd size="xs">Space</Kbd> completes <Estimated of={estimate} /></Text>
        <Outcome run={run} toRead={run.asked === draft ? estimate?.bytes : undefined} />
      </div>
      <Side known={known} insert={(name) => setDraft((text) => `${text.trimEnd()} ${name}`)} turn={run.isBusy ? "" : (run.execution?.QueryExecutionId ?? "")} />
    </div>
  );
}
