import { ActionIcon, Button, Group, Tabs, Tooltip } from "@mantine/core";
import { lazy, Suspense } from "react";
import { follow } from "../../app/link";
import { go, href, shared, usePlace } from "../../app/url";
import { useMay } from "../../app/session";
import { DataGrid } from "../../ui/DataGrid";
import { Empty } from "../../ui/Empty";
import { ReloadIcon } from "../../ui/icons";
import { Problem } from "../../ui/Problem";
import { Waiting } from "../../ui/Waiting";
import { useList } from "./columns";
import { type Kind, KINDS } from "./kinds";
import { NewThing } from "./NewThing";
import { NetworkProvider, useDescribed, useNetwork } from "./useNetwork";
import { useWizardAddress } from "./flowlog/address";

const ThingPage = lazy(() => import("./things/ThingPage"));
const Wizard = lazy(() => import("./flowlog/Wizard"));

const HEIGHT = 640;

/** What the network is made of, and who may talk to whom. */
export default function Network() {
  const { params } = usePlace();
  const { value, problem, again } = useDescribed();
  const kind = KINDS.find(({ view }) => view === params.get("view")) ?? KINDS[0]!;
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <Waiting label="Asking for the network" />;
  return (
    <NetworkProvider value={{ ...value, again }}>
      <h1 className="for-ears">Network</h1>
      <Tabs value={kind.view} >
        <Group align="flex-start" gap={4} mb={8}>
          <Tabs.List flex="1 1 330px">
            {KINDS.map(({ view, title }) => <Tabs.Tab key={view} value={view} py={6} px={10} onClick={() => go(href("network", { ...shared(params), view }))}>{title}</Tabs.Tab>)}
          </Tabs.List>
          {!params.get("id") && !params.get("new") && <New kind={kind} />}
          <Tooltip label="Ask anew"><ActionIcon variant="default" size="md" aria-label="Ask anew" onClick={again}><ReloadIcon /></ActionIcon></Tooltip>
        </Group>
        <Tabs.Panel value={kind.view}>
          <Suspense fallback={<Waiting label="Loading" />}>
            {params.get("new") ? <Wizard /> : params.get("id") ? <ThingPage key={params.get("id")} kind={kind} id={params.get("id") ?? ""} /> : <List kind={kind} />}
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </NetworkProvider>
  );
}

function List({ kind }: { kind: Kind }) {
  const { problems, again } = useNetwork();
  const { columns, rows } = useList(kind.view);
  const problem = problems[kind.view];
  if (problem !== undefined) return <Problem of={problem} again={again} />;
  if (rows.length === 0) return <Empty command={kind.command}>There is no {kind.one} in this region. This makes one:</Empty>;
  return <DataGrid label={kind.title} columns={columns} rows={rows} height={HEIGHT} file={kind.title.toLowerCase().replaceAll(" ", "-")} />;
}

function New({ kind }: { kind: Kind }) {
  const [mayLog] = useMay([{ service: "ec2", operation: "CreateFlowLogs" }]);
  const wizard = useWizardAddress();
  if (kind.view !== "flowLogs") return <NewThing kind={kind} />;
  return mayLog ? <Button component="a" size="xs" href={wizard()} onClick={follow}>Create flow log</Button> : null;
}
