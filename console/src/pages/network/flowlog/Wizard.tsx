import { Button, Group, Stack, Title } from "@mantine/core";
import { type FormEvent, type ReactNode, useMemo } from "react";
import { Link } from "../../../app/link";
import { go, href, setParams, shared, usePlace } from "../../../app/url";
import { Command } from "../../../ui/Empty";
import { Panel } from "../../../ui/Panel";
import { Problem, sentence } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";
import { useNetwork } from "../useNetwork";
import { create } from "./create";
import { command, type Draft, fromParams, type Place, placeOf, toParams } from "./draft";
import { DestinationFields } from "./DestinationFields";
import { FileFields } from "./FileFields";
import { FormatFields } from "./FormatFields";
import { TagFields } from "./TagFields";
import { WhatFields } from "./WhatFields";

export interface SectionProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  /** What the server says of a part of the form. */
  problemAt: (place: Place) => ReactNode;
}

/** Creates a flow log, step by step. The address holds all that was chosen. */
export default function Wizard() {
  const { params } = usePlace();
  const { again } = useNetwork();
  const draft = useMemo(() => fromParams(params), [params]);
  const { busy, problem, run, forget } = useDoing();
  const message = problem === undefined ? undefined : sentence(problem);
  const at = message === undefined ? undefined : placeOf(message);
  const set = (change: Partial<Draft>) => {
    if (message !== undefined) forget();
    setParams(toParams(change), "replace");
  };

  async function submit(event: FormEvent) {
    event.preventDefault();
    let ids: string[] = [];
    if (!(await run(async () => { ids = await create(draft); }))) return;
    again();
    go(href("network", { ...shared(params), view: "flowLogs", id: ids.length === 1 ? ids[0] : undefined }));
  }

  const section = { draft, set, problemAt: (place: Place) => (place === at ? message : undefined) };
  return (
    <form onSubmit={submit} aria-label="Create a flow log">
      <Group gap={8} mb={8}>
        <Link size="sm" to={href("network", { ...shared(params), view: "flowLogs" })}>Flow logs</Link>
        <Title order={2} size="h5">Create a flow log</Title>
      </Group>
      <Stack gap={8} maw={900}>
        <Panel title="What is recorded"><WhatFields {...section} /></Panel>
        <Panel title="Destination"><DestinationFields {...section} /></Panel>
        <Panel title="Format"><FormatFields {...section} /></Panel>
        {draft.to === "s3" && <Panel title="Files"><FileFields {...section} /></Panel>}
        <Panel title="Tags"><TagFields {...section} /></Panel>
        {problem !== undefined && at === undefined && <Problem of={problem} />}
        <Group gap={8}>
          <Button size="xs" type="submit" loading={busy}>Create the flow log</Button>
          {at !== undefined && <span className="reject" role="alert">{message}</span>}
        </Group>
        <Panel title="The same as a command"><Command text={command(draft)} /></Panel>
      </Stack>
    </form>
  );
}
