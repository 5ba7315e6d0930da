import { Button, Group, Kbd, MultiSelect, Text } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { call, CallError } from "../../api/call";
import { type Answer, runInsights } from "../../api/insights";
import { setParams, usePlace } from "../../app/url";
import { Editor, type Mistake } from "../../editor/Editor";
import { insights } from "../../editor/insights";
import { USUAL_GROUP } from "../../record/flowLogs";
import { useRange } from "../../time/useRange";
import { Empty } from "../../ui/Empty";
import { PlayIcon, StopIcon } from "../../ui/icons";
import { bytes, count } from "../../ui/numbers";
import { isAbort, Problem } from "../../ui/Problem";
import { SaveAs } from "../../ui/SaveAs";
import { useAsked } from "../../ui/useAsked";
import { logGroups } from "./groups";
import { Results } from "./Results";
import { Side } from "./Side";

const BEGINNING = "fields @timestamp, @message\n| sort @timestamp desc\n| limit 100";

/** What is being asked, or was. */
interface Run {
  query: string;
  answer?: Answer;
  problem?: unknown;
  isBusy: boolean;
  /** Milliseconds. */
  took: number;
}

export default function Insights() {
  const { params } = usePlace();
  const range = useRange();
  const asked = params.get("query") ?? "";
  const [draft, setDraft] = useState(asked || BEGINNING);
  useEffect(() => { if (asked) setDraft(asked); }, [asked]);
  const groups = (params.get("group") ?? USUAL_GROUP).split(",").filter(Boolean);
  const [turn, setTurn] = useState(0);
  const { run, stop } = useRun(asked, groups, range, turn);
  const known = useAsked(`groups ${params.get("region")}`, logGroups);
  const fields = useFields(groups);
  const language = useMemo(() => insights(fields), [fields]);
  const mistake = useMemo(() => mistakeOf(run, draft), [run, draft]);
  const start = (query = draft) => {
    setDraft(query);
    setParams({ query, view: undefined });
    setTurn((last) => last + 1);
  };

  return (
    <div className="beside">
      <div>
        <Group gap={6} mb={6} wrap="nowrap" align="flex-start">
          <MultiSelect size="xs" flex={1} aria-label="Log groups" searchable value={groups} hidePickedOptions
            data={[...new Set([...groups, ...(known.value ?? []).map(({ logGroupName }) => logGroupName)])]}
            onChange={(chosen) => setParams({ group: chosen.join(",") })} placeholder={groups.length ? "" : "Choose log groups"} />
          <SaveAs question={{ service: "logs", operation: "PutQueryDefinition" }} hint="A / makes folders, as in lab/refused"
            save={(name) => call("logs", "PutQueryDefinition", { name, queryString: draft, logGroupNames: groups })} />
          {run?.isBusy
            ? <Button size="xs" color="red" leftSection={<StopIcon />} onClick={stop}>Stop</Button>
            : <Button size="xs" leftSection={<PlayIcon />} onClick={() => start()}>Run</Button>}
        </Group>
        <Editor value={draft} onChange={setDraft} onRun={() => start()} language={language} label="Query of Logs Insights" mistake={mistake} />
        <Text size="xs" c="dimmed" my={4}><Kbd size="xs">Ctrl</Kbd> <Kbd size="xs">Enter</Kbd> runs, <Kbd size="xs">Ctrl</Kbd> <Kbd size="xs">Space</Kbd> completes</Text>
        <Outcome run={run} groups={groups} />
      </div>
      <Side take={start} fields={fields} insert={(name) => setDraft((text) => `${text.trimEnd()} ${name}`)} turn={run?.isBusy ? 0 : turn} />
    </div>
  );
}

function Outcome({ run, groups }: { run: Run | undefined; groups: string[] }) {
  if (!run) return <Empty>Nothing was asked yet. Run the query, or take one of the samples beside it.</Empty>;
  const { answer, problem, isBusy, took } = run;
  const read = answer ? `${bytes(answer.bytesScanned)} and ${count(answer.recordsScanned)} records read, ${count(answer.recordsMatched)} matched, ${(took / 1000).toFixed(1)} s` : "";
  return (
    <>
      {isBusy && <Text size="sm" role="status" my={4}>Running. {read}</Text>}
      {problem !== undefined && <Problem of={problem} />}
      {answer && !isBusy && problem === undefined && (answer.rows.length === 0
        ? <Empty>Nothing matched: {read}. Choose a longer time above, another log group, or loosen the filter.</Empty>
        : <Results answer={answer} query={run.query} note={`${answer.rows.length.toLocaleString("en")} rows; ${read}`} group={groups[0]} />)}
    </>
  );
}

/** Asks when the query of the address changes, or the reader wants it again. */
function useRun(query: string, groups: string[], range: { start: number; end: number }, turn: number) {
  const [run, setRun] = useState<Run>();
  const current = useRef<AbortController>(null);
  const key = groups.join(",");
  useEffect(() => {
    if (!query) return undefined;
    const abort = new AbortController();
    current.current = abort;
    const begun = performance.now();
    const tell = (part: Partial<Run>) => setRun((last) => ({ query, isBusy: false, ...(last?.query === query ? { answer: last.answer } : {}), took: performance.now() - begun, ...part }));
    tell({ isBusy: true, answer: undefined });
    runInsights({ groups: key.split(","), query, ...range }, abort.signal, (answer) => !abort.signal.aborted && tell({ isBusy: true, answer })).then(
      (answer) => tell({ answer }),
      (problem) => tell(isAbort(problem) ? {} : { problem }),
    );
    return () => abort.abort();
  }, [query, key, range, turn]);
  return { run, stop: () => current.current?.abort() };
}

/** Where the server says that the query is wrong, as long as the text is the one that it read. */
function mistakeOf(run: Run | undefined, draft: string): Mistake | undefined {
  if (!(run?.problem instanceof CallError) || run.query !== draft) return undefined;
  const { queryCompileError: error } = run.problem.members as { queryCompileError?: { location?: { startCharOffset: number; endCharOffset: number } } };
  return error?.location && { from: error.location.startCharOffset, to: error.location.endCharOffset, message: run.problem.message };
}

/** The fields that were found in the log groups. */
function useFields(groups: string[]): string[] {
  const { params } = usePlace();
  const { value } = useAsked(`fields ${params.get("region")} ${groups.join(",")}`, fieldsOf(groups));
  return value ?? NONE;
}

const NONE: string[] = [];

function fieldsOf(groups: string[]) {
  return async (signal: AbortSignal) => {
    const all = await Promise.all(groups.map((logGroupName) =>
      call<{ logGroupFields?: { name?: string }[] }>("logs", "GetLogGroupFields", { logGroupName }, signal)));
    const names = all.flatMap(({ logGroupFields = [] }) => logGroupFields.map(({ name = "" }) => name));
    return [...new Set(["@timestamp", "@message", "@logStream", ...names])];
  };
}
