import { Badge, Button, Group, Select, Title } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { Link } from "../../app/link";
import { useMay } from "../../app/session";
import { href, setParams, shared, usePlace } from "../../app/url";
import { duration } from "../../time/range";
import { useRange } from "../../time/useRange";
import { Empty } from "../../ui/Empty";
import { Problem } from "../../ui/Problem";
import { Waiting } from "../../ui/Waiting";
import { AddWidget } from "./AddWidget";
import { type Body, rangeOf, undrawn } from "./body";
import { Canvas } from "./Canvas";
import { EditWidget } from "./EditWidget";
import { Findings } from "./Findings";
import { Source } from "./Source";
import { type Draft, useDraft } from "./useDraft";

const EVERY = ["10s", "30s", "1m", "5m", "15m"];

/** One dashboard: looked at, or changed. */
export function Dashboard({ name }: { name: string }) {
  const { params } = usePlace();
  const draft = useDraft(name);
  const [mayPut] = useMay([{ service: "monitoring", operation: "PutDashboard" }]);
  const isEditing = mayPut === true && params.get("edit") === "yes";
  const every = duration(params.get("refresh") ?? "") ?? 0;
  const range = useRange(every);
  const { body } = draft;
  useOwnRange(body);
  const about = useMemo(() => ({ range, isFixed: body?.periodOverride === "inherit" }), [range, body?.periodOverride]);
  const [edited, setEdited] = useState<number>();
  return (
    <>
      <Group gap={8} mb={8}>
        <Link size="sm" to={href("dashboards", shared(params))}>Dashboards</Link>
        <Title order={1} size="h5">{name}</Title>
        {draft.isChanged && <Badge size="sm" variant="outline" color="gray">not saved</Badge>}
        <span className="spacer" />
        <Select size="xs" w={120} aria-label="Refresh" value={params.get("refresh") ?? ""} allowDeselect={false} checkIconPosition="right"
          data={[{ value: "", label: "No refresh" }, ...EVERY.map((value) => ({ value, label: `Every ${value}` }))]}
          onChange={(value) => setParams({ refresh: value ?? undefined })} />
        {body && <Buttons draft={draft} isEditing={isEditing} mayPut={mayPut ?? false} added={setEdited} />}
      </Group>
      {draft.problem !== undefined && <Problem of={draft.problem} again={body ? undefined : draft.again} />}
      <Findings of={draft.findings} />
      {body && <Kept body={body} />}
      {!body ? draft.problem === undefined && <Waiting label="Asking for the dashboard" /> : body.widgets.length === 0 ? (
        <Empty>This dashboard has no widget yet. {mayPut && (isEditing ? "Add one above." : "Edit it to add some.")}</Empty>
      ) : <Canvas body={body} about={about} edit={setEdited} {...(isEditing ? { change: draft.change } : {})} />}
      {body && edited !== undefined && body.widgets[edited] !== undefined && (
        <EditWidget key={edited} widget={body.widgets[edited]} close={() => setEdited(undefined)}
          keep={(widget) => draft.change({ ...body, widgets: body.widgets.map((one, place) => (place === edited ? widget : one)) })} />
      )}
    </>
  );
}

interface ButtonsProps {
  draft: Draft;
  isEditing: boolean;
  mayPut: boolean;
  added: (which: number) => void;
}

function Buttons({ draft, isEditing, mayPut, added }: ButtonsProps) {
  const { body, change, isChanged, save, discard, isSaving } = draft;
  if (!body) return null;
  const source = <Source body={body} {...(isEditing ? { change } : {})} />;
  if (!isEditing) return <>{source}{mayPut && <Button size="xs" variant="default" onClick={() => setParams({ edit: "yes" })}>Edit</Button>}</>;
  const end = () => setParams({ edit: undefined });
  return (
    <>
      <AddWidget body={body} change={change} added={added} />
      {source}
      {isChanged
        ? <Button size="xs" variant="default" onClick={discard}>Discard</Button>
        : <Button size="xs" variant="default" onClick={end}>Done</Button>}
      <Button size="xs" loading={isSaving} disabled={!isChanged} onClick={() => void save()}>Save</Button>
    </>
  );
}

/** The range that the dashboard begins with, unless the address says another. */
function useOwnRange(body: Body | undefined): void {
  const isThere = body !== undefined;
  useEffect(() => {
    if (body && !new URLSearchParams(location.search).has("from")) setParams(rangeOf(body), "replace");
  }, [isThere]);
}

/** Says what is in the body and has no effect here. */
function Kept({ body }: { body: Body }) {
  const paths = useMemo(() => undrawn(body), [body]);
  if (paths.length === 0) return null;
  return (
    <details className="kept">
      <summary>{paths.length === 1 ? "One part" : `${paths.length} parts`} of this dashboard {paths.length === 1 ? "is" : "are"} kept as written, but not drawn here.</summary>
      <ul className="mono">{paths.map((path) => <li key={path}>{path}</li>)}</ul>
    </details>
  );
}
