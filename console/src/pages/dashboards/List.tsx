import { Button, Group, TextInput } from "@mantine/core";
import { type FormEvent, useMemo, useState } from "react";
import { call } from "../../api/call";
import { everyPage } from "../../api/pages";
import { Link } from "../../app/link";
import { useMay } from "../../app/session";
import { go, href, shared, usePlace } from "../../app/url";
import { Moment } from "../../time/Moment";
import { shown } from "../../time/zone";
import { Answered } from "../../ui/Answered";
import { type Column, DataGrid } from "../../ui/DataGrid";
import { Empty } from "../../ui/Empty";
import { bytes } from "../../ui/numbers";
import { Problem } from "../../ui/Problem";
import { Sure } from "../../ui/Sure";
import { useAsked } from "../../ui/useAsked";
import { useDoing } from "../../ui/useDoing";

interface Entry {
  DashboardName: string;
  /** Unix milliseconds. */
  LastModified?: number;
  Size?: number;
}

const COMMAND = `aws cloudwatch put-dashboard --dashboard-name lab --dashboard-body \\
  '{"widgets": [{"type": "metric", "width": 12, "properties": {"metrics": [["VPC Flow logs", "SSH-rejects"]], "stat": "Sum"}}]}'`;

/** All dashboards of the account. */
export function DashboardList() {
  const { params } = usePlace();
  const asked = useAsked("dashboards", (signal) => everyPage<{ DashboardEntries?: Entry[] }, Entry>(
    { service: "monitoring", operation: "ListDashboards", items: ({ DashboardEntries }) => DashboardEntries }, signal));
  const { value, again } = asked;
  const [mayPut, mayDelete] = useMay([{ service: "monitoring", operation: "PutDashboard" }, { service: "monitoring", operation: "DeleteDashboards" }]);
  const columns = useMemo(() => columnsOf((name) => href(`dashboards/${name}`, shared(params)), mayDelete ?? false, again), [params, mayDelete, again]);
  return (
    <>
      <h1 className="for-ears">Dashboards</h1>
      {mayPut && value && <Create taken={value.map(({ DashboardName }) => DashboardName)} />}
      <Answered asked={asked} waiting="Asking for dashboards" empty={<Empty command={COMMAND}>There is no dashboard yet. {mayPut && "Create one above, or with an AWS client:"}</Empty>}>
        {(rows) => <DataGrid label="Dashboards" columns={columns} rows={rows} height={620} file="dashboards" rowKey={({ DashboardName }) => DashboardName} />}
      </Answered>
    </>
  );
}

function columnsOf(to: (name: string) => string, mayDelete: boolean, again: () => void): Column<Entry>[] {
  const base: Column<Entry>[] = [
    { name: "Dashboard", width: 220, text: (row) => row.DashboardName, show: (row) => <Link to={to(row.DashboardName)}>{row.DashboardName}</Link> },
    { name: "Changed", width: 160, text: (row) => shown(row.LastModified ?? 0, "UTC"), show: (row) => <Moment at={row.LastModified ?? 0} /> },
    { name: "Size", width: 90, isNumber: true, text: (row) => String(row.Size ?? 0), show: (row) => bytes(row.Size ?? 0) },
  ];
  if (!mayDelete) return base;
  return [...base, {
    name: "Delete", width: 90, text: () => "",
    show: ({ DashboardName }) => (
      <Sure label="Delete" name={`Delete ${DashboardName}`} size="compact-xs" done={again} act={() => call("monitoring", "DeleteDashboards", { DashboardNames: [DashboardName] })}>
        The dashboard {DashboardName} is deleted for everybody. What it shows stays: metrics, logs and alarms.
      </Sure>
    ),
  }];
}

/** An empty one, which is then edited. */
function Create({ taken }: { taken: string[] }) {
  const { params } = usePlace();
  const [name, setName] = useState("");
  const { busy, problem, run } = useDoing();
  const isTaken = taken.includes(name);
  async function submit(event: FormEvent) {
    event.preventDefault();
    const DashboardBody = JSON.stringify({ widgets: [] });
    if (await run(() => call("monitoring", "PutDashboard", { DashboardName: name, DashboardBody }))) go(href(`dashboards/${name}`, { ...shared(params), edit: "yes" }));
  }
  return (
    <form onSubmit={submit}>
      <Group gap={6} mb={8} align="flex-start">
        <TextInput size="xs" w={260} aria-label="Name of a new dashboard" placeholder="Name of a new dashboard" value={name} maxLength={255} spellCheck={false}
          onChange={(event) => setName(event.currentTarget.value)} error={isTaken && "There is one of this name already."} />
        <Button size="xs" type="submit" loading={busy} disabled={name === "" || isTaken}>Create</Button>
      </Group>
      {problem !== undefined && <Problem of={problem} />}
    </form>
  );
}
