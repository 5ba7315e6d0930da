import { ActionIcon, Group, Tabs, Text, Tooltip } from "@mantine/core";
import { useEffect } from "react";
import { call } from "../../api/call";
import { useMay } from "../../app/session";
import { usePlace } from "../../app/url";
import { Moment } from "../../time/Moment";
import { Listed } from "../../ui/Listed";
import { SAVED } from "../../ui/SaveAs";
import { useAsked } from "../../ui/useAsked";
import samples from "./samples.json";

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
      <Tabs.Panel value="samples">
        <ul className="side-list">
          {samples.map(({ name, title, query }) => <li key={name}><button type="button" title={query} onClick={() => take(query.replaceAll(" | ", "\n| "))}>{title}</button></li>)}
        </ul>
      </Tabs.Panel>
      <Tabs.Panel value="history"><History take={take} turn={turn} /></Tabs.Panel>
      <Tabs.Panel value="saved"><Saved take={take} /></Tabs.Panel>
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

interface Definition {
  queryDefinitionId: string;
  name: string;
  queryString: string;
}

function Saved({ take }: Pick<Props, "take">) {
  const { params } = usePlace();
  const [mayDelete] = useMay([{ service: "logs", operation: "DeleteQueryDefinition" }]);
  const asked = useAsked(`saved ${params.get("region")}`, (signal) =>
    call<{ queryDefinitions?: Definition[] }>("logs", "DescribeQueryDefinitions", {}, signal)
      // Those that come with Weir are the samples.
      .then(({ queryDefinitions = [] }) => queryDefinitions.filter(({ name }) => !name.startsWith("Weir/"))));
  const { again } = asked;
  useEffect(() => {
    addEventListener(SAVED, again);
    return () => removeEventListener(SAVED, again);
  }, [again]);
  const forget = (queryDefinitionId: string) => void call("logs", "DeleteQueryDefinition", { queryDefinitionId }).finally(again);
  return (
    <Listed asked={asked} empty="No query was saved yet. Save keeps the one in the editor.">
      {(definitions) => definitions.map(({ queryDefinitionId, name, queryString }) => (
        <li key={queryDefinitionId}>
          <Group wrap="nowrap" gap={0}>
            <button type="button" title={queryString} onClick={() => take(queryString)}>{name}</button>
            {mayDelete && (
              <Tooltip label="Forget">
                <ActionIcon size="sm" variant="subtle" color="red" aria-label={`Forget ${name}`} onClick={() => forget(queryDefinitionId)}>×</ActionIcon>
              </Tooltip>
            )}
          </Group>
        </li>
      ))}
    </Listed>
  );
}
