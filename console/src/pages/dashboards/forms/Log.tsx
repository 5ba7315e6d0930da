import { MultiSelect, Select } from "@mantine/core";
import { usePlace } from "../../../app/url";
import { Editor } from "../../../editor/Editor";
import { insights } from "../../../editor/insights";
import { useAsked } from "../../../ui/useAsked";
import { logGroups } from "../../logs/groups";
import { text } from "../body";
import { parseSource, writeSource } from "../source";
import type { FormProps } from "./form";

const VIEWS = [{ value: "table", label: "Table" }, { value: "timeSeries", label: "Over time" }, { value: "bar", label: "Bars" }, { value: "pie", label: "Ring" }];
const LANGUAGE = insights([]);

export default function LogForm({ of, change }: FormProps) {
  const { params } = usePlace();
  const known = useAsked(`groups ${params.get("region")}`, logGroups);
  const asked = parseSource(text(of.query) ?? "");
  const query = asked.query;
  return (
    <>
      <MultiSelect size="xs" label="Log groups" searchable hidePickedOptions value={asked.groups} onChange={(groups) => change({ query: writeSource({ groups, query }) })}
        data={[...new Set([...asked.groups, ...(known.value ?? []).map(({ logGroupName }) => logGroupName)])]} />
      <Editor value={query} label="Query of Logs Insights" language={LANGUAGE} onRun={() => undefined}
        onChange={(written) => change({ query: writeSource({ groups: asked.groups, query: written }) })} />
      <Select size="xs" label="Shown as" data={VIEWS} value={text(of.view) ?? "table"} allowDeselect={false} onChange={(view) => change({ view: view ?? undefined })} />
    </>
  );
}
