import { Tabs, Text } from "@mantine/core";
import { call } from "../../api/call";
import { usePlace } from "../../app/url";
import { Moment } from "../../time/Moment";
import { Listed } from "../../ui/Listed";
import { type Saved, SavedList } from "../../ui/SavedList";
import { type Asked, useAsked } from "../../ui/useAsked";

interface Props {
  take: (query: string) => void;
  insert: (field: string) => void;
  fields: string[];
  /** Changes when a query has ended. */
  turn: number;
}

/** Queries to begin with: samples, what was asked before, what was saved; and the fields there are. */
export function Side({ take, insert, fields, turn }: Props) {
  return (
    <Tabs defaultValue="samples" keepMounted={false} className="side">
      <Tabs.List grow>
        {["samples", "history", "saved", "fields"].map((name) => <Tabs.Tab key={name} value={name} px={4} py={6}><Text size="xs" tt="capitalize">{name}</Text></Tabs.Tab>)}
      </Tabs.List>
      <Tabs.Panel value="samples"><Samples take={take} /></Tabs.Panel>
      <Tabs.Panel value="history"><History take={take} turn={turn} /></Tabs.Panel>
      <Tabs.Panel value="saved"><Own take={take} /></Tabs.Panel>
      <Tabs.Panel value="fields">
        <ul className="side-list">
          {fields.map((name) => <li key={name}><button type="button" className="mono" onClick={() => insert(name)}>{name}</button></li>)}
        </ul>
      </Tabs.Panel>
    </Tabs>
  );
}

interface Past {
  queryId: string;
  queryString: string;
  status: string;
  createTime: number;
}

function History({ take, turn }: Pick<Props, "take" | "turn">) {
  const { params } = usePlace();
  const asked = useAsked(`history ${params.get("region")} ${turn}`, (signal) =>
    call<{ queries?: Past[] }>("logs", "DescribeQueries", { maxResults: 100 }, signal).then(({ queries = [] }) => queries));
  return (
    <Listed asked={asked} empty="No query was asked yet.">
      {(queries) => queries.map(({ queryId, queryString, status, createTime }) => (
        <li key={queryId}>
          <button type="button" title={queryString} onClick={() => take(queryString)}>
            <Text size="xs" c="dimmed" component="span"><Moment at={createTime} />{status === "Complete" ? "" : ` · ${status}`}</Text>
            <span className="mono clamp">{queryString}</span>
          </button>
        </li>
      ))}
    </Listed>
  );
}

/** The folder of the queries that come with Weir. */
const FOLDER = "Weir/";

interface Definition {
  queryDefinitionId: string;
  name: string;
  queryString: string;
}

/** Saved queries: those that come with Weir, or those of the readers. */
function useDefinitions(comeWithWeir: boolean): Asked<Saved[]> {
  const { params } = usePlace();
  return useAsked(`saved ${params.get("region")}`, async (signal) => {
    const input = comeWithWeir ? { queryDefinitionNamePrefix: FOLDER } : {};
    const { queryDefinitions = [] } = await call<{ queryDefinitions?: Definition[] }>("logs", "DescribeQueryDefinitions", input, signal);
    return queryDefinitions
      .filter(({ name }) => name.startsWith(FOLDER) === comeWithWeir)
      .map(({ queryDefinitionId, name, queryString }) => ({ id: queryDefinitionId, name, query: queryString }));
  });
}

function Samples({ take }: Pick<Props, "take">) {
  return (
    <Listed asked={useDefinitions(true)} empty="This server has no samples.">
      {(samples) => samples.map(({ id, name, query }) => (
        <li key={id}>
          <button type="button" title={query} onClick={() => take(query.replaceAll(" | ", "\n| "))}>{name.slice(FOLDER.length)}</button>
        </li>
      ))}
    </Listed>
  );
}

function Own({ take }: Pick<Props, "take">) {
  const forget = (queryDefinitionId: string) => call("logs", "DeleteQueryDefinition", { queryDefinitionId });
  return <SavedList asked={useDefinitions(false)} take={take} question={{ service: "logs", operation: "DeleteQueryDefinition" }} forget={forget} />;
}
