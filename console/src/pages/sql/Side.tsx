import { Tabs, Text } from "@mantine/core";
import { type Catalogue, history, namedQueries } from "../../api/athena";
import { call } from "../../api/call";
import { setParams, usePlace } from "../../app/url";
import { Moment } from "../../time/Moment";
import { Empty } from "../../ui/Empty";
import { Listed } from "../../ui/Listed";
import { bytes } from "../../ui/numbers";
import { Problem } from "../../ui/Problem";
import { SavedList } from "../../ui/SavedList";
import { type Asked, useAsked } from "../../ui/useAsked";
import { Waiting } from "../../ui/Waiting";
import { MARK } from "./Estimate";

interface Props {
  known: Asked<Catalogue>;
  insert: (name: string) => void;
  /** Changes when a query has ended. */
  turn: string;
}

/** The tables there are, what was asked before, and what was saved. */
export function Side({ known, insert, turn }: Props) {
  return (
    <Tabs defaultValue="tables" keepMounted={false}>
      <Tabs.List grow>
        {["tables", "history", "named"].map((name) => <Tabs.Tab key={name} value={name} px={4} py={6}><Text size="xs" tt="capitalize">{name}</Text></Tabs.Tab>)}
      </Tabs.List>
      <Tabs.Panel value="tables"><Tables known={known} insert={insert} /></Tabs.Panel>
      <Tabs.Panel value="history"><History turn={turn} /></Tabs.Panel>
      <Tabs.Panel value="named"><Named /></Tabs.Panel>
    </Tabs>
  );
}

function Tables({ known: { value, problem, again }, insert }: Pick<Props, "known" | "insert">) {
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <Waiting label="Asking for tables" />;
  if (value.tables.length === 0) return <Empty command="sudo weir up">There is no table in this database yet. A bucket with flow logs in it is one at once; this delivers some:</Empty>;
  return (
    <ul className="side-list">
      {value.tables.map(({ name, columns }) => (
        <li key={name}>
          <details>
            <summary className="mono">{name} <Text span size="xs" c="dimmed">{columns.length} columns</Text></summary>
            <button type="button" onClick={() => insert(name)}>Put the name into the query</button>
            {columns.map((column) => (
              <button key={column.name} type="button" className="mono" onClick={() => insert(column.name)}>
                {column.name} <Text span size="xs" c="dimmed">{column.type}</Text>
              </button>
            ))}
          </details>
        </li>
      ))}
    </ul>
  );
}

function History({ turn }: Pick<Props, "turn">) {
  const { params } = usePlace();
  const asked = useAsked(`executions ${params.get("region")} ${turn}`, history);
  return (
    <Listed asked={asked} empty="No query was asked yet.">
      {(executions) => executions.filter(({ Query }) => !Query.startsWith(MARK)).map(({ QueryExecutionId, Query, Status, Statistics }) => (
        <li key={QueryExecutionId}>
          <button type="button" title={Query} onClick={() => setParams({ execution: QueryExecutionId, query: Query })}>
            <Text size="xs" c="dimmed" component="span">
              {Status.SubmissionDateTime && <Moment at={Status.SubmissionDateTime} />} · {Status.State === "SUCCEEDED" ? bytes(Statistics?.DataScannedInBytes ?? 0) : Status.State}
            </Text>
            <span className="mono clamp">{Query}</span>
          </button>
        </li>
      ))}
    </Listed>
  );
}

function Named() {
  const { params } = usePlace();
  const asked = useAsked(`named ${params.get("region")}`, namedQueries);
  const take = (query: string) => setParams({ query, execution: undefined });
  const forget = (NamedQueryId: string) => call("athena", "DeleteNamedQuery", { NamedQueryId });
  return <SavedList asked={asked} take={take} question={{ service: "athena", operation: "DeleteNamedQuery" }} forget={forget} />;
}
