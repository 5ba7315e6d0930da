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
import { VIEW as BUCKETS } from "./buckets/address";
import { Buckets, NewBucketButton } from "./buckets/Buckets";

const BucketPage = lazy(() => import("./buckets/BucketPage"));
const ThingPage = lazy(() => import("./things/ThingPage"));
const Wizard = lazy(() => import("./flowlog/Wizard"));

const HEIGHT = 640;

const TABS = [...KINDS.map(({ view, title }): [string, string] => [view, title]), [BUCKETS, "Buckets"] as const];

/** What the network is made of, who may talk to whom, and where that is recorded. */
export default function Network() {
  const { params } = usePlace();
  const { value, problem, again } = useDescribed();
  const kind = KINDS.find(({ view }) => view === params.get("view")) ?? KINDS[0]!;
  const view = params.get("view") === BUCKETS ? BUCKETS : kind.view;
  const isList = !params.get("id") && !params.get("new");
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return <Waiting label="Asking for the network" />;
  return (
    <NetworkProvider value={{ ...value, again }}>
      <h1 className="for-ears">Network</h1>
      <Tabs value={view}>
        <Group align="flex-start" gap={4} mb={8}>
          <Tabs.List flex="1 1 330px">
            {TABS.map(([name, title]) => <Tabs.Tab key={name} value={name} py={6} px={10} onClick={() => go(href("network", { ...shared(params), view: name }))}>{title}</Tabs.Tab>)}
          </Tabs.List>
          {isList && (view === BUCKETS ? <NewBucketButton /> : <New kind={kind} />)}
          <Tooltip label="Ask anew"><ActionIcon variant="default" size="md" aria-label="Ask anew" onClick={again}><ReloadIcon /></ActionIcon></Tooltip>
        </Group>
        <Tabs.Panel value={view}>
          <Suspense fallback={<Waiting label="Loading" />}>
            {view === BUCKETS ? <BucketView id={params.get("id")} /> : <KindView kind={kind} />}
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </NetworkProvider>
  );
}

function KindView({ kind }: { kind: Kind }) {
  const { params } = usePlace();
  const id = params.get("id");
  if (params.get("new")) return <Wizard />;
  return id ? <ThingPage key={id} kind={kind} id={id} /> : <List kind={kind} />;
}

function BucketView({ id }: { id: string | null }) {
  return id ? <BucketPage key={id} name={id} /> : <Buckets height={HEIGHT} />;
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
